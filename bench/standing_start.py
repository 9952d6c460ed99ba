"""standing_start: how long a worker takes until it holds a shard's queries: from their rows, and from its snapshot.

With the whole product's tables, as the application's role: the queries belong to 10,000 people who read English. The
snapshot is written as the worker does it; then once more it is started from when CHANGED queries have changed since.
Each must find the same in every story.

PROFILES (1,000,000) and CHANGED (10,000) set how many.
"""

import os
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from bench.expected import queries, stories
from bench.figures import Figure, at_most, plain
from bench.stage import django_stage

PROFILES = int(os.environ.get("PROFILES", "1000000"))
CHANGED = int(os.environ.get("CHANGED", "10000"))
PEOPLE, STORIES = 10_000, 200
# Made one by one a million take longer than all that is measured.
_INSERT = """
    INSERT INTO distribute_interestprofile (person_id, name, query, language, "when", is_active, created_at, changed_at,
        asked_tx, since_tx, tx)
    SELECT person, left(query, 200), query, '', 'digest', true, now(), now(), 0, 0, 0
    FROM unnest(%s::bigint[], %s::text[]) AS t(person, query)
"""


def run() -> Iterator[Figure]:
    """Seconds from each, how long matching waits while it is copied, and the file."""
    with django_stage():
        from headwater.distribute.shards import Part
        from headwater.distribute.snapshots import keep, place_of
        from headwater.distribute.warming import be_warm

        part = Part(_founded())
        be_warm()
        rows, seconds, processor = _started(part)
        yield at_most("standing_start_rows", seconds, "s", 20)
        yield plain("standing_start_rows_processor", processor, "CPU s")
        began = time.perf_counter()
        saved = rows.saved()
        yield plain("standing_start_copied", time.perf_counter() - began, "s")
        began = time.perf_counter()
        assert keep(saved, rows.tx, part)
        yield plain("standing_start_written", time.perf_counter() - began, "s")
        del saved
        yield plain("standing_start_size", place_of(part).stat().st_size / 2**20, "MB")
        unlike = 0
        for name in ("snapshot", "snapshot_and_changes"):
            kept, seconds, processor = _started(part)
            yield at_most(f"standing_start_{name}", seconds, "s", 2)
            yield plain(f"standing_start_{name}_processor", processor, "CPU s")
            _follow(rows, part)
            unlike += _unlike(rows, kept)
            del kept
            _change(part)
        yield Figure("standing_start_unlike", unlike, "stories", "exactly 0", not unlike)


def _founded() -> int:
    from django.db import connection

    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.distribute.shards import shards
    from headwater.people.models import Person

    organisation = Organisation.objects.create(slug="bench", name="Bench")
    asked = ((number % PEOPLE, str(query)) for number, query in enumerate(islice(queries(), PROFILES)))
    with organisation_context(organisation.pk), connection.cursor() as cursor:
        people = Person.objects.bulk_create(Person(name=f"Person {number}") for number in range(PEOPLE))
        shards()
        while some := list(islice(asked, 50_000)):
            cursor.execute(_INSERT, [[people[whose].pk for whose, _query in some], [query for _whose, query in some]])
    return organisation.pk


def _started(part: Any) -> tuple[Any, float, float]:
    """A standing as a worker has it when it can match, and how long that took it: from the file if there is one."""
    from headwater.core.jobs import safe_tx
    from headwater.core.wall import organisation_context
    from headwater.distribute.snapshots import take_up
    from headwater.distribute.standing import Standing

    started, worked = time.perf_counter(), time.process_time()
    standing = Standing(part)
    with organisation_context(part.organisation_id):
        upper = safe_tx()
        take_up(standing, part, upper)
        standing.follow(upper)
    return standing, time.perf_counter() - started, time.process_time() - worked


def _follow(standing: Any, part: Any) -> None:
    from headwater.core.jobs import safe_tx
    from headwater.core.wall import organisation_context

    with organisation_context(part.organisation_id):
        standing.follow(safe_tx())


def _change(part: Any) -> None:
    """Some people ask for something else from now on."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import InterestProfile

    with organisation_context(part.organisation_id):
        first = InterestProfile.objects.order_by("pk").values_list("pk", flat=True)[0]
        InterestProfile.objects.filter(pk__lt=first + CHANGED).update(query="water OR profit")


def _unlike(one: Any, other: Any) -> int:
    """The stories in which the two find anything else."""
    from bench.million import version

    given = (version(text, "en") for text in islice(stories(), STORIES))
    return sum(sorted(one.keys_of(each)) != sorted(other.keys_of(each)) for each in given)
