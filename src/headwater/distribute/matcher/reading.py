"""A version, cut into words once for all the profiles it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from headwater.distribute.matcher.parts import Cut, CutPart, Part, WholePart
from headwater.distribute.matcher.weighing import Terms, terms_of
from headwater.search.language.folding import base_language
from headwater.search.language.query import FACET_NAMES, Near
from headwater.search.language.searchable import Searchable, facet_keys

Channel = tuple[str, str]
"""Where words were looked for and how: (field, language); field "" is title and text, language "" surfaces."""


class Reading:
    """What the matcher looks at: the words of title and text, in their two forms, and the version itself."""

    def __init__(self, searchable: Searchable) -> None:
        self.searchable = searchable
        self.language = base_language(searchable.language)

    def take(self, text: Cut) -> None:
        """Its text was cut into words elsewhere."""
        self._text = CutPart(self.searchable.text, self.searchable.language, text)

    @cached_property
    def terms(self) -> Terms:
        """Its words as weighted terms."""
        return terms_of(self)

    def parts(self) -> tuple[tuple[Part, tuple[str, ...]], ...]:
        """Title and text, each with the fields it is looked at for."""
        return (self._title, ("", "title")), (self._text, ("",))

    def sequences(self) -> Iterator[tuple[Channel, Sequence[str]]]:
        """Each run of words that a phrase may lie in, with the channel it is asked for in."""
        language = self.language
        for part, fields in ((self._title, ("", "title")), (self._text, ("",))):
            for field in fields:
                yield (field, ""), part.forms("")
                if part.has_stems:
                    yield (field, language), part.forms(language)

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
            if (at := part.opening(prefix)) is not None:
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
        return WholePart(self.searchable.title, self.searchable.language)

    @cached_property
    def _text(self) -> Part:
        return WholePart(self.searchable.text, self.searchable.language)

    @cached_property
    def _title_set(self) -> set[str]:
        return set(self._title.different(""))

    @cached_property
    def _both_set(self) -> set[str]:
        return self._title_set.union(self._text.different(""))

    def _parts(self, field: str) -> tuple[Part, ...]:
        return (self._title,) if field == "title" else (self._title, self._text)
