"""A version, cut into words once for all the profiles it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from headwater.search.language.analyzer import Analysis, analyze, surfaces
from headwater.search.language.folding import base_language, stems_of
from headwater.search.language.oracle import spans
from headwater.search.language.query import FACET_NAMES, Near
from headwater.search.language.searchable import Searchable, facet_keys

Channel = tuple[str, str]
"""Where words were looked for and how: (field, language); field "" is title and text, language "" surfaces."""


class Reading:
    """What the matcher looks at: the words of title and text, in their two forms, and the version itself."""

    def __init__(self, searchable: Searchable) -> None:
        self.searchable = searchable
        self.language = base_language(searchable.language)

    def sequences(self) -> Iterator[tuple[Channel, list[str]]]:
        """Each run of words that a phrase may lie in, with the channel it is asked for in."""
        language = self.language
        for surface in (self._title, self._text):
            stems = stems_of(surface, language)
            for field in ("", "title") if surface is self._title else ("",):
                yield (field, ""), surface
                if stems is not surface:
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
        for text, analysis in self._analyses(field):
            forms = stems_of(analysis.surfaces, language) if language else analysis.surfaces
            at = _index(forms, list(words))
            if at is not None:
                return text[analysis.starts[at] : analysis.ends[at + len(words) - 1]]
        return None

    def opening(self, field: str, prefix: str) -> str | None:
        """The first word that begins with the prefix, as the version writes it; None if there is none."""
        for text, analysis in self._analyses(field):
            for at, surface in enumerate(analysis.surfaces):
                if surface.startswith(prefix):
                    return text[analysis.starts[at] : analysis.ends[at]]
        return None

    def passage_near(self, near: Near, languages: Sequence[str]) -> str | None:
        """The first passage where the parts stand near each other, as the version writes it; None if nowhere."""
        for text, analysis in self._analyses(near.parts[0].field or ""):
            for first, after in spans(near, analysis, languages)[:1]:
                return text[analysis.starts[first] : analysis.ends[after - 1]]
        return None

    @cached_property
    def _title(self) -> list[str]:
        return surfaces(self.searchable.title)

    @cached_property
    def _text(self) -> list[str]:
        return surfaces(self.searchable.text)

    @cached_property
    def _title_set(self) -> set[str]:
        return set(self._title)

    @cached_property
    def _both_set(self) -> set[str]:
        return self._title_set.union(self._text)

    @cached_property
    def _analysed(self) -> tuple[Analysis, Analysis]:
        seen = self.searchable
        return analyze(seen.title, seen.language), analyze(seen.text, seen.language)

    def _analyses(self, field: str) -> Iterator[tuple[str, Analysis]]:
        title, text = self._analysed
        yield self.searchable.title, title
        if field != "title":
            yield self.searchable.text, text


def _index(forms: list[str], words: list[str]) -> int | None:
    at = -1
    while True:
        try:
            at = forms.index(words[0], at + 1)
        except ValueError:
            return None
        if forms[at : at + len(words)] == words:
            return at
