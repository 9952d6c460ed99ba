"""NEAR: found by where the lexemes of its parts stand, compiled, and only in versions that have all of them.

A NEAR is *watched* under the rarest of its parts, as far as was known when it was first asked for. Where that and up to
three others are present, it is judged. What places of lexemes cannot say (a part is the beginning of a word; three
parts or more share words) is left to `Reading.passage_near`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numba import njit

from headwater.distribute.matcher.arrays import FeatureArrays, FeatureParts, Flags, Floats
from headwater.distribute.matcher.conditions import Condition, JudgedSpec
from headwater.distribute.matcher.lists import (
    Ints,
    ListArrays,
    ListParts,
    Lists,
    Longs,
    Saved,
    fill,
    is_room,
    place,
    take_out,
    vacate,
)
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.saving import as_array, below, from_array, joined
from headwater.distribute.matcher.words import Scope, WordIndex

_CHECKED = 3
_FARTHEST = (1 << 31) - 1
_RUN = 1 << 32  # from one run of words to the next: farther than any distance
_UNPLAIN = -1
_MOST_PARTS = 8
_HEAD = 3
_BREAK: Ints = np.zeros(1, np.int32)
NO, YES, DOUBT = 0, 1, 2


class JudgedIndex:
    """The *shape* of each leaf: where it is watched, distance, scope, and then the features of its parts, in order.

    The scope says by which forms words are held against a version; it is `_UNPLAIN` where there are too many.
    """

    def __init__(self) -> None:
        self._watched = Lists(1 + _CHECKED)
        self._shapes = Lists(1)
        self._scopes: dict[Scope, int] = {}
        self._count = 0
        self._heads: Ints = np.zeros(64, np.int32)

    def saved(self) -> Saved:
        """Everything, to keep."""
        scopes, count = as_array(list(self._scopes)), np.array([self._count], np.int64)
        return {"scopes": scopes, "count": count, **joined({"watched": self._watched, "shapes": self._shapes})}

    def restore(self, saved: Saved) -> None:
        """Be as when `saved` was called."""
        scopes = ((field, tuple(languages)) for field, languages in from_array(saved["scopes"]))
        self._scopes = {scope: number for number, scope in enumerate(scopes)}
        self._count = int(saved["count"][0])
        self._watched.restore(below(saved, "watched"))
        self._shapes.restore(below(saved, "shapes"))

    def add(self, feature: int, spec: JudgedSpec, parts: Sequence[int], features: FeatureParts) -> None:
        """Judge the leaf wherever the features of its parts are present: it is looked for where the rarest is.

        Before any version was seen, that is the one which the fewest ask for. They are used by it.
        """
        scope = _UNPLAIN
        if len(parts) <= _MOST_PARTS:
            scope = self._scopes.setdefault((spec.leaf.parts[0].field or "", spec.languages), len(self._scopes))
        somewhere = 0  # `_watch` says where
        shape = np.array([somewhere, min(spec.leaf.distance, _FARTHEST), scope, *parts], np.int32)
        self._shapes.want(feature, 2 * len(shape))
        self._watched.want(max(parts))
        needed = _watch(feature, shape, self._shapes.parts(), self._watched.parts(), features)
        if needed:
            self._watched.want(0, needed)
            _watch(feature, shape, self._shapes.parts(), self._watched.parts(), features)
        self._count += 1

    def drop(self, feature: int, features: FeatureParts) -> list[int]:
        """Undo `add`; returns which of the features of its parts nobody uses now."""
        shape = self._shapes.records(feature)[:, 0].copy()
        unused = np.empty(len(shape), np.int32)
        count = _unwatch(feature, shape, self._shapes.parts(), self._watched.parts(), features, unused)
        self._count -= 1
        return unused[:count].tolist() if count else []

    def find(
        self,
        reading: Reading,
        features: FeatureArrays,
        found: Ints,
        words: WordIndex,
        specs: Mapping[int, Condition],
    ) -> Iterator[int]:
        """The leaves that hold, given the features that are marked, and listed in `found`."""
        if not self._count:
            return
        asked = np.empty(self._count, np.int32)
        asked = asked[: _list_watched(found, features.present, self._watched.rows, self._watched.data, asked)]
        if not len(asked):
            return
        verdicts = self._judged(asked, reading, features, words)
        yield from asked[verdicts == YES].tolist()
        for feature in asked[verdicts == DOUBT].tolist():
            spec = specs[feature]
            assert isinstance(spec, JudgedSpec)
            if reading.passage_near(spec.leaf, spec.languages) is not None:
                yield feature

    def _judged(self, asked: Ints, reading: Reading, features: FeatureArrays, words: WordIndex) -> Flags:
        verdicts = np.full(len(asked), DOUBT, np.uint8)
        scopes = self._shapes.data[self._shapes.rows[asked, 0] + 2, 0]
        channels, form_of = set(), np.zeros((len(self._scopes), 2), np.int32)
        there = set(scopes.tolist()) - {_UNPLAIN}
        for (field, languages), scope in self._scopes.items():
            if scope in there:
                is_read = reading.language in languages
                channels.add((field, reading.language if is_read else ""))
                form_of[scope] = 1 + languages.index(reading.language) if is_read else 0, 1 + len(languages)
        runs = words.runs(reading, channels)
        if runs:
            lexemes, places = _laid_out(runs)
            self._widen_heads(int(lexemes.max()))
            room = np.empty(len(lexemes), np.int32)
            shapes, forms = self._shapes.arrays(), words.arrays().forms
            _judge_all(asked, verdicts, form_of, shapes, forms, features.sizes, lexemes, places, self._heads, room)
        return verdicts

    def _widen_heads(self, lexeme: int) -> None:
        if lexeme >= len(self._heads):
            self._heads = np.zeros(2 * lexeme, np.int32)


def _laid_out(runs: Sequence[Ints]) -> tuple[Ints, Longs]:
    """The runs one after the other with a 0 behind each, and where each lexeme stands: two runs are far apart."""
    lexemes = np.concatenate([each for run in runs for each in (run, _BREAK)])
    starts = np.repeat(np.arange(len(runs)) * _RUN, [len(run) + 1 for run in runs])
    return lexemes, starts + np.arange(len(lexemes))


@njit(cache=True)
def _watch(feature: int, shape: Ints, shapes: ListParts, watched: ListParts, features: FeatureParts) -> int:
    """Write a leaf's shape, and the leaf where its rarest part is; returns 0, or what room it takes, if there is none.

    `shape` has the parts behind its head, and gets the rarest.
    """
    _present, _weights, uses, seen, born, _prior, _sizes, state = features
    needs = shape[_HEAD:].copy()
    n = _sort_needs(shape[_HEAD:], needs, uses, seen, born, state)
    lists = ListArrays(*watched)
    wanted = 2 * lists.rows[needs[0], 1] + 1
    if not is_room(lists, wanted):
        return wanted
    shape[0] = needs[0]
    fill(ListArrays(*shapes), feature, shape)
    at = place(lists, needs[0])
    lists.data[at, 0] = feature
    for k in range(1, 1 + _CHECKED):
        lists.data[at, k] = needs[k] if k < n else 0
    for k in range(n):
        uses[needs[k]] += 1
    return 0


@njit(cache=True)
def _sort_needs(parts: Ints, needs: Ints, uses: Ints, seen: Floats, born: Floats, state: Longs) -> int:
    """Write each part once, the rarest first; returns how many. By insertion: they are few."""
    n = 0
    for part in parts:
        k = 0
        while k < n and needs[k] != part:
            k += 1
        if k == n:
            while k and _is_rarer(part, needs[k - 1], uses, seen, born, state):
                needs[k] = needs[k - 1]
                k -= 1
            needs[k] = part
            n += 1
    return n


@njit(cache=True)
def _is_rarer(one: int, other: int, uses: Ints, seen: Floats, born: Floats, state: Longs) -> bool:
    share = seen[one] / max(1.0, state[0] - born[one])
    other_share = seen[other] / max(1.0, state[0] - born[other])
    return share < other_share or (share == other_share and uses[one] < uses[other])


@njit(cache=True)
def _unwatch(
    feature: int, shape: Ints, shapes: ListParts, watched: ListParts, features: FeatureParts, unused: Ints
) -> int:
    """Undo `_watch`; writes which parts nobody uses now, and returns how many."""
    uses = features[2]
    take_out(ListArrays(*watched), shape[0], feature)
    vacate(ListArrays(*shapes), feature)
    n = 0
    for k in range(_HEAD, len(shape)):
        first = _HEAD
        while shape[first] != shape[k]:
            first += 1
        if first == k:
            uses[shape[k]] -= 1
            if uses[shape[k]] == 0:
                unused[n] = shape[k]
                n += 1
    return n


@njit(cache=True)
def _list_watched(found: Ints, present: Flags, rows: Ints, watched: Ints, asked: Ints) -> int:
    """Write the leaves all of whose needs are present; returns how many there are."""
    n = 0
    for feature in found:
        if feature >= len(rows):
            continue
        for at in range(rows[feature, 0], rows[feature, 0] + rows[feature, 1]):
            k = 1
            while k < watched.shape[1] and (watched[at, k] == 0 or present[watched[at, k]]):
                k += 1
            if k == watched.shape[1]:
                asked[n] = watched[at, 0]
                n += 1
    return n


@njit(cache=True)
def _judge_all(
    asked: Ints,
    verdicts: Flags,
    form_of: Ints,
    shapes: ListArrays,
    forms: ListArrays,
    sizes: Ints,
    lexemes: Ints,
    places: Longs,
    heads: Ints,
    follow: Ints,
) -> None:
    """Judge each leaf whose parts are words with as many forms as `form_of` says, beside which of them to look for.

    `heads` has for each lexeme one more than where it stands first, and `follow` for each place where the same lexeme
    stands next: 0 where there is none, as all of `heads` is before and afterwards.
    """
    for at in range(len(lexemes) - 1, -1, -1):
        follow[at] = heads[lexemes[at]]
        heads[lexemes[at]] = at + 1
    begins, lengths, ats = np.empty((3, _MOST_PARTS), np.int64)
    for k in range(len(asked)):
        shape = shapes.rows[asked[k], 0]
        scope = shapes.data[shape + 2, 0]
        if scope == _UNPLAIN:
            continue
        n, distance = shapes.rows[asked[k], 1] - _HEAD, int(shapes.data[shape + 1, 0])
        parts, form = shapes.data[shape + _HEAD : shape + _HEAD + n, 0], form_of[scope]
        verdicts[k] = _set_out(parts, form, ats, begins, lengths, forms, sizes, lexemes, heads, follow)
        if verdicts[k] != YES:
            continue
        if n == 2:
            verdicts[k] = _follows(
                0, 1, ats, begins, lengths, distance, forms.data, lexemes, places, follow
            ) or _follows(1, 0, ats, begins, lengths, distance, forms.data, lexemes, places, follow)
        else:
            verdicts[k] = _is_close(n, ats, begins, lengths, distance, forms.data, lexemes, places, follow)
    for lexeme in lexemes:
        heads[lexeme] = 0


@njit(cache=True)
def _set_out(
    parts: Ints,
    form: Ints,
    ats: Longs,
    begins: Longs,
    lengths: Longs,
    forms: ListArrays,
    sizes: Ints,
    lexemes: Ints,
    heads: Ints,
    follow: Ints,
) -> int:
    """Write for each part where its form begins in `forms`, its length, and where it stands first.

    `NO` where one stands nowhere, in doubt where one is no words, or has other forms than its neighbours.
    """
    for k in range(len(parts)):
        length = lengths[k] = sizes[parts[k]]
        if length == 0 or forms.rows[parts[k], 1] != form[1] * length:
            return DOUBT
        begins[k] = forms.rows[parts[k], 0] + form[0] * length
    for k in range(len(parts)):
        lexeme = forms.data[begins[k], 0]
        first = heads[lexeme] if lexeme < len(heads) else 0
        ats[k] = _standing(first, begins[k], lengths[k], forms.data, lexemes, follow)
        if ats[k] == 0:
            return NO
    return YES


@njit(cache=True)
def _standing(at: int, begin: int, length: int, forms: Ints, lexemes: Ints, follow: Ints) -> int:
    """The first place in the chain from `at` on, one more than it, where the whole form stands; 0 if there is none."""
    while at:
        k = 1
        # No form has a 0, so none goes beyond the end of a run.
        while k < length and lexemes[at - 1 + k] == forms[begin + k, 0]:
            k += 1
        if k >= length:
            return at
        at = follow[at - 1]
    return 0


@njit(cache=True)
def _follows(
    left: int,
    right: int,
    ats: Longs,
    begins: Longs,
    lengths: Longs,
    distance: int,
    forms: Ints,
    lexemes: Ints,
    places: Longs,
    follow: Ints,
) -> bool:
    """Whether the right part stands behind the left one, at most so many words between."""
    before, at, end = ats[left], ats[right], -_RUN
    while at:
        start = places[at - 1]
        while before and places[before - 1] + lengths[left] <= start:
            end = places[before - 1] + lengths[left]
            before = _standing(follow[before - 1], begins[left], lengths[left], forms, lexemes, follow)
        if start - end <= distance:
            return True
        at = _standing(follow[at - 1], begins[right], lengths[right], forms, lexemes, follow)
    return False


@njit(cache=True)
def _is_close(
    n: int,
    ats: Longs,
    begins: Longs,
    lengths: Longs,
    distance: int,
    forms: Ints,
    lexemes: Ints,
    places: Longs,
    follow: Ints,
) -> int:
    """Whether all parts fit between two places; in doubt if they overlap wherever they do. Changes `ats`.

    Of all choices that begin at a place, the parts that stand first behind it take the least room.
    """
    verdict = NO
    while True:
        first = 0
        end, room = np.int64(0), distance
        for part in range(n):
            room += lengths[part]
            end = max(end, places[ats[part] - 1] + lengths[part])
            if places[ats[part] - 1] < places[ats[first] - 1]:
                first = part
        if end - places[ats[first] - 1] <= room:
            if not _is_overlapping(n, ats, lengths, places):
                return YES
            verdict = DOUBT
        ats[first] = _standing(follow[ats[first] - 1], begins[first], lengths[first], forms, lexemes, follow)
        if ats[first] == 0:
            return verdict


@njit(cache=True)
def _is_overlapping(n: int, ats: Longs, lengths: Longs, places: Longs) -> bool:
    for one in range(n):
        for other in range(one):
            start, after = places[ats[one] - 1], places[ats[other] - 1]
            if start < after + lengths[other] and after < start + lengths[one]:
                return True
    return False
