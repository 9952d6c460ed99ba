"""An installation for a measurement: its own home, its own PostgreSQL, gone afterwards."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def clean_environment(home: Path, port: int) -> dict[str, str]:
    """The environment of a fresh installation: nothing of the caller's own is seen."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "HEADWATER_DATA" or not name.startswith(("DATABASE_", "HEADWATER_", "DJANGO_", "PYTHONDONT"))
    }
    source = str(Path(__file__).parents[1] / "src")
    return kept | {"HEADWATER_HOME": str(home), "HEADWATER_PORT": str(port), "PYTHONPATH": source}


@contextlib.contextmanager
def temporary_home() -> Iterator[Path]:
    """An empty home folder; with root's cluster elsewhere, that goes too."""
    from headwater.core.cluster import Cluster

    home = Path(tempfile.mkdtemp(prefix="headwater-bench-"))
    try:
        yield home
    finally:
        if (home / "cluster").exists():
            shutil.rmtree(Cluster(home).place.folder, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def django_stage() -> Iterator[Path]:
    """A home with a durable database of this version's tables, and Django set up in this process as the product is.

    Only one stage a process, for Django is set up once. Yields the home folder.
    """
    from headwater.cli.installation import open_installation

    with temporary_home() as home:
        for name in [
            name for name in os.environ if name.startswith(("DATABASE_", "HEADWATER_HOME", "HEADWATER_SECRET"))
        ]:
            del os.environ[name]
        os.environ["HEADWATER_HOME"] = str(home)
        with open_installation():
            yield home
