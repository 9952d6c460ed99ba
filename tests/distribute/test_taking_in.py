"""The first look into an inbox: it shows and counts what it will when all was taken in, and nothing comes twice.

Most of these tests hold back what is taken in after a page, as if the next page were asked for before.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from headwater.core import afterwards, counting
from headwater.core.counting import SPARE
from headwater.distribute import lines, taking_in, waiting
from headwater.distribute.ahead import NOTHING_AHEAD, Ahead, Shown
from headwater.distribute.delivering import deliver_broadcasts
from headwater.distribute.models import Broadcast, Channel, Delivery, Directive, Dispatch
from headwater.distribute.taking_in import take_in_broadcasts, take_in_first
from headwater.distribute.views import inbox
from headwater.distribute.waiting import counts_of, look_through
from headwater.home import today
from headwater.home.today import Today, first_lines
from headwater.people.models import Absence, Audience, Person
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol
from tests.distribute.conftest import make_version

SignIn = Callable[[Person], Client]
NOW = timezone.now()
LONG_AGO = NOW - timedelta(days=30)
LINES = 2
_SAID = ("pk", "state", "must_acknowledge", "urgent", "due_at", "came_at", "read_at")


@pytest.fixture
def short_today(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Today shows two lines of each list. Queries are kept for as many as they were made for."""
    lists = {name: (rows, LINES) for name, (rows, _lines) in today._LISTS.items()}
    for name, value in (("_LISTS", lists), ("MUST_SHOWN", LINES), ("FOR_YOU_SHOWN", LINES)):
        monkeypatch.setattr(today, name, value)
    today._pressing.cache_clear()
    yield
    today._pressing.cache_clear()


@pytest.fixture
def many(ines: Person, otto: Person, everyone: Audience, nadia: Person, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Ines, whom pages of two lines show a dozen open broadcasts of every kind, and what came for other reasons."""
    monkeypatch.setattr(inbox, "PAGE", LINES)
    enrol(everyone)
    everyone.member_links.update(since=LONG_AGO)

    def text(title: str) -> EntryVersion:
        return make_version(title, "Text.", everyone, nadia)

    for number, days in enumerate((5, 3, -1, 9, 7, -2)):
        ask(everyone, text(f"Due {number}"), acknowledge=True, due_at=NOW + timedelta(days=days))
    ask(everyone, text("Urgent"), acknowledge=True, due_at=NOW + timedelta(days=8), urgent=True)
    ask(everyone, text("No hour"), acknowledge=True)
    twice = text("Twice")
    for days, opened in ((6, 2), (-3, 3)):
        came = NOW - timedelta(days=opened)
        ask(everyone, twice, acknowledge=True, due_at=NOW + timedelta(days=days), opened_at=came)
    for number in range(4):
        ask(everyone, text(f"To read {number}"), urgent=number == 3)
    brought, signed, gone = text("Brought"), text("Signed"), text("Gone")
    Delivery.objects.create(person=ines, version=brought, created_at=LONG_AGO)
    done = {"must_acknowledge": True, "state": "acknowledged", "acknowledged_at": NOW, "read_at": NOW}
    Delivery.objects.create(person=ines, version=signed, **done)
    Delivery.objects.create(person=ines, version=gone, state="withdrawn", withdrawn_because="access")
    for each in (brought, signed, gone, _second(text("Changed"), ines)):
        ask(everyone, each, acknowledge=True, due_at=NOW + timedelta(days=20))
    Delivery.objects.create(person=ines, version=text("Own"), must_acknowledge=True, due_at=NOW + timedelta(days=4))
    return ines


def ask(audience: Audience, version: EntryVersion, acknowledge: bool = False, **asked: Any) -> None:
    fields = {"name": "Read it", "audience": audience, "acknowledge": acknowledge, "entry": version.entry}
    urgent = asked.pop("urgent", False)
    directive = Directive.objects.create(state="issued", issued_at=LONG_AGO, urgent=urgent, **fields)
    Broadcast.objects.create(directive=directive, version=version, **{"opened_at": NOW - timedelta(days=4)} | asked)


def _second(first: EntryVersion, person: Person) -> EntryVersion:
    """A second version of something of which the person has the first, unread unless it was there."""
    Delivery.objects.get_or_create(person=person, version=first)
    second = EntryVersion.objects.create(entry=first.entry, number=2, title="New", text="Else.", published_at=NOW)
    Entry.objects.filter(pk=first.entry_id).update(current_version=second)
    return second


def _shown(page: str) -> tuple[list[str], list[str]]:
    """Which lines a page has, and all that it counts."""
    entries = re.findall(r'href="/o/waterworks/entries/(\d+)', page)
    counted = re.findall(r'id="heading">([^<]*)|id="lede">([^<]*)|Must read ([\d,+]+)|For you ([\d,+]+)', page)
    return entries, ["".join(each) for each in counted]


@pytest.mark.parametrize("tab", ["must", "unread", "all", "done"])
def test_the_first_page_is_what_it_is_afterwards(
    many: Person, tab: str, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, address = sign_in(many), f"/o/waterworks/distribute/inbox/?tab={tab}"
    with monkeypatch.context() as dying:
        dying.setattr(taking_in, "_take_in_rest", lambda *_: None)
        first = _shown(browser.get(address).content.decode())
    assert Broadcast.objects.count() > Delivery.objects.filter(person=many).count()
    assert take_in_broadcasts(many)
    assert first == _shown(browser.get(address).content.decode())
    assert first[0], first[1]


@pytest.mark.usefixtures("short_today")
def test_today_is_at_first_what_it_is_afterwards(many: Person) -> None:
    first = Today(many, ahead=take_in_first(many, first_lines(many)))
    seen = _all_of(first)
    assert take_in_broadcasts(many)
    assert seen == _all_of(Today(many, now=first.now))
    assert (first.counts["late"], first.counts["must"]) == (3, 13)


def _all_of(today: Today) -> Any:
    """All that is counted, and all that the lines say."""
    shown = [
        ([getattr(line.delivery, name) for name in _SAID], line.sentence, line.reasons, line.changes, line.minutes)
        for line in (*today.must_read, *today.for_you)
    ]
    return {name: repr(count) for name, count in today.counts.items()}, shown


@pytest.mark.usefixtures("short_today")
@pytest.mark.parametrize(("must", "unread"), [(True, True), (True, False), (False, True)])
def test_today_takes_in_no_more_than_it_shows(
    must: bool, unread: bool, many: Person, everyone: Audience, nadia: Person
) -> None:
    """Where what stands first already is more pressing, or newer. But for what tells only when it is done."""
    for number in range(12):
        row = {"person": many, "urgent": True, "came_at": NOW + timedelta(days=1)}
        if must:
            due = NOW - timedelta(days=9)
            version = make_version(f"Asked {number}", "Text.", everyone, nadia)
            Delivery.objects.create(version=version, must_acknowledge=True, due_at=due, **row)
        if unread:
            Delivery.objects.create(version=make_version(f"Brought {number}", "Text.", everyone, nadia), **row)
    rows = set(Delivery.objects.filter(person=many).values_list("pk", flat=True))
    ahead = take_in_first(many, first_lines(many))
    new = Delivery.objects.filter(person=many).exclude(pk__in=rows)
    told = {"New"}  # the second version of what she had
    told |= set() if must else {"Twice", "Due 5", "Urgent"}
    told |= set() if unread else {"To read 2", "To read 3"}
    assert set(new.values_list("version__title", flat=True)) == told
    changed = {text.now.version for text in ahead.texts if text.now}
    written = Delivery.objects.filter(person=many, reasons__isnull=False).exclude(pk__in=new)
    stays = {"Signed", "Brought"} if unread else {"Signed"}
    assert set(EntryVersion.objects.filter(pk__in=changed).values_list("title", flat=True)) == stays
    assert set(written.values_list("version__title", flat=True)) == {"Signed", "Brought", "Gone"} - stays
    take_in_first(many, first_lines(many))
    assert new.count() == len(told)


@pytest.mark.usefixtures("short_today")
def test_when_today_was_sent_the_rest_is_there(many: Person, sign_in: SignIn) -> None:
    assert sign_in(many).get("/o/waterworks/").status_code == 200
    assert take_in_broadcasts(many) == 0


@pytest.mark.parametrize("step", [1, 3, 100])
def test_once_the_page_was_sent_the_rest_is_there_and_each_once(
    many: Person, step: int, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_in, "_A_STEP", step)
    assert sign_in(many).get("/o/waterworks/distribute/inbox/").status_code == 200
    assert take_in_broadcasts(many) == 0
    reasons = Directive.objects.filter(reasons__delivery__person=many)
    assert reasons.count() == reasons.distinct().count() == Directive.objects.count()


def test_what_is_ahead_is_counted_as_if_it_were_there(many: Person) -> None:
    ahead = take_in_first(many, [Shown("must", LINES)])
    assert ahead.texts
    counts = look_through(many, ahead)
    assert take_in_broadcasts(many)
    assert counts == look_through(many) == counts_of(many)
    assert counts.overdue == 3


def test_where_rows_fill_a_page_all_are_taken_in(many: Person) -> None:
    assert take_in_first(many, [Shown("must", 100)]) == NOTHING_AHEAD
    assert take_in_broadcasts(many) == 0


def test_leave_decides_what_is_most_pressing(many: Person) -> None:
    """Back in three weeks, what was due in three days is due after what is due in nine."""
    Absence.objects.create(person=many, since=NOW.date(), until=NOW.date() + timedelta(days=21))
    ahead = take_in_first(many, [Shown("must", LINES)])
    taken = Delivery.objects.filter(person=many, must_acknowledge=True, state="due")
    latest = max(each.due_at for each in taken.filter(version__title__startswith="Due") if each.due_at)
    assert all(text.then.due_at is None or text.then.due_at >= latest for text in ahead.texts if text.then.must)


@pytest.mark.parametrize("tab", ["must", "unread", "all"])
@pytest.mark.parametrize("looks", [1, 3])
def test_whoever_turns_the_page_before_the_rest_has_come_misses_nothing(
    many: Person, tab: str, looks: int, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, address = sign_in(many), f"/o/waterworks/api/v1/distribute/inbox?limit=2&tab={tab}"
    with monkeypatch.context() as slow:
        slow.setattr(taking_in, "_take_in_rest", lambda *_: None)
        part = [browser.get(address).json() for _ in range(looks)][-1]
        assert Broadcast.objects.count() > Delivery.objects.filter(person=many).count()
    count, found = part["count"], part["items"]
    while part["next"]:
        part = browser.get(f"{address}&{urlencode({'after': part['next']})}").json()
        found += part["items"]
    everything = browser.get(f"/o/waterworks/api/v1/distribute/inbox?limit=100&tab={tab}").json()
    assert [each["delivery_id"] for each in found] == [each["delivery_id"] for each in everything["items"]]
    assert count == everything["count"] == len(found)


@pytest.mark.parametrize("tab", ["must", "unread", "all"])
def test_where_something_stands_does_not_depend_on_when_it_was_taken_in(many: Person, otto: Person, tab: str) -> None:
    """Ines looks bit by bit, Otto at once; what she had before, with an hour of its own, is left out."""
    had = set(Delivery.objects.filter(person=many).values_list("version__entry", flat=True))
    for _ in range(4):
        take_in_first(many, [Shown(tab, LINES)])
    take_in_broadcasts(many)
    take_in_broadcasts(otto)
    rows, order = lines.TABS[tab]
    hers, his = (order.sorted(rows(each).exclude(entry__in=had)) for each in (many, otto))
    assert list(hers.values_list("version", flat=True)) == list(his.values_list("version", flat=True))
    assert hers.count() > LINES


@pytest.mark.parametrize("falls", [False, True])
def test_what_two_bring_came_when_the_first_of_them_was_opened(many: Person, otto: Person, falls: bool) -> None:
    """Whichever becomes a row first, and if both do at once."""
    version = EntryVersion.objects.get(title="Twice")
    for pk in version.broadcasts.order_by("-pk" if falls else "pk").values_list("pk", flat=True):
        deliver_broadcasts([pk], people=[many.pk])
    take_in_broadcasts(otto)
    for delivery in version.deliveries.all():
        assert (delivery.came_at, delivery.due_at) == (NOW - timedelta(days=3), NOW - timedelta(days=3))
    assert version.deliveries.count() == 2


@pytest.mark.parametrize("tab", ["must", "unread", "all"])
def test_no_more_is_taken_in_than_the_page_shows(
    many: Person, tab: str, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look shows the same and takes in nothing; what stands on the page already keeps its line."""
    monkeypatch.setattr(taking_in, "_take_in_rest", lambda *_: None)
    browser, address = sign_in(many), f"/o/waterworks/distribute/inbox/?tab={tab}"
    first = _shown(browser.get(address).content.decode())
    rows = set(Delivery.objects.filter(person=many).values_list("pk", flat=True))
    assert _shown(browser.get(address).content.decode()) == first
    assert set(Delivery.objects.filter(person=many).values_list("pk", flat=True)) == rows


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("tab", ["must", "unread", "all", "done"])
def test_whatever_somebody_has_the_first_page_is_what_it_is_afterwards(
    seed: int, tab: str, ines: Person, everyone: Audience, nadia: Person
) -> None:
    _some_inbox(random.Random(seed), ines, everyone, nadia)
    ahead = take_in_first(ines, [lines.Tab(ines, tab).first(LINES)])
    first = _seen(ines, tab, ahead)
    take_in_broadcasts(ines)
    assert first == _seen(ines, tab, NOTHING_AHEAD)


@pytest.mark.usefixtures("short_today")
@pytest.mark.parametrize("seed", range(10))
def test_whatever_somebody_has_today_is_what_it_is_afterwards(
    seed: int, ines: Person, everyone: Audience, nadia: Person
) -> None:
    chance = random.Random(seed)
    _some_inbox(chance, ines, everyone, nadia)
    _some_pushed(chance, ines)
    first = Today(ines, ahead=take_in_first(ines, first_lines(ines)))
    seen = _all_of(first)
    assert first.ahead
    assert any(text.now for text in first.ahead.texts), "some rows are written later"
    take_in_broadcasts(ines)
    assert seen == _all_of(Today(ines, now=first.now))


def _some_pushed(chance: random.Random, person: Person) -> None:
    """Half of what they have was pushed, once or twice, today or before."""
    channel = Channel.objects.create(person=person, kind="email", address="ines@waterworks.example")
    for delivery in person.deliveries.all():
        for purpose in Dispatch.FIRST[: chance.choice((0, 0, 1, 2))]:
            key = f"{delivery.pk} {purpose}"
            pushed = Dispatch.objects.create(channel=channel, delivery=delivery, purpose=purpose, key=key)
            Dispatch.objects.filter(pk=pushed.pk).update(created_at=NOW - timedelta(hours=chance.choice((0, 30))))


def _some_inbox(chance: random.Random, person: Person, everyone: Audience, owner: Person) -> None:
    """Forty texts that are asked for, once or twice, or lie there in any state, or both; old ones and new versions."""
    enrol(everyone)
    everyone.member_links.update(since=_some_time(chance))
    for number in range(40):
        version = make_version(f"Text {number}", "Text.", everyone, owner)
        if chance.random() < 0.5:
            Delivery.objects.create(person=person, version=version, **_some_row(chance))
            if chance.random() < 0.3:
                version = _second(version, person) if chance.random() < 0.5 else version
        for _ in range(chance.choice((0, 1, 1, 1, 2))):
            due = chance.choice((None, _some_time(chance)))
            ask(everyone, version, acknowledge=due is not None, due_at=due, opened_at=_some_time(chance))


def _seen(person: Person, tab: str, ahead: Ahead) -> Any:
    """A first page of two lines, all that they say, and all that is counted."""
    stretch = lines.Tab(person, tab).stretch(LINES)
    seen = [
        ([getattr(line.delivery, name) for name in _SAID], line.sentence, line.reasons, line.is_overdue)
        for line in stretch.lines
    ]
    return seen, stretch.has_later, look_through(person, ahead), lines.Tab(person, tab).count(ahead)


def _some_time(chance: random.Random) -> datetime:
    return NOW - timedelta(hours=chance.randrange(-50, 50))


def _some_row(chance: random.Random) -> dict[str, Any]:
    must, came = chance.random() < 0.4, {"created_at": _some_time(chance), "rolled": chance.random() < 0.5}
    asked = {"must_acknowledge": True, "due_at": _some_time(chance)} if must else {}
    done = {"state": "acknowledged", "acknowledged_at": _some_time(chance), "read_at": NOW}
    read = {"state": "opened", "opened_at": NOW, "read_at": NOW}
    gone = {"state": "withdrawn", "withdrawn_because": chance.choice(("access", "gone"))}
    return came | asked | chance.choice(({}, {}, read, done if must else read, gone))


def test_what_stands_first_already_leaves_no_line_for_what_comes_later(many: Person, nadia: Person) -> None:
    pressing = Entry.objects.get(title="Own").current_version.deliveries.get()
    Delivery.objects.filter(pk=pressing.pk).update(due_at=NOW - timedelta(days=9))
    had = set(Delivery.objects.filter(person=many).values_list("version", flat=True))
    ahead = take_in_first(many, [Shown("must", 1, lambda _below: Delivery.objects.get(pk=pressing.pk))])
    new = Delivery.objects.filter(person=many).exclude(version__in=had).values_list("version__title", flat=True)
    assert set(new) == {"New"}, "the second version of what she had"
    assert len(ahead.texts) == 15
    assert {text.now.version for text in ahead.texts if text.now} < had, "what she had is further down, too"


def test_what_opens_up_to_somebody_after_it_was_spread_came_when_they_got_it(many: Person, otto: Person) -> None:
    """A text that they may read only now, weeks after the rest: it stands on top."""
    Broadcast.objects.update(spread_at=NOW - timedelta(days=3))
    assert deliver_broadcasts(list(Broadcast.objects.values_list("pk", flat=True)), people=[otto.pk])
    assert all(each.came_at == each.created_at > NOW for each in Delivery.objects.filter(person=otto))


def test_what_is_taken_in_came_when_it_was_opened_to_the_person(many: Person, everyone: Audience) -> None:
    later = NOW - timedelta(hours=1)
    everyone.member_links.filter(person=many).update(since=later)
    take_in_broadcasts(many)
    rows = Delivery.objects.filter(person=many, version__title__startswith="Due")
    assert {each.came_at for each in rows} == {later}
    assert all(each.created_at > NOW for each in rows), "when they were made"
    everyone.member_links.update(since=LONG_AGO)
    nadia = Person.objects.get(name__startswith="Nadia")
    take_in_broadcasts(nadia)
    for delivery in Delivery.objects.filter(person=nadia):
        opened = delivery.version.broadcasts.order_by("opened_at").values_list("opened_at", flat=True)
        assert delivery.came_at == opened[0]


def test_a_page_further_on_takes_in_everything(many: Person, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_in, "_take_in_rest", _dies)
    browser, address = sign_in(many), "/o/waterworks/api/v1/distribute/inbox?limit=2&tab=must"
    first = browser.get(address).json()
    part = browser.get(f"{address}&{urlencode({'after': first['next']})}").json()
    assert take_in_broadcasts(many) == 0
    assert part["count"] == first["count"]


def test_the_rest_is_taken_in_once_however_often_somebody_looks_meanwhile(
    many: Person, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here they look again in the middle of it: that page is whole, too, and leaves the rest to the first one."""
    browser, address, real = sign_in(many), "/o/waterworks/distribute/inbox/?tab=must", deliver_broadcasts
    pages: list[str] = []
    steps: list[int] = []

    def looking(broadcasts: Sequence[int], people: Sequence[int]) -> int:
        steps.extend(broadcasts)
        if len(steps) == 2:
            with monkeypatch.context() as usual:
                usual.setattr(taking_in, "deliver_broadcasts", real)
                pages.append(browser.get(address).content.decode())
        return real(broadcasts, people=people)

    monkeypatch.setattr(afterwards._later, "_begin", lambda: None)
    pages.append(browser.get(address).content.decode())
    monkeypatch.setattr(taking_in, "deliver_broadcasts", looking)
    monkeypatch.setattr(taking_in, "_A_STEP", 1)
    afterwards._later.do_waiting()
    assert _shown(pages[0]) == _shown(pages[1])
    assert take_in_broadcasts(many) == 0
    assert len(steps) == len(set(steps)) > 2, "each in a step of its own, and none for the second look"


def test_when_the_rest_fails_the_page_is_there_and_the_next_look_goes_on(
    many: Person, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(taking_in, "_take_in_rest", _dies)
        assert sign_in(many).get("/o/waterworks/distribute/inbox/").status_code == 200
    assert "after an answer" in caplog.text
    rows = Delivery.objects.filter(person=many).count()
    assert sign_in(many).get("/o/waterworks/distribute/inbox/").status_code == 200
    assert Delivery.objects.filter(person=many).count() > rows
    assert take_in_broadcasts(many) == 0


def _dies(*_: object) -> None:
    raise RuntimeError("killed")


def test_who_has_left_takes_nothing_in(many: Person) -> None:
    many.left_on = timezone.localdate()
    many.save()
    assert take_in_first(many, [Shown("must", LINES)]) == Ahead()
    assert not Delivery.objects.filter(person=many, reasons__isnull=False).exists()


@pytest.fixture
def ten_at_most(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Counts end at ten. Queries are kept with the bound they were made with: none of these outlives the test."""
    kept = waiting._counted, waiting._asked_unread, lines._counted, today._counted, today._done_late
    for module in (counting, waiting, today):
        monkeypatch.setattr(module, "AT_MOST", 10)
    for query in kept:
        query.cache_clear()
    yield
    for query in kept:
        query.cache_clear()


@pytest.mark.usefixtures("ten_at_most")
@pytest.mark.parametrize("asked", [SPARE, SPARE + 50])
@pytest.mark.parametrize("tab", ["must", "unread", "all"])
def test_beyond_the_bound_too_the_first_page_counts_what_is_counted_afterwards(
    asked: int, tab: str, ines: Person, everyone: Audience, nadia: Person
) -> None:
    """Of a few more texts than are counted so many become must-reads."""
    enrol(everyone)
    for number in range(SPARE + 60):
        version = make_version(f"Text {number}", "Text.", everyone, nadia)
        Delivery.objects.create(person=ines, version=version)
        if number < asked:
            ask(everyone, version, acknowledge=True, due_at=NOW + timedelta(hours=number))
    first = _seen(ines, tab, take_in_first(ines, [lines.Tab(ines, tab).first(LINES)]))
    take_in_broadcasts(ines)
    last = _seen(ines, tab, NOTHING_AHEAD)
    assert [(repr(each), type(each)) for each in astuple(first[2])] == [
        (repr(each), type(each)) for each in astuple(last[2])
    ]
    assert first == last


@pytest.mark.usefixtures("ten_at_most", "short_today")
@pytest.mark.parametrize("first_due", [-100, -5, 20])
@pytest.mark.parametrize("asked", [5, SPARE - 30, SPARE + 50])
def test_beyond_the_bound_too_today_counts_what_it_counts_afterwards(
    asked: int, first_due: int, ines: Person, everyone: Audience, nadia: Person
) -> None:
    """Many late, many due today, many done, some of them late; most of what they have was left to the digest."""
    enrol(everyone)
    everyone.member_links.update(since=LONG_AGO)
    done = {"must_acknowledge": True, "state": "acknowledged", "acknowledged_at": NOW, "read_at": NOW}

    def have(title: str, hour: int, **row: Any) -> None:
        version = make_version(f"{title} {hour}", "Text.", everyone, nadia)
        Delivery.objects.create(person=ines, version=version, **row)
        if hour < asked:
            ask(everyone, version, acknowledge=True, due_at=NOW + timedelta(hours=first_due + hour))

    for hour in range(SPARE + 60):
        have("Text", hour, rolled=hour % 50 > 0)
    for hour in range(15):
        have("Signed", hour, due_at=NOW + timedelta(hours=hour - 8), **done)
        have("Asked", hour, due_at=NOW + timedelta(minutes=10 * hour - 90), must_acknowledge=True)
    first = Today(ines, ahead=take_in_first(ines, first_lines(ines)))
    seen = _all_of(first)
    take_in_broadcasts(ines)
    assert seen == _all_of(Today(ines, now=first.now))


def test_what_becomes_a_must_read_is_not_marked_as_read_with_the_rest(
    many: Person, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pressed before the rest has come: as many are marked as the page said."""
    monkeypatch.setattr(taking_in, "_take_in_rest", lambda *_: None)
    browser = sign_in(many)
    page = browser.get("/o/waterworks/distribute/inbox/?tab=must").content.decode()
    said = re.search(r"For you (\d+) unread", page)
    browser.post("/o/waterworks/distribute/inbox/reading/", {"all": "1"})
    read = Delivery.objects.filter(person=many, read_at__isnull=False, acknowledged_at=None)
    assert said
    assert read.count() == int(said[1]) > 0
    assert not read.filter(must_acknowledge=True).exists()


def test_what_was_recalled_while_a_look_waited_is_not_counted(many: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def waits() -> bool:
        Directive.objects.filter(name="Read it", acknowledge=True).update(state="recalled")
        return True

    monkeypatch.setattr(taking_in, "one_deliverer_at_a_time", waits)
    ahead = take_in_first(many, [Shown("unread", 1)])
    assert ahead.texts
    assert look_through(many, ahead).to_acknowledge == 1, "her own"
    assert take_in_broadcasts(many)
    assert look_through(many).to_acknowledge == 1
