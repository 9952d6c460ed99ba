"""Who may read: the one rule for everything that has an audience, an owner, a unit and a classification."""

from django.db.models import Q

from headwater.people.models.access import Permission
from headwater.people.models.person import Person


def readable(person: Person, to: str = "") -> Q:
    """Rows this person may read: clearance reaches, and in the audience, or owner, or steward of its unit or above.

    `to` leads from the rows that are filtered to what is read ("version__entry__"). Whoever has left, or is still to
    come, reads nothing.
    """
    if not person.is_active:
        return Q(pk__in=[])
    allowed = person.within(f"{to}audience") | Q(**{f"{to}owner": person})
    for path in person.paths_granted(Permission.STEWARD):
        allowed |= Q(**{f"{to}unit__path__startswith": path}) if path else Q(pk__isnull=False)
    return allowed & Q(**{f"{to}classification__lte": person.clearance})
