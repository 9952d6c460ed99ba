"""Who there is: units, roles, people, communities; who belongs to which audience; who may do what."""

from headwater.people.models.access import (
    ApiToken,
    Audience,
    AudienceMember,
    Grant,
    Invitation,
    Permission,
    held_access,
)
from headwater.people.models.person import (
    Absence,
    Departure,
    Notice,
    OtherUnit,
    Person,
    PersonRole,
    PersonTag,
    PersonWord,
)
from headwater.people.models.structure import Community, Membership, MembershipRequest, Role, Unit

__all__ = [
    "Absence",
    "ApiToken",
    "Audience",
    "AudienceMember",
    "Community",
    "Departure",
    "Grant",
    "Invitation",
    "Membership",
    "MembershipRequest",
    "Notice",
    "OtherUnit",
    "Permission",
    "Person",
    "PersonRole",
    "PersonTag",
    "PersonWord",
    "Role",
    "Unit",
    "held_access",
]
