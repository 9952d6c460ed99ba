"""Who may do what with people, structure, knowledge and access. Predicates only: no change, no message."""

from django.db.models import Q, QuerySet

from headwater.core.actions import Actor, System
from headwater.people.audiences import Mentioned
from headwater.people.models import Community, Grant, Permission, Person, Unit


def is_system(actor: Actor) -> bool:
    """Whether the product itself or the local operator acts: both may do everything."""
    return isinstance(actor, System)


def may(actor: Actor, permission: str, unit: Unit | None = None) -> bool:
    """Whether the actor has that permission in the unit (none: in the whole organisation)."""
    return is_system(actor) or (isinstance(actor, Person) and actor.may(permission, unit))


def may_anywhere(actor: Actor, *permissions: str) -> bool:
    """Whether an active actor has one of the permissions somewhere, be it in a single unit."""
    return is_system(actor) or (
        isinstance(actor, Person) and actor.is_active and any(actor.paths_granted(each) for each in permissions)
    )


def may_see_grants(actor: Actor) -> bool:
    """See who may do what: administrators, knowledge managers and executives."""
    return may_anywhere(actor, Permission.ADMINISTRATOR, Permission.KNOWLEDGE_MANAGER, Permission.EXECUTIVE)


def may_administer(actor: Actor) -> bool:
    """Run the organisation itself: its name, tokens of others, everything nobody narrower may do."""
    return may(actor, Permission.ADMINISTRATOR)


def may_manage_people(actor: Actor, unit: Unit | None = None) -> bool:
    """Create and change people of that unit, let them leave, invite them (none: people without a unit)."""
    return may(actor, Permission.ADMINISTRATOR, unit)


def may_answer_for(actor: Actor, person: Person) -> bool:
    """Decide how somebody signs in and when they leave: who manages them, unless they outrank who does.

    Whoever makes the link of a person can become that person.
    """
    if may_administer(actor):
        return True
    if not isinstance(actor, Person) or not may_manage_people(actor, person.unit):
        return False
    return not outranking(actor).filter(pk=person.pk).exists()


def outranking(actor: Person) -> QuerySet[Person]:
    """Who is cleared for more than the actor, or holds a permission that the actor neither holds there nor gives."""
    covered = Q(permission=Permission.READER)  # which allows nothing that others may not
    for permission, path in actor.granted:
        inside = Q(unit__path__startswith=path) if path else Q()
        covered |= inside if permission == Permission.ADMINISTRATOR else inside & Q(permission=permission)
    beyond = Grant.objects.exclude(pk__in=Grant.objects.filter(covered).values("pk"))
    return Person.objects.filter(Q(clearance__gt=actor.clearance) | Q(pk__in=beyond.values("person")))


def may_clear(actor: Actor, person: Person | None, clearance: int) -> bool:
    """Give a person (none: a new one) that clearance, which holds in the whole organisation: who administers it; in a
    unit its administrator, up to their own, and never to themselves."""
    if may_administer(actor):
        return True
    is_within = isinstance(actor, Person) and actor != person and clearance <= actor.clearance
    return is_within and (person is None or may_answer_for(actor, person))


def may_manage_structure(actor: Actor, unit: Unit | None = None) -> bool:
    """Create, rename, move and remove units below that one, and name heads; without a unit: at the top, and roles."""
    return may(actor, Permission.ADMINISTRATOR, unit)


def may_manage_knowledge(actor: Actor, unit: Unit | None = None) -> bool:
    """Make knowledge management happen there: communities, topics, directives, the cockpit."""
    return may(actor, Permission.KNOWLEDGE_MANAGER, unit)


def may_steward(actor: Actor, unit: Unit | None = None) -> bool:
    """Keep quality and metadata of what belongs to that unit."""
    return may(actor, Permission.STEWARD, unit) or may_manage_knowledge(actor, unit)


def may_manage_audiences(actor: Actor) -> bool:
    """Make and change the named rules that select people: they decide who reads what."""
    return may(actor, Permission.ADMINISTRATOR) or may(actor, Permission.KNOWLEDGE_MANAGER)


def may_manage_communities(actor: Actor, leads: bool = False) -> bool:
    """Make and change communities; `leads` says whether the actor leads the one in question."""
    return leads or may_administer(actor) or may_manage_knowledge(actor)


def may_join(actor: Actor, community: Community, mentioned: Mentioned | None = None) -> bool:
    """Come in without asking: into an open community, or one that the actor leads, unless an audience leaves out its
    members; whoever decides over all of them, into any. Nobody else lets themselves out of what an audience must read.

    `mentioned` is what the audiences mention, for a page of many communities.
    """
    if may_manage_communities(actor):
        return True
    is_free = community.is_open or (isinstance(actor, Person) and community.lead_id == actor.pk)
    return is_free and community.slug not in (mentioned or Mentioned.by_audiences()).left_out


def may_leave(actor: Actor, community: Community, mentioned: Mentioned | None = None) -> bool:
    """Leave without asking: a community that no audience names, or whoever decides over all of them. Nobody else lets
    themselves out of what an audience must read, its lead neither. `mentioned` as in `may_join`."""
    return may_manage_communities(actor) or community.slug not in (mentioned or Mentioned.by_audiences()).named


def may_see_audiences(actor: Actor) -> bool:
    """See the rules, and the names they select now: whoever writes for others, manages or administers."""
    return may_anywhere(
        actor,
        Permission.CONTRIBUTOR,
        Permission.EXPERT,
        Permission.STEWARD,
        Permission.KNOWLEDGE_MANAGER,
        Permission.ADMINISTRATOR,
    )


def may_see_confidential_facts(actor: Actor, person: Person) -> bool:
    """See someone's clearance, permissions, tokens and invitations: themselves and who manages them."""
    return actor == person or may_manage_people(actor, person.unit)


def may_grant(actor: Actor, unit: Unit | None = None) -> bool:
    """Give and take permissions that hold in that unit (none: in the whole organisation)."""
    return may(actor, Permission.ADMINISTRATOR, unit)


def may_act_for(actor: Actor, person: Person) -> bool:
    """Change what is someone's own (profile, absence, tokens): themselves, or who manages them."""
    return actor == person or may_manage_people(actor, person.unit)


def may_write_about_people(actor: Actor) -> bool:
    """Import and export the whole directory: administrators of the whole organisation."""
    return may_administer(actor)


def is_last_administrator(person: Person) -> bool:
    """Whether nobody else active administers the whole organisation: then they must stay until somebody does."""
    holders = Grant.objects.filter(permission=Permission.ADMINISTRATOR, unit=None).values("person")
    administrators = Person.objects.active().filter(pk__in=holders)
    return administrators.filter(pk=person.pk).exists() and not administrators.exclude(pk=person.pk).exists()
