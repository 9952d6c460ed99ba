"""time_to_inbox: from a file that is closed in a watched folder to the row, the API and the open page.

The whole product runs as `headwater up` does it. 1,000 people hold 10,000 profiles, the first of the real data; files
with such stories are written into a watched folder one after the other, each with a word that somebody waits for.
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bench.expected import queries, stories
from bench.figures import Figure, at_most, percentile, plain
from bench.first_page import await_page, free_port
from bench.signed_in import session_of
from bench.stage import clean_environment, django_stage

if TYPE_CHECKING:
    from headwater.people.models import Person

PEOPLE, PROFILES = 1_000, 10_000
FILES, ON_PAGE = 150, 15
LONGEST = 30.0  # seconds
WARM_UP = 5


@dataclass
class Stage:
    """A running product: where it answers, its folder, and the person who waits."""

    organisation: int
    person: "Person"
    folder: Path
    origin: str
    token: str
    session: str


@dataclass
class Wait:
    """Seconds from closing a file until it was read, matching began, its row was there, and the API had it."""

    gathered: float
    matching: float
    row: float
    answer: float


def run() -> Iterator[Figure]:
    """Seconds from closing a file to its row and to the API, and to the open page."""
    texts = stories()
    with django_stage() as home, _running(home) as stage:
        waits = [_write_and_wait(stage, texts, number) for number in range(WARM_UP + FILES)][WARM_UP:]
        rows, answers = [wait.row for wait in waits], [wait.answer for wait in waits]
        yield at_most("time_to_inbox_median", percentile(answers, 0.5), "s", 0.3)
        yield at_most("time_to_inbox_p99", percentile(answers, 0.99), "s", 1.0)
        yield plain("time_to_inbox_row_median", percentile(rows, 0.5), "s")
        yield plain("time_to_inbox_row_p99", percentile(rows, 0.99), "s")
        yield plain("time_to_inbox_gathered_median", percentile([wait.gathered for wait in waits], 0.5), "s")
        yield plain("time_to_inbox_matching_median", percentile([wait.matching for wait in waits], 0.5), "s")
        yield plain("time_to_inbox_deliveries", _deliveries(stage), "rows")
        pages = _on_open_page(stage, texts)
        if pages:
            yield at_most("time_to_inbox_page", max(pages), "s", 2.0)


@contextmanager
def _running(home: Path) -> Iterator[Stage]:
    port = free_port()
    folder = tempfile.mkdtemp(prefix="headwater-watched-")
    stage = _founded(Path(folder), f"http://127.0.0.1:{port}")
    process = subprocess.Popen(
        [sys.executable, "-m", "headwater", "up"], env=clean_environment(home, port), start_new_session=True
    )
    try:
        await_page(port, process)
        _await_first_run(stage)
        yield stage
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(folder)


def _founded(folder: Path, origin: str) -> Stage:
    from headwater.core.models import Organisation, User
    from headwater.core.wall import organisation_context
    from headwater.distribute.actions import save_profile
    from headwater.gather.actions import create_source
    from headwater.people.actions import create_token
    from headwater.people.membership import refresh
    from headwater.people.models import Audience, Grant, Permission, Person

    organisation = Organisation.objects.create(slug="bench", name="Bench")
    with organisation_context(organisation.pk):
        user = User.objects.create_user("waiter@bench.example")
        people = Person.objects.bulk_create(
            Person(name=f"Person {number}", user=user if number == 0 else None) for number in range(PEOPLE)
        )
        waiter = people[0]
        Grant.objects.create(person=waiter, permission=Permission.KNOWLEDGE_MANAGER)
        Grant.objects.create(person=waiter, permission=Permission.ADMINISTRATOR)
        everyone = Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        refresh()
        save_profile(waiter, "awaited*", name="Awaited")
        _make_profiles(people)
        settings = {"path": str(folder)}
        create_source(waiter, "Watched", "folder", waiter, settings=settings, audience=everyone)
        token = create_token(waiter, "bench")
    return Stage(organisation.pk, waiter, folder, origin, token, session_of(user))


def _make_profiles(people: "list[Person]") -> None:
    from headwater.distribute.models import InterestProfile

    InterestProfile.objects.bulk_create(
        InterestProfile(person=people[1 + number % (PEOPLE - 1)], name=query, query=query)
        for number, query in enumerate(map(str, islice(queries(), PROFILES - 1)))
    )


def _await_first_run(stage: Stage) -> None:
    """Until the empty folder has been read once, for what is there before that is a back-fill."""
    from headwater.core.wall import organisation_context
    from headwater.gather.models import Run

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with organisation_context(stage.organisation):
            if Run.objects.filter(state=Run.State.DONE).exists():
                time.sleep(5)
                return
        time.sleep(0.2)
    raise TimeoutError("the watched folder was not read once within two minutes")


def _write_and_wait(stage: Stage, texts: list[str], number: int) -> Wait:
    """Write one file and wait for its row and for its line in the API."""
    closed, clock = _write(stage, texts, number), time.time()
    word = f"awaited{number}"
    while not (stamps := _row(stage, word)):
        if time.perf_counter() - closed > LONGEST:
            raise TimeoutError(f"file {number} was not delivered within {LONGEST:.0f} s")
        time.sleep(0.005)
    row = time.perf_counter() - closed
    while not _is_in_api(stage, word):
        time.sleep(0.005)
    return Wait(stamps[0] - clock, stamps[1] - clock, row, time.perf_counter() - closed)


def _write(stage: Stage, texts: list[str], number: int) -> float:
    path = stage.folder / f"story-{number}.md"
    path.write_text(f"# awaited{number}\n\n{texts[number % len(texts)]}\n")
    return time.perf_counter()


def _row(stage: Stage, word: str) -> tuple[float, float] | None:
    """When the version was read and when the transaction began that delivered it; None before it is there."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery

    with organisation_context(stage.organisation):
        found = Delivery.objects.filter(person=stage.person, version__title=word)
        times = found.values_list("version__gathered_at", "created_at").first()
    return (times[0].timestamp(), times[1].timestamp()) if times else None


def _is_in_api(stage: Stage, word: str) -> bool:
    request = urllib.request.Request(
        f"{stage.origin}/o/bench/api/v1/distribute/inbox?limit=5", headers={"Authorization": f"Bearer {stage.token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return any(line["title"] == word for line in json.load(answer)["items"])


def _deliveries(stage: Stage) -> int:
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery

    with organisation_context(stage.organisation):
        return Delivery.objects.count()


def _on_open_page(stage: Stage, texts: list[str]) -> list[float]:
    """Seconds until an inbox that is open in a browser shows each file, without reloading."""
    from playwright.sync_api import sync_playwright

    port = int(stage.origin.rpartition(":")[2])
    waits = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = browser.new_context()
        context.add_cookies([{"name": f"headwater_session_{port}", "value": stage.session, "url": stage.origin}])
        page = context.new_page()
        page.goto(f"{stage.origin}/o/bench/distribute/inbox/?tab=all")
        page.wait_for_timeout(1500)
        for number in range(WARM_UP + FILES, WARM_UP + FILES + ON_PAGE):
            closed = _write(stage, texts, number)
            page.get_by_text(f"awaited{number}", exact=True).first.wait_for(timeout=LONGEST * 1000)
            waits.append(time.perf_counter() - closed)
        browser.close()
    return waits
