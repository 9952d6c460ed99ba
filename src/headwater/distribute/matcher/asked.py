"""What each leaf of a query asks of a version, for the languages of its reader."""

from __future__ import annotations

from headwater.distribute.matcher.conditions import FacetSpec, JudgedSpec, PathSpec, PrefixSpec, TimeSpec
from headwater.distribute.matcher.features import Features
from headwater.distribute.matcher.plan import ALWAYS
from headwater.distribute.matcher.words import WordSpec
from headwater.search.language.analyzer import asked_surfaces, is_unspaced
from headwater.search.language.folding import STEMMERS, base_language, facet_key, stems_of
from headwater.search.language.query import (
    And,
    Dated,
    Facet,
    Leaf,
    Near,
    Or,
    PathGlob,
    Phrase,
    Prefix,
    Query,
    Recent,
    Word,
)

NEVER = -ALWAYS
_FEW = 100


def languages_key(languages: tuple[str, ...]) -> tuple[str, ...]:
    """The languages that make a difference: bases of tags that have a stemmer, sorted, without repeats."""
    return tuple(sorted({base for tag in languages if (base := base_language(tag)) in STEMMERS}))


def feature_of(leaf: Leaf, languages: tuple[str, ...], features: Features) -> int:
    """The number of the feature a leaf asks for, `ALWAYS`, or `NEVER` when nothing can have it."""
    if isinstance(leaf, Word):
        return _word(leaf, languages, features)
    if isinstance(leaf, Near):
        return _near(leaf, languages, features)
    if isinstance(leaf, Phrase):
        return _side_by_side(asked_surfaces(" ".join(leaf.words)), leaf.field, languages, features)
    if isinstance(leaf, Prefix):
        return _prefix(asked_surfaces(leaf.text), leaf.field, features)
    return features.number(_valued(leaf))


def known_words(query: Query, languages: tuple[str, ...], features: Features) -> list[int] | None:
    """The features of an And or Or of different words that profiles ask for already, which most queries are; else None.

    Nothing has to be folded in such a query: its tree can be written straight away.
    """
    if not isinstance(query, And | Or):
        return None
    known = features.words.known(("", languages))
    plain = (type(part) is Word and part.field is None and part.text.isascii() for part in query.parts)
    if not all(plain):
        return None
    found = [known.get(part.text, 0) for part in query.parts if isinstance(part, Word)]
    return found if 0 not in found and len(set(found)) == len(found) <= _FEW else None


def _valued(leaf: Leaf) -> FacetSpec | PathSpec | TimeSpec:
    if isinstance(leaf, Facet):
        return FacetSpec(leaf.name, facet_key(leaf.value))
    if isinstance(leaf, PathGlob):
        return PathSpec(leaf.pattern)
    if isinstance(leaf, Dated):
        return TimeSpec(since=leaf.since, until=leaf.until)
    if isinstance(leaf, Recent):
        return TimeSpec(days=leaf.days)
    raise TypeError(f"no feature for {leaf!r}")


def _word(leaf: Word, languages: tuple[str, ...], features: Features) -> int:
    # Most words asked for are a surface that some profile asks for already. (A lone Chinese character means any pair it
    # begins, and its surface by itself something else.)
    if leaf.text.isascii() and (feature := features.words.known((leaf.field or "", languages)).get(leaf.text)):
        return feature
    asked = asked_surfaces(leaf.text)
    if len(asked) == 1 and len(asked[0]) == 1 and is_unspaced(asked[0]):
        return _prefix(asked, leaf.field, features)
    return _side_by_side(asked, leaf.field, languages, features)


def _prefix(asked: list[str], field: str | None, features: Features) -> int:
    if len(asked) == 1:
        return features.number(PrefixSpec(field or "", asked[0]))
    return _side_by_side(asked, field, (), features)


def _side_by_side(asked: list[str], field: str | None, languages: tuple[str, ...], features: Features) -> int:
    """Words as surfaces for versions in other languages, and as stems for those in the reader's own.

    Surfaces may be looked for in every version: where they are equal, the stems are too.
    """
    if not asked:
        return NEVER
    forms = [((field or "", ""), tuple(asked))]
    forms += [((field or "", language), tuple(stems_of(asked, language))) for language in languages]
    return features.number(WordSpec(tuple(forms)))


def _near(leaf: Near, languages: tuple[str, ...], features: Features) -> int:
    parts = [feature_of(part, languages, features) for part in leaf.parts]
    if NEVER in parts:
        return NEVER
    return features.number_judged(JudgedSpec(leaf, languages), parts)
