"""A version as weighted terms: what a learned interest looks at, and what is usual for the terms of an organisation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from headwater.distribute.matcher.rows import Reals, Rows

if TYPE_CHECKING:
    from headwater.distribute.matcher.reading import Reading

Item = TypeVar("Item")

TITLE = "title:"
"""What the terms of the title begin with: they are terms of their own, for a word up there says more."""

_SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Terms:
    """One version as an example: term → its share, and how much the example says.

    Shares are 1 + ln(how often), divided by the length of the version's vector, so that long and short versions
    compare. `weight` is 1 for what a person called useful or not useful, and less for what is only guessed from what
    they did: see `USEFUL` and its like in `learning`.
    """

    shares: Mapping[str, float]
    weight: float = 1.0


def terms_of(reading: Reading, weight: float = 1.0) -> Terms:
    """The terms of a version: stems in its language, surfaces where there is none; numbers are left out.

    The share of a term is (1 + ln f) / √Σ(1 + ln f)², the "lnc" of Salton and Buckley, "Term-weighting approaches in
    automatic text retrieval", Information Processing & Management 24 (1988): how rare a term is belongs to the profile.
    """
    counts: Counter[str] = Counter()
    titles: set[str] = set()
    for (field, _), words in _own_forms(reading):
        if field:
            titles.update(words)
        else:
            counts.update(words)
    raw = {word: 1.0 + math.log(count) for word, count in counts.items() if not word.isdigit()}
    raw.update((TITLE + word, 1.0) for word in sorted(titles) if not word.isdigit())
    length = math.sqrt(sum(value * value for value in raw.values()))
    return Terms({term: value / length for term, value in raw.items()}, weight)


def _own_forms(reading: Reading) -> list[tuple[tuple[str, str], Sequence[str]]]:
    """The runs of words in the one form that counts here: stems if the version's language has them."""
    runs = list(reading.sequences())
    stemmed = any(language for (_, language), _ in runs)
    return [(channel, words) for channel, words in runs if bool(channel[1]) is stemmed]


class Background:
    """What versions are usually like: in how many of them a term stands, and a fair sample of them.

    The sample stands in for what a person has not called not useful yet: see `learning.learn`.
    """

    def __init__(self, documents: int, frequencies: Mapping[str, int], sample: Sequence[Terms] = ()) -> None:
        self.documents = documents
        self.frequencies = frequencies
        self.sample = tuple(sample)

    @classmethod
    def gather(cls, versions: Iterable[Terms], keep: int = _SAMPLE) -> Background:
        """Count the terms of the versions, and keep at most `keep` of these, evenly spaced, as the sample."""
        frequencies: Counter[str] = Counter()
        documents, step = 0, 1
        sample: list[Terms] = []
        for terms in versions:
            frequencies.update(terms.shares.keys())
            if keep and documents % step == 0:
                sample.append(terms)
                if len(sample) > 2 * keep:
                    sample, step = sample[::2], 2 * step
            documents += 1
        return cls(documents, frequencies, evenly(sample, keep))

    @cached_property
    def numbered(self) -> Numbered:
        """The sample, worked out once for all that is learned against it."""
        columns: dict[str, int] = {}
        rows = rows_of(self.sample, columns)
        factors = np.array([self.rarity(term) for term in columns])
        return Numbered(columns, factors, rows, [signature(terms) for terms in self.sample])

    def rarity(self, term: str) -> float:
        """The natural logarithm of how many versions there are for one that has the term; over 0."""
        return math.log((self.documents + 2.0) / (self.frequencies.get(term, 0) + 1.0))


def evenly(items: Sequence[Item], wanted: int) -> list[Item]:
    """At most `wanted` of them, evenly spaced."""
    if len(items) <= wanted:
        return list(items)
    return [items[at * len(items) // wanted] for at in range(wanted)]


@dataclass(frozen=True)
class Numbered:
    """A sample as rows of shares: the column of each term, each column's rarity, and each row's signature."""

    columns: dict[str, int]
    rarities: Reals
    rows: Rows
    signatures: list[int]


def rows_of(examples: Sequence[Terms], columns: dict[str, int]) -> Rows:
    """The shares of each example as a row. Terms without a column yet get the next one."""
    starts, found, values = [0], list[int](), list[float]()
    for terms in examples:
        found.extend([columns.setdefault(term, len(columns)) for term in terms.shares])
        values.extend(terms.shares.values())
        starts.append(len(found))
    return Rows(np.array(starts, np.int64), np.array(found, np.int32), np.array(values, np.float64), len(columns))


def signature(terms: Terms) -> int:
    """A number that versions with the same terms have in common."""
    return hash(frozenset(terms.shares))
