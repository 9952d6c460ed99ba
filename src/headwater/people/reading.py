"""Who may read: the one rule for everything that has an audience, an owner, a unit and a classification."""

from django.db.models import Q

from headwater.people.models.access import Permission
from headwater.people.models.person import Person


def readable(person: Person) -> Q:
    """Rows this person may read: clearance reaches, and in the audience, or owner, or steward of its unit or above.

    Whoever has left, or is still to come, reads nothing.
    """
    if not person.is_active:
        return Q(pk__in=[])
    allowed = Q(audience__in=person.audience_links.values("audience")) | Q(owner=person)
    for path in person.paths_granted(Permission.STEWARD):
        allowed |= Q(unit__path__startswith=path) if path else Q(pk__isnull=False)
    return allowed & Q(classification__lte=person.clearance)
