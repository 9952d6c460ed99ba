"""broadcast: a directive to 100,000 people, from issuing it to the moment it is in each of their inboxes.

The whole product runs as `headwater up` does it. The clock starts before `issue_directive` and runs until both have
been seen: of 20 people, asked by the API with tokens of their own, each finds it on top of their must-reads; and one
statement over everybody finds it in each of the 100,000 inboxes, and in none of the 2,000 that it is not for: half of
those are outside the audience, half are in it and not cleared for it. Rows follow in the background, and must be there
exactly once; meanwhile people go on looking at their inboxes, and what the slowest waited is reported.
"""

import json
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import Figure, at_most, percentile, plain
from bench.first_page import await_page, free_port
from bench.stage import clean_environment, django_stage

PEOPLE, OUTSIDE, UNCLEARED = 100_000, 1_000, 1_000
ASKED = 20
LONGEST = 300.0  # seconds until everybody has a row
CONFIDENTIAL, RESTRICTED = 3, 2

# Written down once more, and over everybody: whose inbox has it, as a row or as an open broadcast.
_SHOWN = """
    SELECT count(*) FILTER (WHERE is_meant), count(*) FILTER (WHERE NOT is_meant) FROM (
        SELECT p.clearance >= %(needed)s AND p.location = 'inside' AS is_meant FROM people_person p
        JOIN (
            SELECT d.person_id AS id FROM distribute_delivery d
            WHERE d.version_id = %(version)s AND d.state = 'due' AND d.must_acknowledge
            UNION
            SELECT p.id FROM distribute_broadcast b
            JOIN distribute_directive r ON r.id = b.directive_id AND r.state = 'issued'
            JOIN search_entryversion v ON v.id = b.version_id
            JOIN search_entry e ON e.current_version_id = v.id AND e.withdrawn_at IS NULL
            JOIN people_audiencemember asked ON asked.audience_id = r.audience_id
            JOIN people_audiencemember reads ON reads.audience_id = e.audience_id AND reads.person_id = asked.person_id
            JOIN people_person p ON p.id = asked.person_id AND p.clearance >= e.classification
            WHERE b.version_id = %(version)s AND b.closed_at IS NULL
        ) shown ON shown.id = p.id
    ) x
"""


@dataclass
class Stage:
    """A running product, who issues the directive that waits for it, and the tokens of those who look."""

    organisation: int
    issuer: Any
    directive: Any
    version: int
    origin: str = ""
    tokens: list[str] = field(default_factory=list)


def run() -> Iterator[Figure]:
    """Seconds until it is in every inbox, and until everybody has a row; what was lost, double, or for others."""
    with django_stage() as home, _running(home) as stage:
        for token in stage.tokens:
            _look(stage, token)  # so that every connection is open
        seconds, issuing, looking, lost, others = _issue(stage)
        looks, spreading = _look_until_spread(stage)
        rows, reasons = _rows(stage)
    yield at_most("broadcast_visible", seconds, "s", 2.0)
    yield plain("broadcast_issued", issuing, "s")
    yield plain("broadcast_seen_by_those_who_look", looking, "s")
    yield at_most("broadcast_lost", max(lost, PEOPLE - rows, PEOPLE - reasons), "inboxes", 0)
    yield at_most("broadcast_twice", max(rows - PEOPLE, reasons - PEOPLE, 0), "rows", 0)
    yield at_most("broadcast_for_others", others, "inboxes", 0)
    yield plain("broadcast_rows_after", spreading, "s")
    yield plain("broadcast_inbox_meanwhile_median", percentile(looks, 0.5) * 1000, "ms")
    yield plain("broadcast_inbox_meanwhile_p99", percentile(looks, 0.99) * 1000, "ms")


# --- The stage --------------------------------------------------------------------------------------------------------


@contextmanager
def _running(home: Path) -> Iterator[Stage]:
    stage, port = _founded(), free_port()
    stage.origin = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "headwater", "up"], env=clean_environment(home, port), start_new_session=True
    )
    try:
        await_page(port, process)
        time.sleep(30)  # until the tables that were just filled have been analysed, and the worker has come to rest
        yield stage
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _founded() -> Stage:
    from django.utils import timezone

    from headwater.core.models import Organisation, User
    from headwater.core.wall import organisation_context
    from headwater.distribute.actions import save_directive
    from headwater.people.actions import create_token
    from headwater.people.membership import refresh
    from headwater.people.models import Audience, Grant, Permission, Person
    from headwater.search.actions import publish_version
    from headwater.search.models import Entry, Kind

    organisation = Organisation.objects.create(slug="bench", name="Bench")
    with organisation_context(organisation.pk):
        people = _make_people()
        issuer = Person.objects.create(name="Issuer", clearance=CONFIDENTIAL, location="outside")
        Grant.objects.create(person=issuer, permission=Permission.KNOWLEDGE_MANAGER)
        asked = Audience.objects.create(slug="asked", name="Asked", rule={"location": "inside"})
        everyone = Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        refresh()
        entry = Entry.objects.create(
            kind=Kind.POLICY, title="All hands", owner=issuer, audience=everyone, classification=RESTRICTED
        )
        said = {"title": "All hands", "text": "Wash them.", "language": "en", "author": ""}
        version = publish_version(entry, published_at=timezone.now(), **said)
        assert version is not None
        entry.refresh_from_db()
        directive = save_directive(issuer, asked, entry=entry, due_days=5, name="All hands")
        stage = Stage(organisation.pk, issuer, directive, version.pk)
        for person in random.Random(3).sample(people, ASKED):
            person.user = User.objects.create_user(f"p{person.pk}@bench.example")
            person.save()
            stage.tokens.append(create_token(person, "bench"))
    return stage


def _make_people() -> list[Any]:
    """Those whom it is meant for; besides them some outside the audience, and some who may not read it."""
    from headwater.people.models import Person

    def make(count: int, location: str, clearance: int) -> list[Any]:
        return Person.objects.bulk_create(
            (Person(name=f"Person {n}", location=location, clearance=clearance) for n in range(count)),
            batch_size=5_000,
        )

    make(OUTSIDE, "outside", CONFIDENTIAL)
    make(UNCLEARED, "inside", RESTRICTED - 1)
    return make(PEOPLE, "inside", RESTRICTED)


# --- The clock --------------------------------------------------------------------------------------------------------


def _issue(stage: Stage) -> tuple[float, float, float, int, int]:
    """Seconds until it is everywhere, of the action, until all who look have it; inboxes that lack it, or should."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.actions import issue_directive

    started = time.perf_counter()
    with organisation_context(stage.organisation):
        issue_directive(stage.issuer, stage.directive)
    issuing = time.perf_counter() - started
    found = sum(_look(stage, token)[1] for token in stage.tokens)
    looking = time.perf_counter() - started
    meant, others = _shown(stage)
    seconds = time.perf_counter() - started
    return seconds, issuing, looking, max(PEOPLE - meant, len(stage.tokens) - found), others


def _look(stage: Stage, token: str) -> tuple[float, bool]:
    """How long the API takes to answer a person, and whether it is on top of their must-reads."""
    request = urllib.request.Request(
        f"{stage.origin}/o/bench/api/v1/distribute/inbox?tab=must&limit=30",
        headers={"Authorization": f"Bearer {token}"},
    )
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        lines = json.load(answer)["items"]
    return time.perf_counter() - began, bool(lines) and lines[0]["version_id"] == stage.version


def _shown(stage: Stage) -> tuple[int, int]:
    from django.db import connection

    from headwater.core.wall import organisation_context

    with organisation_context(stage.organisation), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_nestloop = off"
        )  # it is over everybody: what is measured is not this statement
        cursor.execute(_SHOWN, {"version": stage.version, "needed": RESTRICTED})
        return cursor.fetchone()


def _look_until_spread(stage: Stage) -> tuple[list[float], float]:
    """Seconds of each answer while rows are written, by turns of those who look; seconds until all are written."""
    started, looks = time.perf_counter(), []
    while not _is_spread(stage) and time.perf_counter() - started < LONGEST:
        looks += [_look(stage, stage.tokens[(len(looks) + turn) % ASKED])[0] for turn in range(5)]
        time.sleep(0.1)
    return looks, time.perf_counter() - started


def _is_spread(stage: Stage) -> bool:
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Broadcast

    with organisation_context(stage.organisation):
        return Broadcast.objects.exclude(spread_at=None).exists()


def _rows(stage: Stage) -> tuple[int, int]:
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery, Reason

    with organisation_context(stage.organisation):
        meant = Delivery.objects.filter(version=stage.version, must_acknowledge=True)
        return meant.count(), Reason.objects.filter(delivery__in=meant, directive=stage.directive).count()
