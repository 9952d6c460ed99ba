"""Surfaces and stems: the two forms of a word that are ever compared.

The surface is the word with case, compatibility forms and accents gone. The stem is a function of the surface and the
language alone, so equal surfaces have equal stems: a reader who types "securite" finds what "sécurité" finds.
"""

from __future__ import annotations

import re
import unicodedata
from abc import abstractmethod
from collections.abc import Iterable
from functools import lru_cache

import tantivy

STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
# The stemmers of these languages look for accented endings, which a surface has lost: they are given back first.
_ENDINGS: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    language: tuple((re.compile(ending, re.MULTILINE), accented) for ending, accented in endings)
    for language, endings in {
        "fr": (("iere(s?)$", r"ière\1"), ("ite(s?)$", r"ité\1"), ("ee(s?)$", r"ée\1")),
        "pt": (("cao$", "ção"), ("coes$", "ções")),
    }.items()
}
# Longer words are noise (encoded data, rules of hyphens); what they begin with is enough to tell them apart.
MAX_SURFACE = 64
_CACHED_WORDS = 400_000
_TOGETHER = 10_000  # words of a long text


@lru_cache(1024)
def base_language(tag: str) -> str:
    """The language of a tag without region or script: "pt-BR" is "pt"; "" stays ""."""
    return tag.replace("_", "-").split("-", 1)[0].lower()


def fold(text: str) -> str:
    """The text in the form surfaces are compared in. Marks that tell letters apart (Russian й, vowel signs) stay."""
    if text.isascii():
        return text.lower()
    if not _BEYOND_LATIN.search(text):
        return text.translate(_latin)
    return _fold_any(text)


def _fold_any(text: str) -> str:
    kept: list[str] = []
    base = ""
    for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()):
        if unicodedata.category(char) != "Mn":
            base = char
        elif not _tells_letters_apart(base, char):
            continue
        kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


class _Latin(dict[int, str]):
    """Each of these letters folds by itself, whatever stands beside it: no marks are among them."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_any(chr(code))
        return folded


_BEYOND_LATIN = re.compile("[\u0180-\U0010ffff]")
_latin = _Latin()


def _tells_letters_apart(base: str, mark: str) -> bool:
    if "\u0400" <= base <= "\u04ff":
        return mark != "\u0308" and mark != "\u0301"
    accent = "\u0300" <= mark <= "\u036f"
    vowel_point = "\u0591" <= mark <= "\u05c7" or "\u0610" <= mark <= "\u061a" or "\u064b" <= mark <= "\u0670"
    return not (accent or vowel_point)


def facet_key(value: str) -> str:
    """The form in which facet values are compared: folded, words joined by single hyphens."""
    return "-".join(fold(value).replace("_", " ").replace("-", " ").split())


class _Known(dict[str, str]):
    """What words become, worked out once: text repeats its words, and folding one costs a hundred look-ups.

    The words of a long text are worked out together, as lines of one text, which takes a tenth of what they take one by
    one; they are kept for it alone, so as not to drive out those that other texts have.
    """

    def become(self, words: list[str]) -> list[str]:
        """What each of these words becomes, in order."""
        known = self if len(words) <= _TOGETHER else self._all_of(list(dict.fromkeys(words)))
        return list(map(known.__getitem__, words))

    def __missing__(self, word: str) -> str:
        if len(self) >= _CACHED_WORDS:
            self.clear()
        (found,) = self._worked_out([word])
        self[word] = found
        return found

    def _all_of(self, words: list[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for at in range(0, len(words), _TOGETHER):
            some = words[at : at + _TOGETHER]
            found.update(zip(some, self._worked_out(some), strict=True))
        return found

    @abstractmethod
    def _worked_out(self, words: list[str]) -> Iterable[str]:
        """What each of these words becomes, in order."""


class _Surfaces(_Known):
    """Words to surfaces."""

    def _worked_out(self, words: list[str]) -> Iterable[str]:
        return map(_surface, fold("\n".join(words)).split("\n"))


def _surface(folded: str) -> str:
    return folded[:MAX_SURFACE] if folded.isalnum() else " ".join(piece[:MAX_SURFACE] for piece in _pieces(folded))


def _pieces(folded: str) -> list[str]:
    """What folding left of a word, without the blanks and signs that some characters stand for: "½" is 1⁄2."""
    return "".join(" " if unicodedata.category(char)[0] in "PSZ" else char for char in folded).split()


class _Stems(_Known):
    """Surfaces to stems in one language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        stemmer = tantivy.Filter.stemmer(STEMMERS[language])
        self._analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(stemmer).build()
        self._endings = _ENDINGS.get(language, ())

    def _worked_out(self, words: list[str]) -> Iterable[str]:
        lines = "\n".join(words)
        for ending, accented in self._endings:
            lines = ending.sub(accented, lines)
        stems = fold("\n".join(self._analyzer.analyze(lines))).split("\n")
        return (stem or word for stem, word in zip(stems, words, strict=True))


_surfaces = _Surfaces()


def surfaces_of(words: list[str]) -> list[str]:
    """The surface of each word, in order: letters, digits and marks.

    A word that folding takes apart ("ﷺ" stands for four) has its pieces with blanks between, or nothing at all.
    """
    return _surfaces.become(words)


def stems_of(surfaces: list[str], language: str) -> list[str]:
    """The stem of each surface in a language; the surfaces themselves where the language has no stemmer."""
    stems = _stems_for(base_language(language))
    return surfaces if stems is None else stems.become(surfaces)


@lru_cache(maxsize=64)
def _stems_for(language: str) -> _Stems | None:
    return _Stems(language) if language in STEMMERS else None
