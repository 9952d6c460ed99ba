"""Verbs for information needs: a question the organisation wants answered, and what answers it."""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, action, note, require
from headwater.gather import rules
from headwater.gather.models import InformationNeed, NeedEntry, NeedSource, Source
from headwater.gather.proposing import propose_existing
from headwater.people.models import Audience, Person
from headwater.people.notices import settle
from headwater.search.errors import message
from headwater.search.language.errors import QueryError
from headwater.search.models import Entry
from headwater.search.naming import canonical

_NOT_YOURS = _("Only the owner of a question, or a knowledge manager, does that.")


@action
def create_need(
    actor: Actor,
    question: str,
    owner: Person,
    query: str = "",
    why: str = "",
    due_on: date | None = None,
    audience: Audience | None = None,
) -> InformationNeed:
    """State a question the organisation wants answered; documents that match its query are proposed to its owner."""
    require(rules.may_state_need(actor), _("Only who writes or manages knowledge states a question."))
    need = InformationNeed(question=question.strip(), owner=owner, query=query.strip(), why=why.strip(), due_on=due_on)
    need.audience = audience
    _check(actor, need, kept="")
    need.save()
    propose_existing(need)
    return need


@action
def change_need(
    actor: Actor,
    need: InformationNeed,
    question: str | None = None,
    owner: Person | None = None,
    query: str | None = None,
    why: str | None = None,
    due_on: date | None = None,
    audience: Audience | None = None,
) -> InformationNeed:
    """Change a question, its owner, query or date; what is not given stays. A new query is looked up at once."""
    require(rules.may_manage_need(actor, need), _NOT_YOURS)
    given = {"question": question, "owner": owner, "query": query, "why": why, "due_on": due_on, "audience": audience}
    kept = need.query
    for field, value in given.items():
        if value is not None:
            setattr(need, field, value)
    _check(actor, need, kept)
    need.save()
    if query is not None:
        propose_existing(need)
    return need


def _check(actor: Actor, need: InformationNeed, kept: str) -> None:
    """Also puts slugs for the names in a new query; the one that was kept stays, though a unit it names may be gone."""
    need.full_clean(exclude=["organisation"])
    need.query = need.query.strip()
    if need.query and need.query != kept:
        try:
            need.query = canonical(need.query, actor)
        except QueryError as error:
            raise ValidationError({"query": message(error)}) from error


@action
def close_need(actor: Actor, need: InformationNeed, met: bool = True) -> InformationNeed:
    """The question is answered (met), or no longer asked."""
    require(rules.may_manage_need(actor, need), _NOT_YOURS)
    need.state = InformationNeed.State.MET if met else InformationNeed.State.DROPPED
    need.save(update_fields=["state"])
    settle(f"need-proposals:{need.pk}")
    note(state=need.state)
    return need


@action
def reopen_need(actor: Actor, need: InformationNeed) -> InformationNeed:
    """The question is asked again."""
    require(rules.may_manage_need(actor, need), _NOT_YOURS)
    need.state = InformationNeed.State.OPEN
    need.save(update_fields=["state"])
    propose_existing(need)
    return need


@action
def link_source(actor: Actor, need: InformationNeed, source: Source) -> NeedSource:
    """Say that a source is meant to serve a question."""
    require(rules.may_manage_need(actor, need), _NOT_YOURS)
    return NeedSource.objects.get_or_create(need=need, source=source)[0]


@action
def unlink_source(actor: Actor, need: InformationNeed, source: Source) -> InformationNeed:
    """Say that a source no longer serves a question."""
    require(rules.may_manage_need(actor, need), _NOT_YOURS)
    NeedSource.objects.filter(need=need, source=source).delete()
    return need


@action
def link_entry(actor: Actor, need: InformationNeed, entry: Entry) -> NeedEntry:
    """Link a document or article to a question by hand, as an accepted answer."""
    require(rules.may_manage_need(actor, need), _NOT_YOURS)
    if isinstance(actor, Person):
        readable = Entry.objects.readable_by(actor).filter(pk=entry.pk).exists()
        require(readable, _("You may link only what you may read."))
    accepted = {"state": NeedEntry.State.ACCEPTED}
    return NeedEntry.objects.update_or_create(need=need, entry=entry, defaults=accepted)[0]


@action
def decide_proposal(actor: Actor, proposal: NeedEntry, accepted: bool) -> NeedEntry:
    """Accept a proposed document as an answer, or decline it."""
    require(rules.may_manage_need(actor, proposal.need), _NOT_YOURS)
    proposal.state = NeedEntry.State.ACCEPTED if accepted else NeedEntry.State.DECLINED
    proposal.save(update_fields=["state"])
    if not proposal.need.entry_links.filter(state=NeedEntry.State.PROPOSED).exists():
        settle(f"need-proposals:{proposal.need_id}")
    note(accepted=accepted)
    return proposal
