"""Shards: the standing queries of an organisation in parts, each with its own place among the versions.

A query is in the shard of its id modulo their number. A shard is matched by one process at a time, which locks it, goes
on from its place, and moves the place in the transaction that delivers; so which process that is does not matter.

Dividing anew while all runs: the new shards begin at the place that the furthest of the old ones has reached, and those
of the old ones that are behind go on until there. Whatever the id, each version meets each query in one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection
from django.db.models import F, Func, IntegerField, Model, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Mod
from django.db.models.lookups import Exact
from numpy.typing import NDArray

from headwater.core.jobs import safe_tx
from headwater.core.models import Cursor
from headwater.core.wall import current_organisation_id
from headwater.distribute.models import Directive, InterestProfile, MatchShard
from headwater.search.models import EntryVersion

MOST_SHARDS = 1_000
_NEVER = 2**63 - 1  # no transaction has that number


@dataclass(frozen=True, slots=True)
class Part:
    """Which standing queries: those of an organisation whose id is `number` modulo `of`."""

    organisation_id: int
    number: int = 0
    of: int = 1


def shards() -> list[MatchShard]:
    """The shards of the current organisation, those to be finished first; made when there are none."""
    found = list(MatchShard.objects.order_by("pk"))
    return found or [_first_shard()]


def locked_shard(pk: int) -> MatchShard | None:
    """The shard as it is now, locked to the end of the transaction; None when another process has it, or it is gone.

    An advisory lock, as in `headwater.core.following.locked_cursor`, and for its reasons.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('matching'), %s)", [pk])
        is_ours = cursor.fetchone()[0]
    return MatchShard.objects.filter(pk=pk).first() if is_ours else None


def move_shard(shard: MatchShard, tx: int) -> None:
    """Every version of transactions below `tx` has been matched; a shard that has done its part is gone."""
    if shard.until_tx is not None and tx >= shard.until_tx:
        shard.delete()
    elif tx > shard.tx:
        MatchShard.objects.filter(pk=shard.pk).update(tx=tx)


def divide(number: int) -> list[MatchShard]:
    """Match the organisation's standing queries in so many shards from now on; returns those that will.

    Waits for the steps that run, for seconds at most, and does nothing when it is divided so already.
    """
    _one_divider_at_a_time()
    shards()
    _await_steps(list(MatchShard.objects.order_by("pk").values_list("pk", flat=True)))
    current = MatchShard.objects.filter(until_tx=None)
    now = list(current.order_by("number"))
    if len(now) == number:
        return now
    reached = max(shard.tx for shard in now)
    upper = safe_tx()
    caught_up = min(_caught_up(shard, upper) for shard in now)
    considered = min(shard.entries_tx for shard in now)
    current.filter(tx=reached).delete()
    current.update(until_tx=reached)
    return MatchShard.objects.bulk_create(
        MatchShard(number=each, of=number, tx=reached, profiles_tx=caught_up, entries_tx=considered)
        for each in range(number)
    )


@dataclass(frozen=True, slots=True)
class Lag:
    """How a shard is doing: whether a worker holds it (see `holding`), and how many versions wait to be matched."""

    number: int
    of: int
    is_held: bool
    behind: int


def lags() -> list[Lag]:
    """How every shard of the current organisation is doing."""
    shards()
    with connection.cursor() as cursor:
        cursor.execute(_HELD)
        held = {pk for (pk,) in cursor.fetchall()}
    until = Coalesce(OuterRef("until_tx"), Value(_NEVER))
    waiting = EntryVersion.objects.filter(tx__gte=OuterRef("tx"), tx__lt=until).order_by()
    counted = Subquery(waiting.annotate(n=Func(F("pk"), function="COUNT")).values("n"), output_field=IntegerField())
    found = MatchShard.objects.annotate(behind=counted).order_by("pk")
    return [
        Lag(number, of, pk in held, behind)
        for pk, number, of, behind in found.values_list("pk", "number", "of", "behind")
    ]


_HELD = """
    SELECT objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid::bigint = hashtext('match shard')::bigint & 4294967295
"""


def _caught_up(shard: MatchShard, upper: int) -> int:
    """Up to where the queries of a shard were caught up: further than it says, where none was asked since."""
    since = (shard.profiles_tx, upper)
    part = Part(current_organisation_id(), shard.number, shard.of)
    return shard.profiles_tx if were_asked(since, part) else max(upper, shard.profiles_tx)


def _first_shard() -> MatchShard:
    """One for all, which goes on where matching was before there were shards."""
    _one_divider_at_a_time()
    found = MatchShard.objects.order_by("pk").first()
    if found is not None:
        return found
    places = dict(Cursor.objects.filter(name__in=("match versions", "match profiles")).values_list("name", "tx"))
    versions, profiles = places.get("match versions", 0), places.get("match profiles", 0)
    return MatchShard.objects.create(tx=versions, profiles_tx=profiles, entries_tx=versions)


def _one_divider_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dividing'), %s)", [current_organisation_id()])


def _await_steps(pks: Sequence[int]) -> None:
    """Wait until nobody matches these shards; nobody begins before this transaction has ended."""
    with connection.cursor() as cursor:
        for pk in pks:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('matching'), %s)", [pk])


# --- The queries of a shard -------------------------------------------------------------------------------------------


def is_of(part: Part | None) -> Q:
    """Whether a profile or directive is in a part; all are where nothing is divided."""
    return Q() if part is None or part.of == 1 else Q(Exact(Mod(F("pk"), part.of), part.number))


def asked_in(asked: tuple[int, int], part: Part | None) -> tuple[QuerySet[InterestProfile], QuerySet[Directive]]:
    """The queries that stand and were asked, or changed, in these transactions: [first, second)."""
    # Whatever was asked in a transaction was written in it or later, and that has an index.
    then = is_of(part) & Q(asked_tx__gte=asked[0], asked_tx__lt=asked[1], tx__gte=asked[0])
    profiles = InterestProfile.objects.filter(then, removed_at=None, is_active=True)
    directives = Directive.objects.filter(then, state=Directive.State.ISSUED).exclude(query="")
    return profiles, directives


def were_asked(asked: tuple[int, int], part: Part | None) -> bool:
    """Whether there are any."""
    profiles, directives = asked_in(asked, part)
    return profiles.exists() or directives.exists()


def gone_of(keys: NDArray[np.int64], part: Part) -> list[int]:
    """Those of these keys (see `standing`) whose rows are no more, or are empty since somebody had theirs erased.

    Rows that are deleted, as an audience's are with it, are announced to nobody, so what holds queries has to compare,
    now and then.
    """
    profiles = _ids(InterestProfile, part, but="query = '' AND removed_at IS NOT NULL")
    there = np.concatenate([2 * profiles, 2 * _ids(Directive, part) + 1])
    gone: list[int] = np.setdiff1d(keys, there, assume_unique=True).tolist()
    return gone


def were_erased(since: datetime, part: Part) -> bool:
    """Whether anybody has had interests of theirs erased since then."""
    return InterestProfile.objects.filter(is_of(part), query="", removed_at__gte=since).exists()


def _ids(model: type[Model], part: Part, but: str = "FALSE") -> NDArray[np.int64]:
    """The ids of all rows of a part but these: a million in half a second, as bytes."""
    table = connection.ops.quote_name(model._meta.db_table)
    whole = f"SELECT string_agg(int8send(id), '') FROM {table} WHERE id %% %s = %s AND NOT ({but})"
    with connection.cursor() as cursor:
        cursor.execute(whole, [part.of, part.number])
        found = cursor.fetchone()[0]
    return np.frombuffer(found or b"", ">i8").astype(np.int64)
