"""New versions of entries, for the rooms above that make them: gather and library call these inside their actions."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from headwater.search.language.fingerprint import fingerprint, nearest
from headwater.search.models import Entry, EntryVersion, FormerTitle


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What a version will be: the saved entry it belongs to, its text, and where and when it comes from.

    `gathered_at` is now unless given; `is_backfill` marks what a source's first run brought. The `fingerprint` of the
    text is worked out unless given.
    """

    entry: Entry
    title: str
    text: str
    language: str
    author: str
    published_at: datetime
    gathered_at: datetime | None = None
    summary: str = ""
    is_backfill: bool = False
    fingerprint: int | None = None


def publish_version(
    entry: Entry,
    *,
    title: str,
    text: str,
    language: str,
    author: str,
    published_at: datetime,
    gathered_at: datetime | None = None,
    summary: str = "",
    is_backfill: bool = False,
) -> EntryVersion | None:
    """Make this text the entry's current version; None when its title and text are those of the current one."""
    new = NewVersion(entry, title, text, language, author, published_at, gathered_at, summary, is_backfill)
    return publish_versions([new])[0]


@transaction.atomic
def publish_versions(new: Sequence[NewVersion]) -> list[EntryVersion | None]:
    """The same for a batch (about 100 at once is best), in its order; each entry at most once."""
    entries = {one.entry.pk: one.entry for one in new}
    if len(entries) < len(new):
        raise ValueError("an entry stands twice in one batch")
    current = _locked_currents(entries)
    versions = [_version(one, current[one.entry.pk]) for one in new]
    made = EntryVersion.objects.bulk_create([version for version in versions if version is not None])
    _remember_titles(made, current)
    _point_to(made, entries)
    return versions


class Current(NamedTuple):
    """What is current of an entry: the version's number, checksum and title; (0, "", "") where there is none yet."""

    number: int
    checksum: str
    title: str


def _locked_currents(entries: Iterable[int]) -> dict[int, Current]:
    """What is current of each entry, the entries locked."""
    locked = Entry.objects.select_for_update(of=("self",)).filter(pk__in=list(entries)).order_by("pk")
    fields = ("number", "checksum", "title")
    rows = locked.values_list("pk", *(f"current_version__{name}" for name in fields))
    return {pk: Current(number or 0, checksum or "", title or "") for pk, number, checksum, title in rows}


def _remember_titles(made: Iterable[EntryVersion], current: dict[int, Current]) -> None:
    """Links written with a title that is given up now go on leading to its entry."""
    given_up = [
        FormerTitle(entry_id=version.entry_id, folded=before)
        for version in made
        if (before := current[version.entry_id].title.lower()) not in ("", version.title.lower())
    ]
    FormerTitle.objects.bulk_create(given_up, ignore_conflicts=True)


def _version(one: NewVersion, current: Current) -> EntryVersion | None:
    title, text = storable(one.title)[:500], storable(one.text)
    checksum = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()
    if checksum == current.checksum:
        return None
    return EntryVersion(
        entry=one.entry,
        number=current.number + 1,
        title=title,
        text=text,
        language=one.language[:10],
        author=storable(one.author)[:300],
        checksum=checksum,
        fingerprint=fingerprint(text) if one.fingerprint is None else one.fingerprint,
        summary=storable(one.summary)[:300],
        published_at=one.published_at,
        gathered_at=one.gathered_at or timezone.now(),
        is_backfill=one.is_backfill,
    )


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot hold: zero characters and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _point_to(made: list[EntryVersion], entries: dict[int, Entry]) -> None:
    """Make the new versions current, and each near-copy point to the entry it is a copy of."""
    copies = _copies(made)
    for version in made:
        entry = entries[version.entry_id]
        entry.title, entry.current_version, entry.copy_of_id = version.title, version, copies.get(version.entry_id)
    rows = [(entry.pk, entry.title, entry.current_version_id, entry.copy_of_id) for entry in entries.values()]
    changed = [row for row in rows if row[0] in {version.entry_id for version in made}]
    if changed:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE search_entry e SET title = v.title, current_version_id = v.version, copy_of_id = v.copy_of"
                " FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[]) AS v(id, title, version, copy_of)"
                " WHERE e.id = v.id",
                [list(column) for column in zip(*changed, strict=True)],
            )


def _copies(made: list[EntryVersion]) -> dict[int, int]:
    """Entry id → id of the first entry whose current text is nearly the same and is no copy itself."""
    told = [version for version in made if version.fingerprint is not None]
    if not told:
        return {}
    own = {version.entry_id for version in made}
    rows = _perhaps_alike([version.fingerprint or 0 for version in told], own)
    ids, prints = [pk for pk, _ in rows], [print_ for _, print_ in rows]
    copies: dict[int, int] = {}
    for version in sorted(told, key=lambda version: version.entry_id):
        assert version.fingerprint is not None
        at = nearest(version.fingerprint, np.array(prints, dtype=np.int64))
        if at is not None and ids[at] != version.entry_id:
            copies[version.entry_id] = ids[at]
        else:
            ids.append(version.entry_id)
            prints.append(version.fingerprint)
    return copies


def _perhaps_alike(prints: Sequence[int], own: Iterable[int]) -> list[tuple[int, int]]:
    """Entry and fingerprint of other current texts that share a band with one of these, of what is no copy itself."""
    bands = (Q(**{f"band_{band}__in": {one >> 16 * band & 0xFFFF for one in prints}}) for band in range(4))
    alike = EntryVersion.objects.filter(reduce(or_, bands), entry__current_version=F("pk"))
    originals = alike.filter(entry__copy_of=None, entry__withdrawn_at=None).exclude(entry__in=own)
    rows = originals.order_by("entry").values_list("entry", "fingerprint")
    return [(entry, print_) for entry, print_ in rows if print_ is not None]


def withdraw_entry(entry: Entry) -> None:
    """Take an entry out of search and distribution (its source lost it, it went to the trash); nothing is deleted."""
    _withdraw([entry], timezone.now())


def withdraw_entries(entries: Sequence[Entry]) -> None:
    """The same for many."""
    _withdraw(entries, timezone.now())


def restore_entry(entry: Entry) -> None:
    """Bring a withdrawn entry back with the version it had."""
    _withdraw([entry], None)


def _withdraw(entries: Sequence[Entry], at: datetime | None) -> None:
    changed = [entry for entry in entries if (entry.withdrawn_at is None) != (at is None)]
    for entry in changed:
        entry.withdrawn_at = at
    Entry.objects.filter(pk__in=[entry.pk for entry in changed]).update(withdrawn_at=at)


def count_use(entry: Entry) -> None:
    """Count that somebody opened the entry; never who."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO search_entryuse (entry_id, opened) VALUES (%s, 1)"
            " ON CONFLICT (entry_id) DO UPDATE SET opened = search_entryuse.opened + 1",
            [entry.pk],
        )
