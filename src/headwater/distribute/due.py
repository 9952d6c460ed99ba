"""When something is due: working days from Monday to Friday, and the hour as it strikes where each person is.

A must-read for Friday, 17:00, is due at 17:00 on each person's own clock; one within so many working days, when their
own working day ends. Who comes into the audience later has as long as the others had. Who is away has until two
working days after the day they return. What is urgent is due at the same moment everywhere, leave apart.
"""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, TypeVar

GRACE_DAYS = 2
CLOSE = time(17)
_SATURDAY = 5
_Day = TypeVar("_Day", date, datetime)


class Deadline(NamedTuple):
    """What a broadcast asks: from `opened_at` to `due_at`, chosen on the clock of `zone`; by a day, or by an hour."""

    opened_at: datetime
    due_at: datetime
    zone: str = "UTC"
    by_day: bool = False
    urgent: bool = False


class Whereabouts(NamedTuple):
    """A person's clock, when their working day ends, since when they are asked, and (first, last) days away."""

    zone: str
    closes: time
    since: datetime
    away: tuple[tuple[date, date], ...] = ()


def due_of(deadline: Deadline, person: Whereabouts) -> datetime:
    """When it is due for that person, in UTC."""
    # Most are where it was chosen, were there from the start, and stay.
    if person.zone == deadline.zone and not (deadline.by_day or person.away or person.since > deadline.opened_at):
        return deadline.due_at.astimezone(UTC)
    here, span = zoneinfo.ZoneInfo(person.zone), deadline.due_at - deadline.opened_at
    chosen = deadline.due_at.astimezone(zoneinfo.ZoneInfo(deadline.zone))
    hour = person.closes if deadline.by_day else chosen.time()
    due = deadline.due_at
    if not deadline.urgent:
        own = datetime.combine(chosen.date(), hour, here)
        # Far in the east the hour may strike before anybody could have read it: then the moment itself holds.
        due = own if own - deadline.opened_at >= span / 2 else due
    if person.since > deadline.opened_at:
        later = person.since + span
        due = max(due, later if deadline.urgent else strikes_after(later, hour, here))
    for first, last in sorted(person.away):
        asked_on = max(deadline.opened_at, person.since).astimezone(here).date()
        if first <= due.astimezone(here).date() and last >= asked_on:
            due = max(due, datetime.combine(after_working_days(last, 1 + GRACE_DAYS), hour, here))
    return due.astimezone(UTC)


def strikes_after(moment: datetime, hour: time, zone: zoneinfo.ZoneInfo) -> datetime:
    """The first time on a working day that the hour strikes in that zone, at or after the moment."""
    day = moment.astimezone(zone).date()
    if datetime.combine(day, hour, zone) < moment:
        day += timedelta(days=1)
    return datetime.combine(after_working_days(day, 0), hour, zone)


def after_working_days(start: _Day, days: int) -> _Day:
    """The same time of day so many working days later; from a weekend, counting begins on Monday."""
    moment = start
    while days > 0:
        moment += timedelta(days=1)
        if moment.weekday() < _SATURDAY:
            days -= 1
    while moment.weekday() >= _SATURDAY:
        moment += timedelta(days=1)
    return moment
