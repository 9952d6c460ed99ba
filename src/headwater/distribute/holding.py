"""Which shards this worker holds in memory: each is held by one worker of all hosts, and taken over when that dies.

A worker holds a shard by an advisory lock of one session that it keeps for this alone. The session ends with the
process, with its host, with the network between (headwater.core.postgresql.links), or when the process stands still
and has said nothing for `SILENCE`: then others hold the shard. Every worker says in the same way that it is there, and
takes its share of all shards, of all organisations: their number divided by that of the workers, rounded up.

Nothing depends on it that must not go wrong: should two hold the same shard for a moment, the lock that each step takes
(`shards.locked_shard`) still lets one at a time match.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any

import psycopg
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from headwater.core.jobs import organisation_ids
from headwater.core.postgresql.links import setting_statement
from headwater.core.wall import organisation_context
from headwater.core.worker import connection_parameters
from headwater.distribute.shards import Part, shards

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0  # seconds
LIST_EVERY = 5.0  # seconds between looks at which shards there are
LIST_SHARE = 0.02  # of the time, at most, where there are very many organisations
SILENCE = 10  # seconds after which the server ends the session of a worker that stands still

_PRESENT = """
    SELECT count(DISTINCT pid) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND objid = 0
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid::bigint = hashtext('matching workers')::bigint & 4294967295
"""
Shards = dict[int, Part]


class Holding:
    """The shards that this process holds. `known` is False while its session is lost: then it may match nothing."""

    def __init__(self) -> None:
        self.known = False
        self.held: Shards = {}
        self.warm: frozenset[Part] = frozenset()  # what is in memory already
        self._mutex = threading.Lock()

    def of(self, organisation_id: int) -> list[tuple[int, Part]]:
        """The shards of an organisation that this process is to match, those to be finished first."""
        with self._mutex:
            ours = (held for held in self.held.items() if held[1].organisation_id == organisation_id)
            return sorted(ours, key=lambda held: held[0])

    def parts(self) -> set[Part] | None:
        """What is worth being kept in memory; None while that is not known."""
        with self._mutex:
            return set(self.held.values()) if self.known else None

    def become(self, held: Shards, known: bool = True) -> None:
        """From now on these are held."""
        with self._mutex:
            self.held, self.known = dict(held), known


# None in a process without this service, such as a command: it matches whatever nobody matches at that moment.
holding: Holding | None = None


def hold_shards(stop: threading.Event) -> None:
    """A service: hold this worker's share of all shards until told to stop; none on a host that is not to match."""
    global holding
    holding = holding or Holding()
    if "match" not in settings.HEADWATER_PARTS:
        stop.wait()
    while not stop.is_set():
        try:
            with _session() as session:
                listing = _Listing()
                while not stop.is_set():
                    _look(session, holding, listing.now())
                    connections.close_all()
                    stop.wait(LOOK_EVERY)
        except (psycopg.Error, DatabaseError) as error:
            log.warning("shards are let go, for the database is away: %s", str(error).splitlines()[:1])
        finally:
            holding.become({}, known=False)
            connections.close_all()
        stop.wait(LOOK_EVERY)


@contextmanager
def _session() -> "Iterator[psycopg.Connection[Any]]":
    with psycopg.connect(**connection_parameters(), autocommit=True) as session:
        session.execute(setting_statement())
        session.execute(f"SET idle_session_timeout = '{SILENCE}s'")
        session.execute("SELECT pg_advisory_lock_shared(hashtext('matching workers'), 0)")
        yield session


def _look(session: "psycopg.Connection[Any]", ours: Holding, there: Shards) -> None:
    """Give back what is beyond our share or gone, and take what nobody holds until we have our share."""
    held = {pk: part for pk, part in ours.held.items() if pk in there}
    share = _share(session, len(there))
    for pk in [*(ours.held.keys() - there.keys()), *list(held)[share:]]:
        held.pop(pk, None)
        session.execute("SELECT pg_advisory_unlock(hashtext('match shard'), %s)", [pk])
    free = sorted(there.keys() - held.keys(), key=lambda pk: (there[pk] not in ours.warm, pk))
    taken = list(_take(session, free, share - len(held)))
    ours.become(held | {pk: there[pk] for pk in taken})
    for organisation_id in {there[pk].organisation_id for pk in taken}:
        session.execute("SELECT pg_notify('search_entryversion', %s)", [str(organisation_id)])


class _Listing:
    """The shards there are, asked for every few seconds."""

    def __init__(self) -> None:
        self._found: Shards = {}
        self._again = float("-inf")

    def now(self) -> Shards:
        """Those that there are, or were some seconds ago."""
        started = time.monotonic()
        if started >= self._again:
            self._found = _all_shards()
            ended = time.monotonic()
            self._again = ended + max(LIST_EVERY, (ended - started) / LIST_SHARE)
        return self._found


def _all_shards() -> Shards:
    found: Shards = {}
    for organisation_id in organisation_ids():
        with organisation_context(organisation_id):
            found |= {shard.pk: Part(organisation_id, shard.number, shard.of) for shard in shards()}
    return found


def _share(session: "psycopg.Connection[Any]", number: int) -> int:
    """How many shards each of the workers that are there is to hold."""
    row = session.execute(_PRESENT).fetchone()
    return ceil(number / max(1, row[0] if row else 1))


def _take(session: "psycopg.Connection[Any]", free: Iterable[int], number: int) -> Iterator[int]:
    """Up to so many of these shards, in their order: those that nobody else holds."""
    for pk in free:
        if number <= 0:
            return
        row = session.execute("SELECT pg_try_advisory_lock(hashtext('match shard'), %s)", [pk]).fetchone()
        if row is not None and row[0]:
            number -= 1
            yield pk
