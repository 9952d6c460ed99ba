"""Words and phrases: from the words of a version to the features they bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from headwater.distribute.matcher import kernels
from headwater.distribute.matcher.lists import Ints, Lists
from headwater.distribute.matcher.reading import Channel, Reading

_FIRST_PAIRS = 1024


@dataclass(frozen=True, slots=True)
class WordSpec:
    """Words side by side, as they read in each language they are asked in: {(field, language): the words' forms}.

    The language is "" for surfaces; a version shows its surfaces and, in its own language, its stems.
    """

    forms: frozenset[tuple[Channel, tuple[str, ...]]]


class WordIndex:
    """Finds, in one pass over a version's words, every word and phrase that some profile asks for."""

    def __init__(self) -> None:
        self._lexicons: dict[Channel, dict[str, int]] = {}
        self._lexemes = 1
        self._singles = Lists(1)
        self._pairs = _Pairs()
        self._phrases = Lists(2)
        self._tails = Lists(1)
        self._tail_rows = 1
        self._free_tails: list[int] = []
        self._phrase_count = 0

    def add(self, feature: int, spec: WordSpec) -> None:
        """Let the words bring the feature from now on."""
        for channel, words in spec.forms:
            lexemes = [self._lexeme(channel, word) for word in words]
            if len(lexemes) == 1:
                self._singles.append(lexemes[0], feature)
            else:
                self._phrases.append(self._pairs.row(lexemes[0], lexemes[1]), feature, self._new_tail(lexemes[2:]))
                self._phrase_count += 1

    def drop(self, feature: int, spec: WordSpec) -> None:
        """Undo `add` with the same spec."""
        for channel, words in spec.forms:
            lexemes = [self._lexeme(channel, word) for word in words]
            if len(lexemes) == 1:
                self._singles.remove(lexemes[0], feature)
            else:
                self._drop_phrase(self._pairs.row(lexemes[0], lexemes[1]), feature, lexemes[2:])

    def mark(self, reading: Reading, present: np.ndarray, found: Ints, n: int) -> int:
        """Mark the features present, appending them to `found` after the first `n`; returns how many there are then."""
        singles, phrases, tails = self._singles, self._phrases, self._tails
        for lexemes in self._sequences(reading):
            n = kernels.mark_words(lexemes, singles.start, singles.count, singles.data, present, found, n)
            if self._phrase_count:
                n = kernels.mark_phrases(
                    lexemes, self._pairs.keys, self._pairs.rows, phrases.start, phrases.count, phrases.data,
                    tails.start, tails.count, tails.data, present, found, n,
                )  # fmt: skip
        return n

    def _sequences(self, reading: Reading) -> Iterator[Ints]:
        for channel, words in reading.sequences():
            lexicon = self._lexicons.get(channel)
            if lexicon and words:
                yield np.fromiter(map(lexicon.get, words, repeat(0)), np.int32, len(words))

    def _lexeme(self, channel: Channel, word: str) -> int:
        lexicon = self._lexicons.setdefault(channel, {})
        lexeme = lexicon.get(word)
        if lexeme is None:
            lexeme = lexicon[word] = self._lexemes
            self._lexemes += 1
            self._singles.want(lexeme)
        return lexeme

    def _new_tail(self, lexemes: list[int]) -> int:
        if not lexemes:
            return 0
        if self._free_tails:
            row = self._free_tails.pop()
        else:
            row, self._tail_rows = self._tail_rows, self._tail_rows + 1
        self._tails.fill(row, lexemes)
        return row

    def _drop_phrase(self, pair: int, feature: int, tail: list[int]) -> None:
        for held, row in self._phrases.records(pair).tolist():
            if held == feature and self._tails.records(row)[:, 0].tolist() == tail:
                self._phrases.remove(pair, feature, row)
                self._phrase_count -= 1
                if row:
                    self._tails.clear(row)
                    self._free_tails.append(row)
                return


class _Pairs:
    """An open-addressed table from two lexemes side by side to the row of phrases that begin with them."""

    def __init__(self) -> None:
        self.keys = np.full(_FIRST_PAIRS, kernels.EMPTY, np.int64)
        self.rows = np.zeros(_FIRST_PAIRS, np.int32)
        self._count = 0

    def row(self, first: int, second: int) -> int:
        """The pair's row, a new one if it has none yet."""
        slot = kernels.pair_slot(self.keys, first, second)
        if self.keys[slot] == kernels.EMPTY:
            if 2 * self._count >= len(self.keys):
                self._grow()
                slot = kernels.pair_slot(self.keys, first, second)
            self._count += 1
            self.keys[slot] = (first << 32) | second
            self.rows[slot] = self._count
        return int(self.rows[slot])

    def _grow(self) -> None:
        keys = np.full(4 * len(self.keys), kernels.EMPTY, np.int64)
        rows = np.zeros(len(keys), np.int32)
        kernels.move_pairs(self.keys, self.rows, keys, rows)
        self.keys, self.rows = keys, rows
