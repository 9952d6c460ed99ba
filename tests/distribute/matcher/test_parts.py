"""The parts the engine is made of: lists that grow in one array, tables, and trees as numbers."""

import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.distribute.matcher import judging, lists, slots, snapshot
from headwater.distribute.matcher.cutting import MOST_WORDS, Cutter
from headwater.distribute.matcher.engine import Matcher
from headwater.distribute.matcher.lists import Lists
from headwater.distribute.matcher.pairs import Pairs
from headwater.distribute.matcher.plan import ALWAYS, All, Any, Tree, Weighed, read, tree_of, written
from headwater.distribute.matcher.slots import Slots
from headwater.distribute.matcher.snapshot import Unusable, read_snapshot, write_snapshot
from headwater.search.language.analyzer import surfaces
from headwater.search.language.parser import parse
from headwater.search.language.query import And, Boost, Not, Or, Query, Word

FEATURES = 6


def test_lists_grow_shrink_and_give_their_room_back() -> None:
    chance = random.Random(7)
    held = Lists(2)
    held.want(20)
    plain: list[list[tuple[int, int]]] = [[] for _ in range(20)]
    for step in range(5_000):
        row = chance.randrange(20)
        if chance.random() < 0.6:
            held.want(row, 2 * len(plain[row]) + 1)
            at = lists.place(held.arrays(), row)
            held.arrays().data[at] = (step % 50, step)
            plain[row].append((step % 50, step))
        elif chance.random() < 0.9:
            first = chance.randrange(50)
            count = lists.take_out(held.arrays(), row, first)
            assert count == sum(pair[0] == first for pair in plain[row])
            plain[row] = [pair for pair in plain[row] if pair[0] != first]
        else:
            held.clear(row)
            plain[row] = []
    for row in range(20):
        assert sorted(map(tuple, held.records(row).tolist())) == sorted(plain[row])
    assert len(held.arrays().data) < 8_000


ascii_texts = st.text(st.characters(max_codepoint=127), max_size=200) | st.integers(60, 70).map(lambda n: "Ab" * n)


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(ascii_texts, min_size=1, max_size=6))
def test_a_text_is_cut_into_the_same_words_as_everywhere(texts: list[str]) -> None:
    cutter = Cutter()
    lexicon: dict[str, int] = {}
    for text in texts:
        in_title = cutter.lexemes(text, ("title", ""), lambda words: [len(word) for word in words])
        assert in_title.tolist() == [len(word) for word in surfaces(text)]
        lexemes = cutter.lexemes(
            text, ("", ""), lambda words: [lexicon.setdefault(word, 1 + len(lexicon)) for word in words]
        )
        assert lexemes.tolist() == [lexicon[word] for word in surfaces(text)]
    lexicon = {word: number + 100 for word, number in lexicon.items()}
    cutter.forget(("", ""))
    again = cutter.lexemes(texts[0], ("", ""), lambda words: [lexicon[word] for word in words])
    assert again.tolist() == [lexicon[word] for word in surfaces(texts[0])]


def test_more_words_than_are_remembered_are_cut_all_the_same() -> None:
    cutter = Cutter()
    for start in range(0, 3 * MOST_WORDS, 10_000):
        text = " ".join(f"w{number}" for number in range(start, start + 10_000))
        lexemes = cutter.lexemes(text, ("", ""), lambda words: [int(word[1:]) for word in words])
        assert cutter.takes(text)
        assert lexemes.tolist() == list(range(start, start + 10_000))
    assert not cutter.takes("a" * (MOST_WORDS + 1))
    assert not cutter.takes("é")


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 40).map(lambda n: n * 1_048_576)), max_size=400))
def test_slots_are_found_again_by_their_numbers(steps: list[tuple[bool, int]]) -> None:
    table = Slots()
    held: dict[int, int] = {}
    for is_new, number in steps:
        if is_new and number not in held:
            table.want(1)
            held[number] = slots.new_slot(table.arrays(), number)
        elif not is_new and number in held:
            slots.free_slot(table.arrays(), held.pop(number))
    assert len(table) == len(held) == len(set(held.values()))
    numbers = [number * 1_048_576 for number in range(41)]
    assert [table.find(number) for number in numbers] == [held.get(number, -1) for number in numbers]
    assert table.find_all(np.array(numbers)).tolist() == [held.get(number, -1) for number in numbers]


def test_pairs_keep_their_rows_while_they_are_used() -> None:
    pairs = Pairs()
    counts = np.zeros(20_000, np.int32)
    held: dict[tuple[int, int], int] = {}
    chance = random.Random(3)
    for _ in range(6_000):
        pair = (chance.randrange(1, 90), chance.randrange(1, 90))
        if pairs.has_no_room(1):
            for gone in chance.sample(sorted(held), len(held) // 2):
                counts[held.pop(gone)] = 0
            pairs.tidy(counts, 1)
        held[pair] = pairs.row(*pair)
        counts[held[pair]] = 1
    assert len(set(held.values())) == len(held)
    assert all(pairs.row(*pair) == row for pair, row in held.items())


words = st.integers(2, FEATURES).map(lambda number: Word(str(number)))
queries: st.SearchStrategy[Query] = st.recursive(
    words,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=4).map(lambda parts: Or(tuple(parts)))
        | inner.map(Not)
        | inner.map(lambda part: Boost(part, 2.5))
    ),
    max_leaves=12,
)
present = st.sets(st.integers(2, FEATURES))


def holds(query: Query, there: set[int]) -> bool:
    """Whether a query of plain numbers holds, said plainly."""
    if isinstance(query, And):
        return all(holds(part, there) for part in query.parts)
    if isinstance(query, Or):
        return any(holds(part, there) for part in query.parts)
    if isinstance(query, Not):
        return not holds(query.part, there)
    if isinstance(query, Boost):
        return holds(query.part, there)
    assert isinstance(query, Word)
    return int(query.text) in there


def tree(query: Query) -> Tree:
    """The query's tree, its words being feature numbers."""
    return tree_of(query, lambda leaf: int(leaf.text))  # type: ignore[union-attr]  # all leaves are words here


def literals(node: Tree) -> list[int]:
    """Every number in a tree."""
    if isinstance(node, int):
        return [node]
    parts = (node.part,) if isinstance(node, Weighed) else node.parts
    return [literal for part in parts for literal in literals(part)]


@settings(max_examples=300, deadline=None)
@given(query=queries, there=present)
def test_a_tree_and_its_numbers_mean_the_query(query: Query, there: set[int]) -> None:
    numbers = np.array(written(tree(query)), np.int32)
    flags, weights = np.zeros(FEATURES + 1, np.uint8), np.ones(FEATURES + 1, np.float32)
    flags[[ALWAYS, *there]] = 1
    nodes, worths = np.zeros(len(numbers), np.int32), np.zeros(len(numbers), np.float32)
    assert (judging.judge(numbers, nodes, worths, flags, weights) >= 0) == holds(query, there)
    again = read(numbers.tolist())
    assert again == tree(query) or (isinstance(again, All) and again.parts[0] == ALWAYS)


@settings(deadline=None)
@given(query=queries)
def test_what_is_always_or_never_true_is_folded_away(query: Query) -> None:
    numbers = literals(tree(query))
    assert numbers in ([ALWAYS], [-ALWAYS]) or all(abs(number) != ALWAYS for number in numbers)
    either = tree(Or((query, Not(query))))
    assert either == ALWAYS or isinstance(either, All | Any | Weighed)


def test_what_nothing_present_announces_is_asked_of_every_version() -> None:
    assert written(tree(Word("2"))) == [2]
    assert read(written(tree(Not(Word("2"))))) == All((ALWAYS, -2))
    assert read(written(tree(Or((Word("2"), Not(Word("3"))))))) == All((ALWAYS, Any((2, -3))))
    assert read(written(tree(And((Word("2"), Not(Word("3"))))))) == All((2, -3))


def asked() -> Matcher:
    matcher = Matcher()
    matcher.put(
        5, parse('road "load test" -draft path:a/* title:brid* a NEAR/2 "b c" published:2026-01..2026-02'), ("en",)
    )
    return matcher


def test_a_snapshot_gives_back_what_was_written(tmp_path: Path) -> None:
    matcher, path = asked(), tmp_path / "standing"
    write_snapshot(path, matcher.saved(), {"tx": 77, "whose": ["é", None]})
    assert path.stat().st_mode & 0o777 == 0o600
    about, saved = read_snapshot(path)
    again = Matcher()
    again.restore(saved)
    assert about == {"tx": 77, "whose": ["é", None]}
    assert (again.ids().tolist(), again.feature_count()) == ([5], matcher.feature_count())
    write_snapshot(path, Matcher().saved(), None)
    assert read_snapshot(path)[0] is None


def test_a_snapshot_that_is_not_whole_is_not_used(tmp_path: Path) -> None:
    path, chance = tmp_path / "standing", random.Random(3)
    write_snapshot(path, asked().saved(), 1)
    whole = path.read_bytes()
    harmed = [b"", whole[:-100], whole[: len(whole) // 2], whole[100:], b"something else"]
    for _ in range(60):
        at = chance.randrange(len(whole))
        harmed.append(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
    for each in harmed:
        path.write_bytes(each)
        with suppress(Unusable):
            again = Matcher()
            again.restore(read_snapshot(path)[1])
            assert (again.ids().tolist(), again.feature_count()) == ([5], asked().feature_count())
    for each in harmed[:5]:
        path.write_bytes(each)
        with pytest.raises(Unusable):
            read_snapshot(path)
    with pytest.raises(Unusable, match="cannot be read"):
        read_snapshot(tmp_path / "none")


def test_a_snapshot_of_another_version_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "standing"
    write_snapshot(path, asked().saved(), 1)
    monkeypatch.setattr(snapshot, "written_by", lambda: "the next version")
    with pytest.raises(Unusable, match="another version"):
        read_snapshot(path)


def test_a_snapshot_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        write_snapshot(tmp_path / "nowhere" / "standing", Matcher().saved(), 2)
