"""Deadlines that people choose most, one press each: on the author's own clock, at the end of a working day."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.utils.translation import gettext as _

from headwater.distribute.due import CLOSE, after_working_days

FRIDAY = 4
URGENT_HOURS = 4
WORKING_DAYS = 5


@dataclass(frozen=True)
class Pick:
    """One deadline: a moment (`at`), or a number of working days; `urgent` also makes the must-read urgent."""

    key: str
    words: str
    at: datetime | None = None
    days: int | None = None
    urgent: bool = False


def picks(now: datetime) -> list[Pick]:
    """What may be picked at that moment, soonest first; `now` is on the author's clock.

    None of them falls on a weekend or leaves less than half a day: at the end of the week, the week is the next one.
    """
    tomorrow = after_working_days(now + timedelta(days=1), 0)
    is_tomorrow = tomorrow.date() == now.date() + timedelta(days=1)
    week = now + timedelta(days=FRIDAY - now.weekday())
    is_this_week = week.date() > now.date()
    return [
        Pick("urgent", _("Urgent · %(n)d h") % {"n": URGENT_HOURS}, at=_in_hours(now, URGENT_HOURS), urgent=True),
        Pick("tomorrow", _("Tomorrow") if is_tomorrow else _("Monday"), at=_closing(tomorrow)),
        Pick("days", _("In 3 days"), at=_closing(after_working_days(now + timedelta(days=3), 0))),
        Pick(
            "week",
            _("End of the week") if is_this_week else _("End of next week"),
            at=_closing(week if is_this_week else week + timedelta(days=7)),
        ),
        Pick("month", *_month(now)),
        Pick("working", _("%(n)d working days") % {"n": WORKING_DAYS}, days=WORKING_DAYS),
    ]


def _month(now: datetime) -> tuple[str, datetime]:
    last = _last_working_day(now)
    if last.date() > now.date():
        return _("End of the month"), _closing(last)
    return _("End of next month"), _closing(_last_working_day(now.replace(day=1) + timedelta(days=32)))


def _last_working_day(moment: datetime) -> datetime:
    last = moment.replace(day=monthrange(moment.year, moment.month)[1])
    return last - timedelta(days=max(0, last.weekday() - FRIDAY))


def _closing(day: datetime) -> datetime:
    return datetime.combine(day.date(), CLOSE, day.tzinfo)


def _in_hours(now: datetime, hours: int) -> datetime:
    """So many real hours later, at the next full five minutes."""
    five = timedelta(minutes=5).total_seconds()
    return datetime.fromtimestamp(ceil(now.timestamp() / five) * five + 3600 * hours, now.tzinfo)
