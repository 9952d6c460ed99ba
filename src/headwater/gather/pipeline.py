"""How a found piece becomes something people can read: one list of steps, a hundred pieces at a time.

Every step takes the batch and does its part for the pieces still on their way. A piece leaves the way when it is
unchanged or has failed; a failure is kept, named and shown, and stops nothing else. Only `compare` and `publish` touch
the database, each in one transaction of its own, so that a long run commits as it goes and may be killed at any point:
the next run finds by the stamps what is still to do.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headwater.core.blobs import put_blob
from headwater.core.wall import organisation_context
from headwater.gather import publishing
from headwater.gather.connectors import FetchFailed, Found
from headwater.gather.extract import ExtractionFailed, Job, Pool
from headwater.gather.models import Document
from headwater.gather.pieces import Failed, Piece, State

BATCH = 100
_FIRST_BATCH = 25
# Each file is synced to the disk; several at once share the disk's turn.
_WRITERS = 8


@dataclass
class Batch:
    """Some pieces of one source on their way, and where they come from."""

    organisation_id: int
    source_id: int
    pieces: list[Piece]
    pool: Pool
    run_id: int | None = None
    is_backfill: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def on_the_way(self) -> list[Piece]:
        """The pieces that have neither failed nor turned out to be known."""
        return [piece for piece in self.pieces if piece.state == State.ON_THE_WAY]


@dataclass(frozen=True)
class Step:
    """One step: its name in counts, its name for people, and what it does."""

    name: str
    label: str | Promise
    take: Callable[[Batch], None]


def compare(batch: Batch) -> None:
    """Listed: what has the same stamp as the last time is known and goes no further."""
    keys = [piece.found.key for piece in batch.pieces]
    with organisation_context(batch.organisation_id):
        documents = Document.objects.filter(source_id=batch.source_id, key__in=keys)
        known = {document.key: document for document in documents}
    for piece in batch.pieces:
        piece.document = known.get(piece.found.key)
        if piece.is_known() and not piece.is_asked_for:
            piece.state = State.UNCHANGED


def fetch(batch: Batch) -> None:
    """Fetched: the bytes, one piece after the other, as the source's manners want it."""
    for piece in batch.on_the_way():
        try:
            fetched = piece.found.fetch()
        except FetchFailed as failure:
            piece.fail(Failed("unreachable", failure.message, failure.remedy, said=failure.said))
        else:
            piece.content, piece.mime = fetched.content, fetched.mime


def keep(batch: Batch) -> None:
    """Kept: the raw bytes, by their content, before anything is made of them."""
    pieces = batch.on_the_way()
    with organisation_context(batch.organisation_id), ThreadPoolExecutor(_WRITERS, "keep") as threads:
        kept = [threads.submit(copy_context().run, put_blob, piece.content) for piece in pieces]
        for piece, blob in zip(pieces, kept, strict=True):
            piece.blob, piece.size = blob.result(), len(piece.content)


def take_text_out(batch: Batch) -> None:
    """Text taken out, in processes that may be killed; bytes that were read before are not read again."""
    pieces = [piece for piece in batch.on_the_way() if not piece.has_same_bytes()]
    jobs = (Job(piece.content, piece.found.name, piece.mime) for piece in pieces)
    for piece, outcome in zip(pieces, batch.pool.extract_many(jobs), strict=True):
        piece.content = b""
        if isinstance(outcome, ExtractionFailed):
            said = {"detail": outcome.detail[:400].replace("\x00", "")}
            piece.fail(Failed(outcome.cause, outcome.message, outcome.remedy, outcome.detail, said))
        else:
            piece.extracted = outcome


def publish(batch: Batch) -> None:
    """Indexed: documents, entries, versions and failures, all or none of the batch."""
    with organisation_context(batch.organisation_id):
        publishing.publish(batch)


def find_copies(batch: Batch) -> None:
    """Copies found: near-copies point to the first of their kind; they are shown there, and not hidden."""
    batch.counts["copies"] = sum(piece.is_copy for piece in batch.pieces)


STEPS: list[Step] = [
    Step("listed", _("Listed"), compare),
    Step("fetched", _("Fetched"), fetch),
    Step("kept", _("Kept"), keep),
    Step("read", _("Text taken out"), take_text_out),
    Step("indexed", _("Indexed"), publish),
    Step("copies", _("Copies found"), find_copies),
]


def carry(batch: Batch) -> dict[str, int]:
    """Take a batch through all steps; how many pieces came past each, and what became of them."""
    for step in STEPS:
        step.take(batch)
        batch.counts.setdefault(step.name, len(batch.on_the_way()))
    states = [piece.state for piece in batch.pieces]
    batch.counts |= {"listed": len(states), "done": len(states), "failed": states.count(State.FAILED)}
    batch.counts |= {state: states.count(state) for state in (State.NEW, State.CHANGED)}
    batch.counts["indexed"] = batch.counts["new"] + batch.counts["changed"]
    batch.counts["bytes"] = sum(piece.size for piece in batch.pieces)
    return batch.counts


def batches(found: Iterable[Found], seconds: float = 5.0) -> Iterator[list[Piece]]:
    """The pieces in batches: small ones first, so that others can begin with them; small ones from a slow source."""
    pieces: list[Piece] = []
    size, started = _FIRST_BATCH, time.monotonic()
    for one in found:
        pieces.append(Piece(one))
        if len(pieces) >= size or time.monotonic() - started >= seconds:
            yield pieces
            pieces, size, started = [], min(size * 2, BATCH), time.monotonic()
    if pieces:
        yield pieces
