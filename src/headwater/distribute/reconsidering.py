"""Reconsidering: what has come to be about something else, or to be read by others, is matched once more.

Topics are often settled after a text came, and access is opened to it later. Search finds it then by what it is now, so
what stands must too. A version is news for a month: what happens to older ones brings them to nobody, however many of
them a steward arranges at once.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from headwater.distribute.models import MatchShard
from headwater.search.models import Entry, EntryVersion

NEWS = timedelta(days=30)
AT_ONCE = 100
LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class Changed:
    """Versions of entries that changed since they were matched, and up to which entry of which transaction they are."""

    versions: list[EntryVersion]
    place: tuple[int, int]
    more: bool


def changed_since(shard: MatchShard, upper: int) -> Changed:
    """The next current versions that the shard has matched already, of entries changed in transactions below `upper`.

    Where nobody has written an entry after its version it is as it was: whoever publishes writes both.
    """
    beyond = Q(tx__gt=shard.entries_tx) | Q(pk__gt=shard.entries_pk)
    written = Entry.objects.filter(beyond, tx__gte=shard.entries_tx, tx__lt=upper).order_by("tx", "pk")
    rows = list(written.values_list("tx", "pk", "current_version")[:LOOKED_AT])
    if not rows:
        return Changed([], (shard.entries_tx, shard.entries_pk), more=False)
    places = {version: (tx, pk) for tx, pk, version in rows if version is not None}
    news = _news_among(places, shard)
    if len(news) > AT_ONCE:
        return Changed(_read(news[:AT_ONCE]), places[news[AT_ONCE - 1]], more=True)
    if len(rows) == LOOKED_AT:
        return Changed(_read(news), rows[-1][:2], more=True)
    return Changed(_read(news), (upper, 0), more=False)


def _news_among(places: dict[int, tuple[int, int]], shard: MatchShard) -> list[int]:
    """Those of these versions to be matched once more, in order. By their numbers: there may be a million others."""
    matched = EntryVersion.objects.filter(
        pk__in=list(places), tx__lt=shard.tx, gathered_at__gte=timezone.now() - NEWS
    ).values_list("pk", "tx")
    return sorted((pk for pk, tx in matched if tx != places[pk][0]), key=places.__getitem__)


def _read(pks: list[int]) -> list[EntryVersion]:
    """These versions, without those that nobody may read any more."""
    if not pks:
        return []
    current = EntryVersion.objects.filter(pk__in=pks, entry__withdrawn_at=None).select_related("entry")
    return list(current.order_by("pk"))


def move_on(shard: MatchShard, changed: Changed) -> None:
    """Those were considered again, by this shard."""
    if changed.place != (shard.entries_tx, shard.entries_pk):
        tx, pk = changed.place
        MatchShard.objects.filter(pk=shard.pk).update(entries_tx=tx, entries_pk=pk)
