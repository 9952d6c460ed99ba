"""Raw bytes, kept by their content: one file for each SHA-256, a folder for each organisation.

blobs/<organisation>/ab/cd/abcd…   written whole under a temporary name, synced, then renamed: never half there

A record says which bytes it needs in a field called `blob`; several records, of several rooms, may need the same.
Bytes that no record has needed for a while are purged.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from headwater.core.wall import current_organisation_id, walled_models

# So long bytes stay after the last record that needed them: a backup that is being made still finds them, and whoever
# has kept bytes has time to write the record that needs them.
GRACE = timedelta(days=7)
_UNUSED = ".unused.json"
_LEAVING = ".leaving-"


def put_blob(data: bytes) -> str:
    """Keep the bytes for the current organisation; returns their SHA-256 in hex. Keeping twice keeps one."""
    digest = hashlib.sha256(data).hexdigest()
    path = blob_path(digest)
    try:
        os.utime(path)  # needed again, so not to be purged before a record says so
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(path, data)
    return digest


def _write_whole(path: Path, data: bytes) -> None:
    """All of it or nothing: a disk that fills up on the way is not left fuller than it was."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise


def read_blob(digest: str) -> bytes:
    """The bytes of that SHA-256. Raises `FileNotFoundError` when this organisation does not hold them."""
    return blob_path(digest).read_bytes()


def blob_path(digest: str) -> Path:
    """Where the current organisation keeps these bytes."""
    if not _is_digest(digest):
        raise ValueError(f"not a SHA-256 in hex: {digest[:80]!r}")
    return _folder() / digest[:2] / digest[2:4] / digest


def _is_digest(name: str) -> bool:
    return len(name) == 64 and set(name) <= set("0123456789abcdef")


def _folder() -> Path:
    return Path(settings.HEADWATER_HOME) / "blobs" / str(current_organisation_id())


def digests_in_use() -> set[str]:
    """Every SHA-256 that a record of the current organisation speaks of: the fields called `blob`, in all rooms."""
    found: set[str] = set()
    for model in walled_models():
        if any(field.name == "blob" for field in model._meta.local_fields):
            found.update(model._base_manager.exclude(blob="").values_list("blob", flat=True).distinct())
    return found


# --- Purging ----------------------------------------------------------------------------------------------------------


def purge_unused(now: datetime | None = None) -> int:
    """Delete the current organisation's bytes that no record has needed for `GRACE`; how many. One process at a time.

    Safe while others keep the same bytes: what is being kept was touched just now, and is left.
    """
    now = now or timezone.now()
    # Listed before the records are read: what is kept meanwhile is not on the list, or was touched.
    files = dict(_files())
    used = digests_in_use()
    known = _remembered()
    unused = {digest: known.get(digest, now.timestamp()) for digest in files if digest not in used}
    before = (now - GRACE).timestamp()
    gone = [digest for digest, since in unused.items() if since <= before and _purge(files[digest], before)]
    _remember({digest: since for digest, since in unused.items() if digest not in gone})
    _purge_drafts(before)
    return len(gone)


def _files() -> Iterator[tuple[str, Path]]:
    for path in _folder().glob("??/??/*"):
        if _is_digest(path.name):
            yield path.name, path


def _purge(path: Path, before: float) -> bool:
    """Delete a file unless it was touched since. It is renamed first: whoever keeps it after that writes it anew."""
    leaving = path.with_name(_LEAVING + path.name)
    try:
        os.rename(path, leaving)
        if leaving.stat().st_mtime > before:
            os.rename(leaving, path)
            return False
        leaving.unlink()
    except FileNotFoundError:  # by another hand
        return False
    return True


def _purge_drafts(before: float) -> None:
    """Delete what a process that was killed on the way left half written, or half purged."""
    for path in _folder().glob("??/??/.*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime <= before:
                path.unlink()


def _remembered() -> dict[str, float]:
    """Since when bytes have been seen without a record: digest → seconds since 1970."""
    with suppress(FileNotFoundError, ValueError):
        known: dict[str, float] = json.loads((_folder() / _UNUSED).read_text())
        return known
    return {}


def _remember(unused: dict[str, float]) -> None:
    if not _folder().exists():
        return
    draft = _folder() / f"{_UNUSED}.draft"
    draft.write_text(json.dumps(unused))
    os.replace(draft, _folder() / _UNUSED)
