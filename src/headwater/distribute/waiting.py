"""What waits for a person, in figures: every page shows some of them, so they are counted up to a bound.

counts_of(person)           how many there are to read, to acknowledge, and overdue
look_through(person)        the same, quicker, once broadcasts were taken in
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import HttpRequest
from django.utils import timezone

from headwater.core.counting import AT_MOST, SPARE, RowCount, RowCounts, bounded, corrected
from headwater.core.prepared import Given, Prepared
from headwater.distribute.ahead import NOTHING_AHEAD, Ahead
from headwater.distribute.inbox import WAITING, for_you, to_sign
from headwater.distribute.models import Delivery
from headwater.distribute.taking_in import missing_broadcasts
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


def note_counts(request: HttpRequest, counts: InboxCounts) -> None:
    """Tell the frame of the page what the page has counted already."""
    request.inbox_counts = counts  # type: ignore[attr-defined]  # for the frame, which knows no page


def counts_of(person: Person) -> InboxCounts:
    """What waits, open broadcasts included."""
    if not person.is_active:
        return InboxCounts()
    return counted(person, *_found(person, timezone.now(), has_broadcasts=True))


def _found(person: Person, now: datetime, has_broadcasts: bool) -> Sequence[Any]:
    """What the expressions of `waiting_counts` say of the person."""
    (found,) = _counted(reader_like(person), has_broadcasts).rows(now=now, **given_of(person))
    return found


def look_through(person: Person, ahead: Ahead = NOTHING_AHEAD) -> InboxCounts:
    """What waits, for somebody whose open broadcasts were taken in just now, but for what is ahead."""
    if not person.is_active:
        return InboxCounts()
    now = timezone.now()
    asked, for_you = _found(person, now, has_broadcasts=False)
    to_acknowledge, overdue, _unread = asked
    return InboxCounts(
        unread=bounded(unread_in_all(person, asked, for_you) + ahead.on("all")),
        to_acknowledge=bounded(to_acknowledge + ahead.on("must")),
        overdue=bounded(overdue + ahead.due_before(now)),
        for_you=corrected(for_you, ahead.on("unread")),
    )


def counted(person: Person, asked: Sequence[int], for_you: int, missing: Sequence[int]) -> InboxCounts:
    """What the expressions of `waiting_counts` say when they found this for the person."""
    new, new_asked, newly_asked, no_longer_for_you = missing
    to_acknowledge, overdue, _unread = asked
    return InboxCounts(
        unread=bounded(unread_in_all(person, asked, for_you) + new),
        to_acknowledge=bounded(to_acknowledge + newly_asked),
        overdue=bounded(overdue),
        for_you=corrected(for_you, new - new_asked - no_longer_for_you),
    )


def unread_in_all(person: Person, asked: Sequence[int], for_you: int) -> int:
    """How many are unread, of `asked` (all must-reads first, unread ones last) and the rest; exact up to the bound.

    Beyond the bound unread must-reads were not met. Only then, and only if it matters, are they counted by themselves.
    """
    unread = asked[-1]
    if asked[0] > AT_MOST >= for_you:
        ((unread,),) = _asked_unread(reader_like(person)).rows(**given_of(person))
    return unread + for_you


@lru_cache(256)
def _asked_unread(reader: GivenReader) -> Prepared:
    unread = RowCount(to_sign(reader).filter(read_at=None), is_bounded=True)
    return Prepared(lambda: Person.objects.filter(pk=Given("reader")).values_list(unread), keeps_plan=True)


@lru_cache(256)
def _counted(reader: GivenReader, has_broadcasts: bool) -> Prepared:
    counts = waiting_counts(reader, Given("now"), has_broadcasts)
    return Prepared(lambda: Person.objects.filter(pk=Given("reader")).values_list(*counts), keeps_plan=True)


def waiting_counts(reader: Reader, now: Any, has_broadcasts: bool = True) -> tuple[Subquery, ...]:
    """Expressions that count what waits for somebody at that moment, for a query of one row; see `counted`.

    Must-reads come in order of their hour: the overdue ones among them are all met, up to the bound.
    """
    asked = RowCounts(to_sign(reader), [Q(), Q(due_at__lt=now), Q(read_at=None)])
    unread = RowCount(for_you(reader), is_bounded=True, spare=SPARE)
    return (asked, unread, _missing_counts(reader)) if has_broadcasts else (asked, unread)


def _missing_counts(reader: Reader) -> RowCounts:
    """What taking in open broadcasts would bring, in texts: how many new ones to read, how many of them to acknowledge,
    how many to acknowledge that are not asked for yet, and how many unread ones “for you” would become must-reads."""
    own = Delivery.objects.filter(person=reader.pk, version=OuterRef("version"))
    standing = own.exclude(state=Delivery.State.WITHDRAWN)
    is_new = ~Exists(standing) & ~Exists(own.exclude(read_at=None))
    is_asked = Q(directive__acknowledge=True)
    was_asked = Exists(own.exclude(acknowledged_at=None)) | Exists(standing.filter(must_acknowledge=True))
    newly_asked = is_asked & ~was_asked
    was_for_you = Exists(standing.filter(must_acknowledge=False, read_at=None, state__in=WAITING))
    tests: list[Any] = [is_new, is_new & is_asked, newly_asked, newly_asked & was_for_you]
    return RowCounts(missing_broadcasts(reader), tests, each="version")
