"""Numbers, moments and days as people type them, or as they stand in an address that anybody may edit.

Whatever is none is None, however it is written: what the page then does (begin at the start, leave a filter off, say
that there is no such thing) is the page's own. Nothing here raises for any text.
"""

from datetime import UTC, date, datetime

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_aware

DIGITS = 18  # as many as any number of a row fits in; Python itself refuses to read thousands of them


def read_number(typed: str) -> int | None:
    """A whole number from 0 on, in the digits of any script; None for what is none or is longer than any we give."""
    return int(typed) if typed.isdecimal() and len(typed) <= DIGITS else None


def read_numbers(typed: list[str]) -> list[int]:
    """Those of the texts that are numbers."""
    return [number for number in map(read_number, typed) if number is not None]


def read_moment(typed: str) -> datetime | None:
    """A moment in UTC, from ISO 8601 with its offset; None for a day or an offset that no calendar has, or without."""
    try:
        moment = parse_datetime(typed)
        return moment.astimezone(UTC) if moment is not None and is_aware(moment) else None
    except (ValueError, OverflowError):
        return None


def read_day(typed: str) -> date | None:
    """A day, from ISO 8601; None for one that no calendar has."""
    try:
        return parse_date(typed)
    except ValueError:
        return None
