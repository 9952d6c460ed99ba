"""The verbs about directives: who must know what, by when."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.jobs import safe_tx
from headwater.core.models import Organisation
from headwater.core.wall import current_organisation_id
from headwater.distribute import rules, rungs
from headwater.distribute.actions.profiles import check_query
from headwater.distribute.breadth import DAYS, refuse_flood
from headwater.distribute.broadcasts import open_broadcast, spread_if_few
from headwater.distribute.example import example_of
from headwater.distribute.following import current_tx
from headwater.distribute.models import Channel, Directive
from headwater.distribute.past import Past
from headwater.distribute.rungs import MOST_DAYS
from headwater.distribute.sending import queue_preview
from headwater.distribute.withdrawing import take_back_directive
from headwater.people.models import Audience, Person
from headwater.search.language.parser import parse
from headwater.search.models import Entry, EntryVersion

INBOX = "inbox"  # where every must-read is, whatever else was chosen


@action
def save_directive(
    actor: Actor,
    audience: Audience,
    name: str = "",
    entry: Entry | None = None,
    query: str = "",
    sentence: str = "",
    acknowledge: bool = True,
    due_at: datetime | None = None,
    due_days: int | None = None,
    urgent: bool = False,
    remind_days: list[int] | None = None,
    tell_head_after_days: int | None = None,
    channels: list[str] | None = None,
    until: date | None = None,
    directive: Directive | None = None,
    confirmed: bool = False,
) -> Directive:
    """Write a directive, or change a draft: an entry, or a query for a standing one, and the audience that must know.

    Nobody is told before `issue_directive`. `due_at` is a moment on the author's clock: its hour is each person's own,
    unless it is urgent. `due_days` counts working days from when each version comes. `remind_days` are days before the
    due time; where nothing is said the organisation's ladder holds. `channels` are kinds (mail, chat, webhook; or inbox
    for nothing else), by default every way that each person has; what is urgent goes by all. Only a draft is changed.
    A query that takes (nearly) everything is kept only when that is `confirmed`.
    """
    require(
        rules.may_direct(actor, audience), _("Only a knowledge manager of these people writes a must-read for them.")
    )
    directive = directive or Directive()
    if directive.pk is not None:
        _require_change(actor, directive)
    if directive.state != Directive.State.DRAFT:
        raise ValidationError({"directive": _("This directive was issued. Recall or end it, and write another.")})
    _check_subject(actor, entry, query)
    _check_times(acknowledge, due_at, due_days)
    directive.audience, directive.entry, directive.query = audience, entry, _subject(actor, query, directive, confirmed)
    directive.name = name.strip()[:300] or (entry.title if entry else query)[:300]
    directive.sentence, directive.acknowledge, directive.urgent = sentence.strip()[:140], acknowledge, urgent
    directive.due_at, directive.due_days, directive.until = due_at, due_days, until
    directive.due_zone = _zone_of(actor)
    directive.channels = _kinds(channels or [])
    _set_ladder(directive, remind_days, tell_head_after_days)
    directive.save()
    return directive


def _set_ladder(directive: Directive, remind_days: list[int] | None, head_days: int | None) -> None:
    """Its own ladder, and of what it does not say the organisation's."""
    usual = rungs.usual_ladder()
    directive.remind_days = rungs.checked_days(usual.remind_days if remind_days is None else remind_days)
    directive.tell_head_after_days = rungs.checked_head(usual.tell_head_after_days if head_days is None else head_days)


def _kinds(channels: list[str]) -> list[str]:
    """The chosen kinds of channel in their order; all of them are the same as no choice."""
    chosen = set(channels) - {INBOX}
    if not chosen <= set(Channel.Kind.values):
        raise ValidationError({"channels": _("There are mail, chat and webhook; inbox is for nothing else.")})
    if chosen == set(Channel.Kind.values):
        return []
    return [kind for kind in Channel.Kind.values if kind in chosen] or ([INBOX] if channels else [])


def _subject(actor: Actor, query: str, directive: Directive, confirmed: bool) -> str:
    """The query of a standing directive, as it is kept."""
    if not query:
        return ""
    kept = check_query(actor, query, directive.query)
    if kept != directive.query:
        refuse_flood(parse(kept), Past.of(actor if isinstance(actor, Person) else None, DAYS), confirmed)
    return kept


@action
def issue_directive(actor: Actor, directive: Directive) -> Directive:
    """Issue a directive: from now on it is in the inbox of everyone in its audience who may read it."""
    _require_change(actor, directive)
    directive = Directive.objects.select_for_update().get(pk=directive.pk)
    if directive.state != Directive.State.DRAFT:
        raise ValidationError({"directive": _("Only a draft can be issued.")})
    if not directive.audience.member_links.exists():
        raise ValidationError({"audience": _("Nobody is in this audience. Change its rule, or choose another.")})
    if directive.due_at is not None and directive.due_at <= timezone.now():
        raise ValidationError({"due_at": _("The due time has passed. Choose a later one.")})
    directive.state, directive.issued_at = Directive.State.ISSUED, timezone.now()
    directive.issued_by = actor if isinstance(actor, Person) else None
    directive.since_tx, directive.asked_tx = safe_tx(), current_tx()
    if directive.entry is not None:
        directive.version = _current_version(directive.entry)
    directive.save()
    note(directive=directive.pk, people=directive.audience.member_links.count(), deliveries=_deliver(directive))
    return directive


@action
def preview_directive(actor: Actor, directive: Directive) -> Directive:
    """Send a draft to the actor's own channels, as its people will get it; it asks nothing of anybody."""
    require(isinstance(actor, Person), _("Only people have channels to send a preview to."))
    assert isinstance(actor, Person)
    _require_change(actor, directive)
    if directive.state != Directive.State.DRAFT:
        raise ValidationError({"directive": _("Only a draft is previewed: this one has been sent.")})
    if example_of(directive, actor) is None:
        raise ValidationError({"directive": _("There is nothing to show yet that you may read and that matches.")})
    queued = queue_preview(directive, actor)
    if not queued:
        raise ValidationError({"directive": _("You have no channel but the inbox. Add one under “How I am reached”.")})
    note(channels=queued)
    return directive


@action
def recall_directive(actor: Actor, directive: Directive) -> Directive:
    """Take a directive back: what only it asked for leaves every inbox. Acknowledgements that were given stay."""
    _require_change(actor, directive)
    if directive.state != Directive.State.ISSUED:
        raise ValidationError({"directive": _("Only an issued directive can be recalled.")})
    directive.state = Directive.State.RECALLED
    directive.save()
    note(directive=directive.pk, withdrawn=take_back_directive(directive))
    return directive


@action
def end_directive(actor: Actor, directive: Directive) -> Directive:
    """End a directive: it asks for nothing new. What it asked for already stays to be read."""
    _require_change(actor, directive)
    if directive.state != Directive.State.ISSUED:
        raise ValidationError({"directive": _("Only an issued directive can be ended.")})
    directive.state = Directive.State.ENDED
    directive.save()
    directive.broadcasts.filter(closed_at=None).update(closed_at=timezone.now())
    return directive


@action
def remove_directive(actor: Actor, directive: Directive) -> None:
    """Throw a draft away."""
    _require_change(actor, directive)
    if directive.state != Directive.State.DRAFT:
        raise ValidationError({"directive": _("Only a draft can be removed. Recall or end what was issued.")})
    note(directive=directive.pk)
    directive.delete()


def _zone_of(actor: Actor) -> str:
    """On whose clock a due time is meant: the author's, or the organisation's where nobody in particular writes."""
    if isinstance(actor, Person):
        return actor.timezone
    return Organisation.objects.values_list("timezone", flat=True).get(pk=current_organisation_id())


def _deliver(directive: Directive) -> int:
    if directive.version is None:
        return 0
    broadcast = open_broadcast(directive, directive.version)
    return spread_if_few([broadcast]) if broadcast is not None else 0


def _current_version(entry: Entry) -> EntryVersion:
    if entry.withdrawn_at is not None:
        raise ValidationError({"entry": _("There is no text to read in this entry: it was withdrawn.")})
    if entry.current_version is None:
        raise ValidationError({"entry": _("There is no text to read in this entry yet: publish it first.")})
    return entry.current_version


def _check_subject(actor: Actor, entry: Entry | None, query: str) -> None:
    if (entry is None) == (not query.strip()):
        raise ValidationError({"entry": _("A directive is about one entry, or about all that matches a query.")})
    if entry is not None and isinstance(actor, Person):
        readable = Entry.objects.readable_by(actor).filter(pk=entry.pk).exists()
        require(readable, _("Nobody sends what they may not read themselves."))


def _check_times(acknowledge: bool, due_at: datetime | None, due_days: int | None) -> None:
    if due_at is not None and due_days is not None:
        raise ValidationError({"due_days": _("Give a due time or a number of working days, not both.")})
    if acknowledge and due_at is None and due_days is None:
        raise ValidationError({"due_at": _("Say by when it must be acknowledged.")})
    if due_days is not None and not 1 <= due_days <= MOST_DAYS:
        raise ValidationError({"due_days": _("Working days are a number from 1 to %(most)d.") % {"most": MOST_DAYS}})


def _require_change(actor: Actor, directive: Directive) -> None:
    allowed = rules.may_change_directive(actor, directive)
    require(allowed, _("Only a knowledge manager of these people changes this directive."))
