"""Communities of practice: open ones are joined, the others are asked to let one in; the lead, or a knowledge manager,
keeps them. Audiences select by community, so that coming into one may open what is shared with it, and leaving one
may end what must be read: who wants to leave one that an audience names asks for that, too, and so does who wants to
come into one whose members an audience leaves out."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from headwater.core.actions import Actor, action, note, require
from headwater.core.addresses import address
from headwater.people import membership, rules
from headwater.people.audiences import using
from headwater.people.checking import free_slug, keep
from headwater.people.models import Community, Grant, Membership, MembershipRequest, Permission, Person
from headwater.people.notices import settle, tell

COMES = gettext_lazy("You were brought into the community {name}.")
STAYS_OUT = gettext_lazy("You were not brought into the community {name}. Its lead can tell you why.")
STAYS = gettext_lazy("You stay in the community {name}. Its lead can tell you why.")
LEAVES = gettext_lazy("You are no longer in the community {name}, as you asked.")


def _require_community(actor: Actor, community: Community | None) -> None:
    may = rules.may_manage_communities(actor) if community is None else _keeps(actor, community)
    require(
        may,
        _("Only a knowledge manager, an administrator or the community's lead changes a community."),
    )


@action
def create_community(
    actor: Actor, name: str, slug: str = "", purpose: str = "", lead: Person | None = None, is_open: bool = False
) -> Community:
    """Found a community; its lead is its first member. Unless it is open, people ask to come in."""
    _require_community(actor, None)
    community = Community(
        slug=free_slug(Community, name, slug), name=name.strip(), purpose=purpose.strip(), is_open=is_open
    )
    _set_lead(community, lead)
    return community


@action
def change_community(
    actor: Actor,
    community: Community,
    name: str,
    purpose: str = "",
    lead: Person | None = None,
    is_open: bool | None = None,
) -> Community:
    """Change a community's name, purpose, lead, and (when given) whether anybody may join."""
    _require_community(actor, community)
    community.name, community.purpose = name.strip(), purpose.strip()
    community.is_open = community.is_open if is_open is None else is_open
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
    """Join an open community, ask to come into another, or bring somebody in (its lead or a knowledge manager may).

    Where an audience leaves out the members of a community, coming in is asked for, be it open or not.
    """
    who = _who(actor, community, person)
    if not who.is_active:
        raise ValidationError({"person": _("%(name)s is not a member at present.") % {"name": who.name}})
    is_member = _is_member(community, who)
    if is_member or actor != who or rules.may_join(actor, community):
        _let_in(community, who)
    else:
        _ask(community, who, gettext_lazy("{who} asks to come into the community {name}."))
    if actor != who:
        _answer(community, who, STAYS if is_member else COMES)
    note(person=who.pk)
    return community


def _keeps(actor: Actor, community: Community) -> bool:
    return rules.may_manage_communities(actor, community.lead is not None and community.lead == actor)


def _let_in(community: Community, who: Person) -> None:
    Membership.objects.get_or_create(community=community, person=who)
    _withdraw(community, who)
    membership.refresh(people=[who])


def _is_member(community: Community, who: Person) -> bool:
    return Membership.objects.filter(community=community, person=who).exists()


def _ask(community: Community, who: Person, asked: Any) -> None:
    """Tell the lead (without another one, the administrators) that somebody wants to come in, or to leave."""
    MembershipRequest.objects.get_or_create(community=community, person=who)
    text = format_lazy(asked, who=who.name, name=community.name)
    for keeper in _keepers(community, who):
        tell(keeper, text, _page(community), dedupe_key=_asking(community, who))
    note(is_request=True)


def _keepers(community: Community, who: Person) -> list[Person]:
    if community.lead is not None and community.lead.is_active and community.lead != who:
        return [community.lead]
    holders = Grant.objects.filter(permission=Permission.ADMINISTRATOR, unit=None).values("person")
    return list(Person.objects.active().filter(pk__in=holders))


def _withdraw(community: Community, who: Person) -> bool:
    """Whether there was a request; it is dealt with, and whoever was told of it need do nothing more."""
    gone, _kinds = MembershipRequest.objects.filter(community=community, person=who).delete()
    settle(_asking(community, who))
    return bool(gone)


def _answer(community: Community, who: Person, said: Any) -> None:
    text = format_lazy(said, name=community.name)
    tell(who, text, _page(community), dedupe_key=f"community-answer:{community.pk}")


def _page(community: Community) -> str:
    return address("people:community", pk=community.pk)


def _asking(community: Community, who: Person) -> str:
    return f"community-request:{community.pk}:{who.pk}"


@action
def leave_community(actor: Actor, community: Community, person: Person | None = None) -> Community:
    """Leave a community or withdraw one's request (or take somebody out, or decline theirs).

    Where an audience names the community, leaving is asked for, as coming in is: until then the person stays a member.
    """
    who = _who(actor, community, person)
    is_member = _is_member(community, who)
    note(person=who.pk)
    if is_member and actor == who and not rules.may_leave(actor, community):
        _ask(community, who, gettext_lazy("{who} asks to leave the community {name}."))
        return community
    Membership.objects.filter(community=community, person=who).delete()
    if _withdraw(community, who) and actor != who:
        _answer(community, who, LEAVES if is_member else STAYS_OUT)
    if community.lead_id == who.pk:
        community.lead = None
        community.save(update_fields=["lead"])
    membership.refresh(people=[who])
    return community


def _who(actor: Actor, community: Community, person: Person | None) -> Person:
    if person is None and isinstance(actor, Person):
        return actor
    if person is None:
        raise ValidationError({"person": _("Say who.")})
    if person != actor:
        _require_community(actor, community)
    return person
