"""A title or a text as words: as lists of them, or, where it is very long, as numbers that another process wrote."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headwater.search.language.analyzer import Analysis, analyze, surfaces
from headwater.search.language.folding import base_language, stems_of
from headwater.search.language.nearness import Places, Span, WordPlaces, near_in
from headwater.search.language.query import Near

Ints = NDArray[np.int32]


class Part:
    """A title or a text, its words in their forms, and where each form stands: asked for by many profiles.

    A form is "" for the surfaces, and the text's own language for the stems.
    """

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self._language = language

    def near(self, near: Near, languages: Sequence[str]) -> Span | None:
        """The first passage where the parts stand near each other; None if nowhere."""
        is_read = base_language(self._language) in map(base_language, languages)
        return near_in(near, self.places(""), self.places(self._language), self._language if is_read else "")

    def place(self, form: str, words: Sequence[str]) -> int | None:
        """The first place where these words stand side by side in that form; None if nowhere."""
        return self.places(form).first(list(words))

    @property
    @abstractmethod
    def has_stems(self) -> bool:
        """Whether its language has a stemmer; otherwise the stems are the surfaces."""

    @abstractmethod
    def forms(self, form: str) -> Sequence[str]:
        """The words, one after the other."""

    @abstractmethod
    def different(self, form: str) -> Sequence[str]:
        """Each different word, once at least."""

    @abstractmethod
    def places(self, form: str) -> Places:
        """Where each word stands."""

    @abstractmethod
    def opening(self, prefix: str) -> int | None:
        """The place of the first word whose surface begins so; None if there is none."""

    @abstractmethod
    def written(self, first: int, after: int) -> str:
        """The words from `first` to before `after`, as the version writes them."""


class WholePart(Part):
    """One of usual length: its words are lists, made when they are first asked for."""

    @cached_property
    def surfaces(self) -> list[str]:
        """The words as surfaces."""
        return surfaces(self.text)

    @cached_property
    def stems(self) -> list[str]:
        """The words as stems in the text's own language; the very list of surfaces where it has no stemmer."""
        return stems_of(self.surfaces, self._language)

    @property
    def has_stems(self) -> bool:
        return self.stems is not self.surfaces

    def forms(self, form: str) -> list[str]:
        return self.stems if form else self.surfaces

    def different(self, form: str) -> list[str]:
        return self.forms(form)

    def places(self, form: str) -> Places:
        return self._stem_places if form else self._surface_places

    def opening(self, prefix: str) -> int | None:
        return next((at for at, surface in enumerate(self.surfaces) if surface.startswith(prefix)), None)

    def written(self, first: int, after: int) -> str:
        return self.text[self._analysis.starts[first] : self._analysis.ends[after - 1]]

    @cached_property
    def _surface_places(self) -> Places:
        return WordPlaces(self.surfaces)

    @cached_property
    def _stem_places(self) -> Places:
        return WordPlaces(self.stems)

    @cached_property
    def _analysis(self) -> Analysis:
        """The words with their places: dearer than the words alone, and only asked for to show a passage."""
        return analyze(self.text, self._language)


class Forms(NamedTuple):
    """The words of a text in one form, in short: each different one once, in the order in which they first stand there.

    `numbers` says which stands at each place, and `order` has all places, those of the first word before those of the
    second: word k stands at `order[bounds[k] : bounds[k + 1]]`.
    """

    words: list[str]
    numbers: Ints
    order: Ints
    bounds: Ints

    @classmethod
    def of(cls, words: Sequence[str], numbers: Ints) -> Forms:
        """The forms at these places, of words that may be given several times: surfaces that have one stem."""
        number_of = {word: number for number, word in enumerate(dict.fromkeys(words))}
        merged = np.array([number_of[word] for word in words], np.int32)[numbers]
        order = np.argsort(merged, kind="stable").astype(np.int32)
        bounds = np.searchsorted(merged[order], np.arange(len(number_of) + 1)).astype(np.int32)
        return cls(list(number_of), merged, order, bounds)


class Cut(NamedTuple):
    """The words of a text. `stems` is `surfaces` itself where the language has no stemmer.

    What starts and ends where is in characters, ends apart.
    """

    surfaces: Forms
    stems: Forms
    starts: Ints
    ends: Ints


def cut(text: str, language: str) -> Cut:
    """Cut a text into its words."""
    found = analyze(text, language)
    words = list(dict.fromkeys(found.surfaces))
    number_of = dict(zip(words, range(len(words)), strict=True))
    numbers = np.fromiter(map(number_of.__getitem__, found.surfaces), np.int32, len(found.surfaces))
    surfaces, stems = Forms.of(words, numbers), stems_of(words, language)
    starts, ends = np.array(found.starts, np.int32), np.array(found.ends, np.int32)
    return Cut(surfaces, surfaces if stems is words else Forms.of(stems, numbers), starts, ends)


class CutPart(Part):
    """One so long that it was cut in another process. Nothing here goes through its words one by one.

    One call into compiled code is one wait for every other thread, so a list of a million words is never made.
    """

    def __init__(self, text: str, language: str, cut: Cut) -> None:
        super().__init__(text, language)
        self._cut = cut

    @property
    def has_stems(self) -> bool:
        return self._cut.stems is not self._cut.surfaces

    def forms(self, form: str) -> list[str]:
        words, numbers = self.different(form), self.numbers(form)
        return [words[number] for number in numbers.tolist()]

    def different(self, form: str) -> list[str]:
        return self._forms(form).words

    def numbers(self, form: str) -> Ints:
        """Which of the different words stands at each place."""
        return self._forms(form).numbers

    def places(self, form: str) -> Places:
        return self._stem_places if form else self._surface_places

    def opening(self, prefix: str) -> int | None:
        surfaces = self._cut.surfaces
        # They are in the order in which they first stand in the text.
        first = next((number for number, word in enumerate(surfaces.words) if word.startswith(prefix)), None)
        return None if first is None else int(surfaces.order[surfaces.bounds[first]])

    def written(self, first: int, after: int) -> str:
        return self.text[self._cut.starts[first] : self._cut.ends[after - 1]]

    def _forms(self, form: str) -> Forms:
        return self._cut.stems if form else self._cut.surfaces

    @cached_property
    def _surface_places(self) -> Places:
        return FormPlaces(self._cut.surfaces)

    @cached_property
    def _stem_places(self) -> Places:
        return FormPlaces(self._cut.stems)


class FormPlaces:
    """Where each of a text's words stands, by their numbers."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self._number_of = dict(zip(forms.words, range(len(forms.words)), strict=True))

    def of(self, words: list[str]) -> list[int]:
        """Where these words begin that stand side by side, in order."""
        return self._begun(words).tolist() if words else []

    def first(self, words: list[str]) -> int | None:
        """Where these words first stand side by side; None if nowhere."""
        found = self._begun(words)
        return int(found[0]) if len(found) else None

    def beginning_with(self, prefix: str) -> list[int]:
        """Where words stand that begin so."""
        opening = [number for word, number in self._number_of.items() if word.startswith(prefix)]
        return sorted(at for number in opening for at in self._at(number).tolist())

    def _begun(self, words: Sequence[str]) -> Ints:
        """Where these words begin that stand side by side. Looked for where the rarest of them stands."""
        numbers = [self._number_of.get(word, -1) for word in words]
        if -1 in numbers:
            return np.empty(0, np.int32)
        rarest = min(range(len(numbers)), key=lambda k: len(self._at(numbers[k])))
        begun = self._at(numbers[rarest]) - rarest
        begun = begun[(begun >= 0) & (begun + len(numbers) <= len(self._forms.numbers))]
        for k, number in enumerate(numbers):
            if k != rarest:
                begun = begun[self._forms.numbers[begun + k] == number]
        return begun

    def _at(self, number: int) -> Ints:
        bounds = self._forms.bounds
        return self._forms.order[bounds[number] : bounds[number + 1]]
