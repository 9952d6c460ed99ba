"""From a query to a *tree* over features, written as a run of numbers that compiled loops read.

In the tree a positive number is "this feature is present" and a negative one "it is not"; `All` and `Any` combine, and
`Weighed` says that what is below counts so many times as much. `NOT` is pushed down to the numbers, and what is always
or never true is folded away.

As numbers: a literal is itself, with `POSTED` added where the profile is posted under it; a combinator is its sign plus
the number of its parts, how many numbers follow that belong to it, and these; `Weighed` has the factor, the bits of a
float32, before its one part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from headwater.search.language.query import And, Boost, Dated, Everything, Leaf, Not, Or, Query

ALWAYS = 1
"""The feature that every version has; -ALWAYS is never true."""

POSTED = 1 << 27
ALL = 1 << 28
ANY = 1 << 29
WEIGHED = 1 << 30
MAX_FEATURES = POSTED

WHOLE = 1 << 30
"""In place of a posting's first check: the whole tree must hold."""

_JOINED = (And, Or)
_INNER = (*_JOINED, Not, Boost)
MAX_DEPTH = 200
MAX_LEAVES = 50_000


class All(NamedTuple):
    """All of the parts; none of them an `All` or constant."""

    parts: tuple[Tree, ...]


class Any(NamedTuple):
    """At least one of the parts; none of them an `Any` or constant."""

    parts: tuple[Tree, ...]


class Weighed(NamedTuple):
    """The part, counting `factor` times as much for the score."""

    part: Tree
    factor: float


Tree = int | All | Any | Weighed


class TooLarge(ValueError):
    """The query is larger or deeper than the matcher takes; the message says by how much."""


def tree_of(query: Query, feature_of: Callable[[Leaf], int]) -> Tree:
    """The query as a tree, asking `feature_of` for the number of each leaf. Raises `TooLarge` before asking."""
    if isinstance(query, _INNER):
        _check_size(query)
    return _tree(query, feature_of, positive=True)


def _check_size(query: Query) -> None:
    if isinstance(query, _JOINED) and len(query.parts) < MAX_LEAVES and not any(map(_has_parts, query.parts)):
        return
    leaves, waiting = 0, [(query, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise TooLarge(f"the query is nested more than {MAX_DEPTH} deep")
        if not isinstance(node, _INNER):
            leaves += 1
        elif isinstance(node, _JOINED):
            waiting.extend((part, depth + 1) for part in node.parts)
        else:
            waiting.append((node.part, depth + 1))
    if leaves > MAX_LEAVES:
        raise TooLarge(f"the query has {leaves} words and conditions; at most {MAX_LEAVES} are matched")


def _has_parts(query: Query) -> bool:
    return isinstance(query, _INNER)


def _tree(query: Query, feature_of: Callable[[Leaf], int], positive: bool) -> Tree:
    if isinstance(query, Dated) and (query.since is None) == (query.until is None):
        return _tree(_ends(query), feature_of, positive)
    if not isinstance(query, _INNER):
        feature = ALWAYS if isinstance(query, Everything) else feature_of(query)
        return feature if positive else -feature
    if isinstance(query, _JOINED):
        parts = [_tree(part, feature_of, positive) for part in query.parts]
        return _joined(parts, All if isinstance(query, And) == positive else Any)
    if isinstance(query, Not):
        return _tree(query.part, feature_of, not positive)
    part = _tree(query.part, feature_of, positive)
    return Weighed(part, query.factor) if positive and part not in (ALWAYS, -ALWAYS) else part


def _ends(dated: Dated) -> Query:
    """A stretch of days as its two ends: of those there are few, however many different stretches are asked for."""
    if dated.since is None:
        return Everything()
    return And((Dated(dated.since, None), Dated(None, dated.until)))


def _joined(parts: list[Tree], kind: type[All] | type[Any]) -> Tree:
    idle, decisive = (ALWAYS, -ALWAYS) if kind is All else (-ALWAYS, ALWAYS)
    flat: dict[Tree, None] = {}
    for part in parts:
        if isinstance(part, kind):
            flat.update(dict.fromkeys(part.parts))
        else:
            flat[part] = None
    flat.pop(idle, None)
    if decisive in flat or any(isinstance(part, int) and -part in flat for part in flat):
        return decisive
    if not flat:
        return idle
    return next(iter(flat)) if len(flat) == 1 else kind(tuple(flat))


def written(tree: Tree) -> list[int]:
    """The tree as numbers. One that no feature present announces is asked of every version: `ALWAYS` is put before."""
    if tree != -ALWAYS and not _is_announced(tree):
        tree = All((ALWAYS, *(tree.parts if isinstance(tree, All) else (tree,))))
    return _written(tree)


def _is_announced(tree: Tree) -> bool:
    """Whether some feature is present in each version that the tree matches."""
    if isinstance(tree, int):
        return tree > 0
    if isinstance(tree, Weighed):
        return _is_announced(tree.part)
    return (any if isinstance(tree, All) else all)(map(_is_announced, tree.parts))


def _written(tree: Tree) -> list[int]:
    if isinstance(tree, int):
        return [tree]
    if isinstance(tree, Weighed):
        below = [int(np.float32(tree.factor).view(np.int32)), *_written(tree.part)]
        return [WEIGHED + 1, len(below), *below]
    below = [number for part in tree.parts for number in (_written(part) if not isinstance(part, int) else (part,))]
    return [(ALL if isinstance(tree, All) else ANY) + len(tree.parts), len(below), *below]


def read(numbers: list[int]) -> Tree:
    """The tree that `written` wrote, whether posted or not."""
    return _read(iter(numbers))


def _read(numbers: Iterator[int]) -> Tree:
    number = next(numbers)
    if number < ALL:
        return number & ~POSTED if number > 0 else number
    next(numbers)
    if number >= WEIGHED:
        factor = float(np.int32(next(numbers)).view(np.float32))
        return Weighed(_read(numbers), factor)
    parts = tuple(_read(numbers) for _ in range(number & (ALL - 1)))
    return (Any if number >= ANY else All)(parts)
