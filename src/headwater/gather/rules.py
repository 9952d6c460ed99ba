"""Who may do what with sources, what came from them, and the questions that steer them. Predicates only."""

from headwater.core.actions import Actor
from headwater.gather.models import SEES_SOURCES, Document, InformationNeed, Source
from headwater.people.models import Permission, Person, Unit
from headwater.people.rules import is_system, may, may_anywhere
from headwater.search.models import Entry


def may_see_sources(actor: Actor) -> bool:
    """See which sources there are and how they do; not what is in them."""
    return may_anywhere(actor, *SEES_SOURCES)


def may_create_source(actor: Actor, unit: Unit | None = None) -> bool:
    """Name a new place to gather from, for a unit (none: for the whole organisation)."""
    return _manages(actor, unit)


def may_name_sources(actor: Actor, kind: str = "") -> bool:
    """Name sources of this kind (none: of some kind), be it for a single unit."""
    names = may_anywhere(actor, Permission.STEWARD, Permission.KNOWLEDGE_MANAGER, Permission.ADMINISTRATOR)
    return names and (kind != Source.Kind.FOLDER or may_read_this_machine(actor))


def may_read_this_machine(actor: Actor) -> bool:
    """Name a folder of the server itself: administrators and the local operator, for any file there could be meant."""
    return may(actor, Permission.ADMINISTRATOR)


def may_manage_source(actor: Actor, source: Source) -> bool:
    """Change, pause, run and close a source: its owner, and who manages knowledge in its unit."""
    return _owns(actor, source.owner_id) or _manages(actor, source.unit)


def may_govern_source(actor: Actor, source: Source) -> bool:
    """Decide who reads what comes from a source: its owner and stewards of its unit, as far as they are cleared."""
    if is_system(actor):
        return True
    owns_or_keeps = _owns(actor, source.owner_id) or may(actor, Permission.STEWARD, source.unit)
    return owns_or_keeps and clears(actor, source.classification)


def may_administer_source(actor: Actor, source: Source) -> bool:
    """Name another owner for a source that one may not read."""
    return may(actor, Permission.ADMINISTRATOR, source.unit)


def clears(actor: Actor, classification: int) -> bool:
    """Whether the actor is cleared for what is classified so."""
    return is_system(actor) or (isinstance(actor, Person) and actor.is_active and actor.clearance >= classification)


def may_add_to(actor: Actor, source: Source) -> bool:
    """Upload or capture into a source: who manages it, and contributors who may read it."""
    if may_manage_source(actor, source):
        return True
    return may_anywhere(actor, Permission.CONTRIBUTOR, Permission.EXPERT) and may_read_source(actor, source)


def may_read_source(actor: Actor, source: Source) -> bool:
    """Read what came from a source, where it has no entry of its own yet (its name and bytes)."""
    if is_system(actor):
        return True
    return isinstance(actor, Person) and Source.objects.readable_by(actor).filter(pk=source.pk).exists()


def may_read_document(actor: Actor, document: Document) -> bool:
    """Read one document: as its entry says, or as its source says while it has none."""
    if document.entry_id is None:
        return may_read_source(actor, document.source)
    if is_system(actor):
        return True
    return isinstance(actor, Person) and Entry.objects.readable_by(actor).filter(pk=document.entry_id).exists()


def may_state_need(actor: Actor) -> bool:
    """Ask the organisation to find something out: whoever writes or manages."""
    return may_see_sources(actor)


def may_manage_need(actor: Actor, need: InformationNeed) -> bool:
    """Change, decide and close a need: its owner, and knowledge managers."""
    return _owns(actor, need.owner_id) or may(actor, Permission.KNOWLEDGE_MANAGER)


def _owns(actor: Actor, owner_id: int) -> bool:
    return isinstance(actor, Person) and actor.is_active and actor.pk == owner_id


def _manages(actor: Actor, unit: Unit | None) -> bool:
    return any(
        may(actor, permission, unit)
        for permission in (Permission.STEWARD, Permission.KNOWLEDGE_MANAGER, Permission.ADMINISTRATOR)
    )
