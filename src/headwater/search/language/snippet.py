"""Snippets: the passage of a text that shows best why it was found, with what matched marked.

They come from the analyzer's own offsets. A snippet is a list of (text, is match) pieces and never HTML.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from headwater.search.language.analyzer import Analysis, analyze, asked_surfaces, is_unspaced
from headwater.search.language.folding import base_language, stems_of
from headwater.search.language.plain import hidden_marks
from headwater.search.language.query import And, Boost, Near, Not, Or, Phrase, Prefix, Query, Word

Pieces = list[tuple[str, bool]]

_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[.!?。!?]\s|\n\s*\n|[。!?]")
# Most texts say early what they are about: the rest is cut into words only when not all is in the beginning.
_FIRST_LOOK = 2_500
_MOST_LOOKED_AT = 200_000


# Whoever types on is shown much the same entries again; a text and its words weigh some 15 kB.
_lately = lru_cache(800)(analyze)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One thing to mark: the forms of its words, whether they are surfaces, and whether the last is a prefix."""

    forms: tuple[str, ...]
    surface: bool
    prefix: bool


@dataclass(frozen=True, slots=True)
class Marker:
    """What a query asks for in words, ready to be found in texts of one language."""

    asked: tuple[_Asked, ...]
    language: str

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Where the text matches: character offsets in order, overlapping ones joined, ends apart."""
        return self.look(text)[0]

    def look(self, text: str) -> tuple[list[tuple[int, int]], bool]:
        """The same, and whether everything asked for was found."""
        analysis = _lately(text, self.language) if len(text) <= _FIRST_LOOK else analyze(text, self.language)
        places = [list(_places(asked, analysis)) for asked in self.asked]
        return self._joined(sorted(span for spans in places for span in spans)), all(places)

    @staticmethod
    def _joined(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
        joined: list[tuple[int, int]] = []
        for start, end in found:
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return joined


def marker(query: Query, language: str, languages: Collection[str]) -> Marker:
    """What to mark in texts of `language` for a reader of `languages`; what stands under a NOT is not marked."""
    stemmed = base_language(language) in {base_language(tag) for tag in languages}
    asked = {_asked(leaf, language, stemmed): None for leaf in _positive(query)}
    return Marker(tuple(one for one in asked if one.forms), language)


def _positive(query: Query) -> Iterator[Word | Prefix | Phrase]:
    match query:
        case And() | Or() | Near():
            for part in query.parts:
                yield from _positive(part)
        case Boost():
            yield from _positive(query.part)
        case Word() | Prefix() | Phrase():
            yield query
        case Not():
            return


def _asked(leaf: Word | Prefix | Phrase, language: str, stemmed: bool) -> _Asked:
    forms = asked_surfaces(" ".join(leaf.words) if isinstance(leaf, Phrase) else leaf.text)
    lone = len(forms) == 1 and len(forms[0]) == 1 and is_unspaced(forms[0])
    if isinstance(leaf, Prefix) or (isinstance(leaf, Word) and lone):
        return _Asked(tuple(forms), surface=True, prefix=len(forms) == 1)
    return _Asked(tuple(stems_of(forms, language) if stemmed else forms), surface=not stemmed, prefix=False)


def _places(asked: _Asked, text: Analysis) -> Iterator[tuple[int, int]]:
    words = text.surfaces if asked.surface else text.stems
    first, size = asked.forms[0], len(asked.forms)
    if asked.prefix:
        for at, word in enumerate(words):
            if word.startswith(first):
                # Of a pair of characters that a lone one begins, the lone one is what was asked for.
                end = text.starts[at] + len(first) if is_unspaced(first) else text.ends[at]
                yield text.starts[at], end
        return
    at = -1
    try:
        while True:
            at = words.index(first, at + 1)
            if size == 1 or tuple(words[at : at + size]) == asked.forms:
                yield text.starts[at], text.ends[at + size - 1]
    except ValueError:
        return


def highlighted(text: str, by: Marker) -> Pieces:
    """The whole of a short text, such as a title, with its matches marked."""
    return _pieces(text, by.marks(text), 0, len(text))


def snippet(text: str, by: Marker, width: int = 200) -> Pieces:
    """About `width` characters around where most of what was asked for stands together, or the beginning.

    Marks of Markdown are left out, so that people read words.
    """
    marks, has_all = by.look(text[:_FIRST_LOOK])
    if not has_all and len(text) > _FIRST_LOOK:
        marks = by.marks(text[:_MOST_LOOKED_AT])
    start, end = _window(text, marks, width)
    pieces = _pieces(text, marks, start, end, hidden_marks(text, start, end))
    if start > 0:
        pieces.insert(0, ("…", False))
    if end < len(text.rstrip()):
        pieces.append(("…", False))
    return pieces


def _window(text: str, marks: list[tuple[int, int]], width: int) -> tuple[int, int]:
    """Where the snippet begins and ends: at the sentence of the richest stretch, on the borders of words."""
    start = _sentence_start(text, _richest(text, marks, width), width) if marks else 0
    end = min(len(text), start + width)
    if end < len(text):
        border = max(text.rfind(" ", start + width // 2, end), text.rfind("\n", start + width // 2, end))
        end = border if border > start else end
    last_kept = max((stop for begin, stop in marks if begin < end < stop), default=end)
    return start, max(end, last_kept)


def _richest(text: str, marks: list[tuple[int, int]], width: int) -> int:
    """The beginning of the match from which most different matched words follow within the width."""
    best, best_at = -1, 0
    for index, (start, _) in enumerate(marks):
        following = marks[index : index + 40]
        inside = {text[first:last].lower() for first, last in following if last <= start + width}
        if len(inside) > best:
            best, best_at = len(inside), start
    return best_at


def _sentence_start(text: str, at: int, width: int) -> int:
    """The beginning of the sentence around `at`, or of a word a third of the width before it."""
    earliest = max(0, at - width // 2)
    ends = [found.end() for found in _SENTENCE_END.finditer(text, earliest, at)]
    if ends:
        return ends[-1] + len(text[ends[-1] : at]) - len(text[ends[-1] : at].lstrip())
    if earliest == 0:
        return 0
    earliest = max(0, at - width // 3)
    border = _SPACE.search(text, earliest, at)
    return border.end() if border else earliest


def _pieces(
    text: str, marks: list[tuple[int, int]], start: int, end: int, hidden: Sequence[tuple[int, int]] = ()
) -> Pieces:
    pieces: Pieces = []
    here = start
    for first, last in marks:
        if last <= start or first >= end:
            continue
        _add(pieces, _shown(text, here, first, hidden), False)
        _add(pieces, _shown(text, max(first, start), last, hidden), True)
        here = last
    _add(pieces, _shown(text, here, end, hidden), False)
    return pieces


def _shown(text: str, start: int, end: int, hidden: Sequence[tuple[int, int]]) -> str:
    """That part of the text without what is hidden."""
    parts = []
    for first, last in hidden:
        if first < end and last > start:
            parts.append(text[start : max(first, start)])
            start = min(last, end)
    return "".join([*parts, text[start:end]])


def _add(pieces: Pieces, text: str, is_match: bool) -> None:
    plain = _SPACE.sub(" ", text)
    if pieces and pieces[-1][0].endswith(" "):
        plain = plain.lstrip(" ")
    if plain:
        pieces.append((plain, is_match))
