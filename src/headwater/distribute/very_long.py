"""Very long texts are matched beside the others, so that these go on meanwhile.

Cutting a million words takes a second or more, and such a text may concern more people than all else in an hour. Where
its turn comes a shard leaves it aside, in the transaction that moves its place on, and goes on with what comes after.
A thread of its own then has it read, in another process, holds it against the shard's standing queries, and delivers
in pieces, between which others deliver theirs. A process that dies is followed by one that begins with the text again:
deliveries are unique.

It waits as an `UnmatchedVersion` without a fault. What asks for it once more meanwhile, as a new query may, says so in
`again_at`: it is done when nobody has asked since it was begun.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from headwater.core.apart import VERY_LONG, apart_if_long
from headwater.core.wall import current_organisation_id, organisation_context
from headwater.distribute.matcher.parts import cut
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.models import MatchShard, UnmatchedVersion
from headwater.distribute.shards import Part
from headwater.search.language.searchable import Searchable
from headwater.search.models import EntryVersion
from headwater.search.seen import searchables

log = logging.getLogger(__name__)

CHANNEL = "distribute_unmatchedversion"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A very long version, as the query language sees it, and the shards of ours in which it waits.

    `asked` says of each of these up to which transaction queries became known that it may have to meet.
    """

    version: EntryVersion
    seen: Searchable
    rows: list[UnmatchedVersion]
    asked: dict[tuple[int, int], int]


def leave_aside(versions: Iterable[EntryVersion], shard: MatchShard, again: bool = False) -> list[EntryVersion]:
    """Those that are not very long; the others wait from now on. `again`: they were matched already."""
    versions = list(versions)
    aside = [version for version in versions if len(version.text) > VERY_LONG]
    if not aside:
        return versions
    UnmatchedVersion.objects.bulk_create(
        (_waits(version, shard, again) for version in aside),
        update_conflicts=True,
        unique_fields=["version", "number", "of"],
        update_fields=["again_at"],
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(current_organisation_id())])
    return [version for version in versions if version not in aside]


def _waits(version: EntryVersion, shard: MatchShard, again: bool) -> UnmatchedVersion:
    return UnmatchedVersion(
        version=version,
        number=shard.number,
        of=shard.of,
        fault="",
        is_again=again,
        again_at=timezone.now(),
    )


def next_waiting(organisation_id: int, parts: Sequence[Part]) -> Waiting | None:
    """The text that came first of those that wait in any of these parts; None when none does."""
    with organisation_context(organisation_id):
        rows = [
            row
            for row in UnmatchedVersion.objects.filter(fault="").order_by("version", "number")
            if Part(organisation_id, row.number, row.of) in parts
        ]
        if not rows:
            return None
        version = EntryVersion.objects.select_related("entry").get(pk=rows[0].version_id)
        (seen,) = searchables([version])
        asked = {(number, of): tx for number, of, tx in MatchShard.objects.values_list("number", "of", "profiles_tx")}
    return Waiting(version, seen, [row for row in rows if row.version_id == version.pk], asked)


def read(waiting: Waiting) -> Reading:
    """The text, cut into words in another process."""
    started, text = time.monotonic(), waiting.seen.text
    reading = Reading(waiting.seen)
    reading.take(apart_if_long(len(text), cut, text, waiting.seen.language))
    log.info("version %d, very long, was cut into words in %.1f s", waiting.version.pk, time.monotonic() - started)
    return reading


def end_waiting(organisation_id: int, row: UnmatchedVersion) -> None:
    """It has been matched in this shard; if somebody asked for it meanwhile, it is to be matched again."""
    with organisation_context(organisation_id):
        same = UnmatchedVersion.objects.filter(pk=row.pk, fault="")
        if not same.filter(again_at=row.again_at).delete()[0]:
            same.update(is_again=True)


def very_long_waiting() -> int:
    """How many very long texts of the current organisation wait, or are being matched."""
    return UnmatchedVersion.objects.filter(fault="").values("version").distinct().count()
