"""What the tests of the gather room share: sources, a folder with files, and one pool of readers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headwater.core.actions import SYSTEM
from headwater.gather import runs
from headwater.gather.actions import create_source
from headwater.gather.extract import Limits, Pool
from headwater.gather.models import Run, Source
from headwater.people.models import Audience, Person
from headwater.search.indexing import mend_index


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """Two readers for the whole session."""
    with Pool(2, Limits(seconds=20)) as pool:
        yield pool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three readable files and one that cannot be read."""
    root = tmp_path / "circulars"
    (root / "2024").mkdir(parents=True)
    (root / "a.md").write_text("---\ntitle: Storm watch\n---\nThe storm watch begins at level two on the river.")
    (root / "b.txt").write_text("Bridge inspections are done twice a year by two inspectors together.")
    (root / "2024" / "c.html").write_text(
        "<html><head><title>Culverts</title></head><body><p>Clean culverts before rain."
    )
    (root / "noise.bin").write_bytes(bytes(range(256)) * 8)
    return root


@pytest.fixture
def source(folder: Path, nadia: Person, everyone: Audience) -> Source:
    """The folder as a source that Nadia owns and everyone reads."""
    return create_source(
        SYSTEM, name="Circulars", kind="folder", owner=nadia, settings={"path": str(folder)}, audience=everyone
    )


@pytest.fixture
def run_now(pool: Pool) -> Callable[[Source], Run]:
    """Does a run of a source to its end, here and now."""

    def run(source: Source) -> Run:
        runs.stop_open(source)
        run = runs.begin(source, None)
        runs.carry_out(run.organisation_id, run.pk, pool)
        run.refresh_from_db()
        source.refresh_from_db()
        return run

    return run


@pytest.fixture
def index(nadia: Person) -> Callable[[], int]:
    """Brings the search index up to date inside the test's own transaction."""
    return lambda: mend_index(nadia.organisation_id)
