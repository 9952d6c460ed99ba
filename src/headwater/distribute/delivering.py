"""Making deliveries: what was matched, for everyone it concerns who may read it, exactly once.

A few SQL statements over many rows: a delivery is unique for (person, version) in the database itself, so doing it
twice, or at the same time in two processes, changes nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, NamedTuple

from django.db import connection

from headwater.core.lookups import numbers
from headwater.core.postgresql.base import keeping_cursor
from headwater.distribute.asking import settle_returned
from headwater.distribute.deadlines import Asked, own_dues
from headwater.distribute.following import one_deliverer_at_a_time
from headwater.distribute.models import Broadcast, Delivery
from headwater.distribute.recipients import READABLE, readable_values
from headwater.people.models import Person
from headwater.search.language.fingerprint import NEAR_BITS
from headwater.search.models import EntryVersion


@dataclass(frozen=True, slots=True)
class Hit:
    """A version that concerns a profile: the words that brought it, and how close it is."""

    version_id: int
    profile_id: int
    words: list[str] = field(default_factory=list)
    score: float = 0.0


class _Found(NamedTuple):
    """One person whom one broadcast concerns. Moments come as text: most of them only go back as they came."""

    person_id: int
    version_id: int
    entry_id: int
    directive_id: int
    words: str
    must: bool
    urgent: bool
    due_at: str | None
    eligible_at: str
    is_later: bool
    opened_at: str
    due_zone: str
    due_days: int | None
    timezone: str
    work_until: str
    since: str
    came_at: str


# What goes to whom is a table `t` in each of the statements below: person_id, version_id, entry_id, profile_id,
# directive_id, words, score, push, must, urgent, due_at, eligible_at, came_at. Statements begin with `WITH`.

# The hits are sent as arrays written as text: writing them as lists, item by item, took longer than delivering them.
_OF_PROFILES = """
    h AS MATERIALIZED (
        SELECT * FROM ROWS FROM (
            unnest(%(versions)s::bigint[]), unnest(%(profiles)s::bigint[]), unnest(%(scores)s::float8[]),
            jsonb_array_elements(%(words)s::jsonb)
        ) AS h(version_id, profile_id, score, words)
    ),
    t AS MATERIALIZED (
        SELECT p.id AS person_id, w.version_id, v.entry_id, w.profile_id, NULL::bigint AS directive_id, w.words,
               w.score, w.push, false AS must, false AS urgent, NULL::timestamptz AS due_at,
               greatest(v.published_at, w.since, {since}) AS eligible_at, now() AS came_at
        FROM (
            SELECT h.*, f.person_id, f.when AS push, f.created_at AS since
            FROM h JOIN distribute_interestprofile f ON f.id = h.profile_id
            WHERE f.person_id IS NOT NULL AND f.removed_at IS NULL AND f.is_active
            UNION ALL
            SELECT h.*, m.person_id, f.when, greatest(f.created_at, m.since)
            FROM h JOIN distribute_interestprofile f ON f.id = h.profile_id
            JOIN people_audiencemember m ON m.audience_id = f.audience_id
            WHERE f.removed_at IS NULL AND f.is_active
        ) w
        JOIN people_person p ON p.id = w.person_id
        JOIN search_entryversion v ON v.id = w.version_id
        JOIN search_entry e ON e.id = v.entry_id
        WHERE {readable} AND {but}
    )
"""
_AGAIN = {
    "since": "now()",  # it was not for them before
    "but": """NOT EXISTS (
            SELECT FROM distribute_delivery d JOIN distribute_reason x ON x.delivery_id = d.id
            WHERE d.version_id = w.version_id AND d.person_id = p.id AND x.profile_id = w.profile_id)""",
}
_ONCE = {"since": "NULL", "but": "true"}

# First what is asked, a row for each broadcast, then whom: left to choose, the planner goes through all members of an
# audience for each of the directives that ask it (500 of them: 20 seconds; so: 10 milliseconds). Whether it has become
# somebody's row is a value, and not a join, so that it is looked for in their one row of the version: while a directive
# is spread, a hundred thousand have one, and a reason by it.
_FROM_BROADCASTS = """
    WITH e AS MATERIALIZED (
        SELECT b.version_id, v.entry_id, b.words, b.due_at, b.opened_at, b.spread_at, r.id AS directive_id,
               r.audience_id AS asked, r.acknowledge, r.urgent, r.due_zone, r.due_days, v.number,
               greatest(v.published_at, r.issued_at) AS since,
               e.withdrawn_at, e.classification, e.owner_id, e.audience_id, e.unit_id
        FROM distribute_broadcast b
        JOIN distribute_directive r ON r.id = b.directive_id AND r.state = 'issued'
        JOIN search_entryversion v ON v.id = b.version_id
        JOIN search_entry e ON e.id = v.entry_id AND e.current_version_id = b.version_id
        WHERE b.id = ANY(%(broadcasts)s::bigint[]) AND b.closed_at IS NULL
    )
    SELECT p.id, e.version_id, e.entry_id, e.directive_id, e.words::text, e.acknowledge, e.urgent, e.due_at::text,
           greatest(e.since, m.since, %(since)s::timestamptz)::text, e.number > 1, e.opened_at::text, e.due_zone,
           e.due_days, p.timezone, p.work_until::text, greatest(m.since, %(since)s::timestamptz)::text,
           CASE WHEN e.spread_at IS NULL THEN greatest(e.opened_at, m.since, %(since)s::timestamptz)
                ELSE now() END::text
    FROM e
    JOIN people_audiencemember m ON m.audience_id = e.asked
    JOIN people_person p ON p.id = m.person_id
    WHERE {readable} {person}
      AND (
        SELECT d.id FROM distribute_delivery d JOIN distribute_reason x ON x.delivery_id = d.id
        WHERE d.person_id = p.id AND d.version_id = e.version_id AND x.directive_id + 0 = e.directive_id
          AND d.state <> 'withdrawn' LIMIT 1) IS NULL
    {limit}
"""

# The length of arrays is seen by the planner, so that it plans for as many rows as there are.
_OF_BROADCASTS = """
    t AS (
        SELECT person_id, version_id, entry_id, NULL::bigint AS profile_id, directive_id, words, 0::float8 AS score,
               'at_once' AS push, must, urgent, due_at, eligible_at, came_at
        FROM ROWS FROM (
            unnest(%(people)s::bigint[], %(versions)s::bigint[], %(entries)s::bigint[], %(directives)s::bigint[],
                %(must)s::boolean[], %(urgent)s::boolean[], %(due)s::timestamptz[], %(eligible)s::timestamptz[],
                %(came)s::timestamptz[]),
            jsonb_array_elements(%(words)s::jsonb)
        ) AS t(person_id, version_id, entry_id, directive_id, must, urgent, due_at, eligible_at, came_at, words)
    )
"""

# What comes to a withdrawn row keeps its `withdrawn_at`, until what it asks was settled (see asking): it may have asked
# more than what still holds.
# "at_once", "digest", "weekly": the alphabet happens to sort them by how soon they are.
# Deliveries and their reasons in one statement: neither what was found nor the new keys make the way to here and back.
# Reasons find their delivery by sorting, not by a join: where the planner knows nothing of the tables yet, it takes `t`
# for one row, and would compare each with each.
_INSERT = """
    WITH {targets},
    made AS (
        INSERT INTO distribute_delivery AS d (person_id, version_id, entry_id, state, must_acknowledge, urgent, due_at,
            score, push, rolled, eligible_at, created_at, came_at, withdrawn_because, tx)
        SELECT t.person_id, t.version_id, min(t.entry_id), 'due', bool_or(t.must), bool_or(t.urgent), min(t.due_at),
            max(t.score), min(t.push), false, min(t.eligible_at), now(), min(t.came_at), '', 0
        FROM t GROUP BY t.person_id, t.version_id ORDER BY t.version_id, t.person_id
        ON CONFLICT (version_id, person_id) DO UPDATE SET
            must_acknowledge = d.must_acknowledge OR excluded.must_acknowledge,
            urgent = d.urgent OR excluded.urgent,
            due_at = least(d.due_at, excluded.due_at),
            came_at = least(d.came_at, excluded.came_at),
            score = greatest(d.score, excluded.score),
            push = least(d.push, excluded.push),
            state = CASE WHEN d.state <> 'withdrawn' THEN d.state WHEN d.acknowledged_at IS NOT NULL THEN 'acknowledged'
                         WHEN d.opened_at IS NOT NULL THEN 'opened' ELSE 'due' END,
            eligible_at = CASE WHEN d.state = 'withdrawn' AND d.seen_at IS NULL THEN excluded.eligible_at
                               ELSE d.eligible_at END,
            withdrawn_because = ''
        RETURNING d.id, d.person_id, d.version_id, d.withdrawn_at, (xmax = 0) AS is_new
    ),
    explained AS (
        INSERT INTO distribute_reason (delivery_id, profile_id, directive_id, words, score)
        SELECT delivery_id, profile_id, directive_id, words, score
        FROM (
            SELECT max(x.id) OVER (PARTITION BY x.person_id, x.version_id) AS delivery_id, x.*
            FROM (
                SELECT NULL::bigint AS id, person_id, version_id, profile_id, directive_id, words, score FROM t
                UNION ALL SELECT id, person_id, version_id, NULL, NULL, NULL, NULL FROM made
            ) x
        ) y WHERE id IS NULL
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) FILTER (WHERE is_new), count(*), array_agg(id) FILTER (WHERE withdrawn_at IS NOT NULL) FROM made
"""

# A person's unopened delivery of a nearly identical earlier version becomes the delivery of the new one.
_MOVE = f"""
    WITH {{targets}},
    movable AS (
        SELECT DISTINCT ON (d.person_id, n.id) d.id, n.id AS version_id
        FROM t
        JOIN search_entryversion n ON n.id = t.version_id AND n.fingerprint IS NOT NULL
        JOIN search_entryversion o ON o.entry_id = n.entry_id AND o.number < n.number
             AND bit_count((o.fingerprint # n.fingerprint)::bit(64)) <= {NEAR_BITS}
        JOIN distribute_delivery d ON d.version_id = o.id AND d.person_id = t.person_id
             AND d.state = 'due' AND d.opened_at IS NULL
        WHERE NOT EXISTS (SELECT FROM distribute_delivery x WHERE x.person_id = t.person_id AND x.version_id = n.id)
        ORDER BY d.person_id, n.id, o.number DESC
    )
    UPDATE distribute_delivery d SET version_id = movable.version_id FROM movable WHERE d.id = movable.id
"""

_EXPIRE = """
    UPDATE distribute_delivery d SET state = 'expired'
    FROM search_entryversion o, search_entryversion n, distribute_delivery x
    WHERE n.id = ANY(%(versions)s) AND o.entry_id = n.entry_id AND o.number < n.number
      AND d.version_id = o.id AND x.version_id = n.id AND x.person_id = d.person_id AND x.state <> 'withdrawn'
      AND (d.state = 'due' OR (d.state = 'opened' AND d.must_acknowledge))
"""


def deliver_hits(hits: Sequence[Hit], again: bool = False) -> int:
    """Deliver what profiles matched to their people and groups; returns how many deliveries are new.

    At most one version of an entry may be among the hits; older ones come first, in a call of their own. Matched
    `again`, what a profile has brought somebody already is left as it is.
    """
    if not hits:
        return 0
    version_ids = [hit.version_id for hit in hits]
    values = {
        "versions": numbers(version_ids),
        "profiles": numbers(hit.profile_id for hit in hits),
        "words": json.dumps([hit.words for hit in hits]),
        "scores": numbers(hit.score for hit in hits),
    }
    one_deliverer_at_a_time()
    found = _OF_PROFILES.format(readable=READABLE, **(_AGAIN if again else _ONCE))
    later = EntryVersion.objects.filter(pk__in=set(version_ids), number__gt=1).values_list("pk", flat=True)
    return _deliver(found, values | readable_values(), list(later))[0]


def deliver_broadcasts(
    broadcast_ids: Sequence[int],
    limit: int | None = None,
    people: Sequence[int] | None = None,
    since: datetime | None = None,
) -> int:
    """Give a row to everyone (or these people) whom these broadcasts concern and who has none yet; at most `limit`.

    `since` is when these people became able to read, if that is later than their coming into the audience. Returns how
    many rows were written; none: everybody has one.
    """
    if not broadcast_ids:
        return 0
    # What somebody takes in by looking is planned once a connection: planning takes longer than all the rest of it.
    is_look = people is not None and len(people) == 1
    found = _FROM_BROADCASTS.format(
        readable=READABLE,
        person="AND m.person_id = ANY(%(people)s::bigint[])" if people is not None else "",
        limit="LIMIT %(limit)s" if limit else "",
    )
    values = {
        "broadcasts": numbers(broadcast_ids),
        "people": numbers(people or ()),
        "limit": limit,
        "since": since,
    }
    one_deliverer_at_a_time()
    with keeping_cursor() if is_look else connection.cursor() as cursor:
        cursor.execute(found, values | readable_values())
        rows = [_Found(*row) for row in cursor.fetchall()]
    if not rows:
        return 0
    return _deliver(_OF_BROADCASTS, _as_arrays(rows), sorted({row.version_id for row in rows if row.is_later}))[1]


def row_for(person: Person, version: EntryVersion) -> Delivery:
    """The person's delivery of a version, made now if an open broadcast concerns them and they have no row yet.

    Raises `Delivery.DoesNotExist` when the version was never sent to them.
    """
    found = Delivery.objects.filter(person=person, version=version).first()
    if found is None:
        broadcasts = list(Broadcast.objects.filter(version=version, closed_at=None).values_list("pk", flat=True))
        deliver_broadcasts(broadcasts, people=[person.pk])
        found = Delivery.objects.get(person=person, version=version)
    return found


def _as_arrays(rows: Sequence[_Found]) -> dict[str, str]:
    """The rows of broadcasts, each due when it is for its person."""
    dues = ("NULL" if due is None else due.isoformat() for due in own_dues([_asked(row) for row in rows]))
    return {
        "people": numbers(row.person_id for row in rows),
        "versions": numbers(row.version_id for row in rows),
        "entries": numbers(row.entry_id for row in rows),
        "directives": numbers(row.directive_id for row in rows),
        "must": numbers(row.must for row in rows),
        "urgent": numbers(row.urgent for row in rows),
        "due": f"{{{','.join(dues)}}}",
        "eligible": f"{{{','.join(row.eligible_at for row in rows)}}}",
        "came": f"{{{','.join(row.came_at for row in rows)}}}",
        "words": f"[{','.join(row.words for row in rows)}]",
    }


def _asked(row: _Found) -> Asked:
    return Asked(
        row.person_id,
        datetime.fromisoformat(row.opened_at),
        None if row.due_at is None else datetime.fromisoformat(row.due_at),
        row.due_zone,
        row.due_days,
        row.urgent,
        row.timezone,
        time.fromisoformat(row.work_until),
        datetime.fromisoformat(row.since),
    )


def _deliver(targets: str, values: Mapping[str, Any], later: list[int]) -> tuple[int, int]:
    """How many deliveries are new, and how many were touched; `later` are the versions that are no first ones.

    The lock of deliverers is held.
    """
    with connection.cursor() as cursor:
        if later:
            cursor.execute(_MOVE.format(targets=targets), values)
        cursor.execute(_INSERT.format(targets=targets), values)
        new, touched, returned = cursor.fetchone()
        settle_returned(returned or ())
        if later:
            cursor.execute(_EXPIRE, {"versions": later})
    return new, touched
