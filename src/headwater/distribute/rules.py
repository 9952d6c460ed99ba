"""Who may hold profiles, issue directives and speak about deliveries. Predicates only: no change, no message."""

from django.db.models import Q

from headwater.core.actions import Actor
from headwater.distribute.models import Delivery, Directive, InterestProfile
from headwater.people.models import Audience, Permission, Person, Unit
from headwater.people.rules import is_system, may_administer, may_anywhere, may_manage_knowledge

FEWEST_TOGETHER = 8
"""Of fewer people it is not told how many of their own interests match: one might tell whose they are."""


def may_hold_profile(actor: Actor, person: Person) -> bool:
    """Keep a standing query of that person: only they themselves."""
    return is_system(actor) or (actor == person and person.is_active)


def may_hold_group_profile(actor: Actor, audience: Audience) -> bool:
    """Keep a standing query for all in an audience: who may direct them, or leads the community that it selects."""
    return may_direct(actor, audience) or _leads(actor, audience)


def may_change_profile(actor: Actor, profile: InterestProfile) -> bool:
    """Change or remove a standing query."""
    if profile.person is not None:
        return may_hold_profile(actor, profile.person)
    return profile.audience is not None and may_hold_group_profile(actor, profile.audience)


def may_direct(actor: Actor, audience: Audience) -> bool:
    """Tell people what they must read: a knowledge manager of the organisation, or of the units of all of them."""
    if may_manage_knowledge(actor):
        return True
    if not isinstance(actor, Person) or not actor.is_active:
        return False
    paths = actor.paths_granted(Permission.KNOWLEDGE_MANAGER)
    units = set(audience.member_links.values_list("person__unit__path", flat=True))
    return bool(paths and units) and all(path and path.startswith(tuple(paths)) for path in units)


def may_change_directive(actor: Actor, directive: Directive) -> bool:
    """Change, issue, recall or end a directive."""
    return may_direct(actor, directive.audience)


def may_write_directives(actor: Actor) -> bool:
    """See the pages on which directives are written, and their proof."""
    return may_anywhere(actor, Permission.KNOWLEDGE_MANAGER)


def may_look_ahead(actor: Actor) -> bool:
    """Ask whom something would reach, and see to whom nothing comes: knowledge managers, of the units they look after.

    They see counts and kinds of reason. Whose own interests match is nobody's business but theirs: such counts are
    shown for `FEWEST_TOGETHER` people or more, and never with names.
    """
    return may_anywhere(actor, Permission.KNOWLEDGE_MANAGER)


def looked_after(actor: Actor) -> tuple[str, ...]:
    """The units (paths; "" for all) whose people an actor who may look ahead counts; empty when there are none."""
    if is_system(actor):
        return ("",)
    if not isinstance(actor, Person) or not actor.is_active:
        return ()
    paths = actor.paths_granted(Permission.KNOWLEDGE_MANAGER)
    return ("",) if "" in paths else tuple(sorted(paths))


def may_handle_delivery(actor: Actor, delivery: Delivery) -> bool:
    """Open, rate or acknowledge what was delivered: only the person it went to, while they belong here."""
    return is_system(actor) or (actor == delivery.person and delivery.person.is_active)


def may_record_acknowledgement(actor: Actor, person: Person) -> bool:
    """Record what someone signed on paper: a knowledge manager, or the head or deputy of a unit above them, for others.

    Nobody records their own signature: theirs is given signed in.
    """
    if actor == person:
        return False
    if may_manage_knowledge(actor, person.unit):
        return True
    return isinstance(actor, Person) and actor.is_active and heads_of(person, actor)


def load_paths(actor: Actor) -> tuple[str, ...]:
    """The units (paths; "" for all) whose load the actor may see: where they manage knowledge, or are executives.

    Not their heads: what is counted is how people spend their attention, and a head would know whose.
    """
    if is_system(actor):
        return ("",)
    if not isinstance(actor, Person) or not actor.is_active:
        return ()
    granted = {*actor.paths_granted(Permission.KNOWLEDGE_MANAGER), *actor.paths_granted(Permission.EXECUTIVE)}
    return ("",) if "" in granted else tuple(sorted(granted))


def proof_paths(actor: Actor) -> tuple[str, ...]:
    """The units (paths; "" for all) whose people's records the actor may see; empty when there are none.

    Knowledge managers and executives see where they hold that permission; who heads or deputises sees their units.
    """
    granted = load_paths(actor)
    if "" in granted or not isinstance(actor, Person) or not actor.is_active:
        return granted
    headed = Unit.objects.filter(Q(head=actor) | Q(deputy=actor)).values_list("path", flat=True)
    return tuple(sorted({*granted, *headed}))


def may_try_again(actor: Actor) -> bool:
    """Have versions that could not be matched tried again: who runs the organisation, or its knowledge management."""
    return may_administer(actor) or may_manage_knowledge(actor)


def may_see_audit(actor: Actor) -> bool:
    """Read the audit log: administrators and the organisation's knowledge managers."""
    return may_anywhere(actor, Permission.ADMINISTRATOR) or may_manage_knowledge(actor)


def heads_of(person: Person, actor: Person) -> bool:
    """Whether the actor heads, or deputises in, the person's unit or one above it; one query, however deep it lies."""
    if person.unit is None:
        return False
    line = [int(part) for part in person.unit.path.split("/") if part]
    return Unit.objects.filter(Q(head=actor) | Q(deputy=actor), pk__in=line).exists()


def _leads(actor: Actor, audience: Audience) -> bool:
    slug = audience.rule.get("community") if isinstance(audience.rule, dict) else None
    return bool(slug) and isinstance(actor, Person) and actor.is_active and actor.leads.filter(slug=slug).exists()
