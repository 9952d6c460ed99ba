"""The few numbers that stand in the rail."""

from django.db.models import Count, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from headwater.distribute.models import Delivery
from headwater.people.models import Person

OPEN = Q(withdrawn_at=None) & ~Q(state__in=[Delivery.State.EXPIRED, Delivery.State.WITHDRAWN])


def rail_counts(person: Person) -> dict[str, tuple[int, str, bool]]:
    """{icon of the place: (count, what it counts, whether it is bad)}; one query."""
    counted = Delivery.objects.filter(OPEN, person=person).aggregate(
        unread=Count("pk", filter=Q(read_at=None)),
        overdue=Count("pk", filter=Q(must_acknowledge=True, acknowledged_at=None, due_at__lt=now())),
    )
    return {"inbox": (counted["unread"], _("unread"), counted["overdue"] > 0)}
