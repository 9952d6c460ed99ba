"""The few numbers that stand in the rail."""

from django.utils.translation import gettext as _

from headwater.distribute.inbox import counts_of
from headwater.people.models import Person


def rail_counts(person: Person) -> dict[str, tuple[int, str, bool]]:
    """{icon of the place: (count, what it counts, whether it is bad)}."""
    counts = counts_of(person)
    return {"inbox": (counts.unread, _("unread"), counts.overdue > 0)}
