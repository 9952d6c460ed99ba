"""What was asked, as a tree: the one form that the index, the matcher and the oracle all read.

A query is made of leaves (a word, a phrase, a facet, a date …) and combinators (and, or, not, boost).
Every node is immutable, compares by its meaning, and remembers in `position` where in the typed text it began
(0-based, in characters), so that a message can point at it. Position is not part of a query's meaning.

What the leaves mean is defined by `oracle.matches`. In short:

* `Word`, `Phrase`, `Near` and `Prefix` look at the words of the title and the text; with `field="title"` at the
  title alone. No phrase and no nearness ever spans the title and the text.
* A word that the analyzer cuts into several tokens ("co-operate", "安全管理") means those tokens side by side.
* `Facet` compares whole values by `folding.facet_key`: "Site Safety", "site safety" and "site-safety" are one value.
* `Dated` compares the day of publication in UTC; both ends belong to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date

WORD_FIELDS = ("title",)
FACET_NAMES = ("topic", "source", "kind", "lang", "unit")


@dataclass(frozen=True, slots=True)
class Word:
    """One word, matched by its stem in the reader's languages and by its folded surface in any other."""

    text: str
    field: str | None = None
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Prefix:
    """Words whose folded surface begins with `text`; written `text*`."""

    text: str
    field: str | None = None
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words side by side in this order, each matched as a `Word`; written between double quotes."""

    words: tuple[str, ...]
    field: str | None = None
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Near:
    """Two or more parts in any order, not overlapping, with at most `distance` other words in all between them.

    All parts have the same `field`. `a NEAR/3 b NEAR/3 c` is one `Near` of three parts.
    """

    parts: tuple[Word | Prefix | Phrase, ...]
    distance: int
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Facet:
    """The version has this topic (or a narrower one), source, kind, language, or lies in this unit (or below it)."""

    name: str
    value: str
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PathGlob:
    """The version's path matches a glob; `paths.path_matches` says precisely how."""

    pattern: str
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Dated:
    """Published from `since` to `until`, both days included, in UTC; None leaves that end open."""

    since: date | None
    until: date | None
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Recent:
    """Published in the last `days` days before the moment the question is asked; written `published:30d`."""

    days: int
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Everything:
    """Every version: the empty query, or `*`."""

    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more parts; no part is itself an `And`."""

    parts: tuple[Query, ...]
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two or more parts; no part is itself an `Or`."""

    parts: tuple[Query, ...]
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Not:
    """What the part does not match. It may stand alone: `NOT training` is everything else."""

    part: Query
    position: int = attribute(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Boost:
    """The part, counting `factor` times as much for the order of results; it changes nothing about what matches."""

    part: Query
    factor: float
    position: int = attribute(default=0, compare=False, kw_only=True)


Leaf = Word | Prefix | Phrase | Near | Facet | PathGlob | Dated | Recent | Everything
Query = Leaf | And | Or | Not | Boost


def all_of(parts: Iterable[Query]) -> Query:
    """Every part together, flattened: none gives `Everything`, a single part is returned as it is."""
    return _joined(And, parts)


def any_of(parts: Iterable[Query]) -> Query:
    """At least one of the parts, flattened. Of no parts at all nothing can match: Not(Everything)."""
    return _joined(Or, parts)


def _joined(kind: type[And | Or], parts: Iterable[Query]) -> Query:
    flat: list[Query] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else (part,))
    if not flat:
        return Everything() if kind is And else Not(Everything())
    if len(flat) == 1:
        return flat[0]
    return kind(tuple(flat), position=flat[0].position)


def leaves(query: Query) -> Iterator[Leaf]:
    """Every leaf from left to right, those under a Not included. A `Near` is one leaf."""
    if isinstance(query, And | Or):
        for part in query.parts:
            yield from leaves(part)
    elif isinstance(query, Not | Boost):
        yield from leaves(query.part)
    else:
        yield query
