"""The verbs of search. `publish_version` and its kin are for the rooms above, inside actions of their own."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, action, note, require
from headwater.people.models import Person
from headwater.search import rules
from headwater.search.finding import search_entries
from headwater.search.gaps import is_about, tell_asker
from headwater.search.models import Entry, GapAsker, SearchGap
from headwater.search.publishing import (
    NewVersion,
    count_use,
    publish_version,
    publish_versions,
    restore_entry,
    withdraw_entries,
    withdraw_entry,
)

__all__ = [
    "NewVersion",
    "answer_gap",
    "await_answer",
    "count_use",
    "dismiss_gap",
    "publish_version",
    "publish_versions",
    "reopen_gap",
    "restore_entry",
    "search_entries",
    "stop_awaiting",
    "withdraw_entries",
    "withdraw_entry",
]

ONLY_SETTLERS = _("Only knowledge managers, stewards and experts see and settle what is missing.")


@action
def await_answer(actor: Actor, gap: SearchGap, query: str = "") -> GapAsker:
    """Ask to be told when a search that found nothing would find something.

    `query` is what was searched for: what others did is told to nobody but those who settle gaps.
    """
    require(rules.may_await(actor, gap), _("Only a person can be told, and only while the gap is open."))
    assert isinstance(actor, Person)
    knows = rules.may_settle_gaps(actor) or is_about(gap, actor, query)
    require(knows, _("You wait for what you searched for yourself: send its words along."))
    asker, is_new = GapAsker.objects.get_or_create(gap=gap, person=actor)
    if not is_new and asker.told_at is not None:
        asker.told_at = None
        asker.save(update_fields=["told_at"])
    note(gap=gap.pk)
    return asker


@action
def stop_awaiting(actor: Actor, gap: SearchGap) -> SearchGap:
    """Ask no longer to be told about a search; the gap keeps nothing of the person."""
    require(isinstance(actor, Person), _("Only a person waits for an answer."))
    assert isinstance(actor, Person)
    gone, _kinds = GapAsker.objects.filter(gap=gap, person=actor).delete()
    require(bool(gone), _("You do not wait for an answer to this."))
    return gap


@action
def answer_gap(actor: Actor, gap: SearchGap, entry: Entry) -> SearchGap:
    """Say which entry answers a search that found nothing; those who asked and may read it are told."""
    _require_settler(actor)
    if isinstance(actor, Person) and not Entry.objects.current().readable_by(actor).filter(pk=entry.pk).exists():
        raise ValidationError({"entry": _("There is no such entry, or you may not read it.")})
    gap.state, gap.answer = SearchGap.State.ANSWERED, entry
    gap.save(update_fields=["state", "answer"])
    for asker in gap.askers.filter(told_at=None).select_related("gap", "person"):
        if Entry.objects.current().readable_by(asker.person).filter(pk=entry.pk).exists():
            tell_asker(asker)
    note(entry=entry.pk)
    return gap


@action
def dismiss_gap(actor: Actor, gap: SearchGap) -> SearchGap:
    """Say that nothing needs to be written for a search that found nothing."""
    _require_settler(actor)
    return _settled(gap, SearchGap.State.DISMISSED)


@action
def reopen_gap(actor: Actor, gap: SearchGap) -> SearchGap:
    """Put an answered or dismissed gap back on the list."""
    _require_settler(actor)
    return _settled(gap, SearchGap.State.OPEN)


def _require_settler(actor: Actor) -> None:
    require(rules.may_settle_gaps(actor), ONLY_SETTLERS)


def _settled(gap: SearchGap, state: str) -> SearchGap:
    gap.state, gap.answer = state, None
    gap.save(update_fields=["state", "answer"])
    return gap
