"""Deadlines: each person's own hour, as much time for who comes later, more for who is on leave."""

import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some

from headwater.distribute import proof
from headwater.distribute.actions import issue_directive, recall_directive, save_directive
from headwater.distribute.deadlines import due_for, extend_for_leave
from headwater.distribute.due import Deadline, Whereabouts, after_working_days, due_of, strikes_after
from headwater.distribute.models import Broadcast, Delivery, Directive
from headwater.distribute.taking_in import take_in_broadcasts
from headwater.distribute.waiting import counts_of
from headwater.people.models import Absence, Audience, Person
from headwater.search.models import EntryVersion
from tests.conftest import enrol, make_person

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)
ZONES = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata", "America/New_York", "Africa/Nairobi"]


def whereabouts(zone: str = "UTC", since: datetime = MONDAY, away: tuple[tuple[date, date], ...] = ()) -> Whereabouts:
    return Whereabouts(zone, time(16, 30), since, away)


@pytest.mark.parametrize(
    ("zone", "due"),
    [("UTC", "06T17:00"), ("Africa/Nairobi", "06T14:00"), ("America/New_York", "06T22:00")],
)
def test_the_hour_is_each_persons_own(zone: str, due: str) -> None:
    assert due_of(Deadline(MONDAY, FRIDAY), whereabouts(zone)).isoformat() == f"2026-03-{due}:00+00:00"


def test_the_hour_is_read_on_the_clock_of_who_chose_it() -> None:
    five_in_nairobi = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)
    asked = Deadline(MONDAY, five_in_nairobi, zone="Africa/Nairobi")
    assert due_of(asked, whereabouts("Africa/Nairobi")) == five_in_nairobi
    assert due_of(asked, whereabouts("UTC")) == FRIDAY


def test_days_end_with_the_persons_own_working_day() -> None:
    assert due_of(Deadline(MONDAY, FRIDAY, by_day=True), whereabouts()) == FRIDAY.replace(hour=16, minute=30)


def test_what_is_urgent_is_due_everywhere_at_once() -> None:
    assert due_of(Deadline(MONDAY, FRIDAY, urgent=True), whereabouts("Pacific/Kiritimati")) == FRIDAY


def test_no_hour_strikes_before_anybody_could_read() -> None:
    soon = MONDAY + timedelta(hours=6)
    assert due_of(Deadline(MONDAY, soon), whereabouts("Pacific/Kiritimati")) == soon


def test_who_comes_later_has_as_long_until_the_hour_strikes() -> None:
    thursday = MONDAY + timedelta(days=3, minutes=17)
    due = due_of(Deadline(MONDAY, FRIDAY), whereabouts(since=thursday))
    assert due == datetime(2026, 3, 10, 17, 0, tzinfo=UTC)
    urgent = due_of(Deadline(MONDAY, FRIDAY, urgent=True), whereabouts(since=thursday))
    assert urgent == thursday + (FRIDAY - MONDAY)


def test_who_is_on_leave_has_two_working_days_after_the_day_they_return() -> None:
    until_wednesday = ((date(2026, 3, 5), date(2026, 3, 11)),)
    assert due_of(Deadline(MONDAY, FRIDAY), whereabouts(away=until_wednesday)) == datetime(2026, 3, 16, 17, tzinfo=UTC)


def test_one_leave_after_another_counts_as_one() -> None:
    away = ((date(2026, 3, 12), date(2026, 3, 20)), (date(2026, 3, 5), date(2026, 3, 11)))
    assert due_of(Deadline(MONDAY, FRIDAY), whereabouts(away=away)) == datetime(2026, 3, 25, 17, tzinfo=UTC)


@pytest.mark.parametrize("away", [(date(2026, 2, 1), date(2026, 3, 1)), (date(2026, 3, 7), date(2026, 3, 9))])
def test_leave_before_or_after_changes_nothing(away: tuple[date, date]) -> None:
    assert due_of(Deadline(MONDAY, FRIDAY), whereabouts(away=(away,))) == FRIDAY


@given(
    opened_at=some.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(
        lambda moment: moment.replace(tzinfo=UTC)
    ),
    hours=some.integers(-48, 2_000),
    late=some.integers(-500, 50),
    away=some.lists(some.tuples(some.integers(-20, 60), some.integers(0, 30)), max_size=1),
    urgent=some.booleans(),
    by_day=some.booleans(),
)
def test_who_is_where_it_was_chosen_has_the_hour_that_anybody_has_whose_clock_agrees(
    opened_at: datetime, hours: int, late: int, away: list[tuple[int, int]], urgent: bool, by_day: bool
) -> None:
    """Longyearbyen's clock has always been Berlin's, summer time included."""
    asked = Deadline(opened_at, opened_at + timedelta(hours=hours), "Europe/Berlin", by_day, urgent)
    since, today = opened_at + timedelta(hours=late), opened_at.date()
    absences = tuple((today + timedelta(days=first), today + timedelta(days=first + length)) for first, length in away)
    here, there = (
        due_of(asked, whereabouts(zone, since, absences)) for zone in ("Europe/Berlin", "Arctic/Longyearbyen")
    )
    assert here == there


@given(
    days=some.integers(1, 40),
    hour=some.integers(0, 23),
    zones=some.tuples(some.sampled_from(ZONES), some.sampled_from(ZONES)),
    late=some.integers(-500, 500),
    away=some.lists(some.tuples(some.integers(-20, 60), some.integers(0, 30)), max_size=3),
    urgent=some.booleans(),
    by_day=some.booleans(),
)
def test_nobody_has_less_than_half_the_time_and_leave_only_adds(
    days: int,
    hour: int,
    zones: tuple[str, str],
    late: int,
    away: list[tuple[int, int]],
    urgent: bool,
    by_day: bool,
) -> None:
    due_at = MONDAY.replace(hour=hour) + timedelta(days=days)
    asked = Deadline(MONDAY, due_at, zones[0], by_day, urgent)
    since = MONDAY + timedelta(hours=late)
    absences = tuple(
        (MONDAY.date() + timedelta(days=first), MONDAY.date() + timedelta(days=first + length))
        for first, length in away
    )
    at_work, with_leave = (
        due_of(asked, whereabouts(zones[1], since)),
        due_of(asked, whereabouts(zones[1], since, absences)),
    )
    assert at_work - max(MONDAY, since) >= (due_at - MONDAY) / 2
    assert with_leave >= at_work


@given(some.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)), some.sampled_from(ZONES))
def test_the_hour_that_strikes_next_is_on_a_working_day_and_within_three(moment: datetime, zone: str) -> None:
    here = zoneinfo.ZoneInfo(zone)
    asked = moment.replace(tzinfo=UTC)
    struck = strikes_after(asked, time(17), here)
    assert struck.weekday() < 5
    assert asked <= struck
    assert struck - asked <= timedelta(days=3, hours=1)
    assert struck.timetz().replace(tzinfo=None) == time(17)


def test_working_days_count_from_a_date_too() -> None:
    assert after_working_days(date(2026, 3, 6), 1) == date(2026, 3, 9)


# --- In the records ---------------------------------------------------------------------------------------------------


@pytest.fixture
def far(everyone: Audience, ines: Person, nadia: Person) -> Person:
    """Somebody in New York; Nadia, who writes, is in Nairobi."""
    Person.objects.filter(pk=nadia.pk).update(timezone="Africa/Nairobi")
    nadia.refresh_from_db()
    person = make_person("Faye", timezone="America/New_York")
    enrol(everyone)
    return person


@cache
def _day() -> date:
    """A working day eight days from now or a little later: one for all, whoever has midnight behind them."""
    return after_working_days((timezone.now() + timedelta(days=8)).date(), 0)


def friday_five(zone: str) -> datetime:
    """17:00 there on that day."""
    return datetime.combine(_day(), time(17), zoneinfo.ZoneInfo(zone))


def issued(nadia: Person, everyone: Audience, version: EntryVersion, **asked: object) -> Directive:
    values = {"due_at": friday_five("Africa/Nairobi"), **asked}
    return issue_directive(nadia, save_directive(nadia, everyone, entry=version.entry, **values))


def due(person: Person) -> datetime | None:
    return Delivery.objects.get(person=person).due_at


def test_a_delivery_is_due_on_its_persons_clock(
    far: Person, nadia: Person, everyone: Audience, version: EntryVersion
) -> None:
    issued(nadia, everyone, version)
    assert due(nadia) == friday_five("Africa/Nairobi")
    assert due(far) == friday_five("America/New_York")


def test_an_open_broadcast_is_due_at_the_same_moment_for_inbox_and_proof(
    far: Person, nadia: Person, everyone: Audience, version: EntryVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwater.distribute.broadcasts.FEW", 0)
    directive = issued(nadia, everyone, version)
    assert not Delivery.objects.exists()
    assert proof.stage_of(directive).overdue == 0
    take_in_broadcasts(far)
    assert due(far) == friday_five("America/New_York")
    Delivery.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert counts_of(far).overdue == proof.stage_of(directive).overdue == proof.overdue().count() == 1


def test_leave_that_is_recorded_meanwhile_moves_the_deadline(
    far: Person, nadia: Person, ines: Person, everyone: Audience, version: EntryVersion
) -> None:
    issued(nadia, everyone, version)
    before, of_others = due(far), due(ines)
    assert before is not None
    leave = Absence.objects.create(person=far, since=before.date(), until=before.date() + timedelta(days=20))
    extend_for_leave(everyone.organisation_id)
    moved = due(far)
    assert moved is not None
    here = zoneinfo.ZoneInfo("America/New_York")
    assert moved.astimezone(here).date() == after_working_days(leave.until, 3)
    assert moved.astimezone(here).time() == time(17)
    assert due(ines) == of_others
    leave.delete()
    extend_for_leave(everyone.organisation_id)
    assert due(far) == moved


def test_who_is_away_when_it_is_issued_gets_the_later_deadline(
    far: Person, nadia: Person, everyone: Audience, version: EntryVersion
) -> None:
    today = timezone.localdate()
    Absence.objects.create(person=far, since=today, until=today + timedelta(days=30))
    issued(nadia, everyone, version)
    late = due(far)
    assert late is not None
    assert late.date() > today + timedelta(days=31)


def test_of_two_directives_the_sooner_counts_and_a_recall_gives_the_other_back(
    far: Person, nadia: Person, everyone: Audience, version: EntryVersion
) -> None:
    later = friday_five("Africa/Nairobi") + timedelta(days=14)
    issued(nadia, everyone, version, due_at=later)
    sooner = issued(nadia, everyone, version)
    assert due(far) == friday_five("America/New_York")
    recall_directive(nadia, sooner)
    # New York may change its clock in between, Nairobi never does
    again = due(far)
    assert again is not None
    assert again.astimezone(zoneinfo.ZoneInfo("America/New_York")).time() == time(17)
    assert again.date() == later.date()


def test_working_days_end_at_the_authors_close_of_day(
    far: Person, nadia: Person, everyone: Audience, version: EntryVersion
) -> None:
    directive = issued(nadia, everyone, version, due_at=None, due_days=5)
    asked = due_for(directive, datetime(2026, 3, 6, 22, 30, tzinfo=UTC))  # already Saturday in Nairobi
    assert asked == datetime(2026, 3, 13, 17, 0, tzinfo=zoneinfo.ZoneInfo("Africa/Nairobi"))
    broadcast = Broadcast.objects.get().due_at
    assert broadcast is not None
    assert broadcast.astimezone(zoneinfo.ZoneInfo("Africa/Nairobi")).time() == time(17)


def test_the_page_says_whose_clock_it_is(
    far: Person, nadia: Person, everyone: Audience, version: EntryVersion, sign_in: Callable[[Person], Client]
) -> None:
    directive = issued(nadia, everyone, version)
    for page in ("", "proof/"):
        shown = sign_in(nadia).get(f"/o/waterworks/distribute/directives/{directive.pk}/{page}").content.decode()
        assert "on each person’s own clock" in shown
