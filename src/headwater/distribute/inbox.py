"""A person's inbox: their deliveries, and the open broadcasts that have not become rows yet.

    inbox_of(person)            what they may see, newest first; a query set, so filter and slice it further
    to_sign, for_you, signed    parts of it in the order they are read, once broadcasts were taken in

Nothing that the person may no longer read is in it. What was withdrawn because it is gone stays visible as that.
"""

from django.db.models import Prefetch, Q, QuerySet

from headwater.core.order import By, Order
from headwater.distribute.models import Delivery, Reason
from headwater.distribute.taking_in import take_in_broadcasts
from headwater.people.models import Person
from headwater.people.reading import Reader, readable

WAITING = (Delivery.State.DUE, Delivery.State.OPENED)
# By version, not by row: where something stands does not depend on when an open broadcast became a row.
NEWEST_FIRST = Order(By("came_at", falls=True), By("version_id", falls=True))
MOST_PRESSING_FIRST = Order(By("due_at", may_be_empty=True), *NEWEST_FIRST.columns)
LATEST_SIGNED_FIRST = Order(By("acknowledged_at", falls=True), By("pk", falls=True))


def inbox_of(person: Person) -> QuerySet[Delivery]:
    """The person's deliveries, newest first, with version and entry at hand; reasons come with `with_reasons`.

    The text is not: nobody reads it in a list, and it may be as long as a shelf of books.
    """
    take_in_broadcasts(person)
    found = visible_deliveries(person).select_related("version__entry").defer("version__text")
    return NEWEST_FIRST.sorted(found)


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
