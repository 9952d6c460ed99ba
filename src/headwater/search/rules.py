"""Who may do what in search. Everyone may search; what they find is decided by `EntryQuerySet.readable_by`."""

from headwater.core.actions import Actor, System
from headwater.people.models import Permission, Person
from headwater.search.models import GapAsker, SearchGap


def may_settle_gaps(actor: Actor) -> bool:
    """Knowledge managers, and stewards and experts anywhere, answer or dismiss what was searched for in vain."""
    if isinstance(actor, System):
        return True
    return (
        isinstance(actor, Person)
        and actor.is_active
        and any(
            actor.paths_granted(permission)
            for permission in (Permission.KNOWLEDGE_MANAGER, Permission.STEWARD, Permission.EXPERT)
        )
    )


def may_await(actor: Actor, gap: SearchGap) -> bool:
    """Any active person may ask to be told when an open gap is filled."""
    return isinstance(actor, Person) and actor.is_active and gap.state == SearchGap.State.OPEN


def is_waiting(person: Person, gap: SearchGap) -> bool:
    """Whether the person asked to be told and was not yet."""
    return GapAsker.objects.filter(gap=gap, person=person, told_at=None).exists()
