"""inbox_stream: 50 documents a second for two minutes, to the rows in the inboxes of 10,000 people.

The whole product runs as `headwater up` does it. Each document is a transaction of its own, made as the library makes
it, on a fixed clock whether or not the worker keeps up. Its clock runs from just before its commit until the inboxes of
all whom it must reach have their row; who that is, an oracle said before (bench/expected.py). Afterwards every row and
every reason is held against the oracle: nothing may be missing, double, or for somebody who may not read it.

The 100,000 profiles are the first of the real data that bring at most one document in a hundred. Raw, they bring each
document to 870 of 10,000 people, which nobody would bear and is more rows a second than the tables take; so chosen, to
about 100. A quarter of the documents are for one of ten units only, a tenth are restricted and half the people cleared
for it: what they match for others must not arrive.

Then it goes on at half that rate, which leaves this machine some time for something else; and in the second minute of
that two texts of a million words come from a watched folder, one of which concerns nearly everybody. Nobody is to wait
for them.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.expected import LANGUAGE, Oracle, Query, choosy, different_stories, queries, stories
from bench.figures import Figure, at_least, at_most, percentile, plain
from bench.first_page import await_page, free_port, processor_seconds
from bench.million_words import Shelf, different_words, usual_words
from bench.stage import clean_environment, django_stage

PEOPLE = int(os.environ.get("PEOPLE", "10000"))
PROFILES = int(os.environ.get("PROFILES", "100000"))
A_SECOND, SECONDS, WARM_UP = 50, int(os.environ.get("SECONDS", "120")), 10
SHARE = float(os.environ.get("SHARE", "0.01"))  # of the documents: what brings more is a flood, and left out
BESIDE = int(os.environ.get("BESIDE", "60"))  # seconds with very long texts, and as many before without, at half rate
TOLD = 300  # stories that one of them is made of
UNITS = 10
LOOK = 0.02  # seconds between looks at the rows
LONGEST = 120.0  # seconds until everything must be there
INTERNAL, RESTRICTED = 1, 2


@dataclass
class Plan:
    """What will be published and who must get it: numbers of stories, of people and of profiles."""

    texts: list[str]  # of the stories, then what queries see in two texts of a million words
    usual: str = ""  # the first of those
    profiles: list[Query] = field(default_factory=list)
    reasons: set[tuple[int, int]] = field(default_factory=set)  # (story, profile)
    people: list[set[int]] = field(default_factory=list)  # by story


@dataclass
class Stage:
    """A running product, and what was committed to it."""

    organisation: int
    people: list[int]
    profiles: list[int]
    audiences: list[Any]
    owner: Any
    committed: dict[int, tuple[int, float]] = field(default_factory=dict)  # version: story, when
    arrived: dict[int, float] = field(default_factory=dict)  # version: when the last of its rows was seen


def run() -> Iterator[Figure]:
    """Seconds from the commit of a version to its rows, what was lost or came twice, and rows a second."""
    plan = _plan()
    with django_stage() as home, TemporaryDirectory() as shelf, _running(home, plan) as stage:
        first = A_SECOND * WARM_UP
        last, half = first + A_SECOND * SECONDS, A_SECOND // 2
        _stream(stage, plan, range(first))
        before = processor_seconds(str(home))
        seconds = _stream(stage, plan, range(first, last))
        spent = processor_seconds(str(home)) - before
        waits = _waits(stage, plan, range(first, last))
        calm, beside = range(last, last + half * BESIDE), range(last + half * BESIDE, last + 2 * half * BESIDE)
        _stream(stage, plan, calm, half)
        long_texts = _long_texts(stage, plan, Path(shelf))
        _stream(stage, plan, beside, half)
        long_texts.join()
        done = threading.Event()
        done.set()
        _watch(stage, plan, done)
        _end_long_texts(stage)
        (long,) = _waits(stage, plan, range(len(plan.texts) - 2, len(plan.texts)))
        waits_calm, waits_beside = _waits(stage, plan, calm), _waits(stage, plan, beside)
        lost, surplus, twice, rows = _judge(stage, plan)
        steps = _documents_a_step(stage)
    documents = A_SECOND * SECONDS
    reached = [len(people) for people in plan.people[first:last]]
    reasons = sum(first <= story < last for story, _profile in plan.reasons)
    yield at_most("inbox_stream_p99", percentile(waits, 0.99), "s", 1.0)
    yield plain("inbox_stream_median", percentile(waits, 0.5), "s")
    yield plain("inbox_stream_longest", max(waits), "s")
    yield at_most("inbox_stream_lost", lost, "rows", 0)
    yield at_most("inbox_stream_twice", twice, "rows", 0)
    yield at_most("inbox_stream_for_others", surplus, "rows", 0)
    yield at_least("inbox_stream_documents", documents / seconds, "documents/s", 0.99 * A_SECOND)
    yield plain("inbox_stream_people", sum(reached) / documents, "people/document")
    yield plain("inbox_stream_deliveries", sum(reached) / seconds, "rows/s")
    yield plain("inbox_stream_rows", (sum(reached) + reasons) / seconds, "rows/s")
    yield plain("inbox_stream_kept", rows, "rows")
    yield plain("inbox_stream_step", steps, "documents")
    yield plain("inbox_stream_processor", 1000 * spent / documents, "ms/document")
    yield plain("inbox_stream_half_p99", percentile(waits_calm, 0.99), "s")
    yield plain("inbox_stream_half_median", percentile(waits_calm, 0.5), "s")
    yield at_most("inbox_stream_beside_long_p99", percentile(waits_beside, 0.99), "s", 1.0)
    yield plain("inbox_stream_beside_long_median", percentile(waits_beside, 0.5), "s")
    yield plain("inbox_stream_beside_long_longest", max(waits_beside), "s")
    yield plain("inbox_stream_long_people", len(plan.people[-2]), "people")
    yield plain("inbox_stream_long", long, "s")


# --- What will happen -------------------------------------------------------------------------------------------------


def _plan() -> Plan:
    given = stories()
    plan = Plan(different_stories(given, A_SECOND * (WARM_UP + SECONDS + BESIDE)))
    plan.usual, seen = usual_words(given[-TOLD:])
    plan.texts += [seen, ""]
    plan.people = [set() for _ in plan.texts]
    chosen = choosy(Oracle(plan.texts), queries(), SHARE * len(plan.texts), PROFILES)
    for number, (query, brings) in enumerate(chosen):
        plan.profiles.append(query)
        person = number % PEOPLE
        for story in brings.tolist():
            if story == len(plan.texts) - 2 or _may_read(person, story):
                plan.reasons.add((story, number))
                plan.people[story].add(person)
    return plan


def _may_read(person: int, story: int) -> bool:
    unit = _unit_of_story(story)
    return unit in (None, person % UNITS) and (not _is_restricted(story) or _is_cleared(person))


def _unit_of_story(story: int) -> int | None:
    """Whom it is for: every fourth is for one unit."""
    return story // 4 % UNITS if story % 4 == 0 else None


def _is_restricted(story: int) -> bool:
    return story % 10 == 9


def _is_cleared(person: int) -> bool:
    return person // UNITS % 2 == 0


# --- The stage --------------------------------------------------------------------------------------------------------


@contextmanager
def _running(home: Path, plan: Plan) -> Iterator[Stage]:
    stage, port = _founded(plan), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "headwater", "up"], env=clean_environment(home, port), start_new_session=True
    )
    try:
        await_page(port, process)
        yield stage
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _founded(plan: Plan) -> Stage:
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import InterestProfile
    from headwater.people.membership import refresh
    from headwater.people.models import Audience, Person, Unit

    organisation = Organisation.objects.create(slug="bench", name="Bench")
    with organisation_context(organisation.pk):
        units = [Unit.objects.create(slug=f"unit-{number}", name=f"Unit {number}") for number in range(UNITS)]
        for unit in units:
            unit.path = f"/{unit.pk}/"
            unit.save()
        people = Person.objects.bulk_create(
            Person(
                name=f"Person {number}",
                unit=units[number % UNITS],
                clearance=RESTRICTED if _is_cleared(number) else INTERNAL,
            )
            for number in range(PEOPLE)
        )
        audiences = [Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})]
        audiences += [
            Audience.objects.create(slug=each.slug, name=each.name, rule={"unit": each.slug}) for each in units
        ]
        refresh()
        profiles = InterestProfile.objects.bulk_create(
            (
                InterestProfile(person=people[number % PEOPLE], name=str(query)[:200], query=str(query))
                for number, query in enumerate(plan.profiles)
            ),
            batch_size=5_000,
        )
        # Owners read whatever is theirs: one who waits for nothing.
        owner = Person.objects.create(name="Owner")
    return Stage(organisation.pk, [each.pk for each in people], [each.pk for each in profiles], audiences, owner)


# --- The stream -------------------------------------------------------------------------------------------------------


def _stream(stage: Stage, plan: Plan, numbers: range, a_second: int = A_SECOND) -> float:
    """Publish those stories on the clock and wait for their rows; returns how long publishing took."""
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(stage, plan, done))
    watch.start()
    start = time.perf_counter()
    for turn, number in enumerate(numbers):
        time.sleep(max(0.0, start + turn / a_second - time.perf_counter()))
        _publish(stage, plan, number)
    seconds = time.perf_counter() - start
    done.set()
    watch.join()
    return seconds


def _publish(stage: Stage, plan: Plan, number: int) -> None:
    from django.utils import timezone

    from headwater.core.wall import organisation_context
    from headwater.search.actions import publish_version
    from headwater.search.models import Entry, Kind

    unit = _unit_of_story(number)
    with organisation_context(stage.organisation):
        entry = Entry.objects.create(
            kind=Kind.REFERENCE,
            title=_title(number),
            owner=stage.owner,
            audience=stage.audiences[0 if unit is None else 1 + unit],
            classification=RESTRICTED if _is_restricted(number) else INTERNAL,
        )
        version = publish_version(
            entry,
            title=_title(number),
            text=plan.texts[number],
            language=LANGUAGE,
            author="",
            published_at=timezone.now(),
        )
        assert version is not None
        committing = time.perf_counter()
    stage.committed[version.pk] = number, committing


def _waits(stage: Stage, plan: Plan, numbers: range) -> list[float]:
    """Seconds from the commit of each of those stories to the last of its rows."""
    return [
        stage.arrived.get(version, float("inf")) - at
        for version, (story, at) in stage.committed.items()
        if story in numbers and plan.people[story]
    ]


def _long_texts(stage: Stage, plan: Plan, folder: Path) -> threading.Thread:
    """Two texts of a million words, one a little later than the other; it ends when both have become versions."""
    from headwater.core.wall import organisation_context

    def bring() -> None:
        with organisation_context(stage.organisation):
            shelf = Shelf(folder, stage.owner, stage.audiences[0])
        for name, text, story in (("zqusualqz", plan.usual, -2), ("zqdifferentqz", different_words(), -1)):
            time.sleep(BESIDE / 6)
            began = time.perf_counter()
            shelf.put(name, text)
            with organisation_context(stage.organisation):
                stage.committed[shelf.version_of(name)] = len(plan.texts) + story, began

    thread = threading.Thread(target=bring)
    thread.start()
    return thread


def _end_long_texts(stage: Stage) -> None:
    """Wait until nothing very long is being matched: who has it in the inbox may still get further reasons for it."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.very_long import very_long_waiting

    stopped = time.perf_counter() + LONGEST
    is_waiting = 1
    while is_waiting and time.perf_counter() < stopped:
        time.sleep(LOOK)
        with organisation_context(stage.organisation):
            is_waiting = very_long_waiting()


def _title(number: int) -> str:
    """A word that nobody waits for."""
    return f"zq{number}qz"


def _watch(stage: Stage, plan: Plan, done: threading.Event) -> None:
    """Look again and again whose inboxes are complete, until all are, or too long."""
    from django.db import connections

    stopped = float("inf")
    while time.perf_counter() < stopped:
        waiting = {
            version: len(plan.people[story])
            for version, (story, _at) in list(stage.committed.items())
            if version not in stage.arrived and plan.people[story]
        }
        if done.is_set():
            if not waiting:
                break
            stopped = min(stopped, time.perf_counter() + LONGEST)
        for version, rows in _rows_of(stage, list(waiting)).items():
            if rows >= waiting[version]:
                stage.arrived[version] = time.perf_counter()
        time.sleep(LOOK)
    connections.close_all()


def _rows_of(stage: Stage, versions: list[int]) -> dict[int, int]:
    from django.db.models import Count

    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery

    with organisation_context(stage.organisation):
        rows = Delivery.objects.filter(version__in=versions).order_by().values_list("version")
        return dict(rows.annotate(Count("pk")))


# --- The judge --------------------------------------------------------------------------------------------------------


def _judge(stage: Stage, plan: Plan) -> tuple[int, int, int, int]:
    """How many rows and reasons are missing, for somebody else, there twice; and how many rows there are."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery, Reason

    people = {pk: number for number, pk in enumerate(stage.people)}
    profiles = {pk: number for number, pk in enumerate(stage.profiles)}
    stories_of = {version: story for version, (story, _at) in stage.committed.items()}
    with organisation_context(stage.organisation):
        deliveries = list(Delivery.objects.values_list("version", "person"))
        reasons = list(Reason.objects.values_list("delivery__version", "profile"))
    rows = [(stories_of[version], people.get(person, -1)) for version, person in deliveries]
    whys = [(stories_of[version], profiles[profile]) for version, profile in reasons]
    wanted = {(story, person) for story, whom in enumerate(plan.people) for person in whom}
    lost = len(wanted - set(rows)) + len(plan.reasons - set(whys))
    surplus = len(set(rows) - wanted) + len(set(whys) - plan.reasons)
    twice = len(rows) - len(set(rows)) + len(whys) - len(set(whys))
    return lost, surplus, twice, len(rows) + len(whys)


def _documents_a_step(stage: Stage) -> float:
    """How many documents one step of matching took, on average over the documents."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import MatchRun

    with organisation_context(stage.organisation):
        runs = list(MatchRun.objects.values_list("versions", flat=True))
    return sum(run * run for run in runs) / max(1, sum(runs))
