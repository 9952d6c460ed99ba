"""Where texts lie by what they mean: a small space made of an organisation's own texts.

Words that stand beside the same words come to lie near each other there, so that a text about a culvert is near one
about a drain though they share no word. Latent semantic indexing: Deerwester, Dumais, Furnas, Landauer and Harshman,
"Indexing by latent semantic analysis", Journal of the American Society for Information Science 41 (1990). It needs no
model from elsewhere, knows the organisation's own words in any language, and takes about 1 MB.

Nearness only rescores candidates, which are found by their words: see `rescored`. Without compiled loops, for web
processes look back.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from headwater.distribute.matcher.rows import Reals
from headwater.distribute.matcher.weighing import Background, Terms

Score = TypeVar("Score", float, Reals)

FEWEST = 800
"""Of fewer texts no space is made: everything seems near everything in it, and inboxes fill with chance."""
DIMENSIONS = 150
_MOST_TERMS = 16_000
_STEPS = 127
_NOTHING = 1e-6

# Chosen on Reuters training stories and on the earlier pages of who_should_know: docs/learning.md.
LEAST = 0.4
"""What part of its threshold an interest's words must bring for a text to be a candidate."""
_MIDDLE = 0.4
_COUNTS = 3.0
_FADES = 5.0


def nearness(examples: int) -> float:
    """How much it counts that a text is near, for an interest learned from so many wanted examples.

    The fewer they are, the less their words say by themselves; without any, only words count, for they were chosen.
    """
    return _COUNTS / (1.0 + examples / _FADES) if examples else 0.0


def rescored(score: Score, threshold: Score, near: Score, likeness: Score) -> Score:
    """A candidate's score once it is known how near it lies: `likeness` is the cosine of both directions."""
    return score + threshold * near * (likeness - _MIDDLE)


class Meaning:
    """A direction for each term, in not many dimensions, and the middle of the texts it was made of."""

    def __init__(
        self, terms: Sequence[str], rarities: Reals, vectors: NDArray[np.int8], scales: Reals, middle: Reals
    ) -> None:
        self._columns = {term: at for at, term in enumerate(terms)}
        self._rarities, self._vectors, self._scales, self._middle = rarities, vectors, scales, middle

    @property
    def dimensions(self) -> int:
        """How many numbers a direction has."""
        return len(self._middle)

    @classmethod
    def gather(cls, texts: Sequence[Terms], dimensions: int = DIMENSIONS) -> Meaning | None:
        """The space of these texts, a fair sample about a thousand; None when they are too few."""
        if len(texts) < FEWEST:
            return None
        background = Background.gather(texts, keep=0)
        counted = Counter(background.frequencies).most_common(_MOST_TERMS)
        terms = sorted(term for term, count in counted if count > 1)
        rarities = np.array([background.rarity(term) for term in terms])
        vectors = _vectors(texts, {term: at for at, term in enumerate(terms)}, rarities, dimensions)
        scales = np.maximum(np.abs(vectors).max(axis=1, initial=0.0), 1e-12) / _STEPS
        steps = np.round(vectors / scales[:, None]).astype(np.int8)
        made = cls(terms, rarities, steps, scales, np.zeros(vectors.shape[1]))
        made._middle = np.mean([made._sum(text.shares.items(), 1) for text in texts], axis=0)
        return made

    def place(self, text: Terms) -> Reals:
        """The direction in which a text lies from the middle, of length 1; nothing for one without a known word."""
        return _unit(self._sum(text.shares.items(), 1) - self._middle)

    def direction(self, weights: Iterable[tuple[str, float]]) -> Reals:
        """The direction that an interest's weighted words speak of, of length 1."""
        return _unit(self._sum(weights, -1))

    def saved(self) -> bytes:
        """The space as bytes, for `read`."""
        file, terms = io.BytesIO(), np.frombuffer("\n".join(self._columns).encode(), np.uint8)
        np.savez_compressed(
            file, terms=terms, rarities=self._rarities, vectors=self._vectors, scales=self._scales, middle=self._middle
        )
        return file.getvalue()

    @classmethod
    def read(cls, saved: bytes) -> Meaning:
        """What `saved` made. Raises `ValueError` or `KeyError` for anything else."""
        with np.load(io.BytesIO(saved), allow_pickle=False) as kept:
            terms = kept["terms"].tobytes().decode().split("\n")
            return cls(terms, kept["rarities"], kept["vectors"], kept["scales"], kept["middle"])

    def _sum(self, weights: Iterable[tuple[str, float]], power: int) -> Reals:
        """The vectors of the known terms, each by its weight and a power of how rare it is, added up."""
        known = [(self._columns[term], weight) for term, weight in weights if term in self._columns]
        at = np.array([column for column, _weight in known], np.int64)
        by = np.array([weight for _at, weight in known]) * self._rarities[at] ** power * self._scales[at]
        return by @ self._vectors[at].astype(np.float64)


def _vectors(texts: Sequence[Terms], columns: dict[str, int], rarities: Reals, dimensions: int) -> Reals:
    """The term side of the texts' singular value decomposition, by the eigenvectors of how alike the texts are."""
    shares = np.zeros((len(texts), len(columns)), np.float32)
    for row, text in enumerate(texts):
        for term, share in text.shares.items():
            column = columns.get(term)
            if column is not None:
                shares[row, column] = share * rarities[column]
    shares /= np.maximum(np.linalg.norm(shares, axis=1, keepdims=True), 1e-12)
    values, turns = np.linalg.eigh((shares @ shares.T).astype(np.float64))
    count = min(dimensions, int((values > _NOTHING).sum()))
    found = shares.T @ (turns[:, len(texts) - count :] / np.sqrt(values[len(texts) - count :])).astype(np.float32)
    return found.astype(np.float64)


def _unit(vector: Reals) -> Reals:
    length = float(np.linalg.norm(vector))
    unit: Reals = vector / length if length > 1e-12 else np.zeros_like(vector)
    return unit
