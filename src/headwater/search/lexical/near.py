"""NEAR, verified by ourselves: the index finds entries that have all parts, the words decide which have them near."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from headwater.search.language.analyzer import asked_surfaces, is_unspaced
from headwater.search.language.folding import stems_of
from headwater.search.language.query import Near, Phrase, Prefix, Word

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class KeptWords:
    """An entry's words as the index keeps them: surfaces of the title and of the text."""

    language: str
    title: list[str]
    text: list[str]

    @classmethod
    def read(cls, kept: bytes) -> KeptWords:
        """From the field `words`."""
        language, title, text = kept.decode().split("\n")
        return cls(language, title.split(), text.split())


def stands_near(near: Near, words: KeptWords, languages: Collection[str]) -> bool:
    """Whether the parts stand near each other in the title, or in the text unless only the title was asked."""
    stemmed = words.language in languages
    fields = [words.title] if near.parts[0].field == "title" else [words.title, words.text]
    return any(_near_in(near, field, words.language if stemmed else None) for field in fields)


def _near_in(near: Near, surfaces: list[str], language: str | None) -> bool:
    """`language` is that of the words when stems count, None when surfaces do."""
    stems = surfaces if language is None else stems_of(surfaces, language)
    found = []
    for part in near.parts:
        spans = _spans(part, surfaces, stems, language)
        if not spans:
            return False
        found.append(spans)
    # The rarest part first leaves the fewest choices to try.
    found.sort(key=len)
    return any(_completed(found[1:], [span], near.distance) for span in found[0])


def _spans(part: Word | Prefix | Phrase, surfaces: list[str], stems: list[str], language: str | None) -> list[Span]:
    asked = asked_surfaces(" ".join(part.words) if isinstance(part, Phrase) else part.text)
    lone = len(asked) == 1 and len(asked[0]) == 1 and is_unspaced(asked[0])
    if isinstance(part, Prefix) or (isinstance(part, Word) and lone):
        if len(asked) == 1:
            return [(at, at + 1) for at, word in enumerate(surfaces) if word.startswith(asked[0])]
        words = surfaces
    else:
        words = stems
        asked = asked if language is None else stems_of(asked, language)
    size = len(asked)
    return [(at, at + size) for at in _each(asked[0], words) if words[at : at + size] == asked]


def _each(word: str, words: list[str]) -> list[int]:
    return [at for at, found in enumerate(words) if found == word]


def _completed(left: list[list[Span]], chosen: list[Span], distance: int) -> bool:
    """Whether the parts left can be placed so that all together leave at most `distance` words between them."""
    start, end = min(first for first, _ in chosen), max(last for _, last in chosen)
    between = end - start - sum(last - first for first, last in chosen)
    if between - sum(spans[0][1] - spans[0][0] for spans in left) > distance:
        return False
    if not left:
        return True
    widest = distance + sum(spans[0][1] - spans[0][0] for spans in left)
    for span in left[0]:
        if span[1] < start - widest or span[0] > end + widest:
            continue
        if all(span[1] <= first or last <= span[0] for first, last in chosen) and _completed(
            left[1:], [*chosen, span], distance
        ):
            return True
    return False
