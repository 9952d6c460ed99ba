"""NEAR: where in a text all parts stand side by side with few words between, in time that grows with their number only.

A text may have each part ten thousand times, so the choices of one place for each are not gone through. Places are
passed from left to right once; kept is, for every set of parts, the latest word where a choice of them begins that has
ended. No other choice of these parts can leave fewer words to whatever follows, for each part has a length of its own.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from headwater.search.language.analyzer import asked_surfaces, is_unspaced
from headwater.search.language.folding import stems_of
from headwater.search.language.query import Near, Phrase, Prefix, Word

Span = tuple[int, int]  # the places of the first word and of that after the last

NOWHERE = -1
MANY = 64  # places of all parts, from which on it is worth looking which of them have no company


class Places(Protocol):
    """Where each of a text's words stands."""

    def of(self, words: list[str]) -> Sequence[int]:
        """Where these words begin that stand side by side, in order."""

    def first(self, words: list[str]) -> int | None:
        """Where these words first stand side by side; None if nowhere."""

    def beginning_with(self, prefix: str) -> Sequence[int]:
        """Where words stand that begin so, in order."""


class WordPlaces:
    """The same of a list of words."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words

    @cached_property
    def _of(self) -> dict[str, list[int]]:
        places = defaultdict(list)
        for place, word in enumerate(self.words):
            places[word].append(place)
        return places

    def of(self, words: list[str]) -> list[int]:
        first = self._of.get(words[0], []) if words else []
        size = len(words)
        return first if size == 1 else [at for at in first if list(self.words[at : at + size]) == words]

    def first(self, words: list[str]) -> int | None:
        """Looked for where the rarest of them stands."""
        found = [self._of.get(word, []) for word in words]
        rarest = min(range(len(words)), key=lambda at: len(found[at]))
        for at in found[rarest]:
            begin = at - rarest
            if begin >= 0 and list(self.words[begin : begin + len(words)]) == words:
                return begin
        return None

    def beginning_with(self, prefix: str) -> list[int]:
        return sorted(chain.from_iterable(at for word, at in self._of.items() if word.startswith(prefix)))


def near_in(near: Near, surfaces: Places, stems: Places, language: str) -> Span | None:
    """A passage where the parts stand near each other; None if there is none.

    `language` is that of the stems, if the asker reads it; without ("") words are held against surfaces.
    """
    found = []
    for part in near.parts:
        asked, is_prefix = _asked(part, language)
        if not asked:
            return None
        if is_prefix:
            at = surfaces.beginning_with(asked[0]) if len(asked) == 1 else surfaces.of(list(asked))
        else:
            at = (stems if language else surfaces).of(list(asked))
        if not at:
            return None
        found.append((at, len(asked)))
    return first_near(found, near.distance)


@lru_cache(4096)
def _asked(part: Word | Prefix | Phrase, language: str) -> tuple[tuple[str, ...], bool]:
    """The words that are looked for, and whether they are a prefix, as a lone character is that is written unspaced."""
    asked = asked_surfaces(" ".join(part.words) if isinstance(part, Phrase) else part.text)
    is_lone = isinstance(part, Word) and len(asked) == 1 and len(asked[0]) == 1 and is_unspaced(asked[0])
    if isinstance(part, Prefix) or is_lone:
        return tuple(asked), True
    return tuple(stems_of(asked, language) if language else asked), False


def first_near(found: Sequence[tuple[Sequence[int], int]], distance: int) -> Span | None:
    """The first choice of one place for each part, from left to right, that leaves at most `distance` words between.

    `found` has for each part the places where it begins, in order, and its length in words. Places that are chosen do
    not overlap.
    """
    lengths = [length for _places, length in found]
    places = [np.asarray(at, np.int64) for at, _length in found]
    if sum(map(len, places)) > MANY:
        places = _in_company(places, distance + sum(lengths))
    return _passed(places, lengths, distance)


def _in_company(places: list[NDArray[np.int64]], width: int) -> list[NDArray[np.int64]]:
    """Without places that have not each other part within the width; the rarest parts are looked at first."""
    order = sorted(range(len(places)), key=lambda part: len(places[part]))
    for other in order:
        for part in order:
            if part != other:
                places[part] = _close_to(places[part], places[other], width)
    return places


def _close_to(places: NDArray[np.int64], others: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    first = np.searchsorted(others, places - width)
    return places[np.searchsorted(others, places + width, side="right") > first]


def _passed(places: list[NDArray[np.int64]], lengths: list[int], distance: int) -> Span | None:
    sizes, without = _sets(lengths)
    whole = len(sizes) - 1
    began = [NOWHERE] * len(sizes)  # by set of parts: the latest beginning of a choice of them that has ended
    ending: list[deque[tuple[int, list[Span]]]] = [deque() for _ in places]  # by part: (end, [(set, beginning)])
    for start, part in _in_order(places):
        for waiting in ending:
            while waiting and waiting[0][0] <= start:
                for chosen, beginning in waiting.popleft()[1]:
                    began[chosen] = max(began[chosen], beginning)
        end, alone = start + lengths[part], 1 << part
        grown = [(alone, start)] + [(chosen | alone, began[chosen]) for chosen in without[part]]
        kept = [(chosen, at) for chosen, at in grown if at != NOWHERE and end - at - sizes[chosen] <= distance]
        if kept and kept[-1][0] == whole:
            return kept[-1][1], end
        ending[part].append((end, kept))
    return None


def _sets(lengths: list[int]) -> tuple[list[int], list[list[int]]]:
    """Sets of parts, as bits: how many words each has, and for each part those without it, the fullest last."""
    parts = range(len(lengths))
    sizes = [sum(lengths[part] for part in parts if chosen >> part & 1) for chosen in range(1 << len(lengths))]
    return sizes, [[chosen for chosen in range(1, len(sizes)) if not chosen >> part & 1] for part in parts]


def _in_order(places: list[NDArray[np.int64]]) -> "zip[tuple[int, int]]":
    starts = np.concatenate(places)
    parts = np.repeat(np.arange(len(places)), [len(at) for at in places])
    order = np.argsort(starts, kind="stable")
    return zip(starts[order].tolist(), parts[order].tolist(), strict=True)
