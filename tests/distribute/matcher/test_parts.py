"""The parts the engine is made of: lists that grow in one array, and trees as anchors, programs and numbers."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.distribute.matcher import kernels
from headwater.distribute.matcher.lists import Lists
from headwater.distribute.matcher.plan import (
    ALWAYS,
    All,
    Any,
    Tree,
    anchors_of,
    flattened,
    literals,
    program_of,
    raised,
    tree_of,
)
from headwater.distribute.matcher.programs import Programs
from headwater.search.language.query import And, Not, Or, Query, Word

FEATURES = 6


def test_lists_grow_shrink_and_give_their_room_back() -> None:
    chance = random.Random(7)
    lists = Lists(2)
    plain: list[list[tuple[int, int]]] = [[] for _ in range(20)]
    for step in range(5_000):
        row = chance.randrange(20)
        if chance.random() < 0.6:
            lists.append(row, step % 50, step)
            plain[row].append((step % 50, step))
        elif chance.random() < 0.9:
            first = chance.randrange(50)
            removed = lists.remove(row, first)
            assert sorted(map(tuple, removed)) == sorted(pair for pair in plain[row] if pair[0] == first)
            plain[row] = [pair for pair in plain[row] if pair[0] != first]
        else:
            lists.clear(row)
            plain[row] = []
    for row in range(20):
        assert sorted(map(tuple, lists.records(row).tolist())) == sorted(plain[row])
    assert len(lists.data) < 8_000


def test_a_list_is_filled_again_with_more_and_with_less() -> None:
    lists = Lists(1)
    for size in (3, 10, 0, 1, 40):
        lists.fill(5, list(range(size)))
        assert lists.records(5)[:, 0].tolist() == list(range(size))
    assert lists.records(1_000).tolist() == []
    assert lists.remove(1_000, 1) == []


words = st.integers(2, FEATURES).map(lambda number: Word(str(number)))
queries: st.SearchStrategy[Query] = st.recursive(
    words,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=4).map(lambda parts: Or(tuple(parts)))
        | inner.map(Not)
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
    assert isinstance(query, Word)
    return int(query.text) in there


def tree(query: Query) -> Tree:
    """The query's tree, its words being feature numbers."""
    return tree_of(query, lambda leaf: int(leaf.text))  # type: ignore[union-attr]  # all leaves are words here


def tree_holds(node: Tree, there: set[int]) -> bool:
    """Whether a tree holds, said plainly."""
    if isinstance(node, int):
        return (abs(node) in there | {ALWAYS}) == (node > 0)
    test = all if isinstance(node, All) else any
    return test(tree_holds(part, there) for part in node.parts)


@settings(max_examples=300, deadline=None)
@given(query=queries, there=present)
def test_a_tree_its_numbers_its_program_and_its_anchors_mean_the_query(query: Query, there: set[int]) -> None:
    found, expected = tree(query), holds(query, there)
    assert tree_holds(found, there) == expected
    assert raised(flattened(found)) == found
    anchors = anchors_of(found, lambda feature: feature / 10)
    held = (a.feature in there | {ALWAYS} and all(tree_holds(check, there) for check in a.checks) for a in anchors)
    assert any(held) == expected
    flags = np.zeros(FEATURES + 1, np.uint8)
    flags[[ALWAYS, *there]] = 1
    programs = Programs()
    checks = [check for check in programs.checks([found, found, found, found]) if check]
    assert all(kernels.holds(check, flags, *programs.arrays()) for check in checks) == expected


@settings(deadline=None)
@given(query=queries)
def test_what_is_always_or_never_true_is_folded_away(query: Query) -> None:
    numbers = literals(tree(query))
    assert numbers in ([ALWAYS], [-ALWAYS]) or all(abs(number) != ALWAYS for number in numbers)
    assert tree(Or((query, Not(query)))) == ALWAYS or isinstance(tree(query), All | Any)


def test_an_and_stands_under_its_rarest_part_and_an_or_under_each() -> None:
    query = And((Word("4"), Or((Word("2"), Word("3"))), Not(Word("5"))))
    costs = {2: 0.1, 3: 0.1, 4: 0.5, 5: 0.01}
    anchors = anchors_of(tree(query), lambda feature: costs[feature])
    assert [anchor.feature for anchor in anchors] == [2, 3]
    assert anchors_of(tree(Not(Word("2"))), lambda feature: 0.1) == [(ALWAYS, (-2,))]
    assert program_of(-2) == [(-2, -1, -2)]
