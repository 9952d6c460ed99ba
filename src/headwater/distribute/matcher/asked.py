"""What each leaf of a query asks of a version, for the languages of its reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from headwater.distribute.matcher.conditions import FacetSpec, JudgedSpec, PathSpec, PrefixSpec, TimeSpec
from headwater.distribute.matcher.features import Features
from headwater.distribute.matcher.plan import ALL, ALWAYS, ANY
from headwater.distribute.matcher.words import WordSpec
from headwater.search.language.analyzer import asked_surfaces, is_unspaced, surfaces
from headwater.search.language.folding import STEMMERS, base_language, facet_key, stems_of
from headwater.search.language.query import (
    Dated,
    Facet,
    Leaf,
    Near,
    PathGlob,
    Phrase,
    Prefix,
    Recent,
    Word,
)

NEVER = -ALWAYS
_SHORT = 500  # so short a text cannot hold more different words than the parser takes
# All that plain words and AND, OR and NOT between them are written with; and what tells an AND, a NOT and a minus.
_WORDS_ALONE = re.compile("[a-z0-9 ADNORT-]*")
_SIGNS = re.compile("[-AN]")


@lru_cache(1024)
def languages_key(languages: tuple[str, ...]) -> tuple[str, ...]:
    """The languages that make a difference: bases of tags that have a stemmer, sorted, without repeats."""
    return tuple(sorted({base for tag in languages if (base := base_language(tag)) in STEMMERS}))


def feature_of(leaf: Leaf, languages: tuple[str, ...], features: Features) -> int:
    """The number of the feature a leaf asks for, `ALWAYS`, or `NEVER` when nothing can have it."""
    return _NUMBERED[type(leaf)](leaf, languages, features)


def known_words(text: str, languages: tuple[str, ...], features: Features) -> list[int] | None:
    """The tree of a text that asks for plain words which profiles ask for already, as most do; None for any other.

    Nothing has to be read or folded in such a text. A word that is known is no operator and no field, and it has no
    sign: it is small letters and digits, as all surfaces of ASCII are.
    """
    if len(text) > _SHORT or not _WORDS_ALONE.fullmatch(text):
        return None
    known = features.words.known(("", languages))
    is_any = " OR " in text
    words = text.split(" OR ") if is_any else text.split(" ")
    found = [known.get(word, 0) for word in words]
    if 0 in found and not is_any and _SIGNS.search(text):
        found = _signed(text, known)
    if 0 in found or max(found) < 0 or len(set(map(abs, found))) < len(found):
        return None
    return found if len(found) == 1 else [(ANY if is_any else ALL) + len(found), len(found), *found]


def _signed(text: str, known: Mapping[str, int]) -> list[int]:
    """The features of words side by side, below 0 behind a NOT or a minus; 0 for what is not known."""
    words = text.replace(" NOT ", " -").replace(" AND ", " ").split(" ")
    return [-known.get(word[1:], 0) if word[:1] == "-" else known.get(word, 0) for word in words]


def _word(leaf: Word, languages: tuple[str, ...], features: Features) -> int:
    # Most words asked for are a surface that some profile asks for already. (A lone Chinese character means any pair it
    # begins, and its surface by itself something else.)
    if leaf.text.isascii() and (feature := features.words.known((leaf.field or "", languages)).get(leaf.text)):
        return feature
    asked = _asked(leaf.text)
    if len(asked) == 1 and len(asked[0]) == 1 and is_unspaced(asked[0]):
        return _beginning(asked, leaf.field, features)
    return _side_by_side(asked, leaf.field, languages, features)


def _asked(text: str) -> list[str]:
    """What is asked for. Texts of ASCII are cut as what is asked for is, and faster."""
    return surfaces(text) if text.isascii() else asked_surfaces(text)


def _phrase(leaf: Phrase, languages: tuple[str, ...], features: Features) -> int:
    return _side_by_side(_asked(" ".join(leaf.words)), leaf.field, languages, features)


def _prefix(leaf: Prefix, _languages: tuple[str, ...], features: Features) -> int:
    return _beginning(_asked(leaf.text), leaf.field, features)


def _beginning(asked: list[str], field: str | None, features: Features) -> int:
    if len(asked) == 1:
        return features.number(PrefixSpec(field or "", asked[0]))
    return _side_by_side(asked, field, (), features)


def _side_by_side(asked: list[str], field: str | None, languages: tuple[str, ...], features: Features) -> int:
    """Words as surfaces for versions in other languages, and as stems for those in the reader's own.

    Surfaces may be looked for in every version: where they are equal, the stems are too.
    """
    if not asked:
        return NEVER
    stems = [tuple(stems_of(asked, language)) for language in languages]
    return features.number(WordSpec((field or "", languages), (tuple(asked), *stems)))


def _near(leaf: Near, languages: tuple[str, ...], features: Features) -> int:
    parts = [feature_of(part, languages, features) for part in leaf.parts]
    if NEVER in parts:
        return NEVER
    return features.number_judged(JudgedSpec(leaf, languages), parts)


def _facet(leaf: Facet, _languages: tuple[str, ...], features: Features) -> int:
    return features.number(FacetSpec(leaf.name, facet_key(leaf.value)))


def _path(leaf: PathGlob, _languages: tuple[str, ...], features: Features) -> int:
    return features.number(PathSpec(leaf.pattern))


def _dated(leaf: Dated, _languages: tuple[str, ...], features: Features) -> int:
    return features.number(TimeSpec(since=leaf.since, until=leaf.until))


def _recent(leaf: Recent, _languages: tuple[str, ...], features: Features) -> int:
    return features.number(TimeSpec(days=leaf.days))


_NUMBERED: dict[type[Leaf], Callable[[Any, tuple[str, ...], Features], int]] = {
    Word: _word,
    Near: _near,
    Phrase: _phrase,
    Prefix: _prefix,
    Facet: _facet,
    PathGlob: _path,
    Dated: _dated,
    Recent: _recent,
}
