"""What waits for a person, in figures: every page shows some of them, so they are counted up to a bound.

counts_of(person)           how many there are to read, to acknowledge, and overdue
look_through(person)        the same, quicker, once broadcasts were taken in
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Q, Subquery
from django.http import HttpRequest
from django.utils import timezone

from headwater.core.counting import RowCount, RowCounts, bounded
from headwater.core.prepared import Given, Prepared
from headwater.distribute.inbox import for_you, missing_broadcasts, to_sign
from headwater.people.models import Person
from headwater.people.reading import GivenReader, Reader, given_of, reader_like


@dataclass(frozen=True)
class InboxCounts:
    """How many deliveries wait for the person; `for_you` are the unread ones that nobody asked them to acknowledge.

    Each is bounded (core/counting.py).
    """

    unread: int = 0
    to_acknowledge: int = 0
    overdue: int = 0
    for_you: int = 0

    @classmethod
    def of(cls, asked: Sequence[int], unread: int, missing: int = 0) -> "InboxCounts":
        """From what the expressions of `waiting_counts` found; open broadcasts are must-reads without a row yet."""
        to_acknowledge, overdue, to_read = asked
        return cls(
            bounded(to_read + unread + missing), bounded(to_acknowledge + missing), bounded(overdue), bounded(unread)
        )


def note_counts(request: HttpRequest, counts: InboxCounts) -> None:
    """Tell the frame of the page what the page has counted already."""
    request.inbox_counts = counts  # type: ignore[attr-defined]  # for the frame, which knows no page


def counts_of(person: Person) -> InboxCounts:
    """What waits, open broadcasts included."""
    return _of(person, has_broadcasts=True)


def look_through(person: Person) -> InboxCounts:
    """What waits, for somebody whose open broadcasts were taken in just now."""
    return _of(person, has_broadcasts=False)


def _of(person: Person, has_broadcasts: bool) -> InboxCounts:
    if not person.is_active:
        return InboxCounts()
    (found,) = _counted(reader_like(person), has_broadcasts).rows(now=timezone.now(), **given_of(person))
    return InboxCounts.of(*found)


@lru_cache(256)
def _counted(reader: GivenReader, has_broadcasts: bool) -> Prepared:
    counts = waiting_counts(reader, Given("now"), has_broadcasts)
    return Prepared(lambda: Person.objects.filter(pk=Given("reader")).values_list(*counts), keeps_plan=True)


def waiting_counts(reader: Reader, now: Any, has_broadcasts: bool = True) -> tuple[Subquery, ...]:
    """Expressions that count what waits for somebody at that moment, for a query of one row; see `InboxCounts.of`.

    Must-reads come in order of their hour: the overdue ones among them are all met, up to the bound.
    """
    asked = RowCounts(to_sign(reader), [Q(), Q(due_at__lt=now), Q(read_at=None)])
    unread = RowCount(for_you(reader), is_bounded=True)
    return (asked, unread, RowCount(missing_broadcasts(reader))) if has_broadcasts else (asked, unread)
