"""`backup` and `restore`: a whole installation in one file, and back.

What is in the file: archive.py. The search index is not in it: it is built again from the database.
"""

import contextlib
import secrets
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from headwater.cli import dumping
from headwater.cli.archive import DUMP, FILES, FOLDERS, read_archive, write_archive
from headwater.cli.errors import CommandFailed, words_of
from headwater.core.cluster.locks import FileLock
from headwater.core.home_folder import make_home_folder, prepare_environment

REBUILT = ("index", "standing", "schema.stamp")
NAMED = 5  # of what is damaged


def backup(options: Namespace) -> None:
    """Write the installation into one file, whole or not at all. Headwater may be running.

    Everything is made beside the file, so that a home folder on a full disk can be saved to another.
    """
    target = Path(options.file).absolute()
    with prepare_environment() as installation:
        try:
            with _aside(target.parent, "backup") as aside:
                newest = dumping.dump(installation, aside / DUMP)
                harmed = write_archive(installation.home, aside / DUMP, aside / "archive", newest)
                (aside / "archive").rename(target)
        except OSError as error:
            raise CommandFailed(
                f"The backup could not be written to {target}: {words_of(error)}. Nothing was kept of it, and nothing "
                "was changed. Free some room, or name a file on another disk."
            ) from error
    sys.stderr.write(f"Wrote {target} ({target.stat().st_size / 1e6:.1f} MB). It holds the secret key: keep it safe.\n")
    _tell_harmed(harmed, "Damaged in the home folder, and in it as they are")


def _tell_harmed(names: list[str], what: str) -> None:
    if names:
        more = " and others" if len(names) > NAMED else ""
        sys.stderr.write(
            f"{what} ({len(names)}): {', '.join(names[:NAMED])}{more}. Look for them in an older backup.\n"
        )


@contextlib.contextmanager
def _aside(folder: Path, why: str) -> Iterator[Path]:
    """A private folder on that folder's own disk, so that files can be moved between them. It goes with all it has."""
    aside = folder / f".{why}-{secrets.token_hex(4)}"
    aside.mkdir(mode=0o700)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def restore(options: Namespace) -> None:
    """Make this home folder what the file holds. What is here is only given up when the file has been read whole."""
    home = make_home_folder()
    lock = FileLock(home / "up.lock")
    if not lock.own():
        raise CommandFailed("Headwater is running here. Nothing was changed. `headwater down` stops it.")
    for left in home.glob(".restore-*"):  # of one that was killed: nobody else restores here now
        shutil.rmtree(left, ignore_errors=True)
    with _aside(home, "restore") as aside:
        manifest, harmed = read_archive(Path(options.file), aside)
        with prepare_environment(alone=True) as installation:
            if not options.replace and dumping.holds_something(installation):
                raise CommandFailed(
                    f"There is an installation in {home} already, and nothing was changed. Restore into another "
                    "HEADWATER_HOME, or give --replace to lose what is here."
                )
            dumping.load(installation, aside / DUMP, manifest["newest_transaction"])
            _put_in_place(home, aside)
    lock.release()
    sys.stderr.write(
        f"Restored the installation of {manifest['written']}. Its search index is built at the next start.\n"
    )
    _tell_harmed(harmed, "Damaged in the backup, and restored as they are")


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
