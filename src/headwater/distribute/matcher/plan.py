"""From a query to what the kernels need: under which features a profile is posted, and what is checked then.

A query becomes a *tree* over features: a positive number is "this feature is present", a negative one "it is not",
`All` and `Any` combine. `NOT` is pushed down to the numbers, and what is always or never true is folded away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from headwater.search.language.query import And, Boost, Everything, Leaf, Not, Or, Query

ALWAYS = 1
"""The feature that every version has; -ALWAYS is never true."""

PROGRAM = 1 << 30
"""A check of PROGRAM + row is the program in that row; smaller numbers are features."""

YES, NO = -1, -2
"""Where a program's jumps end."""

MAX_DEPTH = 200
MAX_LEAVES = 50_000


class All(NamedTuple):
    """All of the parts; none of them an `All` or constant."""

    parts: tuple[Tree, ...]


class Any(NamedTuple):
    """At least one of the parts; none of them an `Any` or constant."""

    parts: tuple[Tree, ...]


Tree = int | All | Any


class Anchor(NamedTuple):
    """Post the profile under this feature; it matches there when all the checks hold as well."""

    feature: int
    checks: tuple[Tree, ...]


class TooLarge(ValueError):
    """The query is larger or deeper than the matcher takes; the message says by how much."""


def tree_of(query: Query, feature_of: Callable[[Leaf], int]) -> Tree:
    """The query as a tree, asking `feature_of` for the number of each leaf. Raises `TooLarge` before asking."""
    _check_size(query)
    return _tree(query, feature_of, positive=True)


def _check_size(query: Query) -> None:
    leaves, waiting = 0, [(query, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise TooLarge(f"the query is nested more than {MAX_DEPTH} deep")
        if isinstance(node, And | Or):
            waiting.extend((part, depth + 1) for part in node.parts)
        elif isinstance(node, Not | Boost):
            waiting.append((node.part, depth + 1))
        else:
            leaves += 1
    if leaves > MAX_LEAVES:
        raise TooLarge(f"the query has {leaves} words and conditions; at most {MAX_LEAVES} are matched")


def _tree(query: Query, feature_of: Callable[[Leaf], int], positive: bool) -> Tree:
    if isinstance(query, Boost):
        return _tree(query.part, feature_of, positive)
    if isinstance(query, Not):
        return _tree(query.part, feature_of, not positive)
    if isinstance(query, And | Or):
        parts = [_tree(part, feature_of, positive) for part in query.parts]
        return _joined(parts, All if isinstance(query, And) == positive else Any)
    feature = ALWAYS if isinstance(query, Everything) else feature_of(query)
    return feature if positive else -feature


def _joined(parts: list[Tree], kind: type[All] | type[Any]) -> Tree:
    idle, decisive = (ALWAYS, -ALWAYS) if kind is All else (-ALWAYS, ALWAYS)
    flat: dict[Tree, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    flat.pop(idle, None)
    if decisive in flat or any(isinstance(part, int) and -part in flat for part in flat):
        return decisive
    if not flat:
        return idle
    return next(iter(flat)) if len(flat) == 1 else kind(tuple(flat))


def anchors_of(tree: Tree, cost: Callable[[int], float]) -> list[Anchor]:
    """Where to post a profile so that the fewest documents touch it.

    `cost` of a feature is the share of documents that have it; of `ALWAYS` it is 1. One of the anchors' features is
    present in every version the tree matches, and the tree holds just when one of the anchors does.
    """
    if tree == -ALWAYS:
        return []
    if _cost(tree, cost) >= 1:
        return [Anchor(ALWAYS, () if tree == ALWAYS else (tree,))]
    if isinstance(tree, All):
        best = min(range(len(tree.parts)), key=lambda at: _cost(tree.parts[at], cost))
        others = tree.parts[:best] + tree.parts[best + 1 :]
        return [Anchor(a.feature, a.checks + others) for a in anchors_of(tree.parts[best], cost)]
    if isinstance(tree, Any):
        return [anchor for part in tree.parts for anchor in anchors_of(part, cost)]
    return [Anchor(tree, ())]


def _cost(tree: Tree, cost: Callable[[int], float]) -> float:
    if isinstance(tree, All):
        return min(_cost(part, cost) for part in tree.parts)
    if isinstance(tree, Any):
        return _sum_of_costs(tree, cost)
    return 1.0 if tree < 0 else min(1.0, cost(tree))


def _sum_of_costs(tree: Any, cost: Callable[[int], float]) -> float:
    """An OR is as dear as its parts together; one part that cannot be anchored makes it as dear as every document."""
    costs = [_cost(part, cost) for part in tree.parts]
    return 1.0 if max(costs) >= 1 else sum(costs) / (1 + sum(costs))


def program_of(tree: Tree) -> list[tuple[int, int, int]]:
    """The tree as instructions (literal, next if it holds, next if not), begun at 0 and ended at `YES` or `NO`."""
    code: list[tuple[int, int, int]] = []
    _emit(tree, YES, NO, code)
    last = len(code) - 1

    def turned(target: int) -> int:
        return target if target < 0 else last - target

    return [(literal, turned(yes), turned(no)) for literal, yes, no in reversed(code)]


def _emit(tree: Tree, yes: int, no: int, code: list[tuple[int, int, int]]) -> int:
    """Append the instructions backwards (what is jumped to is there already) and return where the tree begins."""
    if isinstance(tree, All):
        for part in reversed(tree.parts):
            yes = _emit(part, yes, no, code)
        return yes
    if isinstance(tree, Any):
        for part in reversed(tree.parts):
            no = _emit(part, yes, no, code)
        return no
    code.append((tree, yes, no))
    return len(code) - 1


def literals(tree: Tree) -> list[int]:
    """Every number in the tree, from left to right, repeats included."""
    if isinstance(tree, int):
        return [tree]
    return [literal for part in tree.parts for literal in literals(part)]


# --- Trees as numbers -------------------------------------------------------------------------------------------------
# A tree is kept as a run of int32: a literal as it is, a combinator as its mark plus the number of parts that follow.

_ALL = 1 << 28
_ANY = 1 << 29
MAX_FEATURES = 1 << 28


def flattened(tree: Tree) -> list[int]:
    """The tree as a run of numbers; `raised` reads it."""
    if isinstance(tree, int):
        return [tree]
    mark = _ALL if isinstance(tree, All) else _ANY
    return [mark + len(tree.parts), *(number for part in tree.parts for number in flattened(part))]


def raised(numbers: list[int]) -> Tree:
    """The tree that `flattened` wrote."""
    return _raised(iter(numbers))


def _raised(numbers: Iterator[int]) -> Tree:
    number = next(numbers)
    if number < _ALL:
        return number
    kind, size = (Any, number - _ANY) if number >= _ANY else (All, number - _ALL)
    return kind(tuple(_raised(numbers) for _ in range(size)))
