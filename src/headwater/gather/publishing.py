"""The last step: what was read becomes documents, entries and versions, all or none of a batch."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.utils import timezone

from headwater.core.apart import apart_if_long
from headwater.gather.connectors import Fetched, Found
from headwater.gather.differences import one_sentence
from headwater.gather.models import Document, Failure, RawVersion, Source
from headwater.gather.pieces import Failed, Piece, State
from headwater.search.actions import NewVersion, publish_versions, restore_entry
from headwater.search.language.fingerprint import fingerprint
from headwater.search.models import Entry, EntryVersion, Kind
from headwater.search.publishing import storable

if TYPE_CHECKING:
    from headwater.gather.pipeline import Batch

_METADATA_BYTES = 64_000
# What the source itself says is believed; dates inside office files are mostly those of their template.
_DATED_BY_AUTHORS = ("text/markdown", "text/html", "message/rfc822", "application/vnd.ms-outlook")


class Learned(NamedTuple):
    """What changed in a text, and its fingerprint: of a very long one that takes a second.

    It is worked out before anything is written: whoever follows what is committed waits for a transaction that has
    written until it ends.
    """

    summary: str
    fingerprint: int | None


def hold_source(source_id: int) -> Source:
    """The source, with all writing to its documents by others waiting until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('gather_source'), %s)", [source_id])
    return Source.objects.get(pk=source_id)


def publish(batch: "Batch") -> None:
    """Write what became of the batch. Others may have gathered the same meanwhile: documents are looked up again."""
    source = hold_source(batch.source_id)
    if source.state == Source.State.CLOSED:
        _leave_out(batch)
    pieces = {piece.found.key: piece for piece in batch.pieces if piece.state in (State.ON_THE_WAY, State.FAILED)}
    _drop_repeated(batch.pieces, pieces)
    known = Document.objects.filter(source=source, key__in=list(pieces)).select_related("entry")
    documents = {document.key: document for document in known}
    for key, piece in pieces.items():
        piece.document = documents.get(key) or Document(source=source, key=key)
    readable = [piece for piece in pieces.values() if piece.extracted is not None]
    before = _texts_before(readable)
    learned = {piece.found.key: _learn(piece, before) for piece in readable}
    _make_entries(source, readable)
    _write_documents(pieces.values())
    _write_versions(batch, readable, learned)
    _restore(pieces.values())
    _write_failures([piece for piece in pieces.values() if piece.failure is not None])
    _forget_failures([piece for piece in pieces.values() if piece.failure is None])


def _leave_out(batch: "Batch") -> None:
    """Somebody closed the source meanwhile and said what becomes of its documents, so nothing is added to them.

    What was handed in before that and is still there, waiting to be read, is read all the same.
    """
    documents = Document.objects.filter(source=batch.source_id, vanished_at=None)
    there = set(documents.filter(key__in=[piece.found.key for piece in batch.pieces]).values_list("key", flat=True))
    for piece in batch.pieces:
        if not (piece.is_asked_for and piece.found.key in there):
            piece.state, piece.extracted, piece.failure = State.UNCHANGED, None, None


def _drop_repeated(all_pieces: list[Piece], kept: dict[str, Piece]) -> None:
    """A key that was listed twice counts once, as it was listed last."""
    for piece in all_pieces:
        if piece.state == State.ON_THE_WAY and kept[piece.found.key] is not piece:
            piece.state = State.UNCHANGED


def _document(piece: Piece) -> Document:
    if piece.document is None:
        raise LookupError(piece.found.key)
    return piece.document


def _make_entries(source: Source, pieces: list[Piece]) -> None:
    """An entry for each document that is read for the first time, inheriting from its source."""
    fresh = [piece for piece in pieces if _document(piece).entry_id is None]
    entries = [
        Entry(
            kind=Kind.GATHERED,
            title=_title(piece),
            owner_id=source.owner_id,
            unit_id=source.unit_id,
            audience_id=source.audience_id,
            classification=source.classification,
            source_slug=source.slug,
            path=piece.found.key,
            origin_url=piece.found.url[:2000],
        )
        for piece in fresh
    ]
    for piece, entry in zip(fresh, Entry.objects.bulk_create(entries), strict=True):
        _document(piece).entry = entry
        piece.state = State.NEW


def _write_documents(pieces: Iterable[Piece]) -> None:
    fresh: list[Document] = []
    known: list[Document] = []
    now = timezone.now()
    for piece in pieces:
        document = _document(piece)
        (fresh if document.pk is None else known).append(document)
        document.last_seen_at = now
        # What could not be fetched is tried again the next time; what could not be read, once its bytes change.
        if piece.failure is None or piece.failure.cause != "unreachable":
            document.stamp = piece.found.stamp[:300]
        if piece.blob:
            document.blob, document.size = piece.blob, piece.size
        if piece.extracted is not None:
            document.mime, document.metadata = piece.extracted.mime[:120], _metadata(piece)
        elif piece.failure is not None:
            # What the source said of it, for when its kept bytes are read again.
            document.metadata = {**document.metadata, "given": given_by(piece.found)}
    Document.objects.bulk_create(fresh)
    Document.objects.bulk_update(known, ["last_seen_at", "stamp", "blob", "size", "mime", "metadata", "entry"])


def given_by(found: Found) -> dict[str, str]:
    """What a source says of a piece, to be kept beside it; `found_again` is the reverse."""
    dates = {"published": found.published, "modified": found.modified}
    stated = {name: moment.isoformat() for name, moment in dates.items() if moment is not None}
    return {"title": found.title, "author": found.author, "url": found.url, "name": found.name, **stated}


def found_again(document: Document, content: bytes) -> Found:
    """A document as it was found, from its kept bytes and what its source said of it."""
    given = document.metadata.get("given", {})
    return Found(
        key=document.key,
        stamp=document.stamp or document.blob,
        name=given.get("name") or document.key,
        fetch=lambda: Fetched(content, document.mime),
        url=given.get("url", ""),
        title=given.get("title", ""),
        author=given.get("author", ""),
        published=_moment(given.get("published", "")),
        modified=_moment(given.get("modified", "")),
        metadata={"given": given} if given else {},
    )


def _metadata(piece: Piece) -> dict[str, Any]:
    """What is known beside the text, without its bulky parts when it is too much to keep."""
    extracted = piece.extracted
    if extracted is None:
        return {}
    facts = {**piece.found.metadata, **extracted.metadata, "warnings": extracted.warnings[:20]}
    facts |= {"outline": extracted.outline, "author": extracted.author, "created": extracted.created}
    facts = json.loads(json.dumps(facts).replace("\\u0000", ""))
    if len(json.dumps(facts)) > _METADATA_BYTES:
        facts = {name: facts[name] for name in ("form", "author", "created", "pages") if name in facts}
    return facts


def _write_versions(batch: "Batch", pieces: list[Piece], learned: dict[str, Learned]) -> None:
    """A version where the words changed, with its raw bytes and run beside it."""
    versions = publish_versions([_new_version(batch, piece, learned[piece.found.key]) for piece in pieces])
    raw: list[RawVersion] = []
    for piece, version in zip(pieces, versions, strict=True):
        document = _document(piece)
        if piece.state != State.NEW:
            piece.state = State.SAME if version is None else State.CHANGED
        piece.is_copy = bool(document.entry and document.entry.copy_of_id)
        if version is not None:
            raw.append(_raw(batch, piece, version))
    RawVersion.objects.bulk_create(raw)


def _raw(batch: "Batch", piece: Piece, version: EntryVersion) -> RawVersion:
    return RawVersion(
        version=version,
        document=_document(piece),
        run_id=batch.run_id,
        blob=piece.blob,
        mime=_document(piece).mime,
        size=piece.size,
        origin_modified_at=piece.found.modified,
    )


def _texts_before(pieces: Iterable[Piece]) -> dict[int, str]:
    """Entry id → the text that was current until now."""
    entries = [pk for piece in pieces if (pk := _document(piece).entry_id) is not None]
    rows = Entry.objects.filter(pk__in=entries).values_list("pk", "current_version__text") if entries else []
    return {pk: text or "" for pk, text in rows}


def _learn(piece: Piece, before: dict[int, str]) -> Learned:
    text = piece.extracted.text if piece.extracted is not None else ""
    old = before.get(_document(piece).entry_id or 0, "")
    found = apart_if_long(len(text), fingerprint, storable(text))
    return Learned(one_sentence(old, text) if old else "", found)


def _new_version(batch: "Batch", piece: Piece, learned: Learned) -> NewVersion:
    extracted, entry = piece.extracted, _document(piece).entry
    if extracted is None or entry is None:
        raise LookupError(piece.found.key)
    return NewVersion(
        entry=entry,
        title=_title(piece),
        text=extracted.text,
        language=extracted.language,
        author=(piece.found.author or extracted.author)[:300],
        published_at=published_at(piece),
        summary=learned.summary,
        fingerprint=learned.fingerprint,
        is_backfill=batch.is_backfill,
    )


def _title(piece: Piece) -> str:
    extracted = piece.extracted
    return (piece.found.title or (extracted.title if extracted else "") or piece.found.name)[:500]


def published_at(piece: Piece) -> datetime:
    """When its origin published it: as the source says, as its author wrote, when it was last changed, or now."""
    extracted, now = piece.extracted, timezone.now()
    # A later version is dated by its change, not by when the first was written.
    stated = [piece.found.published if piece.state == State.NEW else piece.found.modified or piece.found.published]
    if extracted is not None and extracted.mime in _DATED_BY_AUTHORS and piece.state == State.NEW:
        stated.append(_moment(extracted.created))
    stated.append(piece.found.modified)
    if extracted is not None:
        stated += [_moment(extracted.modified)]
    moment = next((one for one in stated if one is not None), now)
    return min(moment, now)


def _moment(stated: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(stated)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _restore(pieces: Iterable[Piece]) -> None:
    """What had vanished and is there again is found again."""
    back = [_document(piece) for piece in pieces if _document(piece).vanished_at is not None]
    for document in back:
        document.vanished_at = None
        if document.entry is not None:
            restore_entry(document.entry)
    Document.objects.filter(pk__in=[document.pk for document in back]).update(vanished_at=None)
    for piece in pieces:
        if piece.state == State.ON_THE_WAY:
            piece.state = State.SAME


def _write_failures(pieces: list[Piece]) -> None:
    now = timezone.now()
    rows = [
        _failure(_document(piece), piece.failure, piece.found.stamp, now)
        for piece in pieces
        if piece.failure is not None
    ]
    Failure.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["document"],
        update_fields=["cause", "message", "remedy", "said", "stamp", "last_at", "dismissed_at"],
    )


def _failure(document: Document, failed: Failed, stamp: str, now: datetime) -> Failure:
    message = f"{failed.message}: {failed.detail}" if failed.detail else failed.message
    return Failure(
        document=document,
        cause=failed.cause[:30],
        message=message.replace("\x00", "")[:500],
        remedy=failed.remedy[:300],
        said=failed.said,
        stamp=stamp[:300],
        first_at=now,
        last_at=now,
        dismissed_at=None,
    )


def _forget_failures(pieces: list[Piece]) -> None:
    """What was read has no failure any more; nor has what is as it was when it was read."""
    read = [_document(piece).pk for piece in pieces if piece.extracted is not None]
    Failure.objects.filter(document__in=read).delete()
