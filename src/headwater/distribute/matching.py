"""Matching: every new version is held against every standing query, and delivered to whom it concerns.

A follower of `EntryVersion`. One step takes a batch of versions of transactions that have all ended, brings the
standing queries of a shard up to the same point, and delivers, in one transaction with the shard's place: a step that
dies is simply done again, here or on another host.

A standing query is for every version that is committed after it. Numbers of transactions are drawn before they commit,
so a version may be matched before a query that its author already saw saved: such queries (`late_comers`) are run over
what was matched without them, and deliveries being unique, running them over too much does no harm. What changes about
a text after it was matched brings it once more (`reconsidering`).
"""

import gc
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from headwater.core.jobs import safe_tx
from headwater.core.wall import organisation_context
from headwater.distribute import holding
from headwater.distribute.broadcasts import broadcast_new_versions
from headwater.distribute.delivering import Hit, deliver_hits
from headwater.distribute.foreseeing import CannotAnswer, answer_forecasts, leave_unanswered
from headwater.distribute.models import MatchRun, MatchShard
from headwater.distribute.overtaken import settle_overtaken
from headwater.distribute.reconsidering import changed_since, move_on
from headwater.distribute.shards import Part, locked_shard, move_shard, shards, were_asked
from headwater.distribute.snapshots import take_up
from headwater.distribute.standing import Match, Standing, late_comers
from headwater.distribute.unmatched import CannotMatch, next_to_retry, set_aside, without_unmatched
from headwater.distribute.very_long import leave_aside
from headwater.gather.models import Source
from headwater.search.language.searchable import Searchable
from headwater.search.models import EntryVersion
from headwater.search.seen import searchables

log = logging.getLogger(__name__)

BATCH = 100
LOOK_AGAIN = 0.02  # seconds
MOST_LOOKS = 25  # then the follower's own clock, or the next change, wakes it
LATELY = 1.0  # seconds
MANY = 10_000  # standing queries in memory
LONG = 2.0  # seconds for one version, which is then told in the log: it should be a thousandth
LONGEST_PAUSE = 30  # seconds that a step may stand still before PostgreSQL ends it, and others go on in its place

Directed = tuple[int, int, list[str]]
"""A directive that asks for a version, and the version, with the words that brought it."""

_held: dict[Part, Standing] = {}
_looks: dict[int, int] = {}
_came_at: dict[int, float] = {}  # by organisation: when this process last had versions to match
_holding = threading.Lock()


def match_new_versions(organisation_id: int) -> bool:
    """Match the next batch of versions in each shard that is ours, and deliver. True when there is more at once."""
    more = held_back = False
    for pk, part in our_shards(organisation_id):
        has_more, is_held_back = _step(pk, part)
        more, held_back = more or has_more, held_back or is_held_back
    # Committed, but a transaction with a lower number is still open: it will end in a moment.
    _looks[organisation_id] = _looks.get(organisation_id, 0) + 1 if held_back else 0
    if 0 < _looks[organisation_id] <= MOST_LOOKS:
        time.sleep(LOOK_AGAIN)
        return True
    return more


def our_shards(organisation_id: int) -> list[tuple[int, Part]]:
    """The shards that this process is to match: those it holds, or all where nobody shares them out."""
    if holding.holding is not None:
        _forget_but(holding.holding.parts())
        return holding.holding.of(organisation_id)
    with organisation_context(organisation_id):
        return [(shard.pk, Part(organisation_id, shard.number, shard.of)) for shard in shards()]


def _step(pk: int, part: Part) -> tuple[bool, bool]:
    """Whether there is more to match, and whether versions are there that cannot be read yet."""
    try:
        with standing_of(part) as standing, organisation_context(part.organisation_id):
            shard = locked_shard(pk)
            return (False, False) if shard is None else _step_with(standing, shard, part)
    except CannotMatch as failed:
        set_aside(part, failed)
        return True, False
    except CannotAnswer as failed:
        leave_unanswered(part.organisation_id, failed)
        return True, False


@contextmanager
def standing_of(part: Part) -> Iterator[Standing]:
    """What stands in memory for a part, for one at a time; it is kept when the block has ended well."""
    with _holding, _borrowed(part) as standing:
        yield standing


@contextmanager
def _borrowed(part: Part) -> Iterator[Standing]:
    standing = _held.pop(part, None)
    if standing is None:
        standing = Standing(part)
    known = standing.tx
    try:
        yield standing
    except DatabaseError:
        if known:
            standing.tx = known  # what it took in since is taken in again, and is seen to be new
            _held[part] = standing
        raise  # what was just loaded is loaded anew: it would count what came lately twice
    # Not after any other fault: nobody knows then what is in it.
    _held[part] = standing
    if not known and len(standing) >= MANY:
        _set_down()
    if holding.holding is not None:
        holding.holding.warm = frozenset(part for part, standing in _held.items() if standing.tx)


def _set_down() -> None:
    """Much was just loaded, and stays: to look through it for garbage again and again would hold up the matching."""
    gc.unfreeze()  # what was given up since the last time is garbage
    gc.collect()
    gc.freeze()


def _step_with(standing: Standing, shard: MatchShard, part: Part) -> tuple[bool, bool]:
    _end_when_still()
    started = time.monotonic()
    upper = safe_tx()
    is_last = shard.until_tx is not None
    is_taken_up = standing.tx == 0 and take_up(standing, part, upper)
    is_changed = standing.follow(upper) or is_taken_up
    delivered, more_again = (0, False) if is_last else _match_again(standing, shard, part, upper, is_changed)
    end = upper if shard.until_tx is None else min(upper, shard.until_tx)
    versions, reached, more = _next_versions(shard.tx, end)
    if versions:
        _came_at[part.organisation_id] = started
        delivered += _match(without_unmatched(versions, part), standing, shard)
        _record(part, reached, upper, len(versions), delivered, time.monotonic() - started)
    if versions or is_last:
        move_shard(shard, reached)
    if not is_last:
        answer_forecasts(standing, part.number, part.of)
    more = more or more_again
    return more, not more and EntryVersion.objects.filter(tx__gte=upper).exists()


def _match_again(standing: Standing, shard: MatchShard, part: Part, upper: int, is_changed: bool) -> tuple[int, bool]:
    """What was matched before and is to be once more: for new queries, where its entry changed, and what was set aside.

    Returns how many deliveries were made, and whether there is more of it.
    """
    delivered = _catch_up(standing, shard, part, upper) if is_changed else 0
    changed = changed_since(shard, upper)
    delivered += _match(without_unmatched(changed.versions, part), standing, shard, again=True)
    move_on(shard, changed)
    retried = next_to_retry(part)
    if retried is not None:
        delivered += _match([retried], standing, shard)
    return delivered, changed.more or retried is not None


def _end_when_still() -> None:
    """Let PostgreSQL end this transaction when its process stands still, so that others can go on."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{LONGEST_PAUSE}s'")


def _forget_but(parts: set[Part] | None) -> None:
    """Let go of what others hold now; of nothing while that is not known."""
    if parts is None or parts.issuperset(list(_held)):
        return
    with _holding:
        for part in _held.keys() - parts:
            del _held[part]


def came_lately(organisation_id: int) -> bool:
    """Whether this process has had versions to match within the last second."""
    return time.monotonic() - _came_at.get(organisation_id, float("-inf")) < LATELY


def parts_in_memory() -> list[Part]:
    """What this process holds in memory between two steps."""
    with _holding:
        return list(_held)


@contextmanager
def at_rest(part: Part) -> Iterator[Standing | None]:
    """What is held of a part, while nothing is matched; None when it is held no longer."""
    with _holding:
        yield _held.get(part)


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


def _match(
    versions: Iterable[EntryVersion],
    standing: Standing,
    shard: MatchShard,
    again: bool = False,
    late: Collection[int] | None = None,
) -> int:
    """Deliver what matches. Directives that follow an entry, whatever its versions say, go with the first shard.

    Matched `again`, those have been delivered already to whom they concerned then; with `late`, the keys of standing
    queries that others have met them before, they are for these alone. Very long versions are left aside.
    """
    delivered = 0
    for turn in _one_of_an_entry_at_a_time(leave_aside(_not_old(versions), shard, again or late is not None)):
        hits, directed = _hits(turn, standing, late)
        delivered += deliver_hits(hits, again)
        if hits:
            delivered -= settle_overtaken([version.pk for version in turn])
        delivered += broadcast_new_versions(turn, directed, follow=shard.number == 0)
    return delivered


def _hits(
    versions: Sequence[EntryVersion], standing: Standing, among: Collection[int] | None
) -> tuple[list[Hit], list[Directed]]:
    """What profiles get, and what directives ask for."""
    hits: list[Hit] = []
    directed: list[Directed] = []
    for version, searchable in zip(versions, searchables(versions), strict=True):
        of_profiles, of_directives = sorted_out(version, _matches(version, searchable, standing, among))
        hits += of_profiles
        directed += of_directives
    return hits, directed


def sorted_out(version: EntryVersion, matches: Iterable[Match]) -> tuple[list[Hit], list[Directed]]:
    """What profiles get of a version, and what directives ask for."""
    hits: list[Hit] = []
    directed: list[Directed] = []
    for match in matches:
        if match.profile_id is not None:
            hits.append(Hit(version.pk, match.profile_id, match.words, match.score))
        elif match.directive_id is not None:
            directed.append((match.directive_id, version.pk, match.words))
    return hits, directed


def _matches(
    version: EntryVersion, searchable: Searchable, standing: Standing, among: Collection[int] | None
) -> list[Match]:
    """What matches a version, perhaps only `among` these keys. Raises CannotMatch for any fault but the database's."""
    started = time.monotonic()
    try:
        return standing.match(searchable, version.tx, among)
    except DatabaseError:
        raise
    except Exception as error:
        raise CannotMatch(version) from error
    finally:
        if (seconds := time.monotonic() - started) > LONG:
            log.warning("version %d took %.1f s to match; others waited", version.pk, seconds)


def _catch_up(standing: Standing, shard: MatchShard, part: Part, upper: int) -> int:
    """Run queries that became known only now over the versions they should have met; returns how many deliveries."""
    asked = (shard.profiles_tx, upper)
    if not were_asked(asked, part):
        return 0
    MatchShard.objects.filter(pk=shard.pk).update(profiles_tx=upper)
    late = late_comers(asked, shard.tx, part)
    if late is None:
        return 0
    keys, oldest = late
    missed = EntryVersion.objects.filter(tx__gte=oldest, tx__lt=shard.tx).select_related("entry")
    versions = without_unmatched(missed.order_by("number", "pk"), part)
    return _match(versions, standing, shard, late=keys)


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


def _record(part: Part, versions_below: int, profiles_below: int, versions: int, made: int, seconds: float) -> None:
    MatchRun.objects.create(
        versions_below_tx=versions_below,
        profiles_below_tx=profiles_below,
        shard=part.number,
        shards=part.of,
        host=f"{settings.HEADWATER_HOST}:{os.getpid()}"[-80:],
        versions=versions,
        deliveries=made,
        started_at=timezone.now() - timedelta(seconds=seconds),
        seconds=seconds,
    )
