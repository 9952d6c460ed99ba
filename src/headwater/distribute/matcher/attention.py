"""Attention: which of the things at hand are worth interrupting somebody for today.

Plain functions, which know no database and no clock:

    worth(strength, liking, age)           what one thing is worth to its person, from 0 to 1
    floor_for(usual, room, to_come)        what a thing must be worth to be pushed now, while the day still runs
    pick(candidates, budget, sent, floor)  the best within the budget: varied, near-copies folded, what is urgent always

**Variety.** One after the other, the thing is taken that is worth most after what it repeats of those already taken is
subtracted: maximal marginal relevance (J. Carbonell and J. Goldstein, "The use of MMR, diversity-based reranking for
reordering documents and producing summaries", SIGIR 1998), here as a product, so that it stays on the scale of worth
and one floor holds for both.

**While the day runs** nobody knows what is still to come. With room for `b` more and `n` still expected, a thing is
pushed when it is among the best b/n of what this person usually gets: the budget-ratio policy, whose loss against
hindsight stays bounded however long the day (A. Arlotto and I. Gurvich, "Uniformly bounded regret in the multisecretary
problem", Stochastic Systems 9, 2019). The floor rises as the budget is spent and falls as the day runs out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from headwater.search.language.fingerprint import NEAR_BITS

ANY = float("-inf")
"""The floor of a day on which everything may be pushed that fits."""

# Of its worth, a thing that says the same as one already taken keeps 1 - VARIETY.
VARIETY = 0.6
# How alike two things are: their words weigh most, then their topics, then that they come from one source.
_WORDS, _TOPICS, _SOURCE = 0.6, 0.25, 0.15
# So far any two texts of one language and person are alike; it is held against none.
_COMMON = 0.25
# How many things must have come today until today counts as much as the days before it.
STEADY = 4.0
# Hours after which something is worth half of what it was.
HALF_LIFE = 24.0
_BITS = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that might be pushed. `key` is its caller's own; of two that are worth the same the lower goes first.

    `words` are some words that tell what it is about (stems), `fingerprint` that of the text (None: too short for one).
    """

    key: int
    value: float
    words: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    source: str = ""
    fingerprint: int | None = None
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Picks:
    """What is pushed, the urgent first and then the best first; near-copies with what they lie under; all the rest."""

    picked: tuple[int, ...] = ()
    folded: Mapping[int, int] = field(default_factory=dict)
    rest: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Usual:
    """What somebody usually gets on such a day: how many things in each hour of it (24 numbers), and worth what.

    `values` are quantiles of their worth at even distances, ascending, or the worths themselves.
    """

    by_hour: Sequence[float]
    values: Sequence[float]

    def to_come(self, hour: float, so_far: int | None = None) -> float:
        """How many more are expected on that day from an hour of it on: 9.5 is half past nine.

        `so_far` is how many have come today: a quiet day is expected to stay quiet and a busy one busy, the surer the
        more has come (the mean of a Poisson rate with a gamma prior that weighs as much as STEADY things).
        """
        whole = int(hour)
        left = sum(self.by_hour[whole + 1 :]) + (whole + 1 - hour) * self.by_hour[whole]
        if so_far is None:
            return left
        return left * (STEADY + so_far) / (STEADY + sum(self.by_hour) - left)

    def best(self, share: float) -> float:
        """What a thing must be worth to be among that share of the best."""
        at = min(max(1 - share, 0.0), 1.0) * (len(self.values) - 1)
        low = int(at)
        high = min(low + 1, len(self.values) - 1)
        return self.values[low] + (at - low) * (self.values[high] - self.values[low])


def strength_of(score: float, typical: float) -> float:
    """How closely something matches, from 0 to 1, from the engine's score, which has no scale of its own.

    `typical` is the middle score of what this person gets: a thing as close as that is half as strong as can be, and so
    is one without a score, which was found by its source, path or date and by no word.
    """
    return score / (score + typical) if score > 0 and typical > 0 else 0.5


def worth(strength: float, liking: float = 0.5, age: float = 0.0) -> float:
    """What something is worth to a person, from 0 to 1.

    `strength` says how closely it matches (`strength_of`; 1 for what somebody sent them), `liking` how often what came
    for the same reason was of use (`liking_of`), `age` is in hours since it came.
    """
    return strength * liking * 0.5 ** (max(age, 0.0) / HALF_LIFE)


def liking_of(useful: int, opened: int, unused: int) -> float:
    """How often what came for one reason was of use, from 0 to 1: half while nothing is known.

    `useful` were said to be, `opened` were opened and not rated (half of use), `unused` were not wanted or never
    opened. The mean of a beta distribution that begins as if ten had come, half of them of use.
    """
    return (5 + useful + opened / 2) / (10 + useful + opened + unused)


def floor_for(usual: Usual | None, room: int, to_come: float) -> float:
    """What a thing must be worth to be pushed now, with room for so many more and so many expected besides it.

    `ANY` where nothing is known of the person's days, or where all that is expected still fits.
    """
    expected = to_come + 1
    if usual is None or not usual.values or expected <= room:
        return ANY
    return usual.best(max(room, 0) / expected)


def pick(
    candidates: Iterable[Candidate], budget: int, already_sent: Sequence[Candidate] = (), floor: float = ANY
) -> Picks:
    """The best of the candidates, within what the budget leaves after what was already sent (urgent things aside).

    What is urgent is always picked, and never folded. A near-copy of something better, or of something already sent,
    is folded under it. The outcome depends on what the candidates are, never on the order they come in; and with a
    larger budget everything is picked that is picked with a smaller one.
    """
    ranked = sorted(candidates, key=lambda each: (not each.is_urgent, -each.value, each.key))
    leaders, folded = _folded(ranked, already_sent)
    urgent = [each for each in leaders if each.is_urgent]
    room = budget - sum(not each.is_urgent for each in already_sent)
    chosen = _varied([each for each in leaders if not each.is_urgent], [*already_sent, *urgent], room, floor)
    picked = [each.key for each in (*urgent, *chosen)]
    taken = set(picked)
    return Picks(tuple(picked), folded, tuple(each.key for each in leaders if each.key not in taken))


def alike(one: Candidate, other: Candidate) -> float:
    """How far two things say the same, from 0 to 1."""
    same_source = one.source == other.source and one.source != ""
    shared = _WORDS * _overlap(one.words, other.words) + _TOPICS * _overlap(one.topics, other.topics)
    return max(0.0, shared + _SOURCE * same_source - _COMMON) / (1 - _COMMON)


def are_copies(one: Candidate, other: Candidate) -> bool:
    """Whether their texts are nearly the same."""
    if one.fingerprint is None or other.fingerprint is None:
        return False
    return ((one.fingerprint ^ other.fingerprint) & _BITS).bit_count() <= NEAR_BITS


def _folded(ranked: Sequence[Candidate], sent: Sequence[Candidate]) -> tuple[list[Candidate], dict[int, int]]:
    """Those that stand for themselves, best first; and {near-copy: what it lies under}."""
    leaders: list[Candidate] = []
    folded: dict[int, int] = {}
    before = sorted(sent, key=lambda each: each.key)
    for each in ranked:
        over = next((other for other in (*before, *leaders) if are_copies(each, other)), None)
        if over is None or each.is_urgent:
            leaders.append(each)
        else:
            folded[each.key] = over.key
    return leaders, folded


def _varied(ranked: Sequence[Candidate], told: Iterable[Candidate], room: int, floor: float) -> list[Candidate]:
    """The best ones, one after the other, each after what it repeats of those before is taken off; none below `floor`.

    What a candidate keeps of its worth only ever falls, so that a larger room lengthens the list and changes no more.
    """
    repeats = dict.fromkeys(range(len(ranked)), 0.0)
    chosen: list[Candidate] = []
    for before in told:
        _note_repeats(repeats, ranked, before)
    while repeats and len(chosen) < room:
        best = max(repeats, key=lambda at: (_kept(ranked[at], repeats[at]), -ranked[at].key))
        if _kept(ranked[best], repeats[best]) < floor:
            break
        del repeats[best]
        chosen.append(ranked[best])
        _note_repeats(repeats, ranked, ranked[best])
    return chosen


def _note_repeats(repeats: dict[int, float], ranked: Sequence[Candidate], taken: Candidate) -> None:
    for at in repeats:
        repeats[at] = max(repeats[at], alike(ranked[at], taken))


def _kept(candidate: Candidate, repeated: float) -> float:
    """What it is worth beside those already taken."""
    return candidate.value * (1 - VARIETY * repeated)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """The cosine of two sets: 1 for the same, 0 for nothing in common."""
    if not one or not other:
        return 0.0
    return len(one & other) / (len(one) * len(other)) ** 0.5
