"""kills_matched: a stream that matches profiles, and kills in the middle of the statement that writes its deliveries.

An oracle (bench/expected.py) says before who must get what, and why. Stories come in bursts; as soon as PostgreSQL is
seen at work on the statement that inserts what they matched, a moment is drawn within it, and the worker, that very
connection, or the whole server is killed with -9. Every fourth time it is at any moment instead. A tenth of the stories
are restricted, and half the people not cleared for it. The worker starts from its snapshot each time, which is written
while it is killed about.

Afterwards each (person, version) must be there once, with each of its reasons once, and nothing for anybody else.
KILLS_MATCHED sets how many (60), PROFILES (20,000), SEED which ones.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bench.expected import LANGUAGE, Oracle, Query, choosy, different_stories, queries, stories
from bench.figures import Figure, at_least, at_most, plain
from bench.first_page import await_page, free_port
from bench.kills import ask, processes
from bench.stage import clean_environment, django_stage

KILLS = int(os.environ.get("KILLS_MATCHED", "60"))
PROFILES = int(os.environ.get("PROFILES", "20000"))
SEED = int(os.environ.get("SEED", "1"))
PEOPLE, BURST, SHARE = 2_000, 80, 0.01
INTERNAL, RESTRICTED = 1, 2
VICTIMS = ("worker", "inserting", "postmaster")
LONGEST_INSERT = 0.2  # seconds; what is drawn beyond its end is a kill right after it, or in the commit
LONGEST_WAIT, LONGEST_RECOVERY = 15.0, 300.0
_INSERTING = """
    SELECT pid FROM pg_stat_activity
    WHERE state = 'active' AND query LIKE '%h AS MATERIALIZED%SELECT * FROM ROWS FROM%' AND pid <> pg_backend_pid()
"""


@dataclass
class Plan:
    """The stories, the queries, and which must bring which: (story, query)."""

    texts: list[str]
    queries: list[Query] = field(default_factory=list)
    reasons: set[tuple[int, int]] = field(default_factory=set)


@dataclass
class Scene:
    """An installation at work, and what was done to it."""

    home: Path
    organisation: int
    people: list[int]
    profiles: list[int]
    published: set[int] = field(default_factory=set)
    killed: Counter[str] = field(default_factory=Counter)
    inside: int = 0  # kills while the statement was at work


def run() -> Iterator[Figure]:
    """What was lost, what came twice or to others, and how many of the kills hit the statement at work."""
    plan = _plan()
    with django_stage() as home:
        scene = _founded(home, plan)
        log = home / "bench.log"
        with _running(scene, log):
            _kill_about(scene, plan, random.Random(SEED))
            seconds = _await_all(scene, plan)
            lost, twice, others = _judge(scene, plan)
            started = log.read_text(errors="replace").count("were taken from a snapshot")
    yield at_most("kills_matched_lost", lost, "rows and reasons", 0)
    yield at_most("kills_matched_twice", twice, "rows and reasons", 0)
    yield at_most("kills_matched_for_others", others, "rows and reasons", 0)
    yield at_least("kills_matched_in_the_insert", scene.inside, "kills", KILLS / 4)
    for victim in VICTIMS:
        yield plain(f"kills_matched_{victim}", scene.killed[victim], "kills")
    yield plain("kills_matched_reasons", sum(story in scene.published for story, _query in plan.reasons), "reasons")
    yield plain("kills_matched_from_snapshot", started, "starts")
    yield plain("kills_matched_recovery", seconds, "s")


# --- The stage --------------------------------------------------------------------------------------------------------


def _plan() -> Plan:
    given = stories()
    plan = Plan(different_stories(given, BURST * (KILLS + 2)))
    for number, (query, brings) in enumerate(choosy(Oracle(plan.texts), queries(), SHARE * len(plan.texts), PROFILES)):
        plan.queries.append(query)
        plan.reasons.update((story, number) for story in brings.tolist() if _may_read(number % PEOPLE, story))
    return plan


def _is_restricted(story: int) -> bool:
    return story % 10 == 9


def _may_read(person: int, story: int) -> bool:
    return person % 2 == 0 or not _is_restricted(story)


def _founded(home: Path, plan: Plan) -> Scene:
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import InterestProfile
    from headwater.people.membership import refresh
    from headwater.people.models import Audience, Person

    organisation = Organisation.objects.create(slug="bench", name="Bench")
    with organisation_context(organisation.pk):
        people = Person.objects.bulk_create(
            Person(name=f"Person {number}", clearance=INTERNAL if number % 2 else RESTRICTED)
            for number in range(PEOPLE)
        )
        Person.objects.create(name="Owner")
        Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        refresh()
        made = (
            InterestProfile(person=people[number % PEOPLE], name=str(query)[:200], query=str(query))
            for number, query in enumerate(plan.queries)
        )
        profiles = InterestProfile.objects.bulk_create(made, batch_size=5_000)
    return Scene(home, organisation.pk, [each.pk for each in people], [each.pk for each in profiles])


@contextlib.contextmanager
def _running(scene: Scene, log: Path) -> Iterator[None]:
    port = free_port()
    environment = clean_environment(scene.home, port) | {"HEADWATER_LOG": "INFO"}
    with log.open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "headwater", "up"],
            env=environment,
            stdout=told,
            stderr=told,
            start_new_session=True,
        )
        try:
            await_page(port, process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


# --- The killer -------------------------------------------------------------------------------------------------------


def _kill_about(scene: Scene, plan: Plan, chance: random.Random) -> None:
    turns = iter(range(len(plan.texts)))
    _publish(scene, plan, [next(turns)])
    _await_snapshot(scene)
    while sum(scene.killed.values()) < KILLS:
        _publish(scene, plan, [story for story, _ in zip(turns, range(BURST), strict=False)])
        _kill(scene, chance, is_anywhere=chance.random() < 0.25)
    _publish(scene, plan, [story for story, _ in zip(turns, range(BURST), strict=False)])


def _await_snapshot(scene: Scene) -> None:
    deadline = time.monotonic() + LONGEST_RECOVERY
    while not list((scene.home / "standing").glob("*-of-1")):
        if time.monotonic() > deadline:
            raise TimeoutError("the worker wrote no snapshot of what it holds")
        time.sleep(0.2)


def _publish(scene: Scene, plan: Plan, wanted: list[int]) -> None:
    """Publish these stories; once each, even if nobody knows whether a commit that was cut off came through."""
    from django.utils import timezone

    from headwater.people.models import Audience, Person
    from headwater.search.actions import NewVersion, publish_versions
    from headwater.search.models import Entry, Kind

    def publish() -> None:
        there = set(Entry.objects.values_list("title", flat=True))
        missing = [story for story in wanted if _title(story) not in there]
        given = {"kind": Kind.REFERENCE, "owner": Person.objects.get(name="Owner")}
        entries = Entry.objects.bulk_create(
            Entry(
                title=_title(story),
                audience=Audience.objects.get(slug="everyone"),
                classification=RESTRICTED if _is_restricted(story) else INTERNAL,
                **given,
            )
            for story in missing
        )
        now = timezone.now()
        publish_versions(
            [
                NewVersion(entry, entry.title, plan.texts[story], LANGUAGE, "", now)
                for entry, story in zip(entries, missing, strict=True)
            ]
        )

    ask(scene.organisation, publish)
    scene.published.update(wanted)


def _title(story: int) -> str:
    """A word that nobody waits for."""
    return f"zq{story}qz"


def _kill(scene: Scene, chance: random.Random, is_anywhere: bool) -> None:
    """Kill one of them: in the middle of the statement, or some time within the next seconds."""
    victim = chance.choice(VICTIMS)
    found: list[int] = []
    with contextlib.suppress(psycopg.Error), psycopg.connect(_address(scene), autocommit=True) as watcher:
        if is_anywhere:
            time.sleep(chance.uniform(0, 4))
        elif not _await_insert(watcher):
            return
        else:
            time.sleep(chance.uniform(0, LONGEST_INSERT))
        found = [pid for (pid,) in watcher.execute(_INSERTING).fetchall()]
        if victim == "inserting" and not found:
            victim = "worker"
        targets = found if victim == "inserting" else processes(scene.home, victim)
        if targets:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(targets), signal.SIGKILL)
                scene.killed[victim] += 1
                scene.inside += bool(found)


def _await_insert(watcher: "psycopg.Connection[Any]") -> bool:
    """Wait until deliveries are being written; False when that takes too long."""
    deadline = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < deadline:
        if watcher.execute(_INSERTING).fetchone():
            return True
        time.sleep(0.002)
    return False


def _address(scene: Scene) -> str:
    from headwater.core.cluster import SUPERUSER, Cluster

    return Cluster(scene.home).url(SUPERUSER)


# --- The judge --------------------------------------------------------------------------------------------------------


def _await_all(scene: Scene, plan: Plan) -> float:
    """Wait until nothing is missing any more, or too long. Returns the seconds it took."""
    started = time.monotonic()
    while time.monotonic() - started < LONGEST_RECOVERY and _judge(scene, plan)[0]:
        time.sleep(1)
    seconds = time.monotonic() - started
    time.sleep(5)  # what would come twice has time to come
    return seconds


def _judge(scene: Scene, plan: Plan) -> tuple[int, int, int]:
    """How many deliveries and reasons are missing, there twice, and for somebody whom they do not concern."""
    from headwater.distribute.models import Delivery, Reason

    people = {pk: number for number, pk in enumerate(scene.people)}
    profiles = {pk: number for number, pk in enumerate(scene.profiles)}
    title, of_title = "version__title", "delivery__version__title"
    deliveries, reasons = ask(
        scene.organisation,
        lambda: (
            list(Delivery.objects.values_list(title, "person")),
            list(Reason.objects.values_list(of_title, "profile", "delivery__person")),
        ),
    )
    rows = [(_story(title), people.get(person, -1)) for title, person in deliveries]
    whys = [(_story(title), profiles[pk], people.get(person, -1)) for title, pk, person in reasons]
    wanted = {(story, number, number % PEOPLE) for story, number in plan.reasons if story in scene.published}
    whom = {(story, person) for story, _number, person in wanted}
    lost = len(whom - set(rows)) + len(wanted - set(whys))
    twice = len(rows) - len(set(rows)) + len(whys) - len(set(whys))
    return lost, twice, len(set(rows) - whom) + len(set(whys) - wanted)


def _story(title: str) -> int:
    return int(title[2:-2])
