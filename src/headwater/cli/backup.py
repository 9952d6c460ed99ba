"""`backup` and `restore`: a whole installation in one file, and back.

The file is a tar: keys.json and installation.json, `outbox/` and `blobs/` (bytes kept by their content), database.dump
(pg_dump's custom format, one consistent moment), and last manifest.json, whose presence says that the file is whole.
Bytes are linked aside before *and* after the dump, so that everything the dump speaks of is in the file even when
somebody empties the trash meanwhile. The search index is not in it: it is built again from the database.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import sys
import tarfile
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headwater import __version__
from headwater.cli import dumping
from headwater.cli.errors import CommandFailed
from headwater.core.cluster.locks import FileLock
from headwater.core.home_folder import Installation, make_home_folder, prepare_environment

FORMAT = 1
FILES = ("keys.json", "installation.json")
FOLDERS = ("blobs", "outbox")
REBUILT = ("index", "schema.stamp")


def backup(options: Namespace) -> None:
    """Write the installation into one file, whole or not at all. Headwater may be running."""
    target = Path(options.file).absolute()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    with prepare_environment() as installation, _aside(installation.home, "backup") as aside:
        try:
            _link_folders(installation.home, aside)
            newest = dumping.dump(installation, aside / "database.dump")
            _link_folders(installation.home, aside)
            _write_tar(installation, aside, draft, newest)
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)
    sys.stderr.write(f"Wrote {target} ({target.stat().st_size / 1e6:.1f} MB). It holds the secret key: keep it safe.\n")


@contextlib.contextmanager
def _aside(home: Path, why: str) -> Iterator[Path]:
    """A private folder on the home's own disk, so that files can be linked and moved into it."""
    folder = home / f".{why}-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _link_folders(home: Path, aside: Path) -> None:
    for name in FOLDERS:
        for path in sorted((home / name).rglob("*")):
            copy = aside / path.relative_to(home)
            if path.is_dir() or path.name.startswith(".") or copy.exists():
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # it went while we looked: then nothing speaks of it
                os.link(path, copy)


def _write_tar(installation: Installation, aside: Path, target: Path, newest: int) -> None:
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        for name in FILES:
            if (installation.home / name).exists():
                tar.add(installation.home / name, name)
        for name in FOLDERS:
            if (aside / name).exists():
                tar.add(aside / name, name)
        tar.add(aside / "database.dump", "database.dump")
        manifest = {
            "format": FORMAT,
            "headwater": __version__,
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "newest_transaction": newest,
            "database_sha256": _sha256(aside / "database.dump"),
        }
        (aside / "manifest.json").write_text(json.dumps(manifest, indent=1))
        tar.add(aside / "manifest.json", "manifest.json")
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def restore(options: Namespace) -> None:
    """Make this home folder what the file holds. What is here is only given up when the file has been read whole."""
    home = make_home_folder()
    lock = FileLock(home / "up.lock")
    if not lock.own():
        raise CommandFailed("Headwater is running here. Nothing was changed. `headwater down` stops it.")
    with _aside(home, "restore") as aside:
        manifest = _unpack(Path(options.file), aside)
        with prepare_environment(alone=True) as installation:
            if not options.replace and dumping.holds_something(installation):
                raise CommandFailed(
                    f"There is an installation in {home} already, and nothing was changed. Restore into another "
                    "HEADWATER_HOME, or give --replace to lose what is here."
                )
            dumping.load(installation, aside / "database.dump", int(manifest["newest_transaction"]))
            _put_in_place(home, aside)
    lock.release()
    sys.stderr.write(
        f"Restored the installation of {manifest['written']}. Its search index is built at the next start.\n"
    )


def _unpack(file: Path, aside: Path) -> dict[str, Any]:
    """Unpack into a private folder, and make sure that the file is a whole backup that this version can read."""
    try:
        with tarfile.open(file) as tar:
            tar.extractall(aside, filter="data")
        manifest: dict[str, Any] = json.loads((aside / "manifest.json").read_text())
    except (tarfile.TarError, EOFError, FileNotFoundError, ValueError) as error:
        if not file.exists():
            raise
        raise CommandFailed(f"{file} is not a whole Headwater backup ({error}). Nothing was changed.") from error
    if manifest["format"] > FORMAT:
        raise CommandFailed(f"{file} was written by a newer Headwater ({manifest['headwater']}). Nothing was changed.")
    if _sha256(aside / "database.dump") != manifest["database_sha256"]:
        raise CommandFailed(f"The database inside {file} is damaged. Nothing was changed. Try an older backup.")
    return manifest


def _put_in_place(home: Path, aside: Path) -> None:
    for name in REBUILT:
        path = home / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for name in FOLDERS:
        shutil.rmtree(home / name, ignore_errors=True)
        if (aside / name).exists():
            (aside / name).rename(home / name)
    for name in FILES:
        if (aside / name).exists():
            (aside / name).rename(home / name)
    make_home_folder()
