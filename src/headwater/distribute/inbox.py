"""A person's inbox: their deliveries, and the open broadcasts that have not become rows yet.

    inbox_of(person)            what they may see, newest first; a query set, so filter and slice it further
    counts_of(person)           how many there are to read, to acknowledge, and overdue

Nothing that the person may no longer read is in it. What was withdrawn because it is gone stays visible as that.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from headwater.core.counting import RowCount, RowCounts
from headwater.distribute.broadcasts import open_broadcasts
from headwater.distribute.delivering import deliver_broadcasts
from headwater.distribute.models import Broadcast, Delivery, Reason
from headwater.people.models import Person
from headwater.people.reading import readable


@dataclass(frozen=True)
class InboxCounts:
    """How many deliveries wait for the person."""

    unread: int
    to_acknowledge: int
    overdue: int
    more: dict[str, int] = field(default_factory=dict)


def inbox_of(person: Person) -> QuerySet[Delivery]:
    """The person's deliveries, newest first, with version and entry at hand; reasons come with `with_reasons`."""
    take_in_broadcasts(person)
    return visible_deliveries(person).select_related("version__entry").order_by("-created_at", "-pk")


def with_reasons(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """The same with all that because-lines need: one more query, whatever the number of rows."""
    reasons = Reason.objects.select_related("profile", "directive__audience")
    return deliveries.prefetch_related(Prefetch("reasons", reasons))


def visible_deliveries(person: Person) -> QuerySet[Delivery]:
    """What was delivered to the person and they may see now; versions replaced by newer ones are left out."""
    gone = Q(state=Delivery.State.WITHDRAWN, withdrawn_because="gone")
    shown = gone | ~Q(state__in=(Delivery.State.WITHDRAWN, Delivery.State.EXPIRED))
    return Delivery.objects.filter(shown, readable(person, "version__entry__"), person=person)


def counts_of(person: Person, **more: RowCount) -> InboxCounts:
    """What waits, open broadcasts included; one query, for it stands on every page: it counts `more` along."""
    waiting = visible_deliveries(person).filter(state__in=(Delivery.State.DUE, Delivery.State.OPENED))
    to_sign = Q(must_acknowledge=True)
    tests = [Q(read_at=None), to_sign, to_sign & Q(due_at__lt=timezone.now())]
    found: Any = Person.objects.filter(pk=person.pk).values(
        waiting=RowCounts(waiting, tests), missing=RowCount(_missing_broadcasts(person)), **more
    )[0]
    (unread, to_acknowledge, overdue), missing = found["waiting"], found["missing"]
    along = {name: found[name] for name in more}
    return InboxCounts(unread + missing, to_acknowledge + missing, overdue, along)


def take_in_broadcasts(person: Person) -> int:
    """Give the person a row for each open broadcast that concerns them; returns how many."""
    rows = list(_missing_broadcasts(person).values_list("pk", "version"))
    if not rows:
        return 0
    return deliver_broadcasts([pk for pk, _ in rows], [version for _, version in rows], people=[person.pk])


def _missing_broadcasts(person: Person) -> QuerySet[Broadcast]:
    row = Delivery.objects.filter(
        person=person, version=OuterRef("version"), reasons__directive=OuterRef("directive")
    ).exclude(state=Delivery.State.WITHDRAWN)
    return open_broadcasts().filter(
        ~Exists(row),
        person.within("directive__audience"),
        readable(person, "version__entry__"),
        spread_at=None,
    )
