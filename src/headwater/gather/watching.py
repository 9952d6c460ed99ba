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
from headwater.gather.places import may_be_read
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
    """The active folder sources of all organisations whose folder is there, and may be read."""
    found: list[Watched] = []
    for organisation_id in organisation_ids():
        with organisation_context(organisation_id):
            sources = Source.objects.filter(kind=Source.Kind.FOLDER, state=Source.State.ACTIVE)
            rows = list(sources.order_by("pk").values_list("pk", "settings__path"))
        found += [Watched(organisation_id, pk, Path(path)) for pk, path in rows if _is_there(path)]
    return found


def _is_there(path: str | None) -> bool:
    return path is not None and Path(path).is_dir() and may_be_read(path)


class Watch:
    """The watch of one folder, in a thread of its own, so that another folder that comes or goes does not touch it."""

    def __init__(self, folder: Watched) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=_watch, args=(folder, self._over), name="watch-folder", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still watches; one that broke off is begun again."""
        return self._thread.is_alive()

    def end(self) -> None:
        """Watch no longer. Returns when it has ended: two watches of one folder would do everything twice."""
        self._over.set()
        self._thread.join()


def watch_all(stop: threading.Event) -> None:
    """Watches until told to stop, taking up new folders and leaving closed ones within seconds."""
    watches: dict[Watched, Watch] = {}
    try:
        while not stop.is_set():
            _follow(watches, watched_folders())
            close_old_connections()
            stop.wait(_LOOK_SECONDS)
    finally:
        # Also when the database is away.
        _follow(watches, [])


def _follow(watches: dict[Watched, Watch], folders: list[Watched]) -> None:
    """Begins the watches that are missing or broke off and ends those that are no longer wanted; the others go on."""
    for folder in [folder for folder, watch in watches.items() if folder not in folders or not watch.is_alive]:
        watches.pop(folder).end()
    for folder in folders:
        if folder not in watches:
            watches[folder] = Watch(folder)


def _watch(folder: Watched, over: threading.Event) -> None:
    try:
        _read_ahead(folder)
        close_old_connections()
        for settled in watch_folders([folder.root], over):
            _take_up(folder, settled)
            close_old_connections()
    except SourceFailed as failure:
        # It is still read at its times; this worker tries to watch it again at its next look.
        log.warning("%s", failure)
    except Exception:
        # The database is away, say. What was being taken up is found by the run that a new watch begins with.
        log.exception("The watch broke off; it begins again")
    finally:
        connections.close_all()


def _read_ahead(folder: Watched) -> None:
    """What changed while nobody watched is found by a run; one that was never read waits for its first."""
    with organisation_context(folder.organisation_id):
        source = Source.objects.get(pk=folder.source_id)
        known = source.runs.filter(state=Run.State.DONE).exists()
        run = runs.begin(source, None) if known else None
    if run is not None:
        runs.carry_out(folder.organisation_id, run.pk)


def _take_up(folder: Watched, settled: Settled) -> None:
    gone = [path for path in settled.gone if not path.exists()]
    if settled.written or gone:
        take_up(folder, settled.written, gone, shared_pool())


def take_up(folder: Watched, written: list[Path], gone: list[Path], pool: Pool) -> dict[str, int]:
    """Gathers these files of a watched folder, and buries those that are gone; the counts."""
    connector = Folder(folder.root)
    pieces = [Piece(found) for path in written if (found := connector.find(path)) is not None]
    is_backfill = _is_first(folder)
    counts: dict[str, int] = defaultdict(int)
    for start in range(0, len(pieces), BATCH):
        if not _is_open(folder):
            break
        batch = Batch(folder.organisation_id, folder.source_id, pieces[start : start + BATCH], pool)
        batch.is_backfill = is_backfill
        for name, count in carry(batch).items():
            counts[name] += count
    with organisation_context(folder.organisation_id):
        source = hold_source(folder.source_id)
        if source.state != Source.State.ACTIVE:
            return counts
        counts["vanished"] = _bury(folder, [connector.key(path) for path in gone])
        changed = counts["vanished"] or any(piece.state in (State.NEW, State.CHANGED) for piece in pieces)
        health.record_success(source, changed=bool(changed))
    return counts


def _is_open(folder: Watched) -> bool:
    """Whether the source is still to be read: its watch ends only some seconds after it was paused or closed."""
    with organisation_context(folder.organisation_id):
        return Source.objects.filter(pk=folder.source_id, state=Source.State.ACTIVE).exists()


def _is_first(folder: Watched) -> bool:
    """Whether the folder's first run is still to come or going on: then this too belongs to what was there before."""
    with organisation_context(folder.organisation_id):
        return not Run.objects.filter(source_id=folder.source_id, state=Run.State.DONE).exists()


def _bury(folder: Watched, keys: list[str]) -> int:
    """A key may be a folder: then all below it is gone."""
    if not keys:
        return 0
    there = Document.objects.filter(source_id=folder.source_id, vanished_at=None)
    below = tuple(f"{key}/" for key in keys)
    gone = set(keys)
    missing = [pk for pk, key in there.values_list("pk", "key") if key in gone or key.startswith(below)]
    return runs.bury(missing)
