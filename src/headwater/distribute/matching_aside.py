"""Matching what was left aside for being very long (see `very_long`): a follower of its own."""

import time
from collections.abc import Iterator
from itertools import islice

from django.db import Error as DatabaseError

from headwater.core.wall import organisation_context
from headwater.distribute.broadcasts import broadcast_new_versions
from headwater.distribute.delivering import deliver_hits
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matching import came_lately, our_shards, sorted_out, standing_of
from headwater.distribute.models import UnmatchedVersion
from headwater.distribute.overtaken import settle_overtaken
from headwater.distribute.shards import Part
from headwater.distribute.standing import Found, Match
from headwater.distribute.unmatched import CannotMatch, set_aside
from headwater.distribute.very_long import Waiting, end_waiting, next_waiting, read
from headwater.search.models import EntryVersion

LONGEST_REST = 1.0  # seconds
AT_ONCE = 500  # matches in a transaction: a tenth of a second in which nobody else delivers
REST = 4.0  # times as long, between two of them, where versions keep coming: what delivers those has all but a fifth


def match_very_long(organisation_id: int) -> bool:
    """Match the very long text that came first in each of our shards in which it waits. True when there may be more."""
    parts = [part for _pk, part in our_shards(organisation_id)]
    waiting = next_waiting(organisation_id, parts)
    if waiting is None:
        return False
    try:
        reading = read(waiting)
    except Exception as error:
        for row in waiting.rows:
            _set_aside(Part(organisation_id, row.number, row.of), waiting.version, error)
        return True
    done = [_match_in(Part(organisation_id, row.number, row.of), row, waiting, reading) for row in waiting.rows]
    return all(done)


def _match_in(part: Part, row: UnmatchedVersion, waiting: Waiting, reading: Reading) -> bool:
    """Whether it was its turn in this shard: it is when the worker has the queries that it has to meet."""
    try:
        found = _found(part, waiting, reading)
        if found is None:
            return False
        _deliver(part, waiting.version, found.in_words(reading), row.is_again)
    except DatabaseError:
        raise
    except Exception as error:
        _set_aside(part, waiting.version, error)
        return True
    end_waiting(part.organisation_id, row)
    return True


def _set_aside(part: Part, version: EntryVersion, error: Exception) -> None:
    failed = CannotMatch(version)
    failed.__cause__ = error
    set_aside(part, failed)


def _found(part: Part, waiting: Waiting, reading: Reading) -> Found | None:
    """What matches, not yet in words: others are not matched meanwhile. None while queries are missing here."""
    version = waiting.version
    with standing_of(part) as standing:
        if standing.tx <= version.tx or standing.tx < waiting.asked.get((part.number, part.of), 0):
            return None
        return standing.found(reading, version.tx)


def _deliver(part: Part, version: EntryVersion, matches: Iterator[Match], again: bool) -> None:
    """Deliver what is ordered, then what is wished for, in pieces, each a transaction: others deliver in between."""
    with organisation_context(part.organisation_id):
        broadcast_new_versions([version], [], follow=part.number == 0)
    while piece := list(islice(matches, AT_ONCE)):
        started = time.monotonic()
        hits, directed = sorted_out(version, piece)
        if directed:
            with organisation_context(part.organisation_id):
                broadcast_new_versions([version], directed, follow=False)
        with organisation_context(part.organisation_id):
            deliver_hits(hits, again)
            settle_overtaken([version.pk])
        if came_lately(part.organisation_id):
            time.sleep(min(REST * (time.monotonic() - started), LONGEST_REST))
