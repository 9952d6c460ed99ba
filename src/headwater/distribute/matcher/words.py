"""Words and phrases: from the words of a version to the features they bring.

A *lexeme* is one word in one channel, numbered from 1. A feature of words has a *form* in each channel it is asked for
in: as many lexemes side by side. Lexemes bring single words, pairs of lexemes lead to the phrases that begin with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numba import njit

from headwater.distribute.matcher.arrays import Flags, WordArrays
from headwater.distribute.matcher.cutting import Cutter, LexemesOf
from headwater.distribute.matcher.kernels import mark_phrases, mark_words
from headwater.distribute.matcher.lists import (
    COUNT,
    Ints,
    ListArrays,
    Lists,
    Longs,
    Saved,
    fill,
    is_room,
    lengthened,
    place,
    room_for,
    take_out,
    vacate,
)
from headwater.distribute.matcher.pairs import EMPTY, Pairs, pair_slot
from headwater.distribute.matcher.parts import CutPart, Part
from headwater.distribute.matcher.reading import Channel, Reading
from headwater.distribute.matcher.saving import Savable, as_array, below, from_array, joined
from headwater.search.language.folding import stems_of

Languages = tuple[str, ...]
Scope = tuple[str, Languages]
"""Where words are asked for: the field ("" for title and text) and the languages of the reader."""

_BREAK: Ints = np.zeros(1, np.int32)


@dataclass(frozen=True, slots=True)
class WordSpec:
    """Words side by side, as they read in each channel they are asked in: ((field, language), the words' forms).

    The language is "" for surfaces; a version shows its surfaces and, in its own language, its stems.
    """

    forms: tuple[tuple[Channel, tuple[str, ...]], ...]


class WordIndex:
    """Finds, in one pass over a version's words, every word and phrase that some profile asks for."""

    def __init__(self) -> None:
        self._lexicons: dict[Channel, dict[str, int]] = {}
        self._words: list[str] = [""]
        self._channels: list[Channel] = [("", "")]
        self._uses: Ints = np.zeros(64, np.int32)
        self._free: list[int] = []
        self._known: dict[Scope, dict[str, int]] = {}
        self._singles = Lists(1)
        self._phrases = Lists(3)
        self._forms = Lists(1)
        self._pairs = Pairs()
        self._cutter = Cutter()
        self._needs: Longs = np.zeros(3, np.int64)

    def arrays(self) -> WordArrays:
        """The arrays as they are now, for compiled loops."""
        return WordArrays(self._singles.arrays(), self._phrases.arrays(), self._forms.arrays(), self._pairs.arrays())

    def saved(self) -> Saved:
        """Words and arrays, to keep."""
        channels = sorted(set(self._channels))
        numbers = {channel: number for number, channel in enumerate(channels)}
        parts: dict[str, Savable] = {
            "singles": self._singles,
            "phrases": self._phrases,
            "forms": self._forms,
            "pairs": self._pairs,
        }
        return {
            "words": as_array(self._words),
            "channels": as_array(channels),
            "channel_of": np.array([numbers[channel] for channel in self._channels], np.int32),
            "uses": self._uses[: len(self._words)],
            **joined(parts),
        }

    def restore(self, saved: Saved, sizes: Ints) -> None:
        """Be as when `saved` was called; `sizes` says of each feature how many words side by side it is."""
        self._words = from_array(saved["words"])
        channels: list[Channel] = [(field, language) for field, language in from_array(saved["channels"])]
        self._channels = [channels[number] for number in saved["channel_of"].tolist()]
        self._uses = saved["uses"]
        for name, part in (("singles", self._singles), ("phrases", self._phrases), ("forms", self._forms)):
            part.restore(below(saved, name))
        self._pairs.restore(below(saved, "pairs"))
        for lexeme in range(1, len(self._words)):
            if self._uses[lexeme]:
                self._lexicons.setdefault(self._channels[lexeme], {})[self._words[lexeme]] = lexeme
            else:
                self._free.append(lexeme)
        for feature in np.flatnonzero(sizes == 1).tolist():
            lexemes = self._forms.records(feature)[:, 0].tolist()
            self.known(self._scope_of(lexemes))[self._words[lexemes[0]]] = feature

    def known(self, scope: Scope) -> dict[str, int]:
        """Surface → feature of the single words that are asked for in a scope. To be read, not written."""
        found = self._known.get(scope)
        return self._known.setdefault(scope, {}) if found is None else found

    def find(self, spec: WordSpec) -> int:
        """The feature of these words, or 0 when there is none."""
        if len(spec.forms[0][1]) == 1:
            return self.known(_scope(spec)).get(spec.forms[0][1][0], 0)
        lexemes = [self._lexicons.get(channel, {}).get(word, 0) for channel, words in spec.forms for word in words]
        if 0 in lexemes or not self._pairs.has(lexemes[0], lexemes[1]):
            return 0
        return int(_find_phrase(np.array(lexemes, np.int32), self.arrays()))

    def add(self, feature: int, spec: WordSpec) -> None:
        """Let the words bring the feature from now on."""
        size = len(spec.forms[0][1])
        if size > 1 and self._pairs.has_no_room(len(spec.forms)):
            self._pairs.tidy(self._phrases.arrays().rows[:, COUNT])
        found = [self._lexeme(channel, word) for channel, words in spec.forms for word in words]
        rows = np.array([self._row(found[at : at + size]) for at in range(0, len(found), size)], np.int32)
        lexemes = np.array(found, np.int32)
        if size == 1:
            self.known(_scope(spec))[spec.forms[0][1][0]] = feature
        self._forms.want(feature)
        while not _add_words(feature, size, lexemes, rows, self.arrays(), self._needs):
            for lists, needed in zip((self._singles, self._phrases, self._forms), self._needs.tolist(), strict=True):
                lists.want(0, needed)

    def drop(self, feature: int, size: int) -> None:
        """Undo `add`; `size` is how many words side by side the feature is."""
        lexemes = self._forms.records(feature)[:, 0].copy()
        if size == 1:
            del self.known(self._scope_of(lexemes.tolist()))[self._words[lexemes[0]]]
        _drop_words(feature, size, lexemes, self.arrays())
        for lexeme in lexemes.tolist():
            self._uses[lexeme] -= 1
            if self._uses[lexeme] == 0:
                del self._lexicons[self._channels[lexeme]][self._words[lexeme]]
                self._cutter.forget(self._channels[lexeme])
                self._words[lexeme] = ""
                self._free.append(lexeme)

    def spec(self, feature: int, size: int) -> WordSpec:
        """What the feature stands for."""
        lexemes = self._forms.records(feature)[:, 0].tolist()
        forms = (lexemes[at : at + size] for at in range(0, len(lexemes), size))
        return WordSpec(tuple((self._channels[form[0]], tuple(self._words[each] for each in form)) for form in forms))

    def mark(self, reading: Reading, present: Flags, found: Ints, n: int) -> int:
        """Mark the features of the words a version has, and list them behind the first `n`; returns how many then."""
        lexemes = self._lexemes(reading)
        singles, phrases, pairs = self._singles, self._phrases, self._pairs.arrays()
        met = np.empty((2, len(lexemes)), np.int32)
        n, n_met = mark_words(lexemes, singles.rows, singles.data, pairs.keys, pairs.rows, present, found, n, met)
        if n_met:
            n = mark_phrases(lexemes, met, n_met, phrases.rows, phrases.data, self._forms.data, present, found, n)
        return n

    def _lexemes(self, reading: Reading) -> Ints:
        """The lexemes of a version, every run of words that a phrase may lie in, with a 0 between two runs."""
        runs: list[Ints] = []
        for part, fields in reading.parts():
            if part.text:
                for channel in ((field, language) for field in fields for language in {"": 0, reading.language: 0}):
                    if self._lexicons.get(channel):
                        runs += [self._run(part, channel), _BREAK]
        return np.concatenate(runs) if runs else _BREAK

    def _run(self, part: Part, channel: Channel) -> Ints:
        lexicon = self._lexicons[channel]
        if self._cutter.takes(part.text):
            # Where the words are does not depend on the channel, but cutting again costs less than keeping it.
            return self._cutter.lexemes(part.text, channel, self._lexemes_of(channel))
        numbers = _numbers_of(part.different(channel[1]), lexicon)
        return numbers[part.numbers(channel[1])] if isinstance(part, CutPart) else numbers

    def _lexemes_of(self, channel: Channel) -> LexemesOf:
        lexicon, language = self._lexicons[channel], channel[1]

        def of(surfaces: list[str]) -> list[int]:
            forms = stems_of(surfaces, language) if language else surfaces
            return [lexicon.get(form, 0) for form in forms]

        return of

    def _lexeme(self, channel: Channel, word: str) -> int:
        lexicon = self._lexicons.setdefault(channel, {})
        lexeme = lexicon.get(word)
        if lexeme is None:
            lexeme = lexicon[word] = self._new_lexeme()
            self._words[lexeme], self._channels[lexeme] = word, channel
            self._singles.want(lexeme)
            self._cutter.forget(channel)
        self._uses[lexeme] += 1
        return lexeme

    def _new_lexeme(self) -> int:
        if self._free:
            return self._free.pop()
        self._words.append("")
        self._channels.append(("", ""))
        if len(self._words) > len(self._uses):
            self._uses = lengthened(self._uses, 2 * len(self._uses))
        return len(self._words) - 1

    def _row(self, form: Sequence[int]) -> int:
        """Where a form is posted: under its only lexeme, or under its first pair."""
        if len(form) == 1:
            return form[0]
        row = self._pairs.row(form[0], form[1])
        self._phrases.want(row)
        return row

    def _scope_of(self, lexemes: Sequence[int]) -> Scope:
        channels = [self._channels[lexeme] for lexeme in lexemes]
        return channels[0][0], tuple(language for _, language in channels[1:])


def _numbers_of(words: Sequence[str], lexicon: Mapping[str, int]) -> Ints:
    return np.fromiter(map(lexicon.get, words, repeat(0)), np.int32, len(words))


def _scope(spec: WordSpec) -> Scope:
    return spec.forms[0][0][0], tuple(language for (_, language), _ in spec.forms[1:])


@njit(cache=True)
def _find_phrase(lexemes: Ints, words: WordArrays) -> int:
    """The feature whose forms are just these lexemes, or 0."""
    slot = pair_slot(words.pairs.keys, lexemes[0], lexemes[1])
    if words.pairs.keys[slot] == EMPTY:
        return 0
    begin, count = words.phrases.rows[words.pairs.rows[slot], 0], words.phrases.rows[words.pairs.rows[slot], 1]
    for at in range(begin, begin + count):
        feature = words.phrases.data[at, 0]
        if _has_forms(words.forms, feature, lexemes):
            return int(feature)
    return 0


@njit(cache=True)
def _has_forms(forms: ListArrays, feature: int, lexemes: Ints) -> bool:
    begin = forms.rows[feature, 0]
    if forms.rows[feature, 1] != len(lexemes):
        return False
    k = 0
    while k < len(lexemes) and forms.data[begin + k, 0] == lexemes[k]:
        k += 1
    return k == len(lexemes)


@njit(cache=True)
def _add_words(feature: int, size: int, lexemes: Ints, rows: Ints, words: WordArrays, needs: Longs) -> bool:
    """Post a feature's forms under their rows; False, and what is needed in `needs`, where room is lacking."""
    posts = words.singles if size == 1 else words.phrases
    wanted = 0
    for row in rows:
        wanted += 2 * posts.rows[row, 2] + 1
    needs[:] = 0
    needs[0 if size == 1 else 1] = wanted
    needs[2] = room_for(len(lexemes))
    if not is_room(posts, wanted) or not is_room(words.forms, needs[2]):
        return False
    fill(words.forms, feature, lexemes)
    begin = words.forms.rows[feature, 0]
    for k in range(len(rows)):
        at = place(posts, rows[k])
        posts.data[at, 0] = feature
        if size > 1:
            posts.data[at, 1] = begin + k * size + 2
            posts.data[at, 2] = size - 2
    return True


@njit(cache=True)
def _drop_words(feature: int, size: int, lexemes: Ints, words: WordArrays) -> None:
    for k in range(0, len(lexemes), size):
        if size == 1:
            take_out(words.singles, lexemes[k], feature)
        else:
            slot = pair_slot(words.pairs.keys, lexemes[k], lexemes[k + 1])
            take_out(words.phrases, words.pairs.rows[slot], feature)
    vacate(words.forms, feature)
