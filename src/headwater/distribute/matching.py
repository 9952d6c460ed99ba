"""Matching: every new version is held against every standing query, and delivered to whom it concerns.

A follower of `EntryVersion`. One step takes a batch of versions of transactions that have all ended, brings the
standing queries up to the same point, and delivers, in one transaction with its own place: a step that dies is simply
done again.

A standing query is for every version that is committed after it. Numbers of transactions are drawn before they commit,
so a version may be matched before a query that its author already saw saved: such queries (`late_comers`) are run over
what was matched without them, and deliveries being unique, running them over too much does no harm.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from django.utils import timezone

from headwater.core.following import locked_cursor, move_cursor
from headwater.core.jobs import safe_tx
from headwater.core.wall import organisation_context
from headwater.distribute.broadcasts import broadcast_new_versions
from headwater.distribute.delivering import Hit, deliver_hits
from headwater.distribute.models import MatchRun
from headwater.distribute.standing import Standing, late_comers
from headwater.gather.models import Source
from headwater.search.models import EntryVersion
from headwater.search.seen import searchables

BATCH = 100
LOOK_AGAIN = 0.02  # seconds
MOST_LOOKS = 25  # then the follower's own clock, or the next change, wakes it

_held: dict[int, Standing] = {}
_looks: dict[int, int] = {}
_holding = threading.Lock()


def match_new_versions(organisation_id: int) -> bool:
    """Match the next batch of versions and deliver. True when there is more to match at once."""
    more, held_back = _step(organisation_id)
    # Committed, but a transaction with a lower number is still open: it will end in a moment.
    _looks[organisation_id] = _looks.get(organisation_id, 0) + 1 if held_back else 0
    if 0 < _looks[organisation_id] <= MOST_LOOKS:
        time.sleep(LOOK_AGAIN)
        return True
    return more


def _step(organisation_id: int) -> tuple[bool, bool]:
    """Whether there is more to match, and whether versions are there that cannot be read yet."""
    with _holding:
        # Put back only at the end: a step that dies may not have caught up with what it took in, so all is loaded anew.
        standing = _held.pop(organisation_id, None) or Standing()
        outcome = _step_with(standing, organisation_id)
        _held[organisation_id] = standing
        return outcome


def _step_with(standing: Standing, organisation_id: int) -> tuple[bool, bool]:
    with organisation_context(organisation_id):
        cursor = locked_cursor("match versions")
        if cursor is None:
            return False, False
        started = time.monotonic()
        upper = safe_tx()
        delivered = _catch_up(upper, cursor.tx) if standing.follow(upper) else 0
        versions, reached, more = _next_versions(cursor.tx, upper)
        if versions:
            delivered += _match(versions, standing)
            move_cursor(cursor, reached)
            _record(reached, upper, len(versions), delivered, time.monotonic() - started)
        return more, not more and EntryVersion.objects.filter(tx__gte=upper).exists()


def forget_standing() -> None:
    """Drop what this process holds in memory; the next step loads it anew."""
    with _holding:
        _held.clear()


def _next_versions(since: int, upper: int) -> tuple[list[EntryVersion], int, bool]:
    """The next versions, whole transactions of them; up to which transaction they reach; whether there are more."""
    fresh = EntryVersion.objects.filter(tx__gte=since, tx__lt=upper).select_related("entry").order_by("tx")
    chosen = list(fresh[: BATCH + 1])
    more = len(chosen) > BATCH
    if more:
        upper = chosen[-1].tx + 1
        chosen = list(fresh.filter(tx__lt=upper))
    return sorted(chosen, key=lambda version: (version.number, version.pk)), upper, more


def _match(versions: Sequence[EntryVersion], standing: Standing) -> int:
    delivered = 0
    for turn in _one_of_an_entry_at_a_time(_not_old(versions)):
        hits, directed = _hits(turn, standing)
        delivered += deliver_hits(hits)
        delivered += broadcast_new_versions(turn, directed)
    return delivered


def _hits(versions: Sequence[EntryVersion], standing: Standing) -> tuple[list[Hit], list[tuple[int, int, list[str]]]]:
    """What profiles get, and what directives ask for: (directive id, version id, words)."""
    hits: list[Hit] = []
    directed: list[tuple[int, int, list[str]]] = []
    for version, searchable in zip(versions, searchables(versions), strict=True):
        for match in standing.match(searchable, version.tx):
            if match.profile_id is not None:
                hits.append(Hit(version.pk, match.profile_id, match.words, match.score))
            elif match.directive_id is not None:
                directed.append((match.directive_id, version.pk, match.words))
    return hits, directed


def _catch_up(upper: int, matched: int) -> int:
    """Run queries that became known only now over the versions they should have met; returns how many deliveries."""
    cursor = locked_cursor("match profiles")
    late = late_comers(cursor.tx, upper) if cursor is not None else None
    if cursor is None or late is None:
        return 0
    move_cursor(cursor, upper)
    standing, oldest = late
    if oldest >= matched:
        return 0
    missed = EntryVersion.objects.filter(tx__gte=oldest, tx__lt=matched).select_related("entry")
    return _match(list(missed.order_by("number", "pk")), standing)


def _not_old(versions: Iterable[EntryVersion]) -> list[EntryVersion]:
    """Without what a source's first run brought and nobody asked to have delivered."""
    versions = list(versions)
    slugs = {version.entry.source_slug for version in versions if version.is_backfill}
    days = dict(Source.objects.filter(slug__in=slugs).values_list("slug", "deliver_backfill_days")) if slugs else {}
    return [
        version
        for version in versions
        if not version.is_backfill
        or version.published_at >= version.gathered_at - timedelta(days=days.get(version.entry.source_slug, 0))
    ]


def _one_of_an_entry_at_a_time(versions: Iterable[EntryVersion]) -> Iterator[list[EntryVersion]]:
    """The versions in turns: each turn has the oldest remaining one of each entry."""
    turns: dict[int, list[EntryVersion]] = defaultdict(list)
    seen: dict[int, int] = defaultdict(int)
    for version in versions:
        turns[seen[version.entry_id]].append(version)
        seen[version.entry_id] += 1
    yield from turns.values()


def _record(versions_below: int, profiles_below: int, versions: int, deliveries: int, seconds: float) -> None:
    MatchRun.objects.create(
        versions_below_tx=versions_below,
        profiles_below_tx=profiles_below,
        versions=versions,
        deliveries=deliveries,
        started_at=timezone.now() - timedelta(seconds=seconds),
        seconds=seconds,
    )
