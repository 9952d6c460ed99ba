"""inbox_pages: the pages and counts of a full inbox, and Today, in an installation of a million versions.

The readers have 10,000 deliveries each, and 500 open broadcasts concern them, as rows that follow in the background
have not come yet; 2,000 others have 250 deliveries each, and some of them have looked before. The tables are filled by
SQL, as the application's role, with all keys, indexes and row-level security. Pages are asked of the real server over
HTTP, one after the other, and counts of the function that pages and API use.

What somebody sees first, when 500 must-reads were opened before the background came to it, takes in what it shows. So
first pages are measured by themselves, at the median of several people with a moment between them: of newcomers, whose
inbox is empty; of full inboxes for which the background has been there, as it has within the hour; of full inboxes for
which it has not; of such that nobody has read, so that their rows come from the disk; and of Today as the first page.
Besides, the page that each asks for at once after it, a moment before what the first has left is taken in. All others
are one reader's. Before any of them others look, for each of the server's connections has to plan what it asks.
"""

import time
from collections.abc import Iterator
from typing import Any

from bench.figures import Figure, at_most, percentile, plain
from bench.search_api import _served
from bench.signed_in import ask, session_of
from bench.stage import django_stage

VERSIONS, DELIVERIES, BROADCASTS, OTHERS, OF_OTHERS = 1_000_000, 10_000, 500, 2_000, 250
AT_ONCE = 100_000
LONGEST_UPKEEP = 600  # seconds
FIRST_LOOKS, TIMES, WARMING, LOOKED_BEFORE = 5, 60, 8, 500
MOMENT = 0.5  # seconds
KINDS = {
    "warming": 3 * WARMING,
    "newcomer": FIRST_LOOKS,
    "spread": FIRST_LOOKS,
    "full": FIRST_LOOKS,
    "from_disk": FIRST_LOOKS,
    "today": FIRST_LOOKS,
}
EMPTY = ("warming", "newcomer")
PAGES = {
    "unread": "distribute/inbox/?tab=unread",
    "must": "distribute/inbox/?tab=must",
    "all": "distribute/inbox/?tab=all",
    "all_deep": "distribute/inbox/?tab=all&after={deep}",
    "done": "distribute/inbox/?tab=done",
    "api": "api/v1/distribute/inbox?limit=30",
    "today": "",
}

# Entries and versions bear the same numbers; the keys between them are checked when all are there.
_ENTRIES = """
    INSERT INTO search_entry (id, kind, title, owner_id, audience_id, classification, source_slug, path, origin_url,
        current_version_id, standing, created_at, tx)
    SELECT n, 'gathered', 'Report ' || n, %(owner)s, (%(audiences)s::bigint[])[1 + n %% %(kinds)s], n %% 3, 'wire',
        n || '.txt', '', n, '', now() - n * interval '1 minute', 0
    FROM generate_series(%(first)s, %(last)s) n
"""
_VERSIONS = """
    INSERT INTO search_entryversion (id, entry_id, number, title, text, language, author, checksum, fingerprint,
        summary, published_at, gathered_at, is_backfill, tx)
    SELECT n, n, 1, 'Report ' || n, repeat(md5(n::text) || ' ', 12), 'en', '', md5(n::text),
        ('x' || left(md5(n::text), 16))::bit(64)::bigint, 'What changed in ' || n,
        now() - n * interval '1 minute', now() - n * interval '1 minute', true, 0
    FROM generate_series(%(first)s, %(last)s) n
"""
# Of every ten deliveries five were read, one is to be acknowledged, one was acknowledged; the rest are unread. All came
# within the same seven weeks, so that those of one person lie scattered among those of all.
_DELIVERIES = """
    INSERT INTO distribute_delivery (person_id, version_id, entry_id, state, must_acknowledge, score, push, urgent,
        rolled, due_at, eligible_at, created_at, came_at, opened_at, acknowledged_at, read_at, withdrawn_because, tx)
    SELECT p, 1 + (p * 7919 + n * 97) %% %(versions)s, 1 + (p * 7919 + n * 97) %% %(versions)s,
        CASE WHEN n %% 10 < 5 THEN 'opened' WHEN n %% 10 = 6 THEN 'acknowledged' ELSE 'due' END, n %% 10 IN (5, 6), 1,
        'digest', false, false, CASE WHEN n %% 10 IN (5, 6) THEN now() + (n %% 40 - 20) * interval '1 day' END,
        came, came, came, CASE WHEN n %% 10 < 5 THEN now() END, CASE WHEN n %% 10 = 6 THEN now() END,
        CASE WHEN n %% 10 < 5 OR n %% 10 = 6 THEN now() END, '', 0
    FROM unnest(%(people)s::bigint[], %(each)s::int[]) AS whose(p, each), generate_series(1, each) n,
        LATERAL (SELECT now() - n * interval '49 days' / each AS came) AS moment
    ORDER BY came, p
"""
_REASONS = """
    INSERT INTO distribute_reason (delivery_id, profile_id, words, score)
    SELECT id, %(profile)s, '["report"]', 1 FROM distribute_delivery
"""
_DIRECTIVES = """
    INSERT INTO distribute_directive (id, name, entry_id, version_id, query, audience_id, sentence, acknowledge, due_at,
        due_zone, urgent, channels, remind_days, tell_head_after_days, state, issued_at, created_at, asked_tx, since_tx,
        tx)
    SELECT n, 'Must-read ' || n, n * (%(versions)s / %(broadcasts)s), n * (%(versions)s / %(broadcasts)s), '',
        %(everyone)s, 'Read it', true, now() + n * interval '1 hour', 'UTC', false, '[]', '[]', 1, 'issued', now(),
        now(), 0, 0, 0
    FROM generate_series(1, %(broadcasts)s) n
"""
_BROADCASTS = """
    INSERT INTO distribute_broadcast (directive_id, version_id, opened_at, due_at, words)
    SELECT id, version_id, now(), due_at, '[]' FROM distribute_directive
"""


def run() -> Iterator[Figure]:
    """95th percentile of each page and of the counts, in milliseconds; before them the first pages, at the median."""
    with django_stage():
        organisation, reader, first_lookers = _fill()
        _read_before(organisation)
        with _served() as port:
            for page in list(PAGES) * WARMING:
                _asked(port, reader, PAGES[page].format(deep=""))
            for session in first_lookers.pop("warming"):
                _asked(port, session, PAGES["must"])
            for kind, sessions in first_lookers.items():
                looks = [_looked_first(port, session, PAGES.get(kind, PAGES["must"])) for session in sessions]
                for name, times in zip(("first", "second"), zip(*looks, strict=True), strict=True):
                    yield at_most(f"inbox_pages_{name}_{kind}", percentile(list(times), 0.5), "ms", 50)
            for name, page in PAGES.items():
                page = page.format(deep=_deep(organisation))
                times = [_asked(port, reader, page) for _ in range(WARMING + TIMES)][WARMING:]
                yield at_most(f"inbox_pages_{name}_p95", percentile(times, 0.95), "ms", 50)
            yield at_most("inbox_pages_counts_p95", percentile(_counted(organisation), 0.95), "ms", 50)
        yield plain("inbox_pages_versions", VERSIONS, "versions")


def _looked_first(port: int, session: str, page: str) -> tuple[float, float]:
    """Milliseconds of the first page that somebody sees, a moment after anybody else, and of the next one at once."""
    time.sleep(MOMENT)
    return _asked(port, session, page), _asked(port, session, page)


def _fill() -> tuple[int, str, dict[str, list[str]]]:
    """The organisation; the session of the reader, and of those who look for the first time, by kind."""
    from django.db import connection

    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import InterestProfile
    from headwater.people.membership import refresh
    from headwater.people.models import Audience, Person

    organisation = Organisation.objects.create(slug="bench", name="Bench")
    with organisation_context(organisation.pk):
        reader = _with_account("reader")
        lookers = {kind: [_with_account(f"{kind} {n}") for n in range(many)] for kind, many in KINDS.items()}
        others = Person.objects.bulk_create(Person(name=f"Person {number}", clearance=3) for number in range(OTHERS))
        everyone = Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        wide = [
            Audience.objects.create(slug=f"a{number}", name=f"Audience {number}", rule={"everyone": True})
            for number in range(9)
        ]
        refresh()
        profile = InterestProfile.objects.create(name="Reports", person=reader, query="report")
        values = {
            "owner": others[0].pk,
            "audiences": [each.pk for each in (everyone, *wide)],
            "kinds": 1 + len(wide),
            "everyone": everyone.pk,
            "broadcasts": BROADCASTS,
            "versions": VERSIONS,
            "profile": profile.pk,
        }
    for first in range(1, VERSIONS + 1, AT_ONCE):
        _run(organisation.pk, values | {"first": first, "last": first + AT_ONCE - 1}, _ENTRIES, _VERSIONS)
    full = [reader, *(each for kind, people in lookers.items() if kind not in EMPTY for each in people)]
    people, each = [one.pk for one in (*full, *others)], [DELIVERIES] * len(full) + [OF_OTHERS] * OTHERS
    _run(organisation.pk, values | {"people": people, "each": each}, _DELIVERIES, _REASONS, _DIRECTIVES, _BROADCASTS)
    _spread(organisation.pk, [each.pk for each in lookers["spread"]])
    _await_upkeep(connection)
    sessions = {kind: [session_of(person.user) for person in people] for kind, people in lookers.items()}
    return organisation.pk, session_of(reader.user), sessions


def _spread(organisation: int, people: list[int]) -> None:
    """Give these people their rows of all broadcasts, as the background does."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.delivering import deliver_broadcasts
    from headwater.distribute.models import Broadcast

    with organisation_context(organisation):
        deliver_broadcasts(list(Broadcast.objects.values_list("pk", flat=True)), people=people)


def _run(organisation: int, values: dict[str, Any], *statements: str) -> None:
    from django.db import connection

    from headwater.core.wall import organisation_context

    with organisation_context(organisation), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)


def _await_upkeep(connection: Any) -> None:
    """Until PostgreSQL has analysed and vacuumed the tables by itself, as it does a while after they were filled."""
    asked = """SELECT count(*) FROM pg_stat_user_tables
        WHERE last_autoanalyze IS NOT NULL AND last_autovacuum IS NOT NULL AND relname IN
        ('search_entry', 'search_entryversion', 'distribute_delivery', 'distribute_reason')"""
    deadline = time.monotonic() + LONGEST_UPKEEP
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(asked)
            if cursor.fetchone()[0] == 4:
                return
        time.sleep(2)
    raise TimeoutError(f"the tables were not looked after within {LONGEST_UPKEEP} s")


def _with_account(name: str) -> Any:
    from headwater.core.models import User
    from headwater.people.models import Person

    return Person.objects.create(name=name, user=User.objects.create_user(f"{name}@bench.example"), clearance=3)


def _asked(port: int, session: str, page: str) -> float:
    """Milliseconds of an answer."""
    began = time.perf_counter()
    status = ask("127.0.0.1", port, f"/o/bench/{page}", session)
    if status != 200:
        raise RuntimeError(f"{page} answered {status}")
    return (time.perf_counter() - began) * 1000


def _deep(organisation: int) -> str:
    """The place of the reader's nine thousandth delivery."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.inbox import NEWEST_FIRST
    from headwater.distribute.models import Delivery

    with organisation_context(organisation):
        deliveries = NEWEST_FIRST.sorted(Delivery.objects.filter(person__name="reader"))
        return NEWEST_FIRST.written(deliveries[9_000])


def _read_before(organisation: int) -> None:
    """Read full inboxes as they are without the broadcasts, and count some of the others', as in one that is in use."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.lines import Tab
    from headwater.distribute.waiting import look_through
    from headwater.people.models import Person

    with organisation_context(organisation):
        for person in Person.objects.filter(name__startswith="Person ").order_by("pk")[:LOOKED_BEFORE]:
            look_through(person)
        for person in Person.objects.filter(name__regex="^(full|today) "):
            look_through(person)
            Tab(person, "must").stretch(30)


def _counted(organisation: int) -> list[float]:
    """Milliseconds of each count of what waits for the reader."""
    from headwater.core.wall import organisation_context
    from headwater.distribute.waiting import counts_of
    from headwater.people.models import Person

    times = []
    with organisation_context(organisation):
        reader = Person.objects.get(name="reader")
        for _ in range(WARMING + TIMES):
            began = time.perf_counter()
            counts_of(reader)
            times.append((time.perf_counter() - began) * 1000)
    return times[WARMING:]
