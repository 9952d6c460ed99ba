"""gather_markdown: 250 real Markdown pages of a folder, into the index and into every matching inbox.

A worker runs as in every installation. 100 people hold a profile each, of three rarer words drawn from these pages.
The pages are copied first, so that they were published today: a first run delivers them. What must be loaded is loaded
by a small folder before, and a worker that has just begun is given a few seconds to come to rest. The time is that of
`headwater gather` and of the worker, until the last page is indexed and the last delivery is a row.
"""

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.figures import Figure, at_least, at_most, data_folder, plain
from bench.first_page import free_port
from bench.stage import clean_environment, django_stage

PEOPLE, PROFILES = 100, 100
PAGES = 250
LONGEST, AT_REST = 120.0, 3.0  # seconds


def run() -> Iterator[Figure]:
    """Documents a second of the first run; what a second run gathers; and how many rows the inboxes got."""
    with django_stage() as home, _worker(home), tempfile.TemporaryDirectory(prefix="headwater-pages-") as folder:
        pages = _copy_pages(Path(folder) / "pages")
        organisation_id = _found(sorted(pages.rglob("*.md")))
        _gather(organisation_id, _small(Path(folder) / "small"))
        time.sleep(AT_REST)
        seconds, outcome = _gather(organisation_id, pages)
        yield at_least("gather_markdown", outcome["seen"] / seconds, "documents/s", 100)
        yield plain("gather_markdown_failed", outcome["failed"], "documents")
        yield plain("gather_markdown_deliveries", _deliveries(organisation_id), "rows")
        seconds, again = _gather(organisation_id, pages)
        yield at_most("gather_markdown_again", again["new"] + again["changed"], "documents", 0)
        yield plain("gather_markdown_again_seconds", seconds, "s")


@contextmanager
def _worker(home: Path) -> Iterator[None]:
    """The worker of the installation, as `headwater up` runs it."""
    command = [sys.executable, "-m", "headwater", "work"]
    process = subprocess.Popen(command, env=clean_environment(home, free_port()), start_new_session=True)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _copy_pages(to: Path) -> Path:
    """The real pages, or as many of the bench's own making where the data are missing."""
    real = data_folder() / "handbook-18f" / "pages"
    if real.is_dir():
        # Without their dates: they are published now. The data are read-only; the copy is not.
        shutil.copytree(real, to, copy_function=shutil.copyfile)
        for path in [to, *to.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        return to
    to.mkdir(parents=True)
    chance = random.Random(1)
    words = [f"word{int(chance.paretovariate(0.7))}" for _ in range(20_000)]
    for number in range(PAGES):
        (to / f"{number}.md").write_text(f"# Page {number}\n\n" + " ".join(chance.sample(words, 600)))
    return to


def _small(folder: Path) -> Path:
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.md").write_text(f"# Warm {number}\n\nWords that load what has to be loaded, {number}.\n")
    return folder


def _found(pages: list[Path]) -> int:
    """An organisation whose people wait for words of these pages."""
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.people.membership import refresh
    from headwater.people.models import Audience, Person

    organisation = Organisation.objects.create(slug="bench", name="Bench")
    with organisation_context(organisation.pk):
        people = Person.objects.bulk_create(Person(name=f"Person {number}") for number in range(PEOPLE))
        Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        refresh()
        _make_profiles(people, pages)
    return organisation.pk


def _make_profiles(people: list[Any], pages: list[Path]) -> None:
    from headwater.distribute.models import InterestProfile

    chance = random.Random(2)
    texts = [[word for word in page.read_text().split() if word.isalpha() and len(word) > 6] for page in pages]
    texts = [words for words in texts if len(words) > 20]
    queries = [" ".join(chance.sample(chance.choice(texts), 3)) for _ in range(PROFILES)]
    InterestProfile.objects.bulk_create(
        InterestProfile(person=people[number % PEOPLE], name=query, query=query) for number, query in enumerate(queries)
    )


def _gather(organisation_id: int, folder: Path) -> tuple[float, dict[str, Any]]:
    """Seconds from the first file to the last inbox, and what came of it."""
    from headwater.core.actions import OPERATOR
    from headwater.core.wall import organisation_context
    from headwater.gather.gathering import gather
    from headwater.people.models import Audience

    with organisation_context(organisation_id):
        everyone = Audience.objects.get()
    started = time.perf_counter()
    outcome = gather(organisation_id, OPERATOR, str(folder), everyone)
    deadline = started + LONGEST
    while not _has_arrived(organisation_id):
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not everything was indexed and matched within {LONGEST} s; does the worker run?")
        time.sleep(0.01)
    return time.perf_counter() - started, outcome


def _has_arrived(organisation_id: int) -> bool:
    """Whether every version is matched, with its deliveries, and found by the index."""
    from django.db.models import Sum

    from headwater.core.wall import organisation_context
    from headwater.distribute.models import MatchRun
    from headwater.people.models import Person
    from headwater.search.finding import search_entries
    from headwater.search.models import Entry, EntryVersion

    with organisation_context(organisation_id):
        matched = MatchRun.objects.aggregate(n=Sum("versions"))["n"] or 0
        if matched < EntryVersion.objects.count():
            return False
        found = search_entries(Person.objects.earliest("pk"), "kind:gathered", limit=1).total
        return found >= Entry.objects.current().count()


def _deliveries(organisation_id: int) -> int:
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery

    with organisation_context(organisation_id):
        return Delivery.objects.count()
