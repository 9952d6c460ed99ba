"""The index as a copy that is written, read, locked, crashed and rebuilt."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headwater.search.language.parser import parse
from headwater.search.language.searchable import Searchable
from headwater.search.lexical import index as module
from headwater.search.lexical.index import LexicalIndex, LockBusy
from headwater.search.lexical.schema import Indexed
from headwater.search.lexical.searching import Asker, Search

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
ASKER = Asker(("a1", "o9"), 1, ("en",))


def entry(
    entry_id: int, title: str = "Rescue line", tokens: tuple[str, ...] = ("a1",), classification: int = 1
) -> Indexed:
    searchable = Searchable(entry_id, entry_id * 10, title, "", "en", "procedure", "", (), (), "", WHEN)
    return Indexed(searchable, tokens, classification)


def found(index: LexicalIndex, query: str, asker: Asker = ASKER) -> list[int]:
    return sorted(hit.entry_id for hit in Search(index, parse(query), asker).found().hits)


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    return LexicalIndex(tmp_path / "index")


def test_a_new_index_is_empty(index: LexicalIndex) -> None:
    assert found(index, "*") == []
    assert index.cursor == 0


def test_an_entry_replaces_itself(index: LexicalIndex) -> None:
    with index.writing() as writer:
        writer.replace([entry(1), entry(2)])
    with index.writing() as writer:
        writer.replace([entry(1, "Pump log")])
    assert (found(index, "rescue"), found(index, "pump")) == ([2], [1])


def test_removed_and_cleared(index: LexicalIndex) -> None:
    with index.writing() as writer:
        writer.replace([entry(1), entry(2), entry(3)])
        writer.cursor = 7
    with index.writing() as writer:
        writer.remove([1, 99])
        writer.remove([])
    assert (found(index, "rescue"), index.cursor, index.held()) == ([2, 3], 7, {2: 20, 3: 30})
    with index.writing() as writer:
        writer.clear()
    assert (found(index, "*"), index.cursor) == ([], 0)


def test_tokens_and_clearance(index: LexicalIndex) -> None:
    with index.writing() as writer:
        writer.replace(
            [
                entry(1),
                entry(2, tokens=("a2",)),
                entry(3, tokens=("a2", "o9")),
                entry(4, classification=2),
                entry(5, tokens=()),
            ]
        )
    assert found(index, "rescue") == [1, 3]
    assert found(index, "rescue NEAR/2 line") == [1, 3]
    assert found(index, "NOT pump") == [1, 3]
    assert found(index, "*", Asker((), 3, ("en",))) == []
    assert found(index, "*", Asker(("a1", "a2"), 3, ("en",))) == [1, 2, 3, 4]


def test_another_process_sees_what_was_committed(index: LexicalIndex) -> None:
    with index.writing() as writer:
        writer.replace([entry(1)])
    assert found(index, "rescue") == [1]
    _in_another_process(index, "writer.replace([entry(2)])")
    assert found(index, "rescue") == [1, 2]


def test_one_writer_at_a_time(index: LexicalIndex) -> None:
    with index.writing(), pytest.raises(LockBusy), LexicalIndex(index.folder).writing():
        pass
    with index.writing() as writer:
        writer.replace([entry(1)])
    assert found(index, "*") == [1]


def test_an_error_leaves_it_as_it_was(index: LexicalIndex) -> None:
    def fail_half_way() -> None:
        with index.writing() as writer:
            writer.replace([entry(1)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert found(index, "*") == []
    with index.writing() as writer:
        writer.replace([entry(2)])
    assert found(index, "*") == [2]


def test_killed_while_writing(index: LexicalIndex) -> None:
    with index.writing() as writer:
        writer.replace([entry(1)])
    _in_another_process(index, "writer.replace([entry(2)]); import os; os.kill(os.getpid(), 9)")
    assert found(index, "*") == [1]
    with index.writing() as writer:
        writer.replace([entry(3)])
    assert found(index, "*") == [1, 3]


def test_another_schema_begins_anew(index: LexicalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    with index.writing() as writer:
        writer.replace([entry(1)])
        writer.cursor = 5
    monkeypatch.setattr(module, "SCHEMA_VERSION", 999)
    changed = LexicalIndex(index.folder)
    assert (changed.cursor, found(changed, "*")) == (0, [])
    with changed.writing() as writer:
        writer.replace([entry(2)])
    assert not index.place.exists()


def test_a_folder_that_vanished_is_begun_anew(index: LexicalIndex) -> None:
    with index.writing() as writer:
        writer.replace([entry(1)])
    assert found(index, "*") == [1]
    shutil.rmtree(index.folder)
    assert found(index, "*") == []


def test_a_note_is_kept(index: LexicalIndex) -> None:
    assert index.note == ""
    with index.writing():
        pass
    index.keep_note("abc")
    assert LexicalIndex(index.folder).note == "abc"


def _in_another_process(index: LexicalIndex, change: str) -> None:
    code = f"""
from pathlib import Path
from tests.search.lexical.test_index import LexicalIndex, entry
with LexicalIndex(Path({str(index.folder)!r})).writing() as writer:
    {change}
"""
    subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], env={"PYTHONPATH": "src:."}, check=False
    )
