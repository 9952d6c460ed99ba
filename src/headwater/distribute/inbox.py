"""A person's inbox: their deliveries, and the open broadcasts that have not become rows yet.

    inbox_of(person)            what they may see, newest first; a query set, so filter and slice it further
    counts_of(person)           how many there are to read, to acknowledge, and overdue
    look_through(person)        the same, quicker, once broadcasts were taken in

Nothing that the person may no longer read is in it. What was withdrawn because it is gone stays visible as that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from headwater.core.counting import RowCount, RowCounts
from headwater.core.prepared import Given, Prepared
from headwater.distribute.broadcasts import open_broadcasts
from headwater.distribute.delivering import deliver_broadcasts
from headwater.distribute.models import Broadcast, Delivery, Reason
from headwater.people.models import Person
from headwater.people.reading import GivenReader, Reader, given_of, readable, reader_like


@dataclass(frozen=True)
class InboxCounts:
    """How many deliveries wait for the person; `for_you` are the unread ones that nobody asked them to acknowledge."""

    unread: int = 0
    to_acknowledge: int = 0
    overdue: int = 0
    for_you: int = 0

    @classmethod
    def of(cls, waiting: Sequence[int], missing: int) -> "InboxCounts":
        """From what the expressions of `waiting_counts` found; open broadcasts are must-reads without a row yet."""
        unread, to_acknowledge, overdue, for_you = waiting
        return cls(unread + missing, to_acknowledge + missing, overdue, for_you)


def note_counts(request: HttpRequest, counts: InboxCounts) -> None:
    """Tell the frame of the page what the page has counted already."""
    request.inbox_counts = counts  # type: ignore[attr-defined]  # for the frame, which knows no page


def inbox_of(person: Person) -> QuerySet[Delivery]:
    """The person's deliveries, newest first, with version and entry at hand; reasons come with `with_reasons`."""
    take_in_broadcasts(person)
    return visible_deliveries(person).select_related("version__entry").order_by("-created_at", "-pk")


def with_reasons(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """The same with all that because-lines need: one more query, whatever the number of rows."""
    reasons = Reason.objects.select_related("profile", "directive__audience")
    return deliveries.prefetch_related(Prefetch("reasons", reasons))


def visible_deliveries(person: Reader) -> QuerySet[Delivery]:
    """What was delivered to the person and they may see now; versions replaced by newer ones are left out."""
    gone = Q(state=Delivery.State.WITHDRAWN, withdrawn_because="gone")
    shown = gone | ~Q(state__in=(Delivery.State.WITHDRAWN, Delivery.State.EXPIRED))
    return Delivery.objects.filter(shown, readable(person, "version__entry__"), person=person.pk)


def counts_of(person: Person) -> InboxCounts:
    """What waits, open broadcasts included."""
    if not person.is_active:
        return InboxCounts()
    ((waiting, missing),) = _counted(reader_like(person)).rows(now=timezone.now(), **given_of(person))
    return InboxCounts.of(waiting, missing)


@lru_cache(256)
def _counted(reader: GivenReader) -> Prepared:
    counts = waiting_counts(reader, Given("now"))
    return Prepared(lambda: Person.objects.filter(pk=Given("reader")).values_list(*counts), keeps_plan=True)


def look_through(person: Person) -> InboxCounts:
    """What waits, for somebody whose open broadcasts were taken in just now."""
    if not person.is_active:
        return InboxCounts()
    ((waiting,),) = _waiting(reader_like(person)).rows(now=timezone.now(), **given_of(person))
    return InboxCounts.of(waiting, 0)


@lru_cache(256)
def _waiting(reader: GivenReader) -> Prepared:
    waiting, _missing = waiting_counts(reader, Given("now"))
    return Prepared(lambda: Person.objects.filter(pk=Given("reader")).values_list(waiting), keeps_plan=True)


def waiting_counts(reader: Reader, now: Any) -> tuple[RowCounts, RowCount]:
    """Expressions that count what waits for somebody at that moment, for a query of one row; see `InboxCounts.of`."""
    tests = [_UNREAD, _TO_SIGN, _TO_SIGN & Q(due_at__lt=now), _UNREAD & Q(must_acknowledge=False)]
    waiting = visible_deliveries(reader).filter(_COUNTED)
    return RowCounts(waiting, tests), RowCount(_missing_broadcasts(reader))


_UNREAD, _TO_SIGN = Q(read_at=None), Q(must_acknowledge=True)
# What was read and asks for nothing is most of an old inbox: whether it may still be read is not looked up to count.
_COUNTED = (_UNREAD | _TO_SIGN) & Q(state__in=(Delivery.State.DUE, Delivery.State.OPENED))


def take_in_broadcasts(person: Person) -> int:
    """Give the person a row for each open broadcast that concerns them; returns how many."""
    if not person.is_active:
        return 0
    rows = _missing(reader_like(person)).rows(**given_of(person))
    if not rows:
        return 0
    return deliver_broadcasts([pk for pk, _ in rows], [version for _, version in rows], people=[person.pk])


@lru_cache(256)
def _missing(reader: GivenReader) -> Prepared:
    return Prepared(lambda: _missing_broadcasts(reader).values_list("pk", "version"), keeps_plan=True)


def _missing_broadcasts(person: Reader) -> QuerySet[Broadcast]:
    row = Delivery.objects.filter(
        person=person.pk, version=OuterRef("version"), reasons__directive=OuterRef("directive")
    ).exclude(state=Delivery.State.WITHDRAWN)
    return open_broadcasts().filter(
        ~Exists(row),
        person.within("directive__audience"),
        readable(person, "version__entry__"),
        spread_at=None,
    )
