"""Reconsidering: what has come to be about something else, or to be read by others, is matched once more.

Topics are often settled after a text came, and access is opened to it later. Search finds it then by what it is now, so
what stands must too. A version is news for a month: what happens to older ones brings them to nobody, however many of
them a steward arranges at once.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from headwater.distribute.models import MatchShard
from headwater.search.models import Entry, EntryVersion

NEWS = timedelta(days=30)
AT_ONCE = 100


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
    written = Entry.objects.filter(beyond, tx__gte=shard.entries_tx, tx__lt=upper)
    if not written.exists():
        return Changed([], (shard.entries_tx, shard.entries_pk), more=False)
    changed = written.current().filter(
        ~Q(tx=F("current_version__tx")),
        current_version__tx__lt=shard.tx,
        current_version__gathered_at__gte=timezone.now() - NEWS,
    )
    found = list(changed.select_related("current_version").order_by("tx", "pk")[:AT_ONCE])
    more = len(found) == AT_ONCE
    return Changed([_version_of(each) for each in found], (found[-1].tx, found[-1].pk) if more else (upper, 0), more)


def move_on(shard: MatchShard, changed: Changed) -> None:
    """Those were considered again, by this shard."""
    if changed.place != (shard.entries_tx, shard.entries_pk):
        tx, pk = changed.place
        MatchShard.objects.filter(pk=shard.pk).update(entries_tx=tx, entries_pk=pk)


def _version_of(entry: Entry) -> EntryVersion:
    version = entry.current_version
    assert version is not None
    version.entry = entry
    return version
