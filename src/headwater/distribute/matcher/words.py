"""Words and phrases: from the words of a version to the features they bring.

A *lexeme* is one word in one channel, numbered from 1. A feature of words has a *form* in each channel it is asked for
in: as many lexemes side by side. Lexemes bring single words, pairs of lexemes lead to the phrases that begin with them.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numba import njit

from headwater.distribute.matcher.arrays import Flags, PairArrays, WordArrays, WordParts
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


@lru_cache(1024)
def _channels(scope: Scope) -> tuple[Channel, ...]:
    """That of surfaces, whose language is "", and those of stems."""
    field, languages = scope
    return tuple((field, language) for language in ("", *languages))


class WordSpec(NamedTuple):
    """Words side by side, as they read in each channel they are asked in: as surfaces, and by stems in each language.

    A version shows its surfaces and, in its own language, its stems.
    """

    scope: Scope
    forms: tuple[tuple[str, ...], ...]

    def by_channel(self) -> Iterator[tuple[Channel, tuple[str, ...]]]:
        """The words in each channel."""
        return zip(_channels(self.scope), self.forms, strict=True)


class _Unposted:
    """Features of words that are numbered and cannot be met yet: their sizes, and the lexemes of all their forms."""

    def __init__(self) -> None:
        self.features, self._sizes = array("i"), array("i")
        self._bounds, self._lexemes = array("q", [0]), array("i")
        self.phrases: dict[tuple[int, ...], int] = {}

    def add(self, feature: int, size: int, lexemes: list[int]) -> None:
        """One more."""
        self.features.append(feature)
        self._sizes.append(size)
        self._lexemes.extend(lexemes)
        self._bounds.append(len(self._lexemes))
        if size > 1:
            self.phrases[tuple(lexemes)] = feature

    def arrays(self) -> tuple[Ints, Ints, Longs, Ints]:
        """Features, sizes, where the lexemes of each begin and those of the last end, and the lexemes."""
        features, sizes, lexemes = (
            np.frombuffer(each, np.int32) for each in (self.features, self._sizes, self._lexemes)
        )
        return features, sizes, np.frombuffer(self._bounds, np.int64), lexemes


class WordIndex:
    """Finds, in one pass over a version's words, every word and phrase that some profile asks for."""

    def __init__(self) -> None:
        self._lexicons: dict[Channel, dict[str, int]] = {}
        self._words: list[str] = [""]
        self._channels: list[Channel] = [("", "")]
        self._uses = array("i", [0])
        self._free: list[int] = []
        self._known: dict[Scope, dict[str, int]] = {}
        self._singles = Lists(1)
        self._phrases = Lists(3)
        self._forms = Lists(1)
        self._pairs = Pairs()
        self._cutter = Cutter()
        self._unposted = _Unposted()
        self._needs: Longs = np.zeros(3, np.int64)

    def arrays(self) -> WordArrays:
        """The arrays as they are now, for compiled loops."""
        return WordArrays(self._singles.arrays(), self._phrases.arrays(), self._forms.arrays(), self._pairs.arrays())

    def _parts(self) -> WordParts:
        """The same as plain tuples."""
        return self._singles.parts(), self._phrases.parts(), self._forms.parts(), self._pairs.parts()

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
            "uses": np.array(self._uses, np.int32),
            **joined(parts),
        }

    def restore(self, saved: Saved, sizes: Ints) -> None:
        """Be as when `saved` was called; `sizes` says of each feature how many words side by side it is."""
        self._words = from_array(saved["words"])
        channels: list[Channel] = [(field, language) for field, language in from_array(saved["channels"])]
        self._channels = [channels[number] for number in saved["channel_of"].tolist()]
        self._uses = array("i", saved["uses"].tobytes())
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
        if len(spec.forms[0]) == 1:
            return self.known(spec.scope).get(spec.forms[0][0], 0)
        lexemes = [self._lexicon(channel).get(word, 0) for channel, words in spec.by_channel() for word in words]
        if feature := self._unposted.phrases.get(tuple(lexemes)):
            return feature
        if 0 in lexemes or not self._pairs.has(lexemes[0], lexemes[1]):
            return 0
        return int(_find_phrase(np.array(lexemes, np.int32), self.arrays()))

    def add(self, feature: int, spec: WordSpec) -> None:
        """Let the words bring the feature, from when they are posted on."""
        size, lexemes = len(spec.forms[0]), []
        for channel, words in spec.by_channel():
            lexicon = self._lexicon(channel)
            for word in words:
                lexeme = lexicon.get(word) or self._new_lexeme(channel, word)
                self._uses[lexeme] += 1
                lexemes.append(lexeme)
        if size == 1:
            self.known(spec.scope)[spec.forms[0][0]] = feature
        self._unposted.add(feature, size, lexemes)

    def post(self) -> None:
        """Post all that was added: once for many, since what a call costs is more than what it does."""
        if not self._unposted.features:
            return
        self._singles.want(len(self._words) - 1)
        self._forms.want(max(self._unposted.features))
        unposted, self._unposted = self._unposted, _Unposted()
        features, sizes, bounds, lexemes = unposted.arrays()
        rows = lexemes if len(unposted.phrases) == 0 else self._rows(sizes, bounds, lexemes)
        done = 0
        while (done := _add_words(done, features, sizes, bounds, lexemes, rows, self._parts(), self._needs)) < len(
            sizes
        ):
            for lists, needed in zip((self._singles, self._phrases, self._forms), self._needs.tolist(), strict=True):
                lists.want(0, needed)

    def drop(self, features: Sequence[int], sizes: Ints) -> None:
        """Undo `add` of features that are posted; `sizes` says of each there is how many words side by side it is."""
        gone: list[int] = []
        for feature in features:
            lexemes = self._forms.records(feature)[:, 0].tolist()
            if sizes[feature] == 1:
                del self.known(self._scope_of(lexemes))[self._words[lexemes[0]]]
            gone += lexemes
        _drop_words(np.array(features, np.int32), sizes, self._parts())
        for lexeme in gone:
            self._uses[lexeme] -= 1
            if self._uses[lexeme] == 0:
                self._let_go(lexeme)

    def spec(self, feature: int, size: int) -> WordSpec:
        """What the feature stands for."""
        lexemes = self._forms.records(feature)[:, 0].tolist()
        words = [self._words[lexeme] for lexeme in lexemes]
        forms = tuple(tuple(words[at : at + size]) for at in range(0, len(words), size))
        return WordSpec(self._scope_of(lexemes[::size]), forms)

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

    def _lexicon(self, channel: Channel) -> dict[str, int]:
        found = self._lexicons.get(channel)
        return self._lexicons.setdefault(channel, {}) if found is None else found

    def _new_lexeme(self, channel: Channel, word: str) -> int:
        if self._free:
            lexeme = self._free.pop()
            self._words[lexeme], self._channels[lexeme] = word, channel
        else:
            lexeme = len(self._words)
            self._words.append(word)
            self._channels.append(channel)
            self._uses.append(0)
        self._lexicons[channel][word] = lexeme
        self._cutter.forget(channel)
        return lexeme

    def _let_go(self, lexeme: int) -> None:
        """No feature has it in one of its forms any more."""
        channel = self._channels[lexeme]
        del self._lexicons[channel][self._words[lexeme]]
        self._cutter.forget(channel)
        self._words[lexeme] = ""
        self._free.append(lexeme)

    def _rows(self, sizes: Ints, bounds: Longs, lexemes: Ints) -> Ints:
        """Where the form that begins at each place is posted: under its only lexeme, or under its first pair."""
        rows = lexemes.copy()
        begins = [
            begin for k in np.flatnonzero(sizes > 1).tolist() for begin in range(bounds[k], bounds[k + 1], sizes[k])
        ]
        if self._pairs.has_no_room(len(begins)):
            self._pairs.tidy(self._phrases.rows[:, COUNT], len(begins))
        for begin in begins:
            rows[begin] = self._pairs.row(int(lexemes[begin]), int(lexemes[begin + 1]))
        self._phrases.want(self._pairs.last)
        return rows

    def _scope_of(self, lexemes: Sequence[int]) -> Scope:
        channels = [self._channels[lexeme] for lexeme in lexemes]
        return channels[0][0], tuple([language for _, language in channels[1:]])

    def runs(self, reading: Reading, channels: Collection[Channel]) -> list[Ints]:
        """The lexemes of title and text in each of these channels, in order; 0 for a word that nobody asks for."""
        return [
            self._run(part, channel)
            for part, fields in reading.parts()
            for channel in channels
            if part.text and channel[0] in fields and self._lexicons.get(channel)
        ]


def _numbers_of(words: Sequence[str], lexicon: Mapping[str, int]) -> Ints:
    return np.fromiter(map(lexicon.get, words, repeat(0)), np.int32, len(words))


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
def _words_of(parts: WordParts) -> WordArrays:
    singles, phrases, forms, pairs = parts
    return WordArrays(ListArrays(*singles), ListArrays(*phrases), ListArrays(*forms), PairArrays(*pairs))


@njit(cache=True)
def _add_words(
    first: int, features: Ints, sizes: Ints, bounds: Longs, lexemes: Ints, rows: Ints, parts: WordParts, needs: Longs
) -> int:
    """Post the forms of these features, from the `first` on, under their rows; `rows` has each where its form begins.

    Returns how many of all are done. Stops before a feature for which there is no room; `needs` says what it may take.
    """
    words = _words_of(parts)
    for k in range(first, len(features)):
        size, begin, end = sizes[k], bounds[k], bounds[k + 1]
        posts = words.singles if size == 1 else words.phrases
        wanted = 0
        for at in range(begin, end, size):
            wanted += 2 * posts.rows[rows[at], 2] + 1
        needs[:] = 0
        needs[0 if size == 1 else 1] = wanted
        needs[2] = room_for(end - begin)
        if not is_room(posts, wanted) or not is_room(words.forms, needs[2]):
            return k
        fill(words.forms, features[k], lexemes[begin:end])
        form = words.forms.rows[features[k], 0]
        for at in range(begin, end, size):
            post = place(posts, rows[at])
            posts.data[post, 0] = features[k]
            if size > 1:
                posts.data[post, 1] = form + at - begin + 2
                posts.data[post, 2] = size - 2
    return len(features)


@njit(cache=True)
def _drop_words(features: Ints, sizes: Ints, parts: WordParts) -> None:
    words = _words_of(parts)
    forms = words.forms
    for k in range(len(features)):
        begin, size = forms.rows[features[k], 0], sizes[features[k]]
        for at in range(begin, begin + forms.rows[features[k], 1], size):
            if size == 1:
                take_out(words.singles, forms.data[at, 0], features[k])
            else:
                slot = pair_slot(words.pairs.keys, forms.data[at, 0], forms.data[at + 1, 0])
                take_out(words.phrases, words.pairs.rows[slot], features[k])
        vacate(forms, features[k])
