"""A folder on this machine: listed by size and time, and watched so that a finished file is known at once."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic, time
from typing import Any

from watchfiles import Change, watch

from headwater.gather.connectors.base import Fetched, FetchFailed, Found, Listing, SourceFailed, short_key, utc
from headwater.gather.connectors.base import marked as _

MAX_BYTES = 200_000_000
# A file being written stands still between two writes too; this long, and it is taken to be finished.
STILL_SECONDS = 0.1
_TICK_MILLISECONDS = 25
_IGNORED_ENDINGS = (".tmp", ".part", ".crdownload", ".swp", ".swx", "~", ".lock")
_IGNORED_NAMES = {"Thumbs.db", "desktop.ini", "__MACOSX"}


def is_ignored(name: str) -> bool:
    """Hidden files, lock files and the half-written files of other programs."""
    return name.startswith((".", "~$")) or name.endswith(_IGNORED_ENDINGS) or name in _IGNORED_NAMES


@dataclass(frozen=True)
class Folder:
    """Settings: `path`, an absolute folder. Its files are keyed by their path inside it, with `/`."""

    root: Path
    max_bytes: int = MAX_BYTES

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> "Folder":
        """Raises SourceFailed when no folder is named."""
        path = str(settings.get("path", "")).strip()
        if not path or not os.path.isabs(path):
            raise SourceFailed(_("No folder is named"), _("Enter its whole path, beginning with /"), field="path")
        return cls(Path(path))

    def check(self) -> None:
        """Raises SourceFailed when the folder is not there, or cannot be opened."""
        try:
            os.scandir(self.root).close()
        except (FileNotFoundError, NotADirectoryError) as error:
            remedy = _("Connect it again, or change the path; what was kept stays")
            message = _("The folder %(path)s is not there")
            raise SourceFailed(message, remedy, field="path", path=str(self.root)) from error
        except OSError as error:
            message, reason = _("The folder %(path)s cannot be opened: %(error)s"), error.strerror or str(error)
            remedy = _("Check its permissions")
            raise SourceFailed(message, remedy, field="path", path=str(self.root), error=reason) from error

    def open(self, cursor: dict[str, Any]) -> Listing:
        """All files now. The cursor stays empty: looking at size and time is cheap."""
        self.check()
        listing = Listing({}, total=self._count())
        listing.found = self._walk(listing)
        return listing

    def _count(self) -> int:
        """How many files there are, so that a run can say what is left. Links out and pipes count, and are not read."""
        return sum(len([name for name in files if not is_ignored(name)]) for _, files in self._folders())

    def _folders(self, unreadable: Callable[[OSError], None] | None = None) -> Iterator[tuple[str, list[str]]]:
        """Each folder that is not left out, with the names of its files."""
        for folder, folders, files in os.walk(self.root, onerror=unreadable):
            folders[:] = sorted(name for name in folders if not is_ignored(name))
            yield folder, sorted(files)

    def _walk(self, listing: Listing) -> Iterator[Found]:
        unreadable: list[OSError] = []
        # A folder that cannot be opened must not make all its files look vanished.
        for folder, files in self._folders(unreadable.append):
            for name in files:
                if found := self.find(Path(folder) / name):
                    yield found
        listing.complete = not unreadable

    def find(self, path: Path) -> Found | None:
        """One file as it is now; None when it is gone, ignored, no plain file, or leads out of the folder."""
        relative = path.relative_to(self.root)
        if any(is_ignored(part) for part in relative.parts):
            return None
        try:
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                if not path.resolve().is_relative_to(self.root.resolve()):
                    return None
                status = path.stat()
        except (OSError, RuntimeError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return Found(
            key=self.key(path),
            stamp=f"{status.st_size}-{status.st_mtime_ns}",
            name=short_key(path.name),
            fetch=lambda: self._read(path),
            modified=utc(status.st_mtime),
        )

    def key(self, path: Path) -> str:
        """The key of a file of this folder, whether it still exists or not."""
        return short_key(path.relative_to(self.root).as_posix())

    def _read(self, path: Path) -> Fetched:
        """The bytes, through a descriptor that is checked to lie inside: a link put there meanwhile leads nowhere."""
        try:
            descriptor = os.open(path.resolve(), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                real = Path(os.path.realpath(f"/proc/self/fd/{file.fileno()}")) if os.path.isdir("/proc") else path
                if not real.is_relative_to(self.root.resolve()) or not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise FetchFailed(_("It leads out of the folder"), _("Put the file itself there"))
                content = file.read(self.max_bytes + 1)
        except OSError as error:
            message = _("It cannot be opened: %(error)s")
            raise FetchFailed(message, _("Check its permissions"), error=error.strerror or str(error)) from error
        if len(content) > self.max_bytes:
            raise FetchFailed(_("It is larger than %(limit)s MB"), _("Split it"), limit=self.max_bytes // 1_000_000)
        return Fetched(content)


@dataclass(frozen=True, slots=True)
class Settled:
    """Files that are finished or gone, as whole paths; an entry may be a folder that vanished with all in it."""

    written: list[Path]
    gone: list[Path]


def watch_folders(
    roots: Callable[[], list[Path]] | list[Path], stop: Event, still_seconds: float = STILL_SECONDS
) -> Iterator[Settled]:
    """What changes in these folders, as soon as each file has stood still. Ends when `stop` is set.

    A write is reported once its size and time have not changed for `still_seconds`, or at once when its time is
    already that old (a finished file moved in). Raises SourceFailed when a folder cannot be watched.
    """
    folders = roots if isinstance(roots, list) else roots()
    pending: dict[Path, tuple[tuple[int, int], float]] = {}
    changes = watch(
        *folders,
        watch_filter=lambda change, path: not is_ignored(os.path.basename(path)),
        debounce=_TICK_MILLISECONDS * 2,
        step=_TICK_MILLISECONDS // 2,
        rust_timeout=_TICK_MILLISECONDS,
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
    try:
        for batch in changes:
            gone = _take_note(batch, pending)
            settled = Settled(_settle(pending, still_seconds), gone)
            if settled.written or settled.gone:
                yield settled
    except (OSError, RuntimeError) as error:
        message, remedy = _("The folder cannot be watched: %(error)s"), _("It is still read at its usual times")
        raise SourceFailed(message, remedy, error=str(error)) from error


def _take_note(batch: set[tuple[Change, str]], pending: dict[Path, tuple[tuple[int, int], float]]) -> list[Path]:
    """Adds what was written to `pending`; returns what is gone."""
    gone: list[Path] = []
    for _change, name in batch:
        path = Path(name)
        state = _state(path)
        if state is not None:
            pending.setdefault(path, (state, monotonic()))
        elif path.is_dir():
            inside = (Path(folder) / file for folder, _folders, files in os.walk(path) for file in files)
            pending.update({file: (known, monotonic()) for file in inside if (known := _state(file))})
        else:
            pending.pop(path, None)
            gone.append(path)
    return gone


def _settle(pending: dict[Path, tuple[tuple[int, int], float]], still_seconds: float) -> list[Path]:
    """Takes out of `pending` what has stood still for long enough."""
    settled: list[Path] = []
    for path, (known, since) in list(pending.items()):
        state = _state(path)
        if state is None:
            del pending[path]
        elif state != known:
            pending[path] = (state, monotonic())
        elif monotonic() - since >= still_seconds or time() - state[1] / 1e9 >= still_seconds:
            del pending[path]
            settled.append(path)
    return settled


def _state(path: Path) -> tuple[int, int] | None:
    """Size and time of a plain file, else None."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
