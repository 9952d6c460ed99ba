"""Communities of practice: anybody may join one; its lead, or a knowledge manager, keeps it."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.people import membership, rules
from headwater.people.audiences import using
from headwater.people.checking import free_slug, keep
from headwater.people.models import Community, Membership, Person


def _require_community(actor: Actor, community: Community | None) -> None:
    leads = community is not None and community.lead is not None and community.lead == actor
    require(
        rules.may_manage_communities(actor, leads),
        _("Only a knowledge manager, an administrator or the community's lead changes a community."),
    )


@action
def create_community(
    actor: Actor, name: str, slug: str = "", purpose: str = "", lead: Person | None = None
) -> Community:
    """Found a community; its lead is its first member."""
    _require_community(actor, None)
    community = Community(slug=free_slug(Community, name, slug), name=name.strip(), purpose=purpose.strip())
    _set_lead(community, lead)
    return community


@action
def change_community(
    actor: Actor, community: Community, name: str, purpose: str = "", lead: Person | None = None
) -> Community:
    """Change a community's name, purpose and lead."""
    _require_community(actor, community)
    community.name, community.purpose = name.strip(), purpose.strip()
    _set_lead(community, lead)
    return community


def _set_lead(community: Community, lead: Person | None) -> None:
    if lead is not None and not lead.is_active:
        raise ValidationError({"lead": _("%(name)s is not a member at present.") % {"name": lead.name}})
    community.lead = lead
    keep(community)
    if lead is not None:
        Membership.objects.get_or_create(community=community, person=lead)
        membership.refresh(people=[lead])


@action
def remove_community(actor: Actor, community: Community) -> None:
    """Dissolve a community that no audience names."""
    _require_community(actor, community)
    named = using("community", community.slug)
    if named:
        names = ", ".join(f"“{audience.name}”" for audience in named)
        raise ValidationError(
            {"community": _("These audiences name it: %(names)s. Change them first.") % {"names": names}}
        )
    note(community=community.pk)
    community.delete()


@action
def join_community(actor: Actor, community: Community, person: Person | None = None) -> Community:
    """Join a community (or bring somebody in: its lead or a knowledge manager may)."""
    who = _who(actor, community, person)
    if not who.is_active:
        raise ValidationError({"person": _("%(name)s is not a member at present.") % {"name": who.name}})
    Membership.objects.get_or_create(community=community, person=who)
    membership.refresh(people=[who])
    note(person=who.pk)
    return community


@action
def leave_community(actor: Actor, community: Community, person: Person | None = None) -> Community:
    """Leave a community (or take somebody out)."""
    who = _who(actor, community, person)
    Membership.objects.filter(community=community, person=who).delete()
    if community.lead_id == who.pk:
        community.lead = None
        community.save(update_fields=["lead"])
    membership.refresh(people=[who])
    note(person=who.pk)
    return community


def _who(actor: Actor, community: Community, person: Person | None) -> Person:
    if person is None and isinstance(actor, Person):
        return actor
    if person is None:
        raise ValidationError({"person": _("Say who.")})
    if person != actor:
        _require_community(actor, community)
    return person
