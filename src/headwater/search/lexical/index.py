"""The lexical index of one organisation on this host: a folder that follows the database.

    index = LexicalIndex(folder)
    with index.writing() as writer:
        writer.replace(indexed)
        writer.remove([7])
        writer.cursor = 1234
    index.searcher()

One process writes at a time, and holds the lock only while it writes. Any number read; each search sees what was last
committed. Beside the index lies `cursor`, how far the follower had read: it is written after the commit, so that after
a crash some changes are read again, and none is missed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tantivy

from headwater.search.lexical.schema import SCHEMA_VERSION, Indexed, build_schema, document, separated

_HEAP = 40_000_000


class LockBusy(RuntimeError):
    """Another process is writing to this index. Nothing was changed here; try again later."""


class Writer:
    """Changes that become visible together, when `writing` ends without an error. `cursor` is kept with them."""

    def __init__(self, schema: tantivy.Schema, writer: tantivy.IndexWriter, cursor: int) -> None:
        self._schema = schema
        self._writer = writer
        self.cursor = cursor

    def replace(self, entries: Iterable[Indexed]) -> None:
        """Put entries in, each in place of what was there under its id."""
        given = list(entries)
        self.remove({indexed.searchable.entry_id for indexed in given})
        for indexed in given:
            self._writer.add_document(document(indexed))

    def remove(self, entry_ids: Collection[int]) -> None:
        """Take entries out; ids that are not there do no harm."""
        if entry_ids:
            # By query: deleting "by term" takes the number for a signed one and finds nothing, without a word.
            gone = tantivy.Query.term_set_query(self._schema, "entry", sorted(entry_ids))
            self._writer.delete_documents_by_query(gone)

    def clear(self) -> None:
        """Take everything out and begin again from the start."""
        self._writer.delete_all_documents()
        self.cursor = 0


class LexicalIndex:
    """One index. `folder` is the organisation's; the index lies in it under the number of its schema."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = folder / str(SCHEMA_VERSION)
        self.schema = build_schema()
        self._index: tantivy.Index | None = None
        self._seen: tuple[int, int] = (0, 0)
        self._mutex = threading.Lock()

    @property
    def cursor(self) -> int:
        """How far the follower has read; 0 for an index that is new or of another schema."""
        try:
            return int((self.place / "cursor").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def searcher(self) -> tantivy.Searcher:
        """A view of what was last committed by any process; it stays as it is while others write."""
        with self._mutex:
            seen = self._stamp()
            if self._index is None or seen == (0, 0):
                self._index = self._opened()
                seen = self._stamp()
            elif seen != self._seen:
                self._index.reload()
            self._seen = seen
            return self._index.searcher()

    @contextmanager
    def writing(self, wait: float = 0.0) -> Iterator[Writer]:
        """Change the index. Waits up to `wait` seconds for another writer, then raises LockBusy.

        An error inside leaves the index as it was.
        """
        with self._locked(wait):
            self._remove_other_schemas()
            opened = self._opened()
            own = opened.writer(_HEAP, 1)
            writer = Writer(self.schema, own, self.cursor)
            try:
                yield writer
                own.commit()
            except BaseException:
                own.rollback()
                raise
            finally:
                own.wait_merging_threads()
            self._keep("cursor", str(writer.cursor))

    def _opened(self) -> tantivy.Index:
        self.place.mkdir(parents=True, exist_ok=True)
        with self._locked_for_opening():
            index = tantivy.Index(self.schema, path=str(self.place), reuse=True)
        index.register_tokenizer("whitespace", separated())
        index.config_reader(reload_policy="manual")
        index.reload()
        return index

    def _stamp(self) -> tuple[int, int]:
        """What changes with every commit: tantivy replaces meta.json."""
        try:
            found = os.stat(self.place / "meta.json")
        except FileNotFoundError:
            return (0, 0)
        return (found.st_ino, found.st_mtime_ns)

    @contextmanager
    def _locked(self, wait: float) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + wait
        with open(self.folder / "write.lock", "w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise LockBusy(f"another process writes to {self.folder}") from None
                    time.sleep(0.02)
            yield

    @contextmanager
    def _locked_for_opening(self) -> Iterator[None]:
        """Two processes that make the same new index at once would each write its first meta.json."""
        with open(self.folder / "open.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _remove_other_schemas(self) -> None:
        for other in self.folder.iterdir():
            if other.is_dir() and other != self.place:
                shutil.rmtree(other, ignore_errors=True)

    def held(self) -> dict[int, int]:
        """Every entry in the index, with its version."""
        searcher = self.searcher()
        hits = searcher.search(tantivy.Query.all_query(), max(searcher.num_docs, 1), count=False).hits
        places = [place for _, place in hits]
        columns = (searcher.fast_field_values(name, places) for name in ("entry", "version"))
        return {int(entry or 0): int(version or 0) for entry, version in zip(*columns, strict=True)}

    @property
    def note(self) -> str:
        """What the follower wrote down for itself beside the index."""
        try:
            return (self.place / "note").read_text()
        except FileNotFoundError:
            return ""

    def keep_note(self, note: str) -> None:
        """Write it down."""
        self._keep("note", note)

    def _keep(self, name: str, text: str) -> None:
        written = self.place / f"{name}.new"
        written.write_text(text)
        written.replace(self.place / name)
