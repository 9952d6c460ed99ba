"""A service: the standing queries that this worker holds are kept in files, so that the next start is a quick one.

A shard's file is written once its queries are loaded, then when enough has changed, and when the worker stops. While
the arrays are copied matching waits, for 40 ms at a million queries on a quiet machine; writing goes on beside it.
"""

import logging
import threading
import time

from django.db import Error as DatabaseError
from django.db import connections

from headwater.core.wall import organisation_context
from headwater.distribute.matching import at_rest, parts_in_memory
from headwater.distribute.shards import Part, gone_of
from headwater.distribute.snapshots import drop, holds_erased, keep, place_of, tidy
from headwater.distribute.standing import Standing

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0  # seconds
COMPARE_EVERY = 300.0  # seconds between looks for rows that are gone, and for files that are
SOONEST, LATEST = 600.0, 6 * 3600.0  # seconds from one file of a shard to its next
CHANGED = 0.01  # of the queries, to write anew before `LATEST`
WORTH_IT = 2_000  # queries: fewer are loaded from their rows as quickly


def keep_standing(stop: threading.Event) -> None:
    """A service: see above."""
    compared = time.monotonic()
    while not stop.wait(LOOK_EVERY):
        is_to_compare = time.monotonic() - compared >= COMPARE_EVERY
        keep_all(is_to_compare)
        if is_to_compare:
            _tidy()
            compared = time.monotonic()
        connections.close_all()
    keep_all(is_to_compare=True, is_last=True)


def _tidy() -> None:
    try:
        tidy(parts_in_memory())
    except (OSError, DatabaseError) as error:
        log.warning("snapshots that are of no use any more were not looked for; it is tried again: %s", error)


def keep_all(is_to_compare: bool = False, is_last: bool = False) -> None:
    """Keep each shard in memory whose file is due; `is_last`: each that has changed at all.

    With `is_to_compare`, no file is left that holds what was erased: it is written anew, or else removed.
    """
    for part in parts_in_memory():
        has_lost = False
        try:
            has_lost = is_to_compare and (_forget_gone(part) or holds_erased(part))
            _keep_if_due(part, is_at_once=has_lost or is_last)
        except (OSError, DatabaseError) as error:
            log.warning("the standing queries of %s were not kept, and the next start takes longer: %s", part, error)
        finally:
            if has_lost:
                _drop_if_other(part)


def _keep_if_due(part: Part, is_at_once: bool) -> None:
    is_missing = not place_of(part).exists()
    with at_rest(part) as standing:
        if standing is None or not _is_due(standing, is_at_once, is_missing):
            return
        saved, tx = standing.saved(), standing.tx
        standing.changes, standing.kept_at = 0, time.monotonic()
    try:
        keep(saved, tx, part)
    except BaseException:
        with at_rest(part) as standing:
            if standing is not None:
                standing.changes += len(standing)  # so that it is tried again
        raise


def _drop_if_other(part: Part) -> None:
    """Remove the file of a shard that has lost something, unless it is as the memory is."""
    with at_rest(part) as standing:
        is_as_kept = standing is not None and not standing.changes and standing.kept_at > float("-inf")
    if not is_as_kept:
        try:
            drop(part)
        except OSError as error:
            log.warning("the snapshot of %s may hold what was erased, and could not be removed: %s", part, error)


def _is_due(standing: Standing, is_at_once: bool, is_missing: bool) -> bool:
    if not standing.tx or len(standing) < WORTH_IT:
        return False
    age = time.monotonic() - standing.kept_at
    is_changed = standing.changes > 0 if is_at_once else standing.changes >= CHANGED * len(standing)
    return age >= LATEST or (is_changed and is_at_once) or ((is_changed or is_missing) and age >= SOONEST)


def _forget_gone(part: Part) -> bool:
    """Let go of queries whose rows are no more; whether there were any."""
    with at_rest(part) as standing:
        keys = None if standing is None else standing.keys()
    if keys is None:
        return False
    with organisation_context(part.organisation_id):
        gone = gone_of(keys, part)
    with at_rest(part) as standing:
        if standing is not None:
            standing.forget(gone)
    return bool(gone)
