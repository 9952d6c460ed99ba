"""The values of `published:`."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from headwater.search.language.errors import QueryError
from headwater.search.language.query import Dated, Recent

_DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_AGO = re.compile(r"(\d{1,5})([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_MOST_DAYS = 36_500


def read_published(value: str, position: int) -> Dated | Recent:
    """A day, month or year, two of them with `..` between, one after `>`, `>=`, `<`, `<=`, or `30d` (4w, 6m, 1y).

    A month is 30 days and a year 365 when they say how long ago. Raises QueryError.
    """
    value = value.strip()
    if ago := _AGO.fullmatch(value.lower()):
        days = int(ago[1]) * _DAYS[ago[2]]
        if 1 <= days <= _MOST_DAYS:
            return Recent(days, position=position)
        raise QueryError("unclear_date", position, value=value)
    if ".." in value:
        return _between(value, position)
    for sign in (">=", "<=", ">", "<"):
        if value.startswith(sign):
            return _open_ended(sign, _period(value[len(sign) :], value, position), position)
    first, last = _period(value, value, position)
    return Dated(first, last, position=position)


def _between(value: str, position: int) -> Dated:
    since, until = value.split("..", 1)
    if not since and not until:
        raise QueryError("unclear_date", position, value=value)
    first = _period(since, value, position)[0] if since else None
    last = _period(until, value, position)[1] if until else None
    if first and last and last < first:
        raise QueryError("backward_dates", position)
    return Dated(first, last, position=position)


def _open_ended(sign: str, period: tuple[date, date], position: int) -> Dated:
    first, last = period
    try:
        if sign in (">", ">="):
            return Dated(first if sign == ">=" else last + timedelta(days=1), None, position=position)
        return Dated(None, last if sign == "<=" else first - timedelta(days=1), position=position)
    except OverflowError:
        raise QueryError("unclear_date", position, value=f"{sign}{first}") from None


def _period(text: str, whole: str, position: int) -> tuple[date, date]:
    """The first and last day of what a date names."""
    found = _DAY.fullmatch(text.strip())
    if not found:
        raise QueryError("unclear_date", position, value=whole)
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError:
        raise QueryError("unclear_date", position, value=whole) from None
    if day:
        return first, first
    if month:
        return first, first.replace(day=monthrange(first.year, month)[1])
    return first, first.replace(month=12, day=31)


def write_published(leaf: Dated | Recent) -> str:
    """The value that `read_published` reads back as this leaf."""
    if isinstance(leaf, Recent):
        return f"{leaf.days}d"
    since = leaf.since.isoformat() if leaf.since else ""
    until = leaf.until.isoformat() if leaf.until else ""
    return since if since == until else f"{since}..{until}"
