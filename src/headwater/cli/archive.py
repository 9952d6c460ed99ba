"""The file of a backup: written whole, and read back only if it is whole and unharmed.

A tar: keys.json and installation.json, `outbox/` and `blobs/` (bytes kept by their content), database.dump (pg_dump's
custom format, one consistent moment), and last manifest.json, whose presence says that the file is whole. Blobs are
named by their SHA-256; the manifest says how many there are, and the SHA-256 of every other file.

The dump is made first. Bytes are purged a week after the last record that needed them (headwater.core.blobs), so that
everything the dump speaks of is still there when the files are added.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from headwater import __version__
from headwater.cli.errors import CommandFailed, words_of

FORMAT = 1
FILES = ("keys.json", "installation.json")
FOLDERS = ("blobs", "outbox")
DUMP = "database.dump"
MANIFEST = "manifest.json"
SHAPE = {"format": int, "headwater": str, "written": str, "newest_transaction": int, "database_sha256": str}
LATER = {"blobs": int, "files": dict}  # what the manifests of the first backups did not have


def write_archive(home: Path, dump: Path, target: Path, newest: int) -> list[str]:
    """Write what the home folder holds, and the dump, into a new private file.

    Returns the names of the blobs that are not what their names say: they are in it as they are.
    """
    digests: dict[str, str] = {}
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for path in _files(home):
                name = path.relative_to(home).as_posix()
                with contextlib.suppress(FileNotFoundError):  # it went while we looked: then nothing speaks of it
                    digests[name] = _add(tar, path, name)
            digests[DUMP] = _add(tar, dump, DUMP)
            manifest = dump.with_name(MANIFEST)
            manifest.write_text(json.dumps(_manifest(digests, newest), indent=1))
            _add(tar, manifest, MANIFEST)
        file.flush()
        os.fsync(file.fileno())
    return [name for name in digests if _is_blob(name) and not _is_named_by(digests[name], name)]


def _files(home: Path) -> Iterator[Path]:
    """What is kept outside the database; drafts, whose names begin with a dot, are nobody's yet."""
    yield from (home / name for name in FILES if (home / name).exists())
    for name in FOLDERS:
        yield from (each for each in sorted((home / name).rglob("[!.]*")) if each.is_file())


def _add(tar: tarfile.TarFile, path: Path, name: str) -> str:
    """Add one file; the SHA-256 of what was written."""
    with path.open("rb") as file:
        member, reading = tarfile.TarInfo(name), _Hashing(file)
        known = os.fstat(file.fileno())
        member.size, member.mtime, member.mode = known.st_size, int(known.st_mtime), known.st_mode & 0o777
        tar.addfile(member, reading)
    return reading.sum.hexdigest()


class _Hashing:
    """A file that is read, and the sum of what was."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.sum.update(data)
        return data


def _manifest(digests: Mapping[str, str], newest: int) -> dict[str, object]:
    return {
        "format": FORMAT,
        "headwater": __version__,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "newest_transaction": newest,
        "database_sha256": digests[DUMP],
        "blobs": sum(map(_is_blob, digests)),
        "files": {name: digest for name, digest in digests.items() if name != DUMP and not _is_named_by(digest, name)},
    }


def _is_blob(name: str) -> bool:
    return name.startswith("blobs/")


def _is_named_by(digest: str, name: str) -> bool:
    return _is_blob(name) and name.rpartition("/")[2] == digest


# --- Reading ----------------------------------------------------------------------------------------------------------


def read_archive(file: Path, into: Path) -> tuple[dict[str, Any], list[str]]:
    """Unpack into a folder, and make sure that it is a whole and unharmed backup that this version can read.

    Returns its manifest, and the names of blobs that are not what their names say: the first backups did not list what
    was damaged before they were made, so in theirs that is no reason to give up all the rest. Raises CommandFailed
    saying what is wrong with it.
    """
    _unpack(file, into)
    manifest = _read_manifest(file, into)
    found = {path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file()} - {MANIFEST}
    stated = {name: name.rpartition("/")[2] for name in found if _is_blob(name)} | manifest.get("files", {})
    stated[DUMP] = manifest["database_sha256"]
    missing = sorted(stated.keys() - found)
    if missing:
        raise _not_whole(file, f"{missing[0]} is missing")
    blobs = sum(map(_is_blob, found))
    if blobs != manifest.get("blobs", blobs):
        raise _not_whole(file, f"it should hold {manifest['blobs']} blobs, and holds {blobs}")
    harmed = [name for name, digest in sorted(stated.items()) if _sha256(into / name) != digest]
    refused = [name for name in harmed if "files" in manifest or name == DUMP]
    if refused:
        raise CommandFailed(f"{refused[0]} inside {file} is damaged. Nothing was changed. Try an older backup.")
    return manifest, harmed


def _unpack(file: Path, into: Path) -> None:
    try:
        with tarfile.open(file) as tar:
            for member in tar:
                _take_out(tar, member, into)
    except (tarfile.TarError, EOFError, ValueError, zlib.error) as error:
        raise _not_whole(file, str(error)) from error
    except OSError as error:
        if error.filename == str(file):
            raise
        raise CommandFailed(
            f"{file} could not be unpacked: {words_of(error)}. Nothing was changed. It needs room in the home folder."
        ) from error


def _take_out(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    """Unpack one file, and nothing but a file, to where a backup has one. Raises ValueError for anything else.

    Not by `extractall`: it is safe only with a filter, which the first releases of Python 3.11 do not have.
    """
    path, parts = into / member.name, PurePosixPath(member.name).parts
    is_inside = bool(parts) and parts[0] in FOLDERS and ".." not in parts
    if is_inside and member.isdir():
        return  # the first backups name their folders, too: each is made with its first file
    is_known = member.name in (*FILES, DUMP, MANIFEST) or (is_inside and len(parts) > 1)
    content = tar.extractfile(member) if member.isreg() and is_known else None
    if content is None or path.exists():
        raise ValueError(f"{member.name!r} has no place in one")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        shutil.copyfileobj(content, file)
    path.chmod(member.mode & 0o755 | 0o600)
    os.utime(path, (member.mtime, member.mtime))


def _read_manifest(file: Path, into: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((into / MANIFEST).read_text())
    except FileNotFoundError:
        raise _not_whole(file, "its end is missing") from None
    except ValueError as error:
        raise _not_whole(file, f"{MANIFEST}: {error}") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        raise _not_whole(file, f"{MANIFEST} has no format")
    if manifest["format"] > FORMAT:
        version = manifest.get("headwater")
        raise CommandFailed(f"{file} was written by a newer Headwater ({version}). Nothing was changed.")
    shape = SHAPE | {name: kind for name, kind in LATER.items() if name in manifest}
    wrong = [name for name, kind in shape.items() if not isinstance(manifest.get(name), kind)]
    if wrong:
        raise _not_whole(file, f"{MANIFEST} does not say its {wrong[0]}")
    return manifest


def _not_whole(file: Path, why: str) -> CommandFailed:
    return CommandFailed(f"{file} is not a whole Headwater backup ({why}). Nothing was changed.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
