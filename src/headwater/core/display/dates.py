"""Dates in the reader's zone and language."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _


def _local(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def _day_words(day: date, today: date) -> str:
    if day == today:
        return _("today")
    if day == today - timedelta(days=1):
        return _("yesterday")
    if day == today + timedelta(days=1):
        return _("tomorrow")
    return date_format(day, "D j M" if abs((day - today).days) < 300 else "j M Y")


def when_words(value: datetime | date, now: datetime | None = None) -> str:
    """A moment as people say it: today 07:34, Thu 26 Nov 17:00, 16 Nov 2025."""
    local = _local(value) if isinstance(value, datetime) else value
    return _words(local, _local(now or timezone.now()).date())


def _words(local: datetime | date, today: date) -> str:
    if not isinstance(local, datetime):
        return _day_words(local, today)
    words = _day_words(local.date(), today)
    if abs((local.date() - today).days) >= 300:
        return words
    return _("%(day)s %(time)s") % {"day": words, "time": date_format(local, "H:i")}


def when(value: datetime | date | None, missing: str = "–") -> SafeString:
    """A time element: readable words, the exact minute for machines and on hover."""
    if value is None:
        return format_html("{}", missing)
    today = _local(timezone.now()).date()
    minute = _minute(value) if isinstance(value, datetime) else (value, value.isoformat())
    return _element(*minute, today, get_language())


def _minute(value: datetime) -> tuple[datetime, str]:
    """Its minute by the reader's clock, without the zone and with it.

    Of two moments that are one in different zones each has its own words: they must not be taken for the same.
    """
    local = _local(value)
    return local.replace(second=0, microsecond=0, tzinfo=None), local.isoformat(timespec="minutes")


@lru_cache(4096)
def _element(local: datetime | date, exact: str, today: date, language: str | None) -> SafeString:
    """Kept, because a page says the same minutes again and again: what came together, came at one moment."""
    title = date_format(local, "l j F Y, H:i" if isinstance(local, datetime) else "l j F Y")
    return format_html('<time datetime="{}" title="{}"><bdi>{}</bdi></time>', exact, title, _words(local, today))


def span(start: datetime, end: datetime) -> SafeString:
    """Two hours of one day; always written from left to right, in Arabic too."""
    return format_html('<bdi dir="ltr">{}–{}</bdi>', date_format(_local(start), "H:i"), date_format(_local(end), "H:i"))


def working_days_between(first: date, last: date) -> int:
    """Mondays to Fridays after `first`, up to and with `last`."""
    return sum(1 for offset in range(1, (last - first).days + 1) if (first + timedelta(days=offset)).weekday() < 5)


@dataclass(frozen=True)
class Due:
    """A deadline in two lines, and how pressing it is: late, today, soon or later."""

    title: str
    note: str
    state: str


def due_words(value: datetime, now: datetime | None = None) -> Due:
    """What stands in the due column: the day in words over the exact time, or how late it is."""
    moment, local = _local(now or timezone.now()), _local(value)
    return _due_words(local, moment.date(), is_late=local < moment)


def _due_words(local: datetime, today: date, is_late: bool) -> Due:
    days = (local.date() - today).days
    clock = date_format(local, "H:i")
    if is_late:
        return Due(_("Overdue"), _("since %(when)s") % {"when": _words(local, today)}, "late")
    if days == 0:
        return Due(_("Today"), _("by %(time)s") % {"time": clock}, "today")
    if days < 6:
        return Due(
            date_format(local, "l"), _("%(day)s, %(time)s") % {"day": date_format(local, "j M"), "time": clock}, "soon"
        )
    working = working_days_between(today, local.date())
    note = ngettext("in %(n)s working day", "in %(n)s working days", working) % {"n": working}
    return Due(date_format(local, "D j M"), note, "later")


def due(value: datetime | None) -> SafeString:
    """The due column of a must-read; empty without a deadline."""
    if value is None:
        return SafeString("")
    now, minute = _local(timezone.now()), _minute(value)
    return _due_element(*minute, now.date(), value < now, get_language())


@lru_cache(4096)
def _due_element(local: datetime, exact: str, today: date, is_late: bool, language: str | None) -> SafeString:
    words = _due_words(local, today, is_late)
    return format_html(
        '<time class="due is-{}" datetime="{}"><span>{}</span> <small>{}</small></time>',
        *(words.state, exact, words.title, words.note),
    )
