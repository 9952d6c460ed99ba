"""A run: one pass over a source, from its start to its end, resumed where it was cut off."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from headwater.core.secret import SecretLost, decrypt
from headwater.core.wall import organisation_context
from headwater.gather import health
from headwater.gather.connectors import Connector, Listing, Policy, SourceFailed, connector_for
from headwater.gather.extract import Pool, shared_pool
from headwater.gather.models import Document, Run, Source
from headwater.gather.pipeline import Batch, batches, carry
from headwater.gather.publishing import hold_source
from headwater.people.models import Person
from headwater.search.actions import withdraw_entries
from headwater.search.models import Entry

_RATES_KEPT = 60
# So many documents do not all go at once; more likely the disk behind the folder is not connected.
_NEVER_ALL_AT_ONCE = 10


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
    return Policy(allowed=frozenset(host.lower() for host in settings.HEADWATER_ALLOW_FETCH))


def connector_of(source: Source) -> Connector:
    """The connector of a source, with its secret unsealed. Raises SourceFailed when it cannot be made."""
    try:
        secret = json.loads(decrypt(source.secret)) if source.secret else {}
    except SecretLost as error:
        raise SourceFailed("Its password was sealed with another key", "Enter the password again") from error
    return connector_for(source.kind, source.settings, secret, policy())


def begin(source: Source, started_by: Person | None) -> Run:
    """The run of a source that goes on now; `is_new` when it begins here, to be carried out by who began it.

    A run that is alive is somebody else's. One that gives no sign of life is over, and a new one goes on from there.
    """
    Source.objects.select_for_update().get(pk=source.pk)
    latest = source.runs.order_by("-started_at").first()
    if latest is not None and latest.is_alive:
        return latest
    source.runs.filter(state=Run.State.RUNNING).update(state=Run.State.STOPPED, ended_at=timezone.now())
    is_backfill = not source.runs.filter(state=Run.State.DONE).exists()
    run = Run.objects.create(source=source, started_by=started_by, is_backfill=is_backfill)
    run.is_new = True
    return run


def carry_out(organisation_id: int, run_id: int, pool: Pool | None = None, watcher: Watcher = unwatched) -> Progress:
    """Do a run to its end. Safe to run twice: what was gathered is known by its stamp and not gathered again.

    A source that cannot be read ends as a failed run with its reason on the source's page, and does not raise.
    """
    progress = Progress()
    with organisation_context(organisation_id):
        run = Run.objects.select_related("source").filter(pk=run_id).first()
    if run is None or run.state != Run.State.RUNNING:  # its source was removed, or another process has done it
        return progress
    try:
        _gather(organisation_id, run, progress, pool or shared_pool(), watcher)
    except Stopped:
        _end(organisation_id, run, Run.State.STOPPED)
    except SourceFailed as failure:
        _fail(organisation_id, run, failure.message, failure.remedy)
    except OSError as error:
        # Bytes are kept before anything else is done with them, so what was not kept is simply not gathered yet.
        message = f"What came could not be kept: {error.strerror or error}"
        _fail(organisation_id, run, message, "Make room on the disk; it is tried again at its times")
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


def _beat(organisation_id: int, run: Run, progress: Progress, rate: float) -> None:
    """A sign of life with the counts so far. Raises Stopped when the run shall not go on."""
    run.rates = [*run.rates, round(rate, 1)][-_RATES_KEPT:]
    with organisation_context(organisation_id):
        going_on = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, source__state=Source.State.ACTIVE)
        if not going_on.update(
            beat_at=timezone.now(),
            counts=progress.counts,
            total=progress.total,
            rates=run.rates,
            bytes_kept=progress.counts.get("bytes", 0),
        ):
            raise Stopped


def _finish(organisation_id: int, run: Run, listing: Listing, seen: set[str], progress: Progress) -> None:
    """The end of a run that went well: what is missing has vanished, and the source is set for the next time."""
    with organisation_context(organisation_id):
        source = hold_source(run.source_id)
        vanished = _tombstones(source, seen) if listing.complete else 0
        progress.counts["vanished"] = vanished
        progress.total = len(seen)
        now = timezone.now()
        changes = {"cursor": listing.cursor, "next_run_at": now + timedelta(minutes=source.every_minutes)}
        health.record_success(source, changed=bool(vanished or _news(progress.counts)), **changes)
        Run.objects.filter(pk=run.pk).update(
            state=Run.State.DONE,
            ended_at=now,
            beat_at=now,
            counts=progress.counts,
            total=progress.total,
            bytes_kept=progress.counts.get("bytes", 0),
        )


def _news(counts: dict[str, int]) -> int:
    return counts.get("new", 0) + counts.get("changed", 0)


def _tombstones(source: Source, seen: set[str]) -> int:
    """Marks what was there and is no more. Raises SourceFailed when that would be everything at once."""
    there = Document.objects.filter(source=source, vanished_at=None).values_list("pk", "key")
    missing = [pk for pk, key in there.iterator() if key not in seen]
    if not seen and len(missing) >= _NEVER_ALL_AT_ONCE:
        raise SourceFailed(
            f"Nothing is there any more; all {len(missing)} documents are kept as they were",
            "Connect it again; or, if that is right, close the source and withdraw its documents",
        )
    return bury(missing)


def bury(document_ids: list[int]) -> int:
    """Give documents their tombstone and take their entries out of search; the bytes and versions stay."""
    Document.objects.filter(pk__in=document_ids, vanished_at=None).update(vanished_at=timezone.now())
    withdraw_entries(list(Entry.objects.filter(document__in=document_ids)))
    return len(document_ids)


def _fail(organisation_id: int, run: Run, message: str, remedy: str) -> None:
    with organisation_context(organisation_id):
        health.record_trouble(run.source_id, message, remedy)
    _end(organisation_id, run, Run.State.FAILED, message)


def _end(organisation_id: int, run: Run, state: str, message: str = "") -> None:
    with organisation_context(organisation_id):
        now = timezone.now()
        Run.objects.filter(pk=run.pk).update(state=state, ended_at=now, beat_at=now, message=message[:500])
        source = Source.objects.get(pk=run.source_id)
        Source.objects.filter(pk=source.pk).update(next_run_at=now + timedelta(minutes=source.every_minutes))


def describe(settings_of_source: dict[str, Any]) -> str:
    """Where a source lies, in one line: its folder, address or mailbox."""
    host, folder = settings_of_source.get("host"), settings_of_source.get("folder")
    if host:
        return f"{settings_of_source.get('username', '')}@{host}/{folder or 'INBOX'}"
    return str(settings_of_source.get("path") or settings_of_source.get("url") or "")
