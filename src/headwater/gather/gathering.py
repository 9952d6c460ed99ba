"""Gathering a place here and now, for whoever waits for it: `headwater gather PATH_OR_URL`."""

import os
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from headwater.core.actions import Actor, Refused, require
from headwater.core.wall import organisation_context
from headwater.gather import rules, runs
from headwater.gather.actions import create_source
from headwater.gather.bringing import take_in
from headwater.gather.connectors import SourceFailed, connector_for, kind_of_address, uploaded
from headwater.gather.connectors.base import marked
from headwater.gather.extract import Pool, shared_pool
from headwater.gather.models import Failure, Run, Source
from headwater.gather.pieces import Piece
from headwater.gather.pipeline import Batch, carry
from headwater.gather.places import check_folder
from headwater.gather.runs import Progress, Watcher, policy, unwatched
from headwater.gather.wording import in_words
from headwater.people.models import Audience, Permission, Person

_LOOK_SECONDS = 0.2


@dataclass
class Gathered:
    """What came of it. Exact duplicates count as new; `failures` are those that stand now: path and reason.

    `remark` is what else there is to say of it, mostly nothing.
    """

    seen: int = 0
    new: int = 0
    changed: int = 0
    vanished: int = 0
    failed: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)
    remark: str = ""
    seconds: float = 0.0


def gather(
    organisation_id: int,
    actor: Actor,
    place: str,
    audience: Audience | None = None,
    pool: Pool | None = None,
    watcher: Watcher = unwatched,
    is_replacing: bool = False,
) -> dict[str, Any]:
    """Gather a folder, file, web site or feed to its end; a place named before is the same source again.

    A file of the name of somebody else's is kept beside theirs; when `is_replacing`, it is the next version of theirs.
    Opens its own transactions: call it outside of any. Raises SourceFailed when the place cannot be read, Refused when
    the actor may not.
    """
    started = time.monotonic()
    if _is_file(place):
        run = None
        source, progress = _gather_file(
            organisation_id, actor, Path(place), audience, pool or shared_pool(), is_replacing
        )
    else:
        run, progress = _gather_place(organisation_id, actor, place, audience, pool, watcher)
        source = run.source
    with organisation_context(organisation_id):
        outcome = _summed_up(source, progress, run)
    outcome.seconds = round(time.monotonic() - started, 3)
    return asdict(outcome)


def _is_file(place: str) -> bool:
    return not _is_url(place) and os.path.isfile(place)


def _is_url(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _gather_place(
    organisation_id: int, actor: Actor, place: str, audience: Audience | None, pool: Pool | None, watcher: Watcher
) -> tuple[Run, Progress]:
    where = {"url": place} if _is_url(place) else {"path": str(Path(place).resolve())}
    with organisation_context(organisation_id):
        source = _known_at(actor, where)
    if source is None:
        kind = _looked_at(where)
        with organisation_context(organisation_id):
            # Somebody else may have named it meanwhile.
            source = _known_at(actor, where) or _named(actor, kind, where, audience)
    run, progress = _carry_out(organisation_id, actor, source, pool, watcher)
    with organisation_context(organisation_id):
        run.refresh_from_db(fields=["state", "message", "said"])
        if run.state == Run.State.FAILED:
            raise SourceFailed(*in_words(run.said, run.message))
    return run, progress


def _carry_out(
    organisation_id: int, actor: Actor, source: Source, pool: Pool | None, watcher: Watcher
) -> tuple[Run, Progress]:
    """Does a run here; waits for the end of one that a worker is at, and takes up one that waits for a worker."""
    while True:
        with organisation_context(organisation_id):
            run = runs.begin(source, actor if isinstance(actor, Person) else None)
        progress = runs.carry_out(organisation_id, run.pk, pool, watcher)
        if progress is not None:
            return run, progress
        time.sleep(_LOOK_SECONDS)


def _known_at(actor: Actor, where: dict[str, str]) -> Source | None:
    """The open source for this place, if there is one; a folder is told by its real path. Raises Refused."""
    kinds = [Source.Kind.FOLDER] if "path" in where else [Source.Kind.FEED, Source.Kind.WEB]
    known = Source.objects.open().filter(kind__in=kinds, settings__contains=where).order_by("pk").first()
    if known is None:
        # Before anybody looks there: who may not name it learns nothing of it.
        words = _("Only who names sources gathers a new place, and a folder of the server only an administrator.")
        require(rules.may_create_source(actor) and rules.may_name_sources(actor, kinds[0]), words)
    elif not rules.may_manage_source(actor, known):
        raise Refused(_("Only the owner of “%s”, or who manages knowledge in its unit, gathers it.") % known.name)
    return known


def _looked_at(where: dict[str, str]) -> str:
    """The kind of a place that nobody has named, once it could be opened. Raises SourceFailed, with nothing made."""
    kind = kind_of_address(where["url"], policy()) if "url" in where else Source.Kind.FOLDER.value
    if kind == Source.Kind.FOLDER:
        check_folder(where["path"])
    connector_for(kind, where, {}, policy()).open({}).resources.close()
    return kind


def _named(actor: Actor, kind: str, where: dict[str, str], audience: Audience | None) -> Source:
    """A new source, called as its folder or address is. It is read here and now, so no worker need begin."""
    name = Path(where["path"]).name if "path" in where else where["url"].split("//", 1)[1].rstrip("/")
    name = name or where.get("path", "") or where["url"]
    return create_source(actor, name[:200], kind, _owner(actor), settings=where, audience=audience, begin=False)


def _owner(actor: Actor) -> Person:
    """Whoever acts; for the local operator a knowledge manager, else an administrator, else the first person."""
    if isinstance(actor, Person):
        return actor
    people = Person.objects.active().order_by("pk")
    for permission in (Permission.KNOWLEDGE_MANAGER, Permission.ADMINISTRATOR):
        if holder := people.filter(grants__permission=permission, grants__unit=None).first():
            return holder
    if someone := people.first():
        return someone
    raise SourceFailed(_("There is nobody to own what is gathered"), _("Add a person first"))


def _gather_file(
    organisation_id: int, actor: Actor, path: Path, audience: Audience | None, pool: Pool, is_replacing: bool
) -> tuple[Source, Progress]:
    """One file becomes an upload: there is no folder to compare it with the next time."""
    try:
        content = path.read_bytes()
    except OSError as error:
        message, remedy = marked("It cannot be opened: %(error)s"), marked("Check its permissions")
        raise SourceFailed(message, remedy, error=error.strerror or str(error)) from error
    found = uploaded(path.name, content)
    with organisation_context(organisation_id):
        uploads = Source.objects.open().filter(kind=Source.Kind.UPLOAD, audience=audience, owner=_owner(actor))
        source = uploads.order_by("pk").first() or create_source(
            actor, name=_("Files handed in"), kind=Source.Kind.UPLOAD, owner=_owner(actor), audience=audience
        )
        document = take_in(actor, source, found, content, is_replacing)
    piece = Piece(replace(found, key=document.key), is_asked_for=document.stamp != found.stamp)
    progress = Progress()
    progress.add(carry(Batch(organisation_id, source.pk, [piece], pool)))
    return source, progress


def _summed_up(source: Source, progress: Progress, run: Run | None) -> Gathered:
    counts = progress.counts
    failures = Failure.objects.filter(document__source=source, document__vanished_at=None, dismissed_at=None)
    rows = [{"path": each.document.key, "reason": each.words} for each in failures.select_related("document")]
    if run is not None and run.message:  # a part of the place that could not be listed
        rows.append({"path": runs.describe(source.settings), "reason": run.words})
    return Gathered(
        seen=counts.get("listed", 0),
        new=counts.get("new", 0),
        changed=counts.get("changed", 0),
        vanished=counts.get("vanished", 0),
        failed=len(rows),
        failures=sorted(rows, key=lambda row: row["path"]),
        remark="" if run is None or run.message else run.words,
    )
