"""Who may do what with topics. Who somebody is lies above this floor; the actor brings the answer along."""

from typing import Any, Protocol, TypeGuard

from headwater.core.actions import Actor, System

PROPOSERS = ("contributor", "expert", "steward", "knowledge_manager")
KEEPERS = ("steward", "knowledge_manager", "administrator")


class Member(Protocol):
    """A person, as far as topics need one."""

    actor_id: int | None
    is_active: bool

    def may(self, permission: str, unit: Any = None) -> bool: ...

    def paths_granted(self, permission: str) -> list[str]: ...


def _is_member(actor: Any) -> TypeGuard[Member]:
    return hasattr(actor, "paths_granted") and bool(actor.is_active)


def may_propose(actor: Actor) -> bool:
    """Propose a topic: whoever writes, anywhere."""
    return isinstance(actor, System) or (
        _is_member(actor) and any(actor.paths_granted(permission) for permission in PROPOSERS)
    )


def may_keep_topics(actor: Actor) -> bool:
    """Accept, change, merge and retire topics; import schemes: stewards and knowledge managers of the organisation."""
    return isinstance(actor, System) or (_is_member(actor) and any(actor.may(permission) for permission in KEEPERS))
