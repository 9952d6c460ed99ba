"""The one analyzer: from text to words, for the index, the matcher, the oracle and snippets alike.

A word is a run of letters, digits and their marks. Chinese and Japanese, which are written without spaces, become
pairs of characters that overlap, with the last character of a run once more by itself, so that any stretch of such
text can be found. A character that stands for several words ("½" is 1⁄2) is cut once more when it has been folded; the
pieces have its offsets. Positions are 0, 1, 2 …, without gaps: a token's position is its index.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, repeat

from headwater.search.language.folding import MAX_SURFACE, stems_of, surfaces_of


def _marks() -> str:
    """The combining marks of living scripts as the inside of a set: `\\w` leaves them out."""
    marks = [code for code in range(0x12000) if unicodedata.category(chr(code)) in ("Mn", "Mc")]
    ranges: list[list[int]] = []
    for code in marks:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)


_UNSPACED = "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNSPACED += "\uff66-\uff9f\U00020000-\U0003134f"
_ASCII_WORD = re.compile("[A-Za-z0-9]+")
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
_ANY_WORD = re.compile(f"[{_UNSPACED}]+|[^\\W_{_UNSPACED}](?:[^\\W_{_UNSPACED}]|[{_marks()}])*")

_ASCII_WORD_KEPT, _ANY_WORD_KEPT = (re.compile(f"({words.pattern})") for words in (_ASCII_WORD, _ANY_WORD))


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text: its two forms, its position among the words, and where it stands (characters, end apart)."""

    surface: str
    stem: str
    position: int
    start: int
    end: int


@dataclass(frozen=True)
class Analysis:
    """A text cut into words, in columns of equal length (a row object for each word would cost most of the time)."""

    surfaces: list[str]
    starts: list[int]
    ends: list[int]
    language: str

    @cached_property
    def stems(self) -> list[str]:
        """The stems in the text's own language."""
        return stems_of(self.surfaces, self.language)

    def tokens(self) -> list[Token]:
        """The words as objects, where convenience matters more than speed."""
        rows = zip(self.surfaces, self.stems, self.starts, self.ends, strict=True)
        return [Token(surface, stem, at, start, end) for at, (surface, stem, start, end) in enumerate(rows)]


def analyze(text: str, language: str) -> Analysis:
    """The words of a text with their offsets."""
    # Split at words, the words kept: every second piece is one, and where it stands is the sum of the lengths before.
    pieces = (_ASCII_WORD_KEPT if text.isascii() else _ANY_WORD_KEPT).split(text)
    bounds = list(accumulate(map(len, pieces)))
    words, starts, ends = pieces[1::2], bounds[:-1:2], bounds[1::2]
    if not text.isascii() and _UNSPACED_RUN.search(text):
        spans = [piece for span in zip(starts, ends, strict=True) for piece in _pieces(text, span)]
        words = [text[start:end] for start, end in spans]
        starts, ends = [start for start, _ in spans], [end for _, end in spans]
    found = surfaces_of(words)
    if not text.isascii() and (pieces := _taken_apart(found)) != found:
        sizes = [len(surface.split()) for surface in found]
        starts, ends = (list(chain.from_iterable(map(repeat, each, sizes))) for each in (starts, ends))
        found = pieces
    return Analysis(found, starts, ends, language)


def _taken_apart(found: list[str]) -> list[str]:
    """The surfaces, each by itself: of some words there are several, or none, once they are folded."""
    return " ".join(found).split()


def _pieces(text: str, span: tuple[int, int]) -> list[tuple[int, int]]:
    """A word as it is, or the pairs of a run of Chinese or Japanese and its last character."""
    start, end = span
    if not _UNSPACED_RUN.match(text, start):
        return [span]
    return [(at, min(at + 2, end)) for at in range(start, end)]


def surfaces(text: str) -> list[str]:
    """The surfaces of a text alone: what an index needs, several times faster than `analyze`."""
    if text.isascii():
        if text.isalnum() and len(text) <= MAX_SURFACE:
            return [text.lower()]
        return surfaces_of(_ASCII_WORD.findall(text))
    words = _ANY_WORD.findall(text)
    if _UNSPACED_RUN.search(text):
        words = [word for run in words for word in _cut(run)]
    return _taken_apart(surfaces_of(words))


def _cut(run: str) -> list[str]:
    if not _UNSPACED_RUN.match(run):
        return [run]
    return [run[at : at + 2] for at in range(len(run))]


def asked_surfaces(text: str) -> list[str]:
    """The surfaces of words that are asked for: as in a text, but without the lone character that ends a longer run.

    In a text that character says where the run ended; what is asked for may stand inside a longer one.
    """
    runs = _ANY_WORD.findall(text)
    words = [word for run in runs for word in _cut(run)]
    if runs and len(runs[-1]) > 1 and is_unspaced(runs[-1]):
        words.pop()
    return _taken_apart(surfaces_of(words))


def is_unspaced(surface: str) -> bool:
    """Whether a surface is Chinese or Japanese text, where a single character asked for means every pair it begins."""
    return _UNSPACED_RUN.match(surface) is not None
