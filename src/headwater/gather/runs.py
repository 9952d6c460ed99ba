"""A run: one pass over a source, from its start to its end, resumed where it was cut off."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections
from django.db.models import Q, QuerySet
from django.utils import timezone

from headwater.core.secret import SecretLost, decrypt
from headwater.core.wall import organisation_context
from headwater.gather import health
from headwater.gather.connectors import Connector, Listing, Policy, SourceFailed, connector_for
from headwater.gather.connectors.base import marked as _
from headwater.gather.extract import Pool, shared_pool
from headwater.gather.models import Document, Run, Source
from headwater.gather.pipeline import Batch, batches, carry
from headwater.gather.places import check_folder
from headwater.gather.publishing import hold_source
from headwater.people.models import Person
from headwater.search.actions import withdraw_entries
from headwater.search.models import Entry

_RATES_KEPT = 60
# Trouble with a part of a source may last; what has come for so long is news all the same.
_BACKFILLS_FOR = timedelta(days=7)
# So many documents do not all go at once; more likely the disk behind the folder is not connected.
_NEVER_ALL_AT_ONCE = 10
# One batch may take minutes (scans), so signs of life come beside it.
_HEARTBEAT_SECONDS = 3.0


class By(StrEnum):
    """How a run is taken up: by its job, which is tried again when its worker dies, or by somebody here who waits."""

    JOB = "job"
    HERE = "here"


class Stopped(Exception):
    """Somebody stopped the run, or paused or closed its source."""


@dataclass
class Progress:
    """How far a run is, told after each batch."""

    counts: dict[str, int] = field(default_factory=dict)
    total: int | None = None

    def add(self, counts: dict[str, int]) -> None:
        for name, count in counts.items():
            self.counts[name] = self.counts.get(name, 0) + count


Watcher = Callable[[Progress], None]


def unwatched(progress: Progress) -> None:
    """Nobody looks at the progress of this run but the page of its source."""


def policy() -> Policy:
    """Where connectors may go: the public internet, and what this installation's administrator allows."""
    return Policy(allowed=frozenset(settings.HEADWATER_ALLOW_FETCH))


def connector_of(source: Source) -> Connector:
    """The connector of a source, with its secret unsealed. Raises SourceFailed when it cannot or must not be made."""
    if source.kind == Source.Kind.FOLDER:
        check_folder(str(source.settings.get("path", "")))
    try:
        secret = json.loads(decrypt(source.secret)) if source.secret else {}
    except SecretLost as error:
        raise SourceFailed(_("Its password was sealed with another key"), _("Enter the password again")) from error
    return connector_for(source.kind, source.settings, secret, policy())


def begin(source: Source, started_by: Person | None) -> Run:
    """The run of a source that waits or goes on now; `is_new` when it was made here, and is to be carried out.

    There is one at a time. One that gives no sign of life is over, and a new one goes on from there.
    """
    Source.objects.select_for_update().get(pk=source.pk)
    latest = source.runs.order_by("-started_at").first()
    if latest is not None and (latest.is_waiting or latest.is_alive):
        return latest
    stop_open(source)
    run = Run.objects.create(source=source, started_by=started_by, is_backfill=_is_backfill(source))
    run.is_new = True
    return run


def _is_backfill(source: Source) -> bool:
    """Until all of it could be listed once, or most of it for a week: what comes after is news."""
    since = timezone.now() - _BACKFILLS_FOR
    return not source.runs.filter(Q(message="") | Q(started_at__lt=since), state=Run.State.DONE).exists()


def stop_open(source: Source, *states: Run.State) -> int:
    """Stop the runs of a source that wait or go on (or those in these states); how many."""
    going_on = source.runs.filter(state__in=states or Run.OPEN)
    return going_on.update(state=Run.State.STOPPED, ended_at=timezone.now())


def take(organisation_id: int, run_id: int, by: By) -> Run | None:
    """Take a run up, alone: one update decides between several that try. None when it is another's, or over.

    Free is what waits and what gives no sign of life. A job that is tried again goes on with its own run at once: only
    a job whose worker died is given out twice, and should that have been an error, the first stops at its next beat.
    """
    now = timezone.now()
    free = Q(state=Run.State.WAITING) | Q(state=Run.State.RUNNING, beat_at__lt=now - Run.SILENCE)
    if by == By.JOB:
        free |= Q(state=Run.State.RUNNING, taker__startswith=By.JOB)
    taker = f"{by}-{secrets.token_hex(8)}"
    with organisation_context(organisation_id):
        taken = Run.objects.filter(free, pk=run_id)
        if not taken.update(state=Run.State.RUNNING, taker=taker, started_at=now, beat_at=now):
            return None
        run = Run.objects.select_related("source").get(pk=run_id)
        # Looked at again should its taker die; its end sets the next time.
        Source.objects.filter(pk=run.source_id).update(next_run_at=now + Run.SILENCE)
    return run


def carry_out(
    organisation_id: int, run_id: int, pool: Pool | None = None, watcher: Watcher = unwatched, by: By = By.HERE
) -> Progress | None:
    """Do a run to its end; None when another has taken it up. What was gathered before is known by its stamp.

    A source that cannot be read ends as a failed run with its reason on the source's page, and does not raise.
    """
    run = take(organisation_id, run_id, by)
    if run is None:
        return None
    progress = Progress()
    try:
        with _heartbeat(organisation_id, run):
            _gather(organisation_id, run, progress, pool or shared_pool(), watcher)
    except Stopped:
        _end(organisation_id, run, Run.State.STOPPED)
    except SourceFailed as failure:
        _fail(organisation_id, run, failure)
    except OSError as error:
        # Bytes are kept before anything else is done with them, so what was not kept is simply not gathered yet.
        message, remedy = _("What came could not be kept: %(error)s"), _("Make room on the disk; it is tried again")
        _fail(organisation_id, run, SourceFailed(message, remedy, error=error.strerror or str(error)))
    return progress


def _gather(organisation_id: int, run: Run, progress: Progress, pool: Pool, watcher: Watcher) -> None:
    seen: set[str] = set()
    with connector_of(run.source).open(run.source.cursor) as listing:
        started = time.monotonic()
        for pieces in batches(listing):
            seen.update(piece.found.key for piece in pieces)
            batch = Batch(organisation_id, run.source_id, pieces, pool, run.pk, run.is_backfill)
            progress.add(carry(batch))
            progress.total = listing.total
            rate = len(pieces) / max(time.monotonic() - started, 0.001)
            started = time.monotonic()
            _beat(organisation_id, run, progress, rate)
            watcher(progress)
    _finish(organisation_id, run, listing, seen, progress)


@contextmanager
def _heartbeat(organisation_id: int, run: Run) -> Iterator[None]:
    """Signs of life from beside the work, for as long as it goes on."""
    over = threading.Event()
    heart = threading.Thread(target=_keep_beating, args=(organisation_id, run, over), name="heart", daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()


def _keep_beating(organisation_id: int, run: Run, over: threading.Event) -> None:
    while not over.wait(_HEARTBEAT_SECONDS):
        try:
            with organisation_context(organisation_id):
                _own(run).update(beat_at=timezone.now())
        except DatabaseError:  # away for a moment; the work itself finds out, and the next beat may come through
            pass
        finally:
            connections.close_all()


def _own(run: Run) -> QuerySet[Run]:
    """The run's row, as long as it is still ours to carry out."""
    return Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, taker=run.taker)


def _beat(organisation_id: int, run: Run, progress: Progress, rate: float) -> None:
    """A sign of life with the counts so far. Raises Stopped when the run shall not go on."""
    run.rates = [*run.rates, round(rate, 1)][-_RATES_KEPT:]
    with organisation_context(organisation_id):
        if (
            not _own(run)
            .filter(source__state=Source.State.ACTIVE)
            .update(
                beat_at=timezone.now(),
                counts=progress.counts,
                total=progress.total,
                rates=run.rates,
                bytes_kept=progress.counts.get("bytes", 0),
            )
        ):
            raise Stopped


def _finish(organisation_id: int, run: Run, listing: Listing, seen: set[str], progress: Progress) -> None:
    """The end of a run that went well: what is missing has vanished, and the source is set for the next time.

    Where some of it could not be listed, nothing is missing for certain, and the run says why; a remark is no trouble.
    """
    with organisation_context(organisation_id):
        source = hold_source(run.source_id)
        if not _own(run).exists():
            raise Stopped
        trouble, said = listing.trouble, listing.trouble or listing.remark
        vanished = _tombstones(source, seen) if listing.complete and not trouble else 0
        progress.counts["vanished"] = vanished
        progress.total = len(seen)
        now = timezone.now()
        changes = {"cursor": listing.cursor, "next_run_at": now + timedelta(minutes=source.every_minutes)}
        changed = bool(vanished or _news(progress.counts))
        if trouble:
            health.record_partly(source, trouble, changed=changed, **changes)
        else:
            health.record_success(source, changed=changed, **changes)
        _own(run).update(
            state=Run.State.DONE,
            ended_at=now,
            beat_at=now,
            counts=progress.counts,
            total=progress.total,
            bytes_kept=progress.counts.get("bytes", 0),
            message=trouble.message[:500] if trouble else "",
            said=said.said if said else {},
        )


def _news(counts: dict[str, int]) -> int:
    return counts.get("new", 0) + counts.get("changed", 0)


def _tombstones(source: Source, seen: set[str]) -> int:
    """Marks what was there and is no more. Raises SourceFailed when that would be everything at once."""
    there = Document.objects.filter(source=source, vanished_at=None).values_list("pk", "key")
    missing = [pk for pk, key in there.iterator() if key not in seen]
    if not seen and len(missing) >= _NEVER_ALL_AT_ONCE:
        raise SourceFailed(
            _("Nothing is there any more; all %(number)s documents are kept as they were"),
            _("Connect it again; or, if that is right, close the source and withdraw its documents"),
            number=len(missing),
        )
    return bury(missing)


def bury(document_ids: list[int]) -> int:
    """Give documents their tombstone and take their entries out of search; the bytes and versions stay."""
    Document.objects.filter(pk__in=document_ids, vanished_at=None).update(vanished_at=timezone.now())
    withdraw_entries(list(Entry.objects.filter(document__in=document_ids)))
    return len(document_ids)


def _fail(organisation_id: int, run: Run, failure: SourceFailed) -> None:
    with organisation_context(organisation_id):
        hold_source(run.source_id)
        if _own(run).exists():  # else somebody stopped it, and perhaps closed the source
            health.record_trouble(run.source_id, failure)
    _end(organisation_id, run, Run.State.FAILED, message=failure.message[:500], said=failure.said)


def _end(organisation_id: int, run: Run, state: str, **why: Any) -> None:
    with organisation_context(organisation_id):
        now = timezone.now()
        _own(run).update(state=state, ended_at=now, beat_at=now, **why)
        source = Source.objects.get(pk=run.source_id)
        if not source.runs.filter(state__in=Run.OPEN).exists():
            set_next_run(source)


def set_next_run(source: Source) -> None:
    """A source whose run has ended is read again after its usual pause."""
    pause = timedelta(minutes=source.every_minutes)
    Source.objects.filter(pk=source.pk).update(next_run_at=timezone.now() + pause)


def describe(settings_of_source: dict[str, Any]) -> str:
    """Where a source lies, in one line: its folder, address or mailbox."""
    host, folder = settings_of_source.get("host"), settings_of_source.get("folder")
    if host:
        return f"{settings_of_source.get('username', '')}@{host}/{folder or 'INBOX'}"
    return str(settings_of_source.get("path") or settings_of_source.get("url") or "")
