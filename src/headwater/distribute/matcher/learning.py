"""Interests that are learned: from examples to at most 500 weighted terms and a threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from headwater.distribute.matcher.fitting import Plane, fit
from headwater.distribute.matcher.meaning import nearness
from headwater.distribute.matcher.rows import Longs, Reals, Rows
from headwater.distribute.matcher.weighing import Background, Terms, evenly, rows_of, signature

MOST_TERMS = 500

USEFUL = 1.0
"""How much an example says that a person called useful, or not useful, or gave as one to find more like."""
ACKNOWLEDGED = 0.3
"""The same for a version that was acknowledged: it concerned them, but it had to be done."""
IGNORED = 0.1
"""The same, among the unwanted, for a version that stayed unopened: it may only have been a busy day."""

# All the numbers below were chosen on Reuters training stories, by cross-validation: docs/learning.md.
_COST = 0.4
_SAMPLE_COST = 0.13
_SAMPLE_SIZE = 1_000
_FOLDS = 5
_ONE_BY_ONE = 10
_PRIOR_EXAMPLES = 10.0
_PRIOR_HEIGHT = -0.7
_LEAST = 0.15
_HALF_WAY = -0.5
_NOTHING = 1e-9
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Learned:
    """A linear interest: it matches a version when Σ weight · share over its terms reaches the threshold.

    Terms are as `weighing.terms_of` makes them, each once, at most `MOST_TERMS`. What `learn` returns has the threshold
    1, so a weight says what part of what it takes a version made of that term alone would bring; below 0 it speaks
    against. The threshold is over 0: a version with none of the terms never matches. Raises `ValueError` otherwise.
    `near` is how much it counts, besides, that a version is near to what the terms mean: see `meaning.rescored`.
    """

    terms: tuple[tuple[str, float], ...]
    threshold: float
    near: float = 0.0

    def __post_init__(self) -> None:
        if len(self.terms) > MOST_TERMS:
            raise ValueError(f"An interest has at most {MOST_TERMS} terms, not {len(self.terms)}: drop the lightest.")
        if not (self.threshold > 0 and math.isfinite(self.threshold)):
            raise ValueError("The threshold of an interest is over 0, or everything would match.")
        if len({term for term, _ in self.terms}) < len(self.terms):
            raise ValueError("Each term stands once in an interest: leave out what is there twice.")
        if not all(math.isfinite(weight) for _, weight in self.terms):
            raise ValueError("The weight of a term is a finite number.")


def learn(
    wanted: Sequence[Terms], unwanted: Sequence[Terms], background: Background, start: Learned | None = None
) -> Learned:
    """The interest that these examples speak of; the same examples give the same interest.

    While there are fewer than a thousand unwanted examples, the background's sample stands in for the rest, at a lower
    cost and without what looks wanted. `start` is what a newcomer begins with, say their unit's interest: the
    examples move it, the more of them the further, and without examples it is returned as it is. Without anything,
    the interest is empty and matches nothing.
    """
    wanted, unwanted = _telling(wanted), _telling(unwanted)
    if not wanted and (start is None or not unwanted):
        return start or Learned((), 1.0)
    lesson = _Lesson(wanted, unwanted, background, start)
    clear = lesson.clear()
    return lesson.learned(lesson.plane(clear), lesson.threshold(clear))


def _telling(examples: Sequence[Terms]) -> list[Terms]:
    return [terms for terms in examples if terms.weight > 0 and terms.shares]


class _Lesson:
    """The examples of one interest as rows of a matrix: the wanted, the unwanted, then the sample."""

    def __init__(
        self, wanted: list[Terms], unwanted: list[Terms], background: Background, start: Learned | None
    ) -> None:
        judged = [*wanted, *unwanted]
        sample = _sample(wanted, unwanted, background)
        self._wanted, self._judged, self._count = len(wanted), len(judged), len(judged) + len(sample)
        self._columns: dict[str, int] = {}
        self._rows, self._factors = self._matrix(judged, sample, background, start)
        self._start = self._starting_plane(start)
        self._known = start is not None
        self._signs = np.where(np.arange(self._count) < self._wanted, 1.0, -1.0)
        self._trust = np.array([terms.weight for terms in judged] + [1.0] * len(sample))
        self._costs = np.where(np.arange(self._count) < self._judged, _COST, _SAMPLE_COST) * self._trust

    def clear(self) -> Longs:
        """All rows but those of the sample that are nearer to what is wanted than to the sample as a whole.

        Nor may the sample contradict what one began with: what comes half-way to matching that is left out, too.
        After the Rocchio step of Li and Liu, "Learning to classify texts using positive and unlabeled data" (2003).
        """
        rows = np.arange(self._count)
        wanted, sample = self._middle(rows[: self._wanted]), self._middle(rows[self._judged :])
        near = wanted.heights(self._rows, rows) > sample.heights(self._rows, rows)
        if self._known:
            near |= self._start.heights(self._rows, rows) > _HALF_WAY
        return rows[(rows < self._judged) | ~near]

    def _middle(self, rows: Longs) -> Plane:
        """The direction in which the rows lie, each counting the same."""
        picked = self._rows.picked(rows)
        picked = picked.scaled(1.0 / np.maximum(picked.lengths(), _NOTHING))
        middle = np.bincount(picked.columns, picked.values, minlength=picked.width)
        return Plane(middle / max(float(np.linalg.norm(middle)), _NOTHING), 0.0)

    def plane(self, rows: Longs) -> Plane:
        """The plane between the wanted and the others among the rows, on at most `MOST_TERMS` terms."""
        costs, wanted = self._costs[rows], rows < self._wanted
        count, others = int(wanted.sum()), int((~wanted).sum())
        if count and others:
            # So that a few wanted outweigh many others, but not each one all of them.
            costs[wanted] = self._trust[rows[wanted]] * costs[~wanted].sum() / math.sqrt(count * others)
        return fit(self._rows, rows, self._signs[rows], costs, self._start).kept(MOST_TERMS)

    def threshold(self, clear: Longs) -> float:
        """The height from which a version matches: best for versions held back, drawn towards what is best as a rule.

        The best for so few is a matter of chance; as a rule it lies below the plane, which a few wanted among very
        many others cannot pull as far as it should be: Yang, "A study of thresholding strategies for text
        categorization" (SIGIR 2001), and Fan and Lin, "A study on threshold selection for multi-label
        classification" (2007), on why to temper it. Where nobody has judged the others, some are wanted too:
        half of the wanted at least shall match.
        """
        count = self._wanted
        prior = 0.0 if self._known else _PRIOR_HEIGHT / (1 + count / _PRIOR_EXAMPLES)
        if count < 2 or self._count == count:
            return prior
        heights = self._heights_held_back(clear)
        if self._count > self._judged:
            prior = min(prior, float(np.median(heights[:count])))
        own = _best_height(heights, self._signs > 0, self._trust)
        return (count * own + _PRIOR_EXAMPLES * prior) / (count + _PRIOR_EXAMPLES)

    def learned(self, plane: Plane, threshold: float) -> Learned:
        """The plane in words, scaled so that the threshold is 1."""
        weights = plane.weights * self._factors
        heights = plane.heights(self._rows, np.arange(self._wanted)) - plane.offset
        usual = float(heights.mean()) if self._wanted else 0.0
        needed = max(threshold - plane.offset, _LEAST * usual if usual > 0 else 1.0)
        found = [(term, _rounded(weights[at] / needed)) for term, at in self._columns.items() if weights[at]]
        return Learned(tuple(sorted(found, key=lambda item: (-item[1], item[0]))), 1.0, nearness(self._wanted))

    def _heights_held_back(self, clear: Longs) -> Reals:
        """The height of each row over a plane that was fitted without it, to clear rows only."""
        rows = np.arange(self._count)
        folds = self._wanted if self._wanted <= _ONE_BY_ONE else _FOLDS
        fold = rows % folds
        heights = np.empty(self._count)
        for number in range(folds):
            held = fold == number
            heights[held] = self.plane(clear[fold[clear] != number]).heights(self._rows, rows[held])
        return heights

    def _matrix(
        self, judged: list[Terms], sample: Longs, background: Background, start: Learned | None
    ) -> tuple[Rows, Reals]:
        """The rows, and what each column's shares were multiplied by: how rare its term is, and one scale for all.

        The scale makes the rows' length one in the mean, so that costs mean the same whatever is rare or common here.
        """
        numbered = background.numbered
        if len(sample):
            self._columns = dict(numbered.columns)
        known = len(self._columns)
        rows = rows_of(judged, self._columns)
        for term, _ in start.terms if start else ():
            self._columns.setdefault(term, len(self._columns))
        if len(sample):
            rows = rows.over(numbered.rows.picked(sample))
        new = [background.rarity(term) for term in islice(self._columns, known, None)]
        factors = np.concatenate([numbered.rarities[:known], np.array(new)])
        rows = Rows(rows.start, rows.columns, rows.values, len(self._columns)).times(factors)
        scale = 1.0 / max(float(np.sqrt(np.mean(rows.lengths() ** 2))), _NOTHING)
        return rows.times(np.full(rows.width, scale)), factors * scale

    def _starting_plane(self, start: Learned | None) -> Plane:
        """The plane to begin with. Its threshold becomes a height of 0, and a version without any term one of -1."""
        weights = np.zeros(self._rows.width)
        if start is None:
            return Plane(weights, 0.0)
        for term, weight in start.terms:
            column = self._columns[term]
            weights[column] = weight / (start.threshold * self._factors[column])
        return Plane(weights, -1.0)


def _sample(wanted: list[Terms], unwanted: list[Terms], background: Background) -> Longs:
    """The rows of the sample that stand in for versions nobody has judged: none that is an example already."""
    room = _SAMPLE_SIZE - len(unwanted) if wanted else 0
    if room <= 0 or not background.sample:
        return np.zeros(0, np.int64)
    seen = {signature(terms) for terms in (*wanted, *unwanted)}
    usable = [
        row
        for row, (terms, signed) in enumerate(zip(background.sample, background.numbered.signatures, strict=True))
        if terms.shares and signed not in seen
    ]
    return np.array(evenly(usable, room), np.int64)


def _best_height(heights: Reals, wanted: np.ndarray, trust: Reals) -> float:
    """The height above which the wanted are best told apart, by F1; half-way to the next below."""
    order = np.argsort(-heights, kind="stable")
    found = np.cumsum((trust * wanted)[order])
    taken = np.cumsum(trust[order])
    best = int(np.argmax(found / (taken + found[-1])))
    return float(heights[order[best]] + heights[order[min(best + 1, len(order) - 1)]]) / 2


def _rounded(weight: float) -> float:
    return float(f"{weight:.{_DIGITS}g}")
