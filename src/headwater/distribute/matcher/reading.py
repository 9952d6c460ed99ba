"""A version, cut into words once for all the profiles it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headwater.distribute.matcher.weighing import Terms, terms_of
from headwater.search.language.analyzer import Analysis, analyze, surfaces
from headwater.search.language.folding import base_language, stems_of
from headwater.search.language.nearness import Places, Span, near_in
from headwater.search.language.query import FACET_NAMES, Near
from headwater.search.language.searchable import Searchable, facet_keys

Ints = NDArray[np.int32]
Channel = tuple[str, str]
"""Where words were looked for and how: (field, language); field "" is title and text, language "" surfaces."""


class Cut(NamedTuple):
    """The words of a text in short: each different surface once, with its stem, and which stands at each place.

    `stems` is `surfaces` itself where the language has no stemmer. Places are in characters, ends apart.
    """

    surfaces: list[str]
    stems: list[str]
    numbers: Ints
    starts: Ints
    ends: Ints


def cut(text: str, language: str) -> Cut:
    """Cut a text into its words."""
    found = analyze(text, language)
    surfaces = list(dict.fromkeys(found.surfaces))
    number_of = dict(zip(surfaces, range(len(surfaces)), strict=True))
    numbers = np.fromiter(map(number_of.__getitem__, found.surfaces), np.int32, len(found.surfaces))
    starts, ends = np.array(found.starts, np.int32), np.array(found.ends, np.int32)
    return Cut(surfaces, stems_of(surfaces, language), numbers, starts, ends)


class Reading:
    """What the matcher looks at: the words of title and text, in their two forms, and the version itself."""

    def __init__(self, searchable: Searchable) -> None:
        self.searchable = searchable
        self.language = base_language(searchable.language)

    def take(self, text: Cut) -> None:
        """Its text was cut into words elsewhere; gather now what prefixes are looked for in."""
        self._text.take(text)
        _ = self._both_set

    @cached_property
    def terms(self) -> Terms:
        """Its words as weighted terms."""
        return terms_of(self)

    def parts(self) -> tuple[tuple[Part, tuple[str, ...]], ...]:
        """Title and text, each with the fields it is looked at for."""
        return (self._title, ("", "title")), (self._text, ("",))

    def sequences(self) -> Iterator[tuple[Channel, list[str]]]:
        """Each run of words that a phrase may lie in, with the channel it is asked for in."""
        language = self.language
        for part, fields in ((self._title, ("", "title")), (self._text, ("",))):
            surfaces, stems = part.forms(""), part.forms(language)
            for field in fields:
                yield (field, ""), surfaces
                if stems is not surfaces:
                    yield (field, language), stems

    def surfaces(self, field: str) -> set[str]:
        """The different surfaces of the title, or of title and text when the field is ""."""
        return self._title_set if field == "title" else self._both_set

    def facets(self) -> Iterator[tuple[str, str]]:
        """Every (name, key) the version has."""
        for name in FACET_NAMES:
            for key in facet_keys(name, self.searchable):
                yield name, key

    def passage(self, channel: Channel, words: Sequence[str]) -> str | None:
        """The first place where these forms stand side by side, as the version writes it; None if nowhere."""
        field, language = channel
        if language not in ("", self.language):
            return None
        for part in self._parts(field):
            at = part.place(language, words)
            if at is not None:
                return part.written(at, at + len(words))
        return None

    def opening(self, field: str, prefix: str) -> str | None:
        """The first word that begins with the prefix, as the version writes it; None if there is none."""
        for part in self._parts(field):
            for at, surface in enumerate(part.forms("")):
                if surface.startswith(prefix):
                    return part.written(at, at + 1)
        return None

    def passage_near(self, near: Near, languages: Sequence[str]) -> str | None:
        """The first passage where the parts stand near each other, as the version writes it; None if nowhere."""
        for part in self._parts(near.parts[0].field or ""):
            if (span := part.near(near, languages)) is not None:
                return part.written(*span)
        return None

    @cached_property
    def _title(self) -> Part:
        return Part(self.searchable.title, self.searchable.language)

    @cached_property
    def _text(self) -> Part:
        return Part(self.searchable.text, self.searchable.language)

    @cached_property
    def _title_set(self) -> set[str]:
        return set(self._title.forms(""))

    @cached_property
    def _both_set(self) -> set[str]:
        return self._title_set.union(self._text.forms(""))

    def _parts(self, field: str) -> tuple[Part, ...]:
        return (self._title,) if field == "title" else (self._title, self._text)


class Part:
    """A title or a text, its words in their forms, and where each form stands first: asked for by many profiles."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self._language = language
        self._cut: Cut | None = None

    @cached_property
    def analysis(self) -> Analysis:
        """The words with their places: dearer than the words alone, and only asked for to show a passage."""
        return analyze(self.text, self._language)

    @cached_property
    def surfaces(self) -> list[str]:
        """The words as surfaces."""
        return surfaces(self.text)

    @cached_property
    def stems(self) -> list[str]:
        """The words as stems in the text's own language; the very list of surfaces where it has no stemmer."""
        return stems_of(self.surfaces, self._language)

    def take(self, cut: Cut) -> None:
        """Its words are these."""
        self._cut = cut
        numbers = cut.numbers.tolist()
        self.surfaces = [cut.surfaces[number] for number in numbers]
        self.stems = self.surfaces if cut.stems is cut.surfaces else [cut.stems[number] for number in numbers]
        self.analysis = Analysis(self.surfaces, cut.starts.tolist(), cut.ends.tolist(), self._language)

    def forms(self, language: str) -> list[str]:
        """The surfaces for "", the stems for the text's own language."""
        return self.stems if language else self.surfaces

    def different(self, language: str) -> tuple[list[str], Ints] | None:
        """Each different form once, and which stands at each place; None where the text was not cut elsewhere."""
        if self._cut is None:
            return None
        return self._cut.stems if language else self._cut.surfaces, self._cut.numbers

    def place(self, language: str, words: Sequence[str]) -> int | None:
        """The first place where these forms stand side by side; None if nowhere."""
        return (self._stem_places if language else self._surface_places).first(list(words))

    def near(self, near: Near, languages: Sequence[str]) -> Span | None:
        """The first passage where the parts stand near each other; None if nowhere."""
        is_read = base_language(self._language) in map(base_language, languages)
        return near_in(near, self._surface_places, self._stem_places, self._language if is_read else "")

    @cached_property
    def _surface_places(self) -> Places:
        return Places(self.surfaces)

    @cached_property
    def _stem_places(self) -> Places:
        return Places(self.stems)

    def written(self, first: int, after: int) -> str:
        """The words from `first` to before `after`, as the version writes them."""
        return self.text[self.analysis.starts[first] : self.analysis.ends[after - 1]]
