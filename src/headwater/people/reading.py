"""Who may read: the one rule for everything that has an audience, an owner, a unit and a classification."""

from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Q

from headwater.core.lookups import numbers
from headwater.core.prepared import Given
from headwater.people.models.access import Permission
from headwater.people.models.person import Person


class Reader(Protocol):
    """What the rule asks of somebody: a person, or in a prepared query whoever asks next."""

    @property
    def is_active(self) -> bool: ...
    @property
    def pk(self) -> Any: ...
    @property
    def clearance(self) -> Any: ...
    def within(self, audience: str = "audience") -> Q: ...
    def paths_granted(self, permission: str) -> list[str]: ...


def readable(person: Reader, to: str = "") -> Q:
    """Rows this person may read: clearance reaches, and in the audience, or owner, or steward of its unit or above.

    `to` leads from the rows that are filtered to what is read ("version__entry__"). Whoever has left, or is still to
    come, reads nothing.
    """
    if not person.is_active:
        return Q(pk__in=[])
    allowed = person.within(f"{to}audience") | Q(**{f"{to}owner": person.pk})
    for path in person.paths_granted(Permission.STEWARD):
        allowed |= Q(**{f"{to}unit__path__startswith": path}) if path else Q(pk__isnull=False)
    return allowed & Q(**{f"{to}classification__lte": person.clearance})


@dataclass(frozen=True)
class GivenReader:
    """Somebody known when a prepared query runs; where they are steward decides the shape of the query."""

    stewarded: tuple[str, ...]
    is_active: bool = True
    pk = Given("reader")
    clearance = Given("clearance")

    def within(self, audience: str = "audience") -> Q:
        """Filter: rows whose audience they are in."""
        return Q(**{f"{audience}__among": Given("audiences")})

    def paths_granted(self, permission: str) -> list[str]:
        """Where they are steward; the rule asks for nothing else."""
        return list(self.stewarded) if permission == Permission.STEWARD else []


def reader_like(person: Person) -> GivenReader:
    """Whoever may take the person's place in a prepared query."""
    return GivenReader(tuple(person.paths_granted(Permission.STEWARD)), person.is_active)


def given_of(person: Person) -> dict[str, Any]:
    """The values of a prepared query that was made with a `GivenReader`."""
    return {"reader": person.pk, "clearance": person.clearance, "audiences": numbers(person.audience_ids())}
