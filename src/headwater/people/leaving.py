"""What happens when somebody leaves: who takes over, and what the people room itself hands on.

Rooms above hand over what they own themselves. Each does, from a follower on the channel `people_departure` and from a
daily job (docs/decisions/leaving.md):

    for entry in Entry.objects.filter(owner__in=leaving.left_people()).select_related("owner"):
        entry.owner = leaving.successor_of(entry.owner)

That is safe to run twice, and finds what was given to a leaver later as well.
"""

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.addresses import address
from headwater.people.days import today
from headwater.people.models import Community, Departure, Grant, Invitation, Permission, Person, Unit
from headwater.people.models.person import PersonQuerySet
from headwater.people.notices import tell


def left_people() -> PersonQuerySet:
    """Everybody who has left by now: nothing should be owned by them."""
    return Person.objects.filter(Q(left_on__lte=today()) | Q(erased_at__isnull=False))


def successor_of(person: Person) -> Person | None:
    """Who takes over what the person owned: the named successor, else head or deputy of their unit, else of the units
    above, else a knowledge manager, else an administrator. None only when nobody of these is there."""
    seen = {person.pk}
    while person.successor is not None and person.successor_id not in seen:
        person = person.successor
        if person.is_active:
            return person
        seen.add(person.pk)
    return _head_above(person, seen) or _with_permission(seen)


def _head_above(person: Person, seen: set[int]) -> Person | None:
    if person.unit is None:
        return None
    ids = [int(part) for part in person.unit.path.strip("/").split("/") if part]
    units = {unit.pk: unit for unit in Unit.objects.select_related("head", "deputy").filter(pk__in=ids)}
    for pk in reversed(ids):
        for candidate in (units[pk].head, units[pk].deputy):
            if candidate is not None and candidate.is_active and candidate.pk not in seen:
                return candidate
    return None


def _with_permission(seen: set[int]) -> Person | None:
    for permission in (Permission.KNOWLEDGE_MANAGER, Permission.ADMINISTRATOR):
        holders = Grant.objects.filter(permission=permission, unit=None).values("person")
        found = Person.objects.active().filter(pk__in=holders).exclude(pk__in=seen).order_by("pk").first()
        if found is not None:
            return found
    return None


def settle_departures() -> int:
    """Carry out the departures whose day has come; how many. Safe to run twice."""
    due = Departure.objects.filter(left_on__lte=today(), settled_at=None).select_related("person")
    for departure in due:
        vacate(departure.person)
        departure.settled_at = timezone.now()
        departure.save(update_fields=["settled_at"])
    return len(due)


def vacate(person: Person) -> None:
    """Empty the places that a leaver held in the people room: heads, deputies, leads, tokens, open invitations."""
    successor = person.successor if person.successor is not None and person.successor.is_active else None
    for unit in Unit.objects.filter(Q(head=person) | Q(deputy=person)).select_related("deputy"):
        _vacate_unit(unit, person, successor)
    Community.objects.filter(lead=person).update(lead=successor)
    now = timezone.now()
    person.tokens.filter(revoked_at=None).update(revoked_at=now)
    Invitation.objects.filter(person=person, used_at=None, expires_at__gt=now).update(expires_at=now)


def _vacate_unit(unit: Unit, person: Person, successor: Person | None) -> None:
    if unit.head_id == person.pk:
        unit.head = successor or (unit.deputy if unit.deputy_id != person.pk else None)
    if unit.deputy_id == person.pk or (unit.deputy_id is not None and unit.deputy_id == unit.head_id):
        unit.deputy = None
    unit.save(update_fields=["head", "deputy"])
    if unit.head_id is None:
        _ask_for_head(unit, person)


def _ask_for_head(unit: Unit, person: Person) -> None:
    told = successor_of(person)
    if told is not None:
        text = _("%(unit)s has no head since %(person)s left. Name one, so that reminders reach somebody.")
        tell(
            told,
            text % {"unit": unit.name, "person": person.name},
            address("people:unit", pk=unit.pk),
            dedupe_key=f"unit-without-head:{unit.pk}",
        )
