"""Counting an inbox: the page's one look says the same as each count by itself."""

from collections.abc import Callable, Sequence
from dataclasses import astuple
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import OuterRef, Subquery
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from headwater.core.counting import AT_MOST, AtLeast
from headwater.core.models import Classification
from headwater.distribute.lines import Tab
from headwater.distribute.models import Broadcast, Delivery, Directive
from headwater.distribute.taking_in import take_in_broadcasts
from headwater.distribute.waiting import InboxCounts, counts_of, look_through
from headwater.home.findings import done_lede
from headwater.home.today import Today
from headwater.people.models import Audience, Person
from headwater.search.models import Entry, EntryVersion, Kind
from tests.analysing import analyse
from tests.conftest import enrol
from tests.distribute.conftest import make_version

SignIn = Callable[[Person], Client]
NOW = timezone.now()
SIGNED = {"must_acknowledge": True, "state": "acknowledged", "acknowledged_at": NOW, "read_at": NOW}
KINDS: list[dict[str, object]] = [
    {},
    {"urgent": True},
    {"must_acknowledge": True, "due_at": NOW - timedelta(days=1)},
    {"must_acknowledge": True, "due_at": NOW + timedelta(days=1), "read_at": NOW},
    {"state": "opened", "opened_at": NOW, "read_at": NOW},
    {"state": "opened", "opened_at": NOW, "read_at": NOW, "must_acknowledge": True, "due_at": NOW - timedelta(days=1)},
    {"state": "expired"},
    {"state": "withdrawn", "withdrawn_because": "gone"},
    {"state": "withdrawn", "withdrawn_because": "access"},
    SIGNED,
]


@pytest.fixture
def full(ines: Person, everyone: Audience, nadia: Person, version: EntryVersion) -> Person:
    """Ines with a delivery of each kind, and of each once more that she may not read any more."""
    for number, fields in enumerate(KINDS):
        for classification in (Classification.INTERNAL, Classification.CONFIDENTIAL):
            of = make_version(f"Text {number}", "Text.", everyone, nadia, classification=classification)
            Delivery.objects.create(person=ines, version=of, **fields)
    return ines


def test_one_look_counts_what_each_count_does(full: Person) -> None:
    assert look_through(full) == counts_of(full) == InboxCounts(unread=3, to_acknowledge=3, overdue=2, for_you=2)
    assert [Tab(full, tab).count() for tab in ("all", "done")] == [8, 1]


def test_who_has_left_has_nothing_to_count(full: Person) -> None:
    full.left_on = timezone.localdate()
    full.save()
    assert look_through(full) == InboxCounts()


def test_open_broadcasts_count_as_they_will_when_taken_in(ines: Person, everyone: Audience, nadia: Person) -> None:
    """Two for one text, one for what came for another reason, one that asks for no signature, one already signed."""
    enrol(everyone)
    twice, brought, to_read, signed, read = (make_version(title, "Text.", everyone, nadia) for title in "ABCDE")
    Delivery.objects.create(person=ines, version=brought)
    Delivery.objects.create(person=ines, version=signed, **SIGNED)
    Delivery.objects.create(person=ines, version=read, state="opened", opened_at=NOW, read_at=NOW)
    broadcast(everyone, twice, acknowledge=True)
    broadcast(everyone, twice)
    broadcast(everyone, brought, acknowledge=True)
    broadcast(everyone, to_read)
    broadcast(everyone, signed, acknowledge=True)
    broadcast(everyone, read, acknowledge=True)
    before = counts_of(ines)
    assert take_in_broadcasts(ines)
    assert before == counts_of(ines) == InboxCounts(unread=3, to_acknowledge=3, for_you=1)


def broadcast(audience: Audience, version: EntryVersion, acknowledge: bool = False, **asked: Any) -> None:
    fields = {"name": "Read it", "audience": audience, "acknowledge": acknowledge, "entry": version.entry}
    urgent = asked.pop("urgent", False)
    directive = Directive.objects.create(state="issued", issued_at=NOW, urgent=urgent, **fields)
    Broadcast.objects.create(directive=directive, version=version, **asked)


def test_each_of_many_is_taken_in_as_it_was_asked(ines: Person, everyone: Audience, nadia: Person) -> None:
    """Words with signs, an hour to the microsecond, nothing that is due, a second version in place of a first."""
    enrol(everyone)
    quoted, plain, first = (make_version(title, "Text.", everyone, nadia) for title in "ABC")
    Delivery.objects.create(person=ines, version=first)
    second = EntryVersion.objects.create(entry=first.entry, number=2, title="C", text="Else.", published_at=NOW)
    Entry.objects.filter(pk=first.entry_id).update(current_version=second)
    words = ['a "b", {c}', "d\\e", "NULL", "it's 5 %s", "安全"]
    due = timezone.now().replace(microsecond=123457) + timedelta(days=9)
    broadcast(everyone, quoted, acknowledge=True, urgent=True, words=words, due_at=due, opened_at=timezone.now())
    broadcast(everyone, plain)
    broadcast(everyone, second, acknowledge=True, words=[])
    assert take_in_broadcasts(ines) == 3
    of = {each.version_id: each for each in Delivery.objects.filter(person=ines)}
    assert (of[quoted.pk].due_at, of[quoted.pk].urgent, of[quoted.pk].must_acknowledge) == (due, True, True)
    assert (of[plain.pk].due_at, of[plain.pk].urgent, of[plain.pk].must_acknowledge) == (None, False, False)
    assert (of[second.pk].due_at, of[second.pk].state, of[first.pk].state) == (None, "due", "expired")
    assert [of[each.pk].eligible_at for each in (quoted, plain)] == [quoted.published_at, plain.published_at]
    assert [each.reasons.get().words for each in (of[quoted.pk], of[plain.pk], of[second.pk])] == [words, [], []]


def test_many_are_taken_in_by_as_few_questions_as_one(ines: Person, everyone: Audience, nadia: Person) -> None:
    enrol(everyone)
    asked = []
    for number in (1, 30):
        for title in range(number):
            broadcast(everyone, make_version(f"Text {title}", "Text.", everyone, nadia), acknowledge=True)
        with CaptureQueriesContext(connection) as queries:
            assert take_in_broadcasts(ines) == number
        asked.append(len(queries))
    assert asked[1] <= asked[0]


def test_what_was_read_or_signed_and_comes_back_counts_as_that(ines: Person, everyone: Audience, nadia: Person) -> None:
    enrol(everyone)
    unread, read, read_and_asked, signed = (make_version(title, "Text.", everyone, nadia) for title in "ABCD")
    gone = {"state": "withdrawn", "withdrawn_because": "access", "withdrawn_at": NOW}
    Delivery.objects.create(person=ines, version=unread, **gone)
    Delivery.objects.create(person=ines, version=read, read_at=NOW, opened_at=NOW, **gone)
    Delivery.objects.create(person=ines, version=read_and_asked, read_at=NOW, opened_at=NOW, **gone)
    Delivery.objects.create(person=ines, version=signed, **SIGNED | gone)
    assert counts_of(ines) == InboxCounts()
    broadcast(everyone, unread)
    broadcast(everyone, read)
    broadcast(everyone, read_and_asked, acknowledge=True)
    broadcast(everyone, signed, acknowledge=True)
    before = counts_of(ines)
    assert take_in_broadcasts(ines)
    assert before == counts_of(ines) == InboxCounts(unread=1, to_acknowledge=1, for_you=1)


def _deliver_many(
    person: Person, audience: Audience, owner: Person, kinds: Sequence[tuple[int, dict[str, Any]]]
) -> None:
    """As many deliveries of each kind, each of a version of its own."""
    fields = [each for number, each in kinds for _ in range(number)]
    entries = Entry.objects.bulk_create(
        Entry(kind=Kind.PROCEDURE, title=f"Text {number}", owner=owner, audience=audience)
        for number in range(len(fields))
    )
    versions = EntryVersion.objects.bulk_create(
        EntryVersion(entry=entry, number=1, title=entry.title, checksum="0" * 64, published_at=NOW) for entry in entries
    )
    its_own = EntryVersion.objects.filter(entry=OuterRef("pk")).values("pk")
    Entry.objects.filter(current_version=None).update(current_version=Subquery(its_own))
    Delivery.objects.bulk_create(
        Delivery(person=person, version=version, entry_id=version.entry_id, came_at=NOW, **each)
        for version, each in zip(versions, fields, strict=True)
    )
    analyse(Entry, EntryVersion, Delivery)


def test_counts_end_at_a_thousand(ines: Person, everyone: Audience, nadia: Person, sign_in: SignIn) -> None:
    """Beyond it they say so, wherever they stand; what is overdue is met first, and counted exactly."""
    enrol(everyone)
    late, later = ({"must_acknowledge": True, "due_at": NOW + timedelta(days=days)} for days in (-1, 1))
    _deliver_many(ines, everyone, nadia, [(AT_MOST - 1, later), (3, late), (4, {"rolled": True}), (1, SIGNED)])
    counts = look_through(ines)
    assert counts == counts_of(ines) == InboxCounts(unread=AT_MOST, to_acknowledge=AT_MOST, overdue=3, for_you=4)
    assert [type(each) for each in astuple(counts)] == [AtLeast, AtLeast, int, int]
    page = sign_in(ines).get("/o/waterworks/distribute/inbox/").content.decode()
    assert "3 must-reads are overdue" in page
    assert "Must read 1,000+<" in page
    assert "1,000+ unread in all" in page
    today = sign_in(ines).get("/o/waterworks/").content.decode()
    assert "1,000+ to read" in today
    assert "990+ more" in today


def test_what_lies_beyond_the_bound_is_not_claimed(ines: Person, everyone: Audience, nadia: Person) -> None:
    """A thousand must-reads that were read come before 700 that were not; 300 signed late, after a thousand in time."""
    enrol(everyone)
    asked = {"must_acknowledge": True, "due_at": NOW + timedelta(days=1)}
    month = timezone.localtime(NOW).replace(day=1, hour=0, minute=30)
    late = SIGNED | {"due_at": month, "acknowledged_at": month + timedelta(minutes=1)}
    kinds = [
        (AT_MOST + 1, asked | {"state": "opened", "opened_at": NOW, "read_at": NOW}),
        (700, asked | {"due_at": NOW + timedelta(days=2)}),
        (3, late),
        (AT_MOST, SIGNED | {"due_at": NOW + timedelta(days=1)}),
    ]
    _deliver_many(ines, everyone, nadia, kinds)
    counts, today = look_through(ines), Today(ines).counts
    assert (counts.unread, counts.to_acknowledge) == (today["unread"], today["must"]) == (700, AT_MOST)
    assert [type(each) for each in (counts.unread, counts.to_acknowledge)] == [int, AtLeast]
    assert (today["done"], today["done_late"]) == (AT_MOST, 3)
    assert done_lede(Today(ines)).startswith("1,000+ this month, 3 late.")


def test_more_than_the_bound_are_left_when_some_of_them_become_must_reads(
    ines: Person, everyone: Audience, nadia: Person
) -> None:
    enrol(everyone)
    _deliver_many(ines, everyone, nadia, [(AT_MOST + 6, {})])
    for version in EntryVersion.objects.select_related("entry").order_by("pk")[:5]:
        broadcast(everyone, version, acknowledge=True)
    before = counts_of(ines)
    assert (before.to_acknowledge, before.for_you, type(before.for_you)) == (5, AT_MOST, AtLeast)
    assert take_in_broadcasts(ines)
    after = counts_of(ines)
    assert (after.to_acknowledge, after.for_you, type(after.for_you)) == (5, AT_MOST, AtLeast)


@pytest.mark.parametrize(
    ("late", "today", "later", "told"),
    [
        (3, 2, AT_MOST, (3, int, 2, int)),
        (AT_MOST - 1, 2, 0, (AT_MOST - 1, int, 2, AtLeast)),
        (AT_MOST + 1, 2, 0, (AT_MOST, AtLeast, 0, AtLeast)),
    ],
)
def test_what_is_due_today_is_exact_where_all_that_is_more_pressing_was_met(
    ines: Person, everyone: Audience, nadia: Person, late: int, today: int, later: int, told: tuple[object, ...]
) -> None:
    noon = timezone.localtime(NOW).replace(hour=12)
    kinds = [(late, -24), (today, 1), (later, 48)]
    rows = [(number, {"must_acknowledge": True, "due_at": noon + timedelta(hours=hours)}) for number, hours in kinds]
    _deliver_many(ines, everyone, nadia, rows)
    enrol(everyone)
    counts = Today(ines, now=noon).counts
    assert (counts["late"], type(counts["late"]), counts["today"], type(counts["today"])) == told


def test_a_list_says_whether_its_count_is_exact(
    ines: Person, everyone: Audience, nadia: Person, sign_in: SignIn
) -> None:
    enrol(everyone)
    _deliver_many(ines, everyone, nadia, [(AT_MOST, {}), (1, SIGNED)])
    browser = sign_in(ines)
    for tab, shown, count, is_exact in (("all", 3, AT_MOST, False), ("unread", 3, AT_MOST, True), ("done", 1, 1, True)):
        part = browser.get(f"/o/waterworks/api/v1/distribute/inbox?tab={tab}&limit=3").json()
        assert (len(part["items"]), part["count"], part["count_is_exact"]) == (shown, count, is_exact)


@pytest.mark.parametrize("tab", ["all", "must", "unread", "done"])
def test_a_list_is_gone_through_part_by_part(full: Person, tab: str, sign_in: SignIn) -> None:
    browser, address = sign_in(full), f"/o/waterworks/api/v1/distribute/inbox?tab={tab}"
    everything = browser.get(address).json()
    assert everything["next"] == ""
    part = browser.get(f"{address}&limit=1").json()
    found = part["items"]
    while part["next"]:
        part = browser.get(f"{address}&limit=2&after={part['next']}&offset=5").json()
        found += part["items"]
    assert found == everything["items"]


def test_a_list_does_not_go_on_from_what_is_no_place(full: Person, sign_in: SignIn) -> None:
    browser = sign_in(full)
    for after in ("x", "1", "1.2.3", "x.2"):
        answer = browser.get(f"/o/waterworks/api/v1/distribute/inbox?after={after}")
        assert answer.status_code == 422
        assert "after" in answer.content.decode()


def test_each_line_but_those_to_sign_and_those_withdrawn_can_be_called_useful(full: Person, sign_in: SignIn) -> None:
    page = sign_in(full).get("/o/waterworks/distribute/inbox/?tab=all").content.decode()
    lines = page.split('<li class="item has-lead')[1:]
    rated = ["/rating/" in line for line in lines]
    assert len(lines) == 8
    assert rated.count(False) == 4  # three wait for a signature, one was withdrawn
    assert "<form" not in "".join(lines)  # the buttons are of the list's own form
