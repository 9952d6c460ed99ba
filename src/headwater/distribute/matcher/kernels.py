"""The inner loops of matching, compiled by numba and kept on disk once compiled.

Nothing here allocates, and every mark set while a version is looked at is taken back, so the cost of a version does not
grow with the size of the tables.
"""

from __future__ import annotations

from math import log

import numpy as np
from numba import njit

from headwater.distribute.matcher.arrays import FeatureArrays, Flags, Floats, Scratch
from headwater.distribute.matcher.judging import NO, judge, support
from headwater.distribute.matcher.lists import Ints, ListArrays, Longs
from headwater.distribute.matcher.pairs import EMPTY, home_of, pair_key
from headwater.distribute.matcher.plan import ALWAYS, WHOLE

# A match that rests on nothing but absences still has to differ from none.
_LEAST = 1e-6
_ONE, _HALF = np.float32(1), np.float32(0.5)
# Versions after which what was counted so far counts for half.
LONG_AGO = 1 << 22


# What is called for every version takes its arrays one by one: of a bundle numba takes longer to see what it is than to
# go through a short text. (Judging trees takes so long that bundles do no harm there.) Inside a loop nothing is
# called for every record: a call that hands arrays on costs ten times as much as the record itself.


@njit(cache=True)
def mark_words(
    lexemes: Ints,
    rows: Ints,
    singles: Ints,
    pairs: Longs,
    phrase_of: Ints,
    present: Flags,
    found: Ints,
    n: int,
    met: Ints,
) -> tuple[int, int]:
    """Mark the features of single words; `met` gets the place behind each pair that may begin a phrase, and its row.

    `found` has room for one more than there are features, since each is written before it is known to be a new one.
    Returns how many features are found, `n` included, and how many pairs were met.
    """
    n_met, before, mask = 0, 0, len(pairs) - 1
    for here in range(len(lexemes)):
        lexeme = lexemes[here]
        if lexeme:
            for at in range(rows[lexeme, 0], rows[lexeme, 0] + rows[lexeme, 1]):
                feature = singles[at, 0]
                found[n] = feature
                n += present[feature] == 0
                present[feature] = 1
            if before:
                key = pair_key(before, lexeme)
                slot = home_of(key, mask)
                while pairs[slot] != EMPTY and pairs[slot] != key:
                    slot = (slot + 1) & mask
                met[0, n_met], met[1, n_met] = here + 1, phrase_of[slot]
                n_met += pairs[slot] == key
        before = lexeme
    return n, n_met


@njit(cache=True)
def mark_phrases(
    lexemes: Ints, met: Ints, n_met: int, rows: Ints, phrases: Ints, forms: Ints, present: Flags, found: Ints, n: int
) -> int:
    """The same for the phrases whose first two words were met; returns how many features are found then."""
    for k in range(n_met):
        row = met[1, k]
        for at in range(rows[row, 0], rows[row, 0] + rows[row, 1]):
            feature, rest = phrases[at, 0], phrases[at, 1]
            here, end = met[0, k], met[0, k] + phrases[at, 2]
            if present[feature] or end > len(lexemes):
                continue
            while here < end and lexemes[here] == forms[rest, 0]:
                here += 1
                rest += 1
            found[n] = feature
            n += here == end
            present[feature] = here == end
    return n


@njit(cache=True)
def fade_counts(seen: Floats, born: Floats, state: Longs) -> None:
    """Let all that was counted so far count for half: it is of times gone by, and counts must not outgrow float32."""
    half = state[0] // 2
    for feature in range(len(seen)):
        seen[feature] *= 0.5
        born[feature] = half - (state[0] - born[feature]) * 0.5
    state[0] = half


@njit(cache=True)
def weigh_features(found: Ints, seen: Floats, born: Floats, weights: Floats, state: Longs, count: int) -> None:
    """Set the weights of a version's features: rarer counts more, what every version has nothing.

    With `count` 1 the version is counted first; with 0 it was counted before, or is none that passes.

    The weight is the logarithm of one over the share of versions that had the feature (inverse document frequency:
    K. Spärck Jones, "A statistical interpretation of term specificity", Journal of Documentation 28, 1972).
    """
    if state[0] == LONG_AGO:
        fade_counts(seen, born, state)
    state[0] += count
    # In single precision throughout: that takes two thirds of the time, and a weight is kept so anyway.
    documents, counted = np.float32(state[0] + 10.0), np.float32(count)
    for feature in found:
        seen[feature] += counted
        # This version has it, be it counted or not.
        had = max(seen[feature], _ONE)
        weights[feature] = log((documents - born[feature]) / (had + _HALF))
    weights[ALWAYS] = _LEAST


@njit(cache=True)
def unmark_features(found: Ints, present: Flags) -> None:
    """Take back the marks of these features."""
    for feature in found:
        present[feature] = 0


@njit(cache=True)
def match_plain(found: Ints, weights: Floats, rows: Ints, plain: Ints, scores: Floats, hits: Ints) -> int:
    """Add up the scores of the slots in the plain postings, and write each slot to `hits`; returns how many.

    `hits` has room for one more than there are slots.
    """
    n = 0
    for feature in found:
        weight = weights[feature]
        for at in range(rows[feature, 0], rows[feature, 0] + rows[feature, 1]):
            slot = plain[at, 0]
            # Without a branch: it would be guessed wrongly half the time, and hold up the reading ahead.
            hits[n] = slot
            n += scores[slot] == 0
            scores[slot] += weight
    return n


@njit(cache=True)
def match_checked(
    found: Ints,
    present: Flags,
    weights: Floats,
    rows: Ints,
    checked: Ints,
    scores: Floats,
    hits: Ints,
    n: int,
    wholes: Ints,
) -> tuple[int, int]:
    """The same for the postings with checks beside them; the slots of those that want the whole tree go to `wholes`.

    Returns how many are in `hits`, `n` included, and in `wholes`.
    """
    n_wholes = 0
    for feature in found:
        for at in range(rows[feature, 0], rows[feature, 0] + rows[feature, 1]):
            worth = weights[feature]
            for k in range(1, 4):
                check = checked[at, k]
                if check == 0:
                    break
                if check < 0:
                    if present[-check]:
                        worth = NO
                        break
                elif check == WHOLE:
                    slot = checked[at, 0]
                    wholes[n_wholes] = slot
                    n_wholes += scores[slot] == 0
                    scores[slot] = worth = NO
                    break
                elif present[check]:
                    worth += weights[check]
                else:
                    worth = NO
                    break
            if worth >= 0:
                slot = checked[at, 0]
                hits[n] = slot
                n += scores[slot] == 0
                scores[slot] += worth
    return n, n_wholes


@njit(cache=True)
def match_wholes(
    wholes: Ints, trees: ListArrays, features: FeatureArrays, scratch: Scratch, scores: Floats, hits: Ints, n: int
) -> int:
    """Judge the trees of these slots; their scores were set to `NO`, so that each is judged once."""
    rows, data, present, weights = trees.rows, trees.data[:, 0], features.present, features.weights
    nodes, worths = scratch.nodes, scratch.shares
    for slot in wholes:
        tree = data[rows[slot, 0] : rows[slot, 0] + rows[slot, 1]]
        worth = judge(tree, nodes, worths, present, weights)
        scores[slot] = 0
        if worth >= 0:
            hits[n] = slot
            n += 1
            scores[slot] = max(worth, _LEAST)
    return n


@njit(cache=True)
def collect_hits(hits: Ints, scores: Floats, known: Longs, ids: Longs, worths: Floats) -> None:
    """Write the number and score of each slot hit, and take the score back."""
    for k in range(len(hits)):
        slot = hits[k]
        worths[k] = scores[slot]
        scores[slot] = 0
        ids[k] = known[slot]


@njit(cache=True)
def support_profiles(
    slots: Ints, trees: ListArrays, features: FeatureArrays, scratch: Scratch, ends: Ints, out: Ints
) -> None:
    """What each slot's tree rests on, one after the other in `out`; `ends[k]` is where it ends, -1 if it fails."""
    rows, data = trees.rows, trees.data[:, 0]
    present, weights, nodes, worths = features.present, features.weights, scratch.nodes, scratch.shares
    n = 0
    for k in range(len(slots)):
        ends[k] = -1
        if slots[k] >= 0:
            begin = rows[slots[k], 0]
            tree = data[begin : begin + rows[slots[k], 1]]
            if judge(tree, nodes, worths, present, weights) >= 0:
                n = support(tree, worths, out, n)
                ends[k] = n
