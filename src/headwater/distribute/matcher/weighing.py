"""A version as weighted terms: what a learned interest looks at, and what is usual for the terms of an organisation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headwater.distribute.matcher.reading import Reading

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
            titles.update(word for word in words if not word.isdigit())
        else:
            counts.update(word for word in words if not word.isdigit())
    raw = {word: 1.0 + math.log(count) for word, count in counts.items()}
    raw.update((TITLE + word, 1.0) for word in sorted(titles))
    length = math.sqrt(sum(value * value for value in raw.values()))
    return Terms({term: value / length for term, value in raw.items()}, weight)


def _own_forms(reading: Reading) -> list[tuple[tuple[str, str], list[str]]]:
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

    def rarity(self, term: str) -> float:
        """The natural logarithm of how many versions there are for one that has the term; over 0."""
        return math.log((self.documents + 2.0) / (self.frequencies.get(term, 0) + 1.0))


def evenly(terms: Sequence[Terms], wanted: int) -> list[Terms]:
    """At most `wanted` of them, evenly spaced."""
    if len(terms) <= wanted:
        return list(terms)
    return [terms[at * len(terms) // wanted] for at in range(wanted)]
