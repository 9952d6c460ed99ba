"""The index of an organisation on this host follows the entries in the database.

Nobody writes to the index when an entry changes: the follower reads what was committed since it last looked (see
core.jobs), in the worker, or for somebody who searches on the command line while no worker runs.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.conf import settings
from django.db import connection

from headwater.core.jobs import safe_tx
from headwater.core.wall import current_organisation_id, organisation_context
from headwater.search.access import tokens_of_entry
from headwater.search.lexical.index import LexicalIndex, LockBusy, Writer
from headwater.search.lexical.schema import Indexed
from headwater.search.models import Entry, EntryVersion
from headwater.search.seen import searchables

# So many entries' texts are in memory at once.
_BATCH = 200
_open: dict[Path, LexicalIndex] = {}
_mutex = threading.Lock()

# What entries say that does not stand in their own rows: the tree of units, and topics with what is broader.
_ARRANGEMENT = """
    SELECT md5(
        coalesce((SELECT string_agg(id || slug || path, ',' ORDER BY id) FROM people_unit), '') || ';' ||
        coalesce((SELECT string_agg(id || slug || labels::text || coalesce(merged_into_id, 0), ',' ORDER BY id)
            FROM taxonomy_concept), '') || ';' ||
        coalesce((SELECT string_agg(narrower_id || '<' || broader_id, ',' ORDER BY id) FROM taxonomy_broader), '')
    )
"""


def index_of(organisation_id: int) -> LexicalIndex:
    """The index of an organisation, opened once a process."""
    folder = settings.HEADWATER_HOME / "index" / str(organisation_id)
    with _mutex:
        if folder not in _open:
            _open[folder] = LexicalIndex(folder)
        return _open[folder]


def current_index() -> LexicalIndex:
    """The index of the organisation whose context is open."""
    return index_of(current_organisation_id())


def follow_entries(organisation_id: int) -> bool:
    """Bring this host's index up to what is committed. False: there is no more to do, or another process is at it."""
    index = index_of(organisation_id)
    with organisation_context(organisation_id):
        safe = safe_tx()
        behind = index.cursor > safe or _changed(index.cursor, safe)
        if not behind:
            return False
        is_new = index.cursor == 0
        try:
            with index.writing() as writer:
                _catch_up(writer, safe)
            if is_new:
                index.keep_note(_arrangement())
        except LockBusy:
            return False
    return False


def _changed(since: int, before: int) -> bool:
    return Entry.objects.filter(tx__gte=since, tx__lt=before).exists()


def _catch_up(writer: Writer, safe: int) -> None:
    if writer.cursor > safe:
        # The database is another than the one this index followed: a backup was restored.
        writer.clear()
    changed = Entry.objects.filter(tx__gte=writer.cursor, tx__lt=safe).order_by("pk")
    _rewrite(writer, list(changed.values_list("pk", flat=True)))
    writer.cursor = safe


def _rewrite(writer: Writer, entry_ids: Sequence[int]) -> None:
    """Make the index say of these entries what the database says; those that are gone or withdrawn are taken out."""
    for start in range(0, len(entry_ids), _BATCH):
        batch = entry_ids[start : start + _BATCH]
        kept = list(_indexed(batch))
        writer.replace(kept)
        writer.remove(set(batch) - {indexed.searchable.entry_id for indexed in kept})


def _indexed(entry_ids: Sequence[int]) -> Iterator[Indexed]:
    entries = Entry.objects.current().filter(pk__in=entry_ids).select_related("current_version")
    versions: list[EntryVersion] = []
    for entry in entries:
        assert entry.current_version is not None
        entry.current_version.entry = entry
        versions.append(entry.current_version)
    for version, searchable in zip(versions, searchables(versions), strict=True):
        entry = version.entry
        tokens = tokens_of_entry(entry)
        yield Indexed(searchable, tokens, entry.classification, entry.copy_of_id, entry.standing)


def mend_index(organisation_id: int) -> int:
    """Compare the index with the database, entry by entry, and correct it; the number of entries that were wrong.

    Catches what following cannot see: rows deleted for good, units moved, topics renamed.
    """
    follow_entries(organisation_id)
    index = index_of(organisation_id)
    with organisation_context(organisation_id):
        rows = Entry.objects.current().values_list("pk", "current_version")
        there, held = {pk: version for pk, version in rows if version}, index.held()
        wrong = {pk for pk in there.keys() | held.keys() if there.get(pk) != held.get(pk)}
        arrangement = _arrangement()
        if arrangement != index.note:
            wrong = set(there) | wrong
        if not wrong:
            return 0
        try:
            with index.writing(wait=10) as writer:
                _rewrite(writer, sorted(wrong))
            index.keep_note(arrangement)
        except LockBusy:
            return 0
    return len(wrong)


def _arrangement() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_ARRANGEMENT)
        return str(cursor.fetchone()[0])
