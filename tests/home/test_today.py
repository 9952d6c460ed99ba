"""Today: what must be read and in how long, what is for me and why."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from headwater.core.actions import OPERATOR
from headwater.core.models import Organisation
from headwater.distribute.ahead import Ahead, Coming, Standing
from headwater.distribute.models import Acknowledgement, Delivery, InterestProfile, Preference
from headwater.home import today as today_page
from headwater.home.findings import budget_line, done_lede, today_lede, today_title
from headwater.home.today import Today, _Moments, _must_read, first_sentence, to_verify
from headwater.library.actions import create_article, publish_article, set_library
from headwater.library.models import Article
from headwater.people.models import Audience, Notice, Person, Unit
from headwater.people.notices import tell
from headwater.search.models import Entry, Kind
from tests.asked import MOST_QUERIES, asked_by
from tests.home.conftest import Deliver, MakeEntry, add_version

SignIn = Callable[[Person], Client]
PAGE = "/o/waterworks/"


def test_nothing_to_read_is_said_and_stops(ines: Person, sign_in: SignIn) -> None:
    page = sign_in(ines).get(PAGE).content.decode()
    assert "You have read all you must" in page
    assert "Nothing for you yet" in page
    assert re.search(r"The next digest comes at 16:00( tomorrow)?\.", page)


@pytest.mark.parametrize(("hour", "said"), [(9, "comes at 16:00."), (17, "comes at 16:00 tomorrow.")])
def test_a_digest_that_has_gone_today_comes_tomorrow(ines: Person, hour: int, said: str) -> None:
    today = Today(ines, now=timezone.now().replace(hour=hour))
    assert said in done_lede(today)


def test_while_the_demonstration_is_being_made_nothing_is_claimed(
    organisation: Organisation, ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    Organisation.objects.filter(pk=organisation.pk).update(is_being_made=True)
    client = sign_in(ines)
    page = client.get(PAGE).content.decode()
    assert "The demonstration is being made" in page
    assert "Nothing to read yet" in page
    assert "You have read all you must" not in page
    assert 'hx-trigger="every 3s"' in page
    must_read(make_entry("First of many"), ines)
    page = client.get(PAGE).content.decode()
    assert "One to read, about" in page
    assert "The demonstration is being made" in page
    assert "The demonstration is being made" in client.get(f"{PAGE}distribute/inbox/").content.decode()
    writing = client.get(f"{PAGE}distribute/profiles/new/").content.decode()
    assert "What is shown here is not yet all." in writing
    assert "every 3s" not in writing  # what somebody types there is left alone
    Organisation.objects.filter(pk=organisation.pk).update(is_being_made=False)
    assert "being made" not in client.get(PAGE).content.decode()


def test_the_title_counts_and_times_what_must_be_read(
    ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    for n in range(3):
        must_read(make_entry(f"Thing {n}", "word " * 1000), ines, due_at=timezone.now() + timedelta(days=3 + n))
    page = sign_in(ines).get(PAGE).content.decode()
    assert ">Three to read, about 12 minutes<" in page
    assert "Nothing is due today." in page


def test_only_the_first_button_is_filled_and_the_soonest_comes_first(
    ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    must_read(make_entry("Later"), ines, due_at=timezone.now() + timedelta(days=9))
    must_read(make_entry("Sooner"), ines, due_at=timezone.now() + timedelta(days=2))
    page = sign_in(ines).get(PAGE).content.decode()
    assert page.index("Sooner") < page.index("Later")
    assert page.count("btn-primary") == 1


def test_overdue_is_said_first(ines: Person, make_entry: MakeEntry, must_read: Deliver) -> None:
    must_read(make_entry(), ines, due_at=timezone.now() - timedelta(days=1))
    assert today_lede(Today(ines)).startswith("One is overdue.")


def test_what_takes_days_is_told_in_hours(ines: Person, make_entry: MakeEntry, must_read: Deliver) -> None:
    must_read(make_entry(text="word " * 10**6), ines)
    assert today_title(Today(ines)) == "One to read, about 62 hours"


def test_changes_are_counted_from_the_version_acknowledged_last(
    ines: Person, make_entry: MakeEntry, must_read: Deliver
) -> None:
    entry = make_entry()
    first = entry.current_version
    assert first is not None
    Acknowledgement.objects.create(person=ines, version=first, checksum=first.checksum)
    add_version(entry, first.text.replace("19.0", "19.5").replace("goes in", "goes in and until they are out"))
    must_read(entry, ines)
    (line,) = Today(ines).must_read
    assert line.changes == 2


def test_they_are_counted_once_for_everybody(
    ines: Person, otto: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    """Versions stay as they are; to count the changes of a shelf of books at every visit would take a second."""
    entry = make_entry(text="The old text of it.")
    first = entry.current_version
    assert first is not None
    add_version(entry, "The new text of it.")
    for person in (ines, otto):
        Acknowledgement.objects.create(person=person, version=first, checksum=first.checksum)
        must_read(entry, person)
    assert Today(ines).must_read[0].changes == 1
    asked = asked_by(sign_in(otto), PAGE)
    assert not any('"search_entryversion"."number", "search_entryversion"."text"' in sql for sql in asked)
    assert Today(otto).must_read[0].changes == 1


def test_a_first_version_has_no_changes(ines: Person, make_entry: MakeEntry, must_read: Deliver) -> None:
    must_read(make_entry(), ines)
    assert [line.changes for line in Today(ines).must_read] == [0]


def test_the_directives_sentence_is_shown(
    ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    must_read(make_entry(), ines, sentence="Air is tested all the time.")
    assert "Air is tested all the time." in sign_in(ines).get(PAGE).content.decode()


def test_for_you_shows_four_and_says_the_budget_aloud(
    ines: Person, make_entry: MakeEntry, bring: Deliver, sign_in: SignIn
) -> None:
    Preference.objects.create(person=ines, budget=3)
    for n in range(6):
        bring(make_entry(f"Culvert {n}"), ines, rolled=n > 3)
    today = Today(ines)
    assert len(today.for_you) == 4
    assert budget_line(today) == "2 more rolled into your 16:00 digest. You have had 0 of your 3 pushes today."
    page = sign_in(ines).get(PAGE).content.decode()
    assert '<span class="hit">culvert</span>' in page
    assert "6 unread" in page


def test_the_most_pressing_come_first_whatever_waits(ines: Person, make_entry: MakeEntry) -> None:
    """Urgent ones, then those due soonest, then the newest; the rest by the same rule. Against a sort of them all."""
    chance, now = random.Random(3), timezone.now()
    for number in range(60):
        due = chance.choice([None, *(now + timedelta(days=days) for days in range(4))])
        must, urgent = chance.random() < 0.6, chance.random() < 0.2
        fields = {"must_acknowledge": must, "urgent": urgent, "due_at": due if must else None}
        fields |= chance.choice([{}, {}, {}, {"state": "opened", "read_at": now}, {"state": "expired"}])
        version = make_entry(f"Thing {number}").current_version
        created = now - timedelta(hours=chance.randrange(5))
        Delivery.objects.create(person=ines, version=version, created_at=created, **fields)
    waiting = Delivery.objects.filter(Q(must_acknowledge=True) | Q(read_at=None), state__in=("due", "opened"))
    ranked = sorted(
        waiting,
        key=lambda each: (
            not each.urgent,
            each.due_at or datetime.max.replace(tzinfo=UTC),
            -each.came_at.timestamp(),
            -each.version_id,
        ),
    )
    asked = [each for each in ranked if each.must_acknowledge]
    unread = [each for each in ranked if not each.must_acknowledge]
    today = Today(ines)
    assert [line.delivery for line in today.must_read] == asked[:10]
    assert [line.delivery for line in today.for_you] == unread[:4]
    assert len(asked) > 10
    assert len(unread) > 4


@pytest.mark.parametrize("change", ["withdrawn", "other audience", "clearance"])
def test_what_may_no_longer_be_read_is_gone(
    change: str, ines: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    delivery = must_read(make_entry("Secret works"), ines)
    if change == "withdrawn":
        Delivery.objects.update(state=Delivery.State.WITHDRAWN, withdrawn_because="access")
    elif change == "other audience":
        Entry.objects.update(audience=None)
    else:
        Entry.objects.filter(pk=delivery.version.entry_id).update(classification=3)
    page = sign_in(ines).get(PAGE).content.decode()
    assert "Secret works" not in page
    assert "You have read all you must" in page


def test_notices_are_shown_until_they_are_done(ines: Person, sign_in: SignIn) -> None:
    notice = tell(ines, "A review is due", "/o/waterworks/people/", "matter:1")
    assert notice is not None
    assert "A review is due" in sign_in(ines).get(PAGE).content.decode()
    notice.done_at = timezone.now()
    notice.save()
    assert "A review is due" not in sign_in(ines).get(PAGE).content.decode()


def test_notices_about_what_is_closed_now_are_not_shown(
    ines: Person, otto: Person, unit: Unit, readers: Audience, sign_in: SignIn
) -> None:
    article = create_article(otto, Kind.PROCEDURE, "Secret works", "Text", unit=unit, audience=readers)
    tell(ines, "Look at “Secret works”", "/x", f"contributor:{article.pk}")
    set_library(OPERATOR, needs_review=False, allows_self_approval=True)
    publish_article(otto, article)
    asked = asked_by(sign_in(ines), PAGE)
    assert "Look at “Secret works”" in sign_in(ines).get(PAGE).content.decode()
    Entry.objects.update(audience=None)
    assert "Secret works" not in sign_in(ines).get(PAGE).content.decode()
    for number in range(9):
        for matter in ("owner", "review", "answer", "source-failed", "replaced", "overdue-head"):
            tell(ines, "More", "/x", f"{matter}:{number}")
    assert len(asked_by(sign_in(ines), PAGE)) <= len(asked) <= MOST_QUERIES


def test_urgent_notices_come_first_then_the_soonest_then_the_newest(ines: Person, otto: Person) -> None:
    now = timezone.now()

    def say(text: str, urgency: str = "normal", due_at: datetime | None = None, age: int = 0) -> None:
        created = now - timedelta(hours=age)
        fields = {"text": text, "urgency": urgency, "due_at": due_at, "created_at": created}
        Notice.objects.create(person=ines, dedupe_key=f"matter:{text}", **fields)

    say("older", age=2)
    say("newer", age=1)
    say("oldest", age=3)
    say("in two days", due_at=now + timedelta(days=2))
    say("in a day", due_at=now + timedelta(days=1))
    say("urgent", urgency="urgent", age=9)
    tell(otto, "Otto's", "/x", "matter:otto")
    assert [each.text for each in Today(ines).notices] == ["urgent", "in a day", "in two days", "newer", "older"]
    assert [each.text for each in Today(otto).notices] == ["Otto's"]


def test_each_has_their_own_preference_and_who_chose_nothing_what_is_usual(ines: Person, otto: Person) -> None:
    hers = Preference.objects.create(person=ines, budget=3)
    assert (Today(ines).preference, Today(ines).preference.budget) == (hers, 3)
    assert (Today(otto).preference.pk, Today(otto).preference.person, Today(otto).preference.budget) == (None, otto, 5)
    Preference.objects.update(budget=7)
    assert Today(ines).preference.budget == 7


def test_who_follows_something_has_nothing_new_and_who_does_not_is_asked_to(
    ines: Person, otto: Person, readers: Audience, nadia: Person
) -> None:
    """By a profile of their own, or of a group they are in; not by one that was stopped or removed."""
    rested = InterestProfile.objects.create(name="Pumps", person=ines, query="pump", is_active=False)
    InterestProfile.objects.create(name="Gone", person=ines, query="gas", removed_at=timezone.now())
    InterestProfile.objects.create(name="Air", person=otto, query="air")
    assert not Today(ines).has_profiles
    assert Today(otto).has_profiles
    InterestProfile.objects.filter(pk=rested.pk).update(is_active=True)
    assert Today(ines).has_profiles
    assert not Today(nadia).has_profiles
    InterestProfile.objects.create(name="Everybody's", audience=readers, query="culvert")
    assert Today(nadia).has_profiles


@pytest.fixture
def looked_after(ines: Person, otto: Person, unit: Unit, readers: Audience) -> Callable[..., Article]:
    """An article that Ines verifies within so many days."""
    set_library(OPERATOR, needs_review=False, allows_self_approval=True)

    def make(title: str, days: int, **fields: object) -> Article:
        article = create_article(otto, Kind.PROCEDURE, title, "Text", unit=unit, audience=readers)
        publish_article(otto, article)
        due = timezone.localdate() + timedelta(days=days)
        Article.objects.filter(pk=article.pk).update(**{"verifier": ines, "verify_due_on": due} | fields)
        return article

    return make


def test_what_is_to_be_verified_within_two_weeks_is_shown_soonest_first(
    ines: Person, otto: Person, looked_after: Callable[..., Article], sign_in: SignIn
) -> None:
    looked_after("In ten days", 10)
    looked_after("Late", -3)
    looked_after("In fourteen days", 14)
    looked_after("In fifteen days", 15)
    looked_after("Otto's", 1, verifier=otto)
    looked_after("Thrown away", 1, trashed_at=timezone.now())
    looked_after("Never published", 1, published=None)
    closed = looked_after("Closed", 1)
    Entry.objects.filter(pk=closed.entry_id).update(audience=None)
    assert [each.entry.title for each in to_verify(ines)] == ["Late", "In ten days", "In fourteen days"]
    assert [each.entry.title for each in to_verify(otto)] == ["Otto's"]
    page = sign_in(ines).get(PAGE).content.decode()
    assert page.index("Late") < page.index("In ten days") < page.index("In fourteen days")
    for number in range(5):
        looked_after(f"Later still {number}", -9)
    assert len(to_verify(ines)) == 5
    Entry.objects.update(audience=None)
    assert to_verify(ines) == []


def test_who_has_left_verifies_nothing(ines: Person, looked_after: Callable[..., Article]) -> None:
    looked_after("Late", -3)
    assert len(to_verify(ines)) == 1
    ines.left_on = timezone.localdate()
    assert to_verify(ines) == []


def test_what_was_signed_this_month_is_counted(ines: Person, make_entry: MakeEntry, must_read: Deliver) -> None:
    now = timezone.now()
    must_read(make_entry("A"), ines, acknowledged_at=now, state="acknowledged", due_at=now + timedelta(days=1))
    must_read(make_entry("B"), ines, acknowledged_at=now, state="acknowledged", due_at=now - timedelta(days=1))
    assert today_title(Today(ines)) == "You have read all you must"
    assert today_lede(Today(ines)).startswith("Two this month, 1 late.")


@pytest.mark.parametrize("count", [1, 30])
def test_queries_do_not_grow_with_rows(
    count: int, ines: Person, make_entry: MakeEntry, must_read: Deliver, bring: Deliver, sign_in: SignIn
) -> None:
    for n in range(count):
        must_read(make_entry(f"Must {n}"), ines)
        bring(make_entry(f"For you {n}"), ines)
    client = sign_in(ines)
    asked = asked_by(client, PAGE)
    assert len(asked) <= MOST_QUERIES, "\n".join(asked)
    if count == 1:
        test_queries_do_not_grow_with_rows.one = len(asked)  # type: ignore[attr-defined]
    else:
        assert len(asked) == test_queries_do_not_grow_with_rows.one  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# Title\n\nThe five words become four. More follows here.", "The five words become four. More follows here."),
        ("Title\n\n- **Inspect** and clear the fourteen screens on the list today. And then more.", ""),
        ("", ""),
        ("short", ""),
    ],
)
def test_the_first_sentence_is_one_sentence_without_marks(text: str, sentence: str) -> None:
    found = first_sentence(text, "Title")
    assert "*" not in found
    if sentence:
        assert sentence.startswith(found)


def test_who_has_more_late_than_are_counted_has_none_due_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(today_page, "AT_MOST", 10)
    now = timezone.now()
    moments = _Moments.at(now)
    due_today = Standing(1, True, False, moments.tomorrow - timedelta(minutes=1), now)
    becomes_late = Coming(due_today, due_today._replace(due_at=now - timedelta(hours=1)))
    for late, due in ((11, 0), (10, 1)):
        figures = _must_read([11, late, due, 0], moments, Ahead([becomes_late]))
        assert {name: repr(count) for name, count in figures.items()} == {"must": "11", "late": "11", "today": "0"}
