"""What a query means, said as plainly as can be: the definition that the index and the matcher are tested against.

It is slow and holds nothing clever on purpose. It never runs where people wait.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from math import prod

from headwater.search.language.analyzer import Analysis, analyze, asked_surfaces, is_unspaced
from headwater.search.language.folding import base_language, facet_key, stems_of
from headwater.search.language.nearness import Span, first_near
from headwater.search.language.paths import path_matches
from headwater.search.language.query import (
    And,
    Boost,
    Dated,
    Everything,
    Facet,
    Near,
    Not,
    Or,
    PathGlob,
    Phrase,
    Prefix,
    Query,
    Recent,
    Word,
)
from headwater.search.language.searchable import Searchable, facet_keys

MOST_CHOICES = 10_000  # of places for the parts of a NEAR; more are not gone through one by one


def matches(query: Query, version: Searchable, languages: Collection[str], now: datetime | None = None) -> bool:
    """Whether a reader of these languages (tags) who asks this now finds this version."""
    match query:
        case And():
            return all(matches(part, version, languages, now) for part in query.parts)
        case Or():
            return any(matches(part, version, languages, now) for part in query.parts)
        case Not():
            return not matches(query.part, version, languages, now)
        case Boost():
            return matches(query.part, version, languages, now)
        case Everything():
            return True
        case Word() | Prefix() | Phrase():
            return any(spans(query, text, languages) for text in _texts(query, version))
        case Near():
            return any(_stands_near(query, text, languages) for text in _texts(query, version))
    return _matches_metadata(query, version, now or datetime.now(UTC))


def _texts(query: Word | Prefix | Phrase | Near, version: Searchable) -> Iterable[Analysis]:
    """The stretches of text a leaf looks at, each by itself."""
    field = query.parts[0].field if isinstance(query, Near) else query.field
    yield analyze(version.title, version.language)
    if field != "title":
        yield analyze(version.text, version.language)


def _matches_metadata(
    query: Facet | PathGlob | Dated | Recent,
    version: Searchable,
    now: datetime,
) -> bool:
    match query:
        case Facet():
            return facet_key(query.value) in facet_keys(query.name, version)
        case PathGlob():
            return path_matches(query.pattern, version.path)
        case Recent():
            return version.published_at >= now - timedelta(days=query.days)
        case Dated():
            day = version.published_at.astimezone(UTC).date()
            return (query.since is None or query.since <= day) and (query.until is None or day <= query.until)


def _stands_near(query: Near, text: Analysis, languages: Collection[str]) -> bool:
    """Whether any choice of one place for each part does not overlap and leaves few enough words between."""
    found = [spans(part, text, languages) for part in query.parts]
    if prod(map(len, found)) > MOST_CHOICES:
        return (
            first_near([([first for first, _ in at], at[0][1] - at[0][0]) for at in found], query.distance) is not None
        )
    return any(_is_near(sorted(choice), query.distance) for choice in product(*found))


def _is_near(places: list[Span], distance: int) -> bool:
    between = [right[0] - left[1] for left, right in pairwise(places)]
    return min(between) >= 0 and sum(between) <= distance


def spans(query: Word | Prefix | Phrase, text: Analysis, languages: Collection[str]) -> list[Span]:
    """Where a leaf is found in a text: positions of first words and of those after the last."""
    match query:
        case Prefix():
            return _prefix_spans(asked_surfaces(query.text), text)
        case Word():
            asked = asked_surfaces(query.text)
            if len(asked) == 1 and len(asked[0]) == 1 and is_unspaced(asked[0]):
                return _prefix_spans(asked, text)
        case Phrase():
            asked = asked_surfaces(" ".join(query.words))
    if base_language(text.language) in {base_language(language) for language in languages}:
        return _side_by_side(stems_of(asked, text.language), text.stems)
    return _side_by_side(asked, text.surfaces)


def _side_by_side(asked: list[str], words: list[str]) -> list[Span]:
    if not asked:
        return []
    size = len(asked)
    return [(at, at + size) for at in range(len(words) - size + 1) if words[at : at + size] == asked]


def _prefix_spans(asked: list[str], text: Analysis) -> list[Span]:
    if len(asked) > 1:
        return _side_by_side(asked, text.surfaces)
    return [(at, at + 1) for at, word in enumerate(text.surfaces) if asked and word.startswith(asked[0])]
