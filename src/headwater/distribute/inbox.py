"""A person's inbox: their deliveries, and the open broadcasts that have not become rows yet.

    inbox_of(person)            what they may see, newest first; a query set, so filter and slice it further
    to_sign, for_you, signed    parts of it in the order they are read, once broadcasts were taken in

Nothing that the person may no longer read is in it. What was withdrawn because it is gone stays visible as that.
"""

from functools import lru_cache

from django.db.models import F, OuterRef, Prefetch, Q, QuerySet, Subquery

from headwater.core.order import By, Order
from headwater.core.prepared import Prepared
from headwater.distribute.broadcasts import open_broadcasts
from headwater.distribute.delivering import deliver_broadcasts
from headwater.distribute.models import Broadcast, Delivery, Reason
from headwater.people.models import Person
from headwater.people.reading import GivenReader, Reader, given_of, readable, reader_like

WAITING = (Delivery.State.DUE, Delivery.State.OPENED)
NEWEST_FIRST = Order(By("created_at", falls=True), By("pk", falls=True))
MOST_PRESSING_FIRST = Order(By("due_at", may_be_empty=True), *NEWEST_FIRST.columns)
LATEST_SIGNED_FIRST = Order(By("acknowledged_at", falls=True), By("pk", falls=True))


def inbox_of(person: Person) -> QuerySet[Delivery]:
    """The person's deliveries, newest first, with version and entry at hand; reasons come with `with_reasons`.

    The text is not: nobody reads it in a list, and it may be as long as a shelf of books.
    """
    take_in_broadcasts(person)
    found = visible_deliveries(person).select_related("version__entry").defer("version__text")
    return found.order_by("-created_at", "-pk")


def with_reasons(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """The same with all that because-lines need: one more query, whatever the number of rows."""
    reasons = Reason.objects.select_related("profile", "directive__audience")
    return deliveries.prefetch_related(Prefetch("reasons", reasons))


def visible_deliveries(person: Reader) -> QuerySet[Delivery]:
    """What was delivered to the person and they may see now; versions replaced by newer ones are left out."""
    gone = Q(state=Delivery.State.WITHDRAWN, withdrawn_because="gone")
    return _readable(person).filter(gone | ~Q(state__in=(Delivery.State.WITHDRAWN, Delivery.State.EXPIRED)))


def to_sign(reader: Reader) -> QuerySet[Delivery]:
    """What the reader is asked to acknowledge and has not, the most pressing first."""
    waiting = _readable(reader).filter(must_acknowledge=True, state__in=WAITING)
    # What waits says that already; the index in order of due times says it so.
    return MOST_PRESSING_FIRST.sorted(waiting.filter(acknowledged_at=None))


def for_you(reader: Reader) -> QuerySet[Delivery]:
    """What profiles brought, still stands, and the reader has not read, newest first."""
    return NEWEST_FIRST.sorted(_readable(reader).filter(must_acknowledge=False, read_at=None, state__in=WAITING))


def _readable(reader: Reader) -> QuerySet[Delivery]:
    return Delivery.objects.filter(readable(reader, "entry__"), person=reader.pk)


def signed(reader: Reader) -> QuerySet[Delivery]:
    """What the reader acknowledged, the latest first."""
    return LATEST_SIGNED_FIRST.sorted(visible_deliveries(reader).exclude(acknowledged_at=None))


def take_in_broadcasts(person: Person) -> int:
    """Give the person a row for each open broadcast that concerns them; returns how many."""
    if not person.is_active:
        return 0
    rows = _missing(reader_like(person)).rows(**given_of(person))
    return deliver_broadcasts([pk for (pk,) in rows], people=[person.pk])


@lru_cache(256)
def _missing(reader: GivenReader) -> Prepared:
    return Prepared(lambda: missing_broadcasts(reader).values_list("pk"), keeps_plan=True)


def missing_broadcasts(person: Reader) -> QuerySet[Broadcast]:
    """Open broadcasts that concern the person and have not become rows of theirs."""
    # A sum, so that no index of reasons by directive is looked into: while a directive is spread to a hundred thousand,
    # PostgreSQL, which takes it for one of few, would go through all of their reasons at each look of each of them.
    # A value, not a join, so that it is asked of each broadcast by itself, and before all else: nearly all became rows.
    own = Delivery.objects.filter(person=person.pk, version=OuterRef("version")).exclude(state=Delivery.State.WITHDRAWN)
    told = own.alias(asked_by=F("reasons__directive") + 0).filter(asked_by=OuterRef("directive"))
    untold = open_broadcasts().alias(told=Subquery(told.values("pk")[:1])).filter(told=None, spread_at=None)
    return untold.filter(
        person.within("directive__audience"),
        readable(person, "version__entry__"),
    )
