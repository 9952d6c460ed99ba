"""The inner loops of matching, compiled by numba and kept on disk once compiled.

Nothing here allocates, and every mark set while a version is looked at is taken back, so the cost of a version does not
grow with the size of the tables.
"""

from __future__ import annotations

from math import log

from numba import njit

from headwater.distribute.matcher.arrays import (
    FeatureArrays,
    Flags,
    Floats,
    ProfileArrays,
    Scratch,
    SlotArrays,
    WordArrays,
)
from headwater.distribute.matcher.judging import NO, judge, support
from headwater.distribute.matcher.lists import Ints, ListArrays, Longs
from headwater.distribute.matcher.pairs import EMPTY, home_of, pair_key
from headwater.distribute.matcher.plan import ALWAYS, WHOLE
from headwater.distribute.matcher.slots import NEWEST

# A match that rests on nothing but absences still has to differ from none.
_LEAST = 1e-6
# Versions after which what was counted so far counts for half.
LONG_AGO = 1 << 22


# Before a loop arrays are taken out of their bundles, and inside it nothing is called for every record: a look at a
# bundle, or a call that hands arrays on, costs ten times as much as the record itself.


@njit(cache=True)
def mark_words(lexemes: Ints, words: WordArrays, present: Flags, found: Ints, n: int) -> int:
    """Mark the features of words and phrases that the lexemes bring; returns how many are found, `n` included."""
    rows, singles, pairs = words.singles.rows, words.singles.data, words.pairs.keys
    phrase_of, phrase_rows, phrases, forms = (
        words.pairs.rows, words.phrases.rows, words.phrases.data, words.forms.data
    )  # fmt: skip
    before, mask = 0, len(pairs) - 1
    for here in range(len(lexemes)):
        lexeme = lexemes[here]
        if lexeme:
            for at in range(rows[lexeme, 0], rows[lexeme, 0] + rows[lexeme, 1]):
                feature = singles[at, 0]
                if present[feature] == 0:
                    present[feature] = 1
                    found[n] = feature
                    n += 1
            if before:
                key = pair_key(before, lexeme)
                slot = home_of(key, mask)
                while pairs[slot] != EMPTY and pairs[slot] != key:
                    slot = (slot + 1) & mask
                if pairs[slot] == key:
                    row = phrase_of[slot]
                    n = _mark_phrases(lexemes, here + 1, phrase_rows, row, phrases, forms, present, found, n)
        before = lexeme
    return n


@njit(cache=True)
def _mark_phrases(
    lexemes: Ints, here: int, rows: Ints, row: int, phrases: Ints, forms: Ints, present: Flags, found: Ints, n: int
) -> int:
    """The same for the phrases in one row, whose first two words stand just before `here`."""
    for at in range(rows[row, 0], rows[row, 0] + rows[row, 1]):
        feature = phrases[at, 0]
        if present[feature] == 0 and _continues(lexemes, here, forms, phrases[at, 1], phrases[at, 2]):
            present[feature] = 1
            found[n] = feature
            n += 1
    return n


@njit(cache=True)
def _continues(lexemes: Ints, here: int, forms: Ints, rest: int, size: int) -> bool:
    if here + size > len(lexemes):
        return False
    k = 0
    while k < size and lexemes[here + k] == forms[rest + k, 0]:
        k += 1
    return k == size


@njit(cache=True)
def fade_counts(features: FeatureArrays) -> None:
    """Let all that was counted so far count for half: it is of times gone by, and counts must not outgrow float32."""
    seen, born, state = features.seen, features.born, features.state
    half = state[0] // 2
    for feature in range(len(seen)):
        seen[feature] *= 0.5
        born[feature] = half - (state[0] - born[feature]) * 0.5
    state[0] = half


@njit(cache=True)
def weigh_features(found: Ints, features: FeatureArrays) -> None:
    """Count a version's features, and set their weights: rarer counts more, what every version has nothing.

    The weight is the logarithm of one over the share of versions that had the feature (inverse document frequency:
    K. Spärck Jones, "A statistical interpretation of term specificity", Journal of Documentation 28, 1972).
    """
    seen, born, weights, state = features.seen, features.born, features.weights, features.state
    if state[0] == LONG_AGO:
        fade_counts(features)
    state[0] += 1
    for feature in found:
        seen[feature] += 1
        weights[feature] = log((state[0] - born[feature] + 10.0) / (seen[feature] + 0.5))
    weights[ALWAYS] = _LEAST


@njit(cache=True)
def match_profiles(
    found: Ints,
    features: FeatureArrays,
    profiles: ProfileArrays,
    upto: int,
    scratch: Scratch,
    ids: Longs,
    worths: Floats,
    hits: Ints,
) -> int:
    """Write the numbers and scores of the profiles that match, since `upto` or before; returns how many.

    `hits` is room to work in, for twice as many slots as there are and two more.
    """
    weights, present, scores = features.weights, features.present, profiles.slots.scores
    rows, plain = profiles.plain.rows, profiles.plain.data
    n = 0
    for feature in found:
        weight = weights[feature]
        for at in range(rows[feature, 0], rows[feature, 0] + rows[feature, 1]):
            slot = plain[at, 0]
            # Without a branch: it would be guessed wrongly half the time, and hold up the reading ahead.
            hits[n] = slot
            n += scores[slot] == 0
            scores[slot] += weight
    rows, checked = profiles.checked.rows, profiles.checked.data
    wholes = hits[len(scores) + 1 :]
    n, n_wholes = _match_checked(found, present, weights, rows, checked, scores, hits, n, wholes)
    if n_wholes:
        n = _match_wholes(wholes, n_wholes, features, profiles, scratch, hits, n)
    return _collect(hits, n, profiles.slots, upto, ids, worths)


@njit(cache=True)
def _match_checked(
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
    """Go through the postings with checks beside them; the slots of those that want the whole tree go to `wholes`."""
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
def _match_wholes(
    wholes: Ints, n_wholes: int, features: FeatureArrays, profiles: ProfileArrays, scratch: Scratch, hits: Ints, n: int
) -> int:
    """Judge the trees of these slots; their scores were set to `NO`, so that each is judged once."""
    rows, trees, scores = profiles.trees.rows, profiles.trees.data[:, 0], profiles.slots.scores
    present, weights, nodes, shares = features.present, features.weights, scratch.nodes, scratch.shares
    for k in range(n_wholes):
        slot = wholes[k]
        tree = trees[rows[slot, 0] : rows[slot, 0] + rows[slot, 1]]
        worth = judge(tree, nodes, shares, present, weights)
        scores[slot] = 0
        if worth >= 0:
            hits[n] = slot
            n += 1
            scores[slot] = max(worth, _LEAST)
    return n


@njit(cache=True)
def _collect(hits: Ints, n: int, slots: SlotArrays, upto: int, ids: Longs, worths: Floats) -> int:
    known, since, scores = slots.ids, slots.since, slots.scores
    for k in range(n):
        worths[k] = scores[hits[k]]
        scores[hits[k]] = 0
        ids[k] = known[hits[k]]
    if slots.state[NEWEST] <= upto:
        return n
    kept = 0
    for k in range(n):
        ids[kept], worths[kept] = ids[k], worths[k]
        kept += since[hits[k]] <= upto
    return kept


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
