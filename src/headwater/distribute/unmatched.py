"""Versions that could not be matched: set aside with their fault, so that one unlucky text holds up no others.

What a fault left behind in memory nobody knows, so the step in which it happened is undone and its standing queries are
loaded anew; then the version is passed over. It is tried again when somebody asks for it (`retry_versions`), and once
by each worker that starts, as after an upgrade. Deliveries are unique, so trying again brings nothing twice.

A version is set aside for a shard. When matching has been divided anew since, it is for each shard that there is now.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from headwater.core.wall import organisation_context
from headwater.distribute.models import MatchRun, MatchShard, UnmatchedVersion
from headwater.distribute.shards import Part, shards
from headwater.search.models import EntryVersion

log = logging.getLogger(__name__)

LONGEST_FAULT = 300
STANDSTILL = timedelta(minutes=1)
PATIENCE = timedelta(minutes=10)  # with what waits for being very long: thousands of books may have come at once

_KEPT = ("version_id", "fault", "since", "tried_at", "tries", "is_again", "again_at")
_started_at = timezone.now()


class CannotMatch(Exception):
    """A version could not be held against standing queries; its cause is why."""

    def __init__(self, version: EntryVersion) -> None:
        super().__init__(f"version {version.pk} cannot be matched")
        self.version = version


def set_aside(part: Part, failed: CannotMatch) -> None:
    """Pass the version over in this part from now on, and keep why. In a transaction of its own."""
    fault = repr(failed.__cause__)[:LONGEST_FAULT]
    log.error("version %d was set aside and did not reach everybody: %s", failed.version.pk, fault, exc_info=failed)
    now = timezone.now()
    with organisation_context(part.organisation_id):
        same = UnmatchedVersion.objects.filter(version=failed.version.pk, number=part.number, of=part.of)
        if not same.update(fault=fault, tried_at=now, tries=F("tries") + 1):
            UnmatchedVersion.objects.create(version=failed.version, number=part.number, of=part.of, fault=fault)


def without_unmatched(versions: Iterable[EntryVersion], part: Part) -> list[EntryVersion]:
    """Those that were not set aside in this part for a fault."""
    passed = set(_of(part).exclude(fault="").values_list("version", flat=True))
    return [version for version in versions if version.pk not in passed]


def next_to_retry(part: Part) -> EntryVersion | None:
    """A version that this part is to try again, the oldest first. With this transaction it is set aside no longer."""
    if not UnmatchedVersion.objects.exists():
        return None
    _take_over(part)
    due = _of(part).exclude(fault="").filter(Q(tried_at__lt=_started_at) | Q(again_at__gt=F("tried_at")))
    first = due.order_by("version").select_related("version__entry").first()
    if first is None:
        return None
    first.delete()
    return first.version


def _of(part: Part) -> QuerySet[UnmatchedVersion]:
    return UnmatchedVersion.objects.filter(number=part.number, of=part.of)


def _take_over(part: Part) -> None:
    """What a division set aside that is no more is for every shard of this one, whose first sees to it."""
    if part.number:
        return
    left = list(UnmatchedVersion.objects.exclude(of__in=MatchShard.objects.values("of")))
    UnmatchedVersion.objects.bulk_create(
        (
            UnmatchedVersion(number=number, of=part.of, **{name: getattr(one, name) for name in _KEPT})
            for one in left
            for number in range(part.of)
        ),
        ignore_conflicts=True,
    )
    UnmatchedVersion.objects.filter(pk__in=[one.pk for one in left]).delete()


def unmatched_versions() -> QuerySet[EntryVersion]:
    """The versions of the current organisation that some standing queries have not met, though it was their turn."""
    overdue = ~Q(fault="") | Q(since__lt=timezone.now() - PATIENCE)
    return EntryVersion.objects.filter(Exists(UnmatchedVersion.objects.filter(overdue, version=OuterRef("pk"))))


def still_shards() -> set[tuple[int, int]]:
    """(number, of) of each shard that has matched nothing for a minute, though versions have waited for it as long."""
    since = timezone.now() - STANDSTILL
    ran = set(MatchRun.objects.filter(started_at__gt=since).values_list("shard", "shards"))
    return {
        (shard.number, shard.of)
        for shard in shards()
        if (shard.number, shard.of) not in ran and _waiting(shard).filter(gathered_at__lt=since).exists()
    }


def _waiting(shard: MatchShard) -> QuerySet[EntryVersion]:
    until = {} if shard.until_tx is None else {"tx__lt": shard.until_tx}
    return EntryVersion.objects.filter(tx__gte=shard.tx, **until)
