"""From the query tree to the index's own queries.

What matches is exactly what `oracle.matches` says (a test holds the two together). How results are ordered is BM25 over
stems, with a little more for words of the title, for the very form that was typed, and for words that stand together;
filters (facets, dates, paths, NOT) add nothing. The weights were chosen on SciFact's training claims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import tantivy
from tantivy import FieldType, Occur

from headwater.search.language.analyzer import asked_surfaces, is_unspaced
from headwater.search.language.folding import facet_key, stems_of
from headwater.search.language.paths import glob_expression, path_matches
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
from headwater.search.lexical.schema import microseconds

TITLE_WEIGHT = 0.3
SURFACE_WEIGHT = 0.2
TOGETHER_WEIGHT = 0.1
TOGETHER_WITHIN = 2
PREFIX_WEIGHT = 0.5
# Farther apart, looking at the words of each candidate costs less than so many phrases.
MOST_SPELLED_OUT = 20
_DAY = timedelta(days=1)

Clauses = list[tuple[Occur, tantivy.Query]]


@dataclass(frozen=True)
class Compiler:
    """Compiles for one reader, whose `languages` are base languages.

    `near` gives the entries that hold a NEAR, `paths` every path there is.
    """

    schema: tantivy.Schema
    languages: tuple[str, ...]
    now: datetime
    near: Callable[[Near], list[int]]
    paths: Callable[[], list[str]]

    def compiled(self, query: Query) -> tantivy.Query:
        """The index's query for a tree."""
        match query:
            case And():
                return self._and(query)
            case Or():
                return some([self.compiled(part) for part in query.parts])
            case Not():
                return self._without([query.part])
            case Boost():
                return tantivy.Query.boost_query(self.compiled(query.part), query.factor)
            case Everything():
                return unscored(tantivy.Query.all_query())
            case Word() | Prefix() | Phrase():
                return self._words(query)
            case Near():
                return self._near(query)
        return unscored(self._filter(query))

    def some_words(self, words: Sequence[Word]) -> tantivy.Query:
        """Entries with at least one of the words, those with more and rarer ones first.

        What the analyzer cuts ("beta-blocker") counts as its pieces here, with a little more for standing together.
        """
        pieces = [Word(surface, word.field) for word in words for surface in asked_surfaces(word.text)]
        clauses = [(Occur.Should, self._words(piece)) for piece in dict.fromkeys(pieces)]
        return tantivy.Query.boolean_query([*clauses, *self._together(pieces)])

    def candidates(self, near: Near) -> tantivy.Query:
        """Entries that hold all parts of a NEAR somewhere."""
        return tantivy.Query.boolean_query([(Occur.Must, self._words(part)) for part in near.parts])

    def spelled_out(self, near: Near) -> tantivy.Query | None:
        """Two parts near each other as every phrase with so many words between; None for what has no such phrases.

        Exact but for one thing: the title's last words and the text's first are neighbours in the index.
        """
        parts = [asked_surfaces(" ".join(part.words) if isinstance(part, Phrase) else part.text) for part in near.parts]
        begins = any(isinstance(part, Prefix) for part in near.parts) or any(map(_is_lone, parts))
        if len(parts) != 2 or begins or not all(parts) or near.distance > MOST_SPELLED_OUT:
            return None
        prefix = "title_" if near.parts[0].field == "title" else ""
        forms = [(f"{prefix}surfaces", parts)]
        for language in self._stemmed:
            stems = [[f"{language}:{stem}" for stem in stems_of(part, language)] for part in parts]
            forms.append((f"{prefix}stems", stems))
        return some([phrase for field, words in forms for phrase in self._apart(field, words, near.distance)])

    def in_title(self, near: Near) -> tantivy.Query:
        """Entries that have one of the parts in their title."""
        return some([self._words(replace(part, field="title")) for part in near.parts])

    def _apart(self, field: str, parts: list[list[str]], distance: int) -> Iterator[tantivy.Query]:
        for first, second in (parts, parts[::-1]):
            for between in range(distance + 1):
                words = [*enumerate(first), *enumerate(second, start=len(first) + between)]
                yield tantivy.Query.phrase_query(self.schema, field, [*words])

    def _and(self, query: And) -> tantivy.Query:
        clauses: Clauses = []
        for part in query.parts:
            if isinstance(part, Not):
                clauses.append((Occur.MustNot, self.compiled(part.part)))
            else:
                clauses.append((Occur.Must, self.compiled(part)))
        if all(occur is Occur.MustNot for occur, _ in clauses):
            clauses.append((Occur.Must, unscored(tantivy.Query.all_query())))
        words = [part for part in query.parts if isinstance(part, Word) and part.field is None]
        return tantivy.Query.boolean_query([*clauses, *self._together(words)])

    def _without(self, parts: Iterable[Query]) -> tantivy.Query:
        refused = [(Occur.MustNot, self.compiled(part)) for part in parts]
        return tantivy.Query.boolean_query([(Occur.Must, unscored(tantivy.Query.all_query())), *refused])

    def _together(self, words: Sequence[Word]) -> Clauses:
        """A little more for neighbours in the question that are neighbours in the text."""
        forms = [asked_surfaces(word.text) for word in words]
        pairs = [(one[0], two[0]) for one, two in pairwise(forms) if len(one) == len(two) == 1]
        clauses: Clauses = []
        for pair in pairs:
            for language in self._stemmed:
                stems = [f"{language}:{stem}" for stem in stems_of(list(pair), language)]
                if stems[0] != stems[1]:
                    found = tantivy.Query.phrase_query(self.schema, "stems", list(stems), TOGETHER_WITHIN)
                    clauses.append((Occur.Should, tantivy.Query.boost_query(found, TOGETHER_WEIGHT)))
        return clauses

    @property
    def _stemmed(self) -> tuple[str, ...]:
        """The languages whose stems are asked for; texts of unknown language are kept under ""."""
        return tuple(dict.fromkeys((*self.languages, "")))

    def _words(self, leaf: Word | Prefix | Phrase) -> tantivy.Query:
        asked = asked_surfaces(" ".join(leaf.words) if isinstance(leaf, Phrase) else leaf.text)
        prefix = "title_" if leaf.field == "title" else ""
        if not asked:
            return tantivy.Query.empty_query()
        if isinstance(leaf, Prefix) or (isinstance(leaf, Word) and _is_lone(asked)):
            return self._prefix(asked, f"{prefix}surfaces")
        stems = {language: [f"{language}:{stem}" for stem in stems_of(asked, language)] for language in self._stemmed}
        found = [self._phrase(f"{prefix}stems", words) for words in stems.values()]
        found.append(_weighted(self._phrase(f"{prefix}surfaces", asked), SURFACE_WEIGHT))
        if not prefix:
            found.extend(_weighted(self._phrase("title_stems", words), TITLE_WEIGHT) for words in stems.values())
        return some(found)

    def _phrase(self, field: str, words: Sequence[str]) -> tantivy.Query:
        if len(words) == 1:
            return tantivy.Query.term_query(self.schema, field, words[0])
        return tantivy.Query.phrase_query(self.schema, field, list(words))

    def _prefix(self, asked: list[str], field: str) -> tantivy.Query:
        if len(asked) > 1:
            return self._phrase(field, asked)
        # Letters, digits and marks, as every surface: nothing in them is a sign to an expression.
        return _weighted(tantivy.Query.regex_query(self.schema, field, f"{asked[0]}(?:.|\n)*"), PREFIX_WEIGHT)

    def _near(self, near: Near) -> tantivy.Query:
        ids = self.near(near)
        if not ids:
            return tantivy.Query.empty_query()
        verified = unscored(tantivy.Query.term_set_query(self.schema, "entry", ids))
        return tantivy.Query.boolean_query([(Occur.Must, verified), (Occur.Should, self.candidates(near))])

    def _filter(self, leaf: Facet | PathGlob | Dated | Recent) -> tantivy.Query:
        match leaf:
            case Facet():
                return tantivy.Query.term_query(self.schema, leaf.name, facet_key(leaf.value))
            case PathGlob():
                return self._path(leaf.pattern)
            case Recent():
                return self._published(self.now - timedelta(days=leaf.days), None)
        since = _midnight(leaf.since) if leaf.since else None
        return self._published(since, _midnight(leaf.until) + _DAY if leaf.until and leaf.until < date.max else None)

    def _path(self, pattern: str) -> tantivy.Query:
        try:
            return tantivy.Query.regex_query(self.schema, "path", glob_expression(pattern))
        except ValueError:
            # An automaton has at most 1,000 states, which a long path or many stars exceed: ask the paths themselves.
            found = [path for path in self.paths() if path_matches(pattern, path)]
            return tantivy.Query.term_set_query(self.schema, "path", found)

    def _published(self, since: datetime | None, before: datetime | None) -> tantivy.Query:
        return tantivy.Query.range_query(
            self.schema,
            "published",
            FieldType.Integer,
            microseconds(since) if since else None,
            microseconds(before) if before else None,
            include_upper=before is None,
        )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _is_lone(asked: list[str]) -> bool:
    return len(asked) == 1 and len(asked[0]) == 1 and is_unspaced(asked[0])


def unscored(query: tantivy.Query) -> tantivy.Query:
    """The same matches, saying nothing about the order."""
    return tantivy.Query.const_score_query(query, 0.0)


def _weighted(query: tantivy.Query, weight: float) -> tantivy.Query:
    return tantivy.Query.boost_query(query, weight)


def some(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """At least one of the queries."""
    return queries[0] if len(queries) == 1 else tantivy.Query.boolean_query([(Occur.Should, one) for one in queries])


def every(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """All of the queries."""
    return queries[0] if len(queries) == 1 else tantivy.Query.boolean_query([(Occur.Must, one) for one in queries])
