"""Watched folders: a file that is closed is a version that is committed a fifth of a second later."""

import logging
import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from django.db import close_old_connections, connections

from headwater.core.jobs import organisation_ids
from headwater.core.wall import organisation_context
from headwater.gather import health, runs
from headwater.gather.connectors import SourceFailed, watch_folders
from headwater.gather.connectors.folder import Folder, Settled
from headwater.gather.extract import Pool, shared_pool
from headwater.gather.models import Document, Run, Source
from headwater.gather.pieces import Piece, State
from headwater.gather.pipeline import BATCH, Batch, carry
from headwater.gather.publishing import hold_source

log = logging.getLogger(__name__)

# How often the list of watched folders is compared with what is in the database.
_LOOK_SECONDS = 3.0


@dataclass(frozen=True)
class Watched:
    """A folder source that is watched."""

    organisation_id: int
    source_id: int
    root: Path


def watched_folders() -> list[Watched]:
    """The active folder sources of all organisations whose folder is there."""
    found: list[Watched] = []
    for organisation_id in organisation_ids():
        with organisation_context(organisation_id):
            sources = Source.objects.filter(kind=Source.Kind.FOLDER, state=Source.State.ACTIVE)
            rows = list(sources.order_by("pk").values_list("pk", "settings__path"))
        found += [Watched(organisation_id, pk, Path(path)) for pk, path in rows if path and Path(path).is_dir()]
    return found


def watch_all(stop: threading.Event) -> None:
    """Watches until told to stop, taking up new folders and leaving closed ones within seconds."""
    while not stop.is_set():
        folders = watched_folders()
        if not folders:
            stop.wait(_LOOK_SECONDS)
            continue
        changed = threading.Event()
        thread = threading.Thread(target=_watch, args=(folders, changed), name="watch-folders", daemon=True)
        thread.start()
        try:
            while not stop.wait(_LOOK_SECONDS) and thread.is_alive() and watched_folders() == folders:
                close_old_connections()
        finally:
            # Also when the database is away: two watches of one folder would do everything twice.
            changed.set()
            thread.join()


def _watch(folders: list[Watched], changed: threading.Event) -> None:
    try:
        _read_ahead(folders)
        for settled in watch_folders([folder.root for folder in folders], changed):
            for folder in folders:
                _take_up(folder, settled)
            close_old_connections()
    except SourceFailed as failure:
        # They are still read at their times; this worker tries to watch them again at its next look.
        log.warning("%s", failure)
    except Exception:
        # The database is away, say. What was being taken up is found by the run that a new watch begins with.
        log.exception("The watch broke off; it begins again")
    finally:
        connections.close_all()


def _read_ahead(folders: list[Watched]) -> None:
    """What changed while nobody watched is found by a run; those that were never read wait for their first."""
    for folder in folders:
        with organisation_context(folder.organisation_id):
            source = Source.objects.get(pk=folder.source_id)
            known = source.runs.filter(state=Run.State.DONE).exists()
            run = runs.begin(source, None) if known else None
        if run is not None and run.is_new:
            runs.carry_out(folder.organisation_id, run.pk)


def _take_up(folder: Watched, settled: Settled) -> None:
    written = [path for path in settled.written if path.is_relative_to(folder.root)]
    gone = [path for path in settled.gone if path.is_relative_to(folder.root) and not path.exists()]
    if written or gone:
        take_up(folder, written, gone, shared_pool())


def take_up(folder: Watched, written: list[Path], gone: list[Path], pool: Pool) -> dict[str, int]:
    """Gathers these files of a watched folder, and buries those that are gone; the counts."""
    connector = Folder(folder.root)
    pieces = [Piece(found) for path in written if (found := connector.find(path)) is not None]
    is_backfill = _is_first(folder)
    counts: dict[str, int] = defaultdict(int)
    for start in range(0, len(pieces), BATCH):
        batch = Batch(folder.organisation_id, folder.source_id, pieces[start : start + BATCH], pool)
        batch.is_backfill = is_backfill
        for name, count in carry(batch).items():
            counts[name] += count
    with organisation_context(folder.organisation_id):
        counts["vanished"] = _bury(folder, [connector.key(path) for path in gone])
        changed = counts["vanished"] or any(piece.state in (State.NEW, State.CHANGED) for piece in pieces)
        health.record_success(Source.objects.get(pk=folder.source_id), changed=bool(changed))
    return counts


def _is_first(folder: Watched) -> bool:
    """Whether the folder's first run is still to come or going on: then this too belongs to what was there before."""
    with organisation_context(folder.organisation_id):
        return not Run.objects.filter(source_id=folder.source_id, state=Run.State.DONE).exists()


def _bury(folder: Watched, keys: list[str]) -> int:
    """A key may be a folder: then all below it is gone."""
    if not keys:
        return 0
    hold_source(folder.source_id)
    there = Document.objects.filter(source_id=folder.source_id, vanished_at=None)
    below = tuple(f"{key}/" for key in keys)
    gone = set(keys)
    missing = [pk for pk, key in there.values_list("pk", "key") if key in gone or key.startswith(below)]
    return runs.bury(missing)
