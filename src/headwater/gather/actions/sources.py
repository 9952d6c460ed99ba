"""Verbs for sources: naming a place to gather from, changing it, running it, and closing it."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.secret import encrypt
from headwater.gather import jobs, rules, runs
from headwater.gather.connectors import SourceFailed, connector_for
from headwater.gather.connectors.folder import Folder
from headwater.gather.models import Document, Run, Source
from headwater.gather.places import check_folder
from headwater.gather.publishing import hold_source
from headwater.gather.runs import bury, policy
from headwater.gather.wording import in_a_line
from headwater.people.models import Audience, Person, Unit
from headwater.people.notices import settle
from headwater.search.actions import restore_entry
from headwater.search.models import Entry

_NOT_YOURS = _("Only the owner of a source, or who manages knowledge in its unit, does that.")
_NOT_YOURS_TO_OPEN = _(
    "Who reads what comes from a source is decided by its owner, and by stewards of its unit who are cleared for it; "
    "an administrator may name another owner than themselves."
)
# What becomes of the documents of a source that is closed.
FATES = ("keep", "withdraw", "hand_over")


@action
def create_source(
    actor: Actor,
    name: str,
    kind: str,
    owner: Person,
    settings: dict[str, Any] | None = None,
    secret: dict[str, str] | None = None,
    audience: Audience | None = None,
    unit: Unit | None = None,
    classification: int = 1,
    grade: str = "F",
    every_minutes: int = 60,
    silent_after_hours: int | None = None,
    deliver_backfill_days: int = 7,
    begin: bool = True,
) -> Source:
    """Name a place to gather from, and begin to gather (unless `begin` is false: then at its next time).

    `kind` is folder, feed, web, mailbox, upload or capture; `settings` what its connector needs (path; url; host, port,
    security, folder, username); `secret` what is kept encrypted (password). Without an audience only the owner reads.
    """
    require(
        rules.may_create_source(actor, unit),
        _("Only stewards, knowledge managers and administrators name new sources; others can upload and capture."),
    )
    source = Source(name=name.strip(), kind=kind, owner=owner, settings=_strings(settings or {}))
    source.slug = _free_slug(source.name)
    source.unit, source.audience, source.classification = unit, audience, classification
    source.grade, source.every_minutes, source.silent_after_hours = grade, every_minutes, silent_after_hours
    source.deliver_backfill_days = deliver_backfill_days
    source.secret = _sealed(secret)
    _check(actor, source, secret or {})
    source.save()
    if source.is_read_by_itself and begin:
        _begin(actor, source)
    note(kind=source.kind)
    return source


@action
def change_source(
    actor: Actor,
    source: Source,
    name: str | None = None,
    settings: dict[str, Any] | None = None,
    secret: dict[str, str] | None = None,
    owner: Person | None = None,
    audience: Audience | None = None,
    unit: Unit | None = None,
    classification: int | None = None,
    grade: str | None = None,
    every_minutes: int | None = None,
    silent_after_hours: int | None = None,
    deliver_backfill_days: int | None = None,
    owner_only: bool = False,
) -> Source:
    """Change a source; its documents follow in owner, unit, audience and classification at once.

    What is not given stays. `owner_only` takes the audience away; a silence alarm of 0 hours is none.
    """
    require(rules.may_manage_source(actor, source), _NOT_YOURS)
    # A batch on its way is published before this, and follows; or after it, and inherits what is set here.
    hold_source(source.pk)
    given: dict[str, Any] = {"owner": owner, "unit": unit, "audience": audience, "classification": classification}
    _require_governing(actor, source, given, owner_only)
    given |= {"name": name, "grade": grade, "every_minutes": every_minutes, "silent_after_hours": silent_after_hours}
    given |= {"deliver_backfill_days": deliver_backfill_days}
    given |= {"settings": _strings(settings) if settings is not None else None}
    source.secret = _sealed(secret) or _kept_secret(source, given["settings"])
    is_moved = given["settings"] is not None and given["settings"] != source.settings
    changed = [field for field, value in given.items() if value is not None]
    for field in changed:
        setattr(source, field, given[field])
    if owner_only:
        source.audience = None
    source.silent_after_hours = source.silent_after_hours or None
    _check(actor, source, secret or {}, is_moved=is_moved)
    # Not its state and cursor, which may have changed since it was read.
    source.save(update_fields=[*changed, "audience", "silent_after_hours", "secret"])
    _pass_on(source)
    note(fields=changed)
    return source


def _require_governing(actor: Actor, source: Source, given: dict[str, Any], owner_only: bool) -> None:
    """Who reads what comes from a source is not decided by who would read it only then. Raises Refused."""
    changed = {field for field, value in given.items() if value is not None and value != getattr(source, field)}
    if owner_only and source.audience_id:
        changed.add("audience")
    if not changed:
        return
    if rules.may_govern_source(actor, source):
        highest = source.classification if given["classification"] is None else given["classification"]
        require(rules.clears(actor, highest), _("You may not classify a source above your own clearance."))
        return
    names_another = changed == {"owner"} and given["owner"].pk != actor.actor_id
    require(names_another and rules.may_administer_source(actor, source), _NOT_YOURS_TO_OPEN)


def _kept_secret(source: Source, moved_to: dict[str, Any] | None) -> Any:
    """The sealed password, which is told to no other place than it was entered for. Raises ValidationError."""
    if not source.secret or moved_to is None or _whereabouts(moved_to) == _whereabouts(source.settings):
        return source.secret
    if source.kind != Source.Kind.MAILBOX and not moved_to.get("username"):
        return None  # nobody signs in there
    words = _("Enter the password again: it is not told to another place than the one it was given for.")
    raise ValidationError({"secret": words})


def _whereabouts(settings: dict[str, Any]) -> list[str]:
    return [str(settings.get(name) or "").strip() for name in ("host", "port", "security", "url")]


def _pass_on(source: Source) -> None:
    """What a source's documents inherit from it."""
    Entry.objects.filter(document__source=source).update(
        owner=source.owner_id,
        unit=source.unit_id,
        audience=source.audience_id,
        classification=source.classification,
        source_slug=source.slug,
    )


def _strings(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without empty values; secrets do not belong here."""
    return {key: value for key, value in settings.items() if value not in ("", None) and key != "password"}


def _sealed(secret: dict[str, str] | None) -> bytes | None:
    return encrypt(json.dumps(secret)) if secret else None


def _free_slug(name: str) -> str:
    base = slugify(name)[:70] or "source"
    taken = set(Source.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for n in range(len(taken) + 1) if (slug := f"{base}-{n + 1}" if n else base) not in taken)


def _check(actor: Actor, source: Source, secret: dict[str, str], is_moved: bool = True) -> None:
    """Raises ValidationError for values that no source can have, and Refused for folders not everybody may name."""
    if source.kind == Source.Kind.FOLDER and is_moved:
        require(
            rules.may_read_this_machine(actor),
            _("Only an administrator names a folder of the server, for it could be any folder."),
        )
    source.full_clean(exclude=["organisation", "cursor", "settings", "slug"])
    if source.every_minutes < 1:
        raise ValidationError({"every_minutes": _("A run a minute is the most there can be.")})
    try:
        connector_for(source.kind, source.settings, secret, policy())
        if source.kind == Source.Kind.FOLDER and is_moved:
            check_folder(str(source.settings["path"]))
            Folder.from_settings(source.settings).check()
    except SourceFailed as error:
        raise ValidationError({error.field or "settings": in_a_line(error.said)}) from error
    except (ValueError, TypeError) as error:
        raise ValidationError({"settings": _("A number is expected where something else stands.")}) from error


@action
def pause_source(actor: Actor, source: Source) -> Source:
    """Stop reading a source until it is resumed; what was gathered stays."""
    require(rules.may_manage_source(actor, source), _NOT_YOURS)
    # One that goes on ends after its batch.
    runs.stop_open(source, Run.State.WAITING)
    return _set_state(source, Source.State.PAUSED)


@action
def resume_source(actor: Actor, source: Source) -> Source:
    """Read a paused source again, beginning now."""
    require(rules.may_manage_source(actor, source), _NOT_YOURS)
    source.next_run_at = timezone.now()
    return _set_state(source, Source.State.ACTIVE)


def _set_state(source: Source, state: str) -> Source:
    source.state = state
    source.save(update_fields=["state", "next_run_at"])
    return source


@action
def start_run(actor: Actor, source: Source) -> Run:
    """Read a source now, in the background; the run that goes on already, if there is one."""
    require(rules.may_manage_source(actor, source), _NOT_YOURS)
    if source.state != Source.State.ACTIVE or not source.is_read_by_itself:
        raise ValidationError({"source": _("Only an active folder, feed, web site or mailbox can be read now.")})
    return _begin(actor, source)


def _begin(actor: Actor, source: Source) -> Run:
    run = runs.begin(source, actor if isinstance(actor, Person) else None)
    if run.is_new:
        jobs.carry_out_run.defer(organisation_id=run.organisation_id, run_id=run.pk)
    return run


@action
def stop_run(actor: Actor, run: Run) -> Run:
    """Stop a run after the batch it is at; what it gathered stays, and the next run goes on from there."""
    require(rules.may_manage_source(actor, run.source), _NOT_YOURS)
    Run.objects.filter(pk=run.pk, state__in=Run.OPEN).update(state=Run.State.STOPPED, ended_at=timezone.now())
    runs.set_next_run(run.source)
    run.refresh_from_db()
    return run


@action
def close_source(actor: Actor, source: Source, documents: str, to: Source | None = None) -> Source:
    """End a source for good, and say what becomes of its documents.

    `documents` is keep (they stay readable as they are), withdraw (they leave search and inboxes; versions and proof
    stay), or hand_over (they move to the upload source `to` and inherit its owner, audience and classification).
    """
    require(rules.may_manage_source(actor, source), _NOT_YOURS)
    if documents not in FATES:
        raise ValidationError({"documents": _("Say what becomes of the documents: keep, withdraw or hand_over.")})
    # A batch on its way is published before this, or finds the source closed. One order, so that none waits in a ring.
    for pk in sorted({source.pk, to.pk if to else source.pk}):
        hold_source(pk)
    if documents == "hand_over":
        _hand_over(actor, source, to)
    elif documents == "withdraw":
        bury(list(source.documents.filter(vanished_at=None).values_list("pk", flat=True)))
    runs.stop_open(source)
    source.state, source.secret = Source.State.CLOSED, None
    source.trouble, source.trouble_said, source.trouble_since = "", {}, None
    source.save(update_fields=["state", "secret", "trouble", "trouble_said", "trouble_since"])
    for matter in ("failed", "silent"):
        settle(f"source-{matter}:{source.pk}")
    note(documents=documents)
    return source


def _hand_over(actor: Actor, source: Source, to: Source | None) -> None:
    if to is None or to.kind != Source.Kind.UPLOAD or to.pk == source.pk:
        # A folder or site lists what it holds; what it never held would be taken for vanished.
        raise ValidationError({"to": _("Hand the documents over to a source of uploads.")})
    require(rules.may_manage_source(actor, to), _("Only who manages the other source too hands documents over to it."))
    may_open = rules.may_govern_source(actor, source) and rules.clears(actor, to.classification)
    require(may_open, _NOT_YOURS_TO_OPEN)
    moved = list(source.documents.all())
    for document in moved:
        document.key = f"{source.slug}/{document.key}"[:1000]
        document.source, document.handed_as = to, ""
    Document.objects.bulk_update(moved, ["key", "source", "handed_as"], batch_size=500)
    for document in moved:
        if document.entry_id is None and document.blob:
            # Its reading may be on the way under its old source, and finds it there no more.
            jobs.read_kept.defer(organisation_id=document.organisation_id, document_id=document.pk)
    _pass_on(to)


@action
def reopen_source(actor: Actor, source: Source) -> Source:
    """Open a closed source again: paused, with what was withdrawn at its closing found again at its next run."""
    require(rules.may_manage_source(actor, source), _NOT_YOURS)
    if source.state != Source.State.CLOSED:
        raise ValidationError({"source": _("It is open.")})
    if not source.is_read_by_itself:
        _bring_back(source)
    return _set_state(source, Source.State.PAUSED)


def _bring_back(source: Source) -> None:
    """Uploads have no run that would find them again."""
    for document in source.documents.exclude(vanished_at=None).select_related("entry"):
        if document.entry is not None:
            restore_entry(document.entry)
    source.documents.update(vanished_at=None)
