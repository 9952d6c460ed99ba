"""Searching an index: who asks, what for, and what was found.

Who may read is part of every query, so counts, facets and suggestions say nothing of what the asker may not see. The
caller still checks each hit in the database before showing it: the index is a copy, and copies lag.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import starmap
from typing import Any, Literal, NamedTuple

import tantivy
from tantivy import Occur

from headwater.search.language.folding import base_language, facet_key
from headwater.search.language.query import And, Everything, Facet, Near, Or, Query, Word, all_of
from headwater.search.lexical.compiling import Compiler, every, unscored
from headwater.search.lexical.index import LexicalIndex
from headwater.search.lexical.near import KeptWords, Looked, stands_near

Sort = Literal["best", "newest"]
FACETS = ("kind", "standing", "unit", "source", "lang", "topic", "year")
_HIGHEST_CLASSIFICATION = 3
_MOST_VALUES = 60
_MOST_CANDIDATES = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: the access tokens they hold, the highest classification they may read, and their languages (tags)."""

    tokens: Collection[str]
    clearance: int
    languages: Collection[str]


class Hit(NamedTuple):
    """One entry that was found; of near-copies, `copy_of` names the first (or the entry itself).

    `published` is in microseconds since 1970, as the index has it.
    """

    entry_id: int
    version_id: int
    copy_of: int
    published: int
    score: float

    @property
    def published_at(self) -> datetime:
        """When the version was published, in UTC."""
        return _EPOCH + timedelta(microseconds=self.published)


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many entries have a value of a facet. `excluded` are those the facet's own selection leaves out."""

    key: str
    count: int
    excluded: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: the number of all, the hits asked for, and counts by facet."""

    total: int
    hits: list[Hit]
    facets: dict[str, list[FacetCount]] = field(default_factory=dict)


@dataclass(frozen=True)
class Search:
    """One question put to one state of an index, by one asker.

    `narrowed` holds what was ticked beside the query (facet name → values, any of which will do). Questions of one
    asker that are asked together may share what was `looked` for. Asking raises QueryError where that is too much.
    """

    index: LexicalIndex
    query: Query
    asker: Asker
    narrowed: Mapping[str, Collection[str]] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    looked: Looked = field(default_factory=Looked, compare=False)

    @cached_property
    def searcher(self) -> tantivy.Searcher:
        """The state of the index this search sees, first to last."""
        return self.index.searcher()

    def found(self, offset: int = 0, limit: int = 20, sort: Sort = "best", facets: Sequence[str] = ()) -> Found:
        """The hits from `offset` on, in order, with the number of all and the facets named."""
        wanted = self._allowed(self._compiled(self.query), self.narrowed)
        total, hits = self._hits(wanted, offset, limit, sort)
        return Found(total, hits, self._facets(facets, wanted) if facets else {})

    def count(self) -> int:
        """How many entries there are to be found."""
        return _total(self.searcher.search(self._allowed(self._compiled(self.query), self.narrowed), limit=1))

    def wider(self, limit: int = 20) -> list[Hit]:
        """Entries with some of the words, best first, when all that was asked for are words; filters still hold."""
        words, others = _words_and_others(self.query)
        if len(words) < 2:
            return []
        some = self._compiler.some_words(words)
        wanted = every([some, unscored(self._compiled(all_of(others)))]) if others else some
        return self._hits(self._allowed(wanted, self.narrowed), 0, limit, "best")[1]

    def terms_like(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Words that begin so in entries the asker may read, with the number of those entries."""
        return self.searcher.terms_with_prefix("surfaces", prefix, self._allowed(tantivy.Query.all_query(), {}), limit)

    # --- Putting the question -----------------------------------------------------------------------------------------

    @cached_property
    def _languages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(base_language(language) for language in self.asker.languages))

    @cached_property
    def _compiler(self) -> Compiler:
        return Compiler(self.index.schema, self._languages, self.now, self._verified, self._paths)

    def _compiled(self, query: Query) -> tantivy.Query:
        return self._compiler.compiled(query)

    def _verified(self, near: Near) -> list[int]:
        if near not in self.looked.entries:
            self.looked.entries[near] = self._holding(near)
        return self.looked.entries[near]

    def _holding(self, near: Near) -> list[int]:
        """The entries that the asker may read and in which the parts really stand near each other.

        Most are settled by the index alone; where title and text might be mistaken for neighbours, and for what the
        index cannot say, the words of each candidate are looked at.
        """
        spelled = self._compiler.spelled_out(near)
        if spelled is None:
            return self._looked_at(near, self._compiler.candidates(near))
        if near.parts[0].field == "title":
            return self._ids(self._places(spelled))
        in_title = self._compiler.in_title(near)
        sure = tantivy.Query.boolean_query([(Occur.Must, spelled), (Occur.MustNot, in_title)])
        return self._ids(self._places(sure)) + self._looked_at(near, every([spelled, in_title]))

    def _paths(self) -> list[str]:
        """Every path in the index; they only say which to ask for, the asker's own limits hold as ever."""
        return [path for path, _ in self.searcher.terms_with_prefix("path", "")]

    def _looked_at(self, near: Near, candidates: tantivy.Query) -> list[int]:
        places = self._places(candidates)
        kept = (KeptWords.read(bytes(self.searcher.doc(place)["words"][0])) for place in places)
        found = []
        for entry, words in zip(self._ids(places), kept, strict=True):
            self.looked.note(near, words)
            if stands_near(near, words, self._languages):
                found.append(entry)
        return found

    def _places(self, wanted: tantivy.Query) -> list[tantivy.DocAddress]:
        hits = self.searcher.search(self._allowed(unscored(wanted), {}), _MOST_CANDIDATES, count=False).hits
        return [place for _, place in hits]

    def _ids(self, places: list[tantivy.DocAddress]) -> list[int]:
        return [int(entry or 0) for entry in self.searcher.fast_field_values("entry", places)]

    def _allowed(self, query: tantivy.Query, narrowed: Mapping[str, Collection[str]]) -> tantivy.Query:
        """The query within what the asker may read and has ticked."""
        schema = self.index.schema
        clauses = [(Occur.Must, query), (Occur.Must, unscored(self._readable))]
        for name, values in narrowed.items():
            keys = [facet_key(value) for value in values]
            clauses.append((Occur.Must, unscored(tantivy.Query.term_set_query(schema, name, keys))))
        forbidden = list(range(self.asker.clearance + 1, _HIGHEST_CLASSIFICATION + 1))
        if forbidden:
            clauses.append((Occur.MustNot, tantivy.Query.term_set_query(schema, "classification", forbidden)))
        return tantivy.Query.boolean_query(clauses)

    @cached_property
    def _readable(self) -> tantivy.Query:
        return tantivy.Query.term_set_query(self.index.schema, "token", sorted(self.asker.tokens))

    # --- Reading the answer -------------------------------------------------------------------------------------------

    def _hits(self, wanted: tantivy.Query, offset: int, limit: int, sort: Sort) -> tuple[int, list[Hit]]:
        by = "published" if sort == "newest" else None
        found = self.searcher.search(wanted, max(limit, 1), offset=offset, order_by_field=by)
        places = [place for _, place in found.hits[:limit]]
        columns = (
            self.searcher.fast_field_values(name, places) for name in ("entry", "version", "copy_of", "published")
        )
        scores = (0.0 if by else float(score) for score, _ in found.hits[:limit])
        return _total(found), list(starmap(Hit, zip(*columns, scores, strict=True)))

    def _facets(self, names: Sequence[str], wanted: tantivy.Query) -> dict[str, list[FacetCount]]:
        """Counts by facet; a facet with a selection is also counted as if it had none, to say what else there is."""
        counted = self._counted(names, wanted)
        selected = {name for name in names if name in self.narrowed or _selection(self.query, name)}
        found = {name: [FacetCount(key, count, False) for key, count in counted[name].items()] for name in names}
        for name in selected:
            narrowed = {other: values for other, values in self.narrowed.items() if other != name}
            without = self._allowed(unscored(self._compiled(_without(self.query, name))), narrowed)
            inside = counted[name]
            found[name] = [
                FacetCount(key, inside.get(key, count), key not in inside)
                for key, count in self._counted([name], without)[name].items()
            ]
        return found

    def _counted(self, names: Sequence[str], wanted: tantivy.Query) -> dict[str, dict[str, int]]:
        asked = {name: {"terms": {"field": name, "size": _MOST_VALUES}} for name in names}
        answer: dict[str, Any] = self.searcher.aggregate(wanted, asked)
        return {
            name: {_key(bucket["key"]): int(bucket["doc_count"]) for bucket in answer[name]["buckets"]}
            for name in names
        }


def _total(result: Any) -> int:
    """The number of all matches, which tantivy gives and its type stubs do not know of."""
    return int(result.count)


def _key(value: str | float) -> str:
    return value if isinstance(value, str) else str(int(value))


def _words_and_others(query: Query) -> tuple[list[Word], list[Query]]:
    """The plain words among the parts of a query, and all its other parts."""
    parts = query.parts if isinstance(query, And) else (query,)
    words = [part for part in parts if isinstance(part, Word)]
    return words, [part for part in parts if not isinstance(part, Word)]


def _selection(query: Query, name: str) -> bool:
    """Whether the query as a whole is limited to values of that facet, as ticking boxes would."""
    parts = query.parts if isinstance(query, And) else (query,)
    return any(_selects(part, name) for part in parts)


def _selects(part: Query, name: str) -> bool:
    choices = part.parts if isinstance(part, Or) else (part,)
    return all(isinstance(choice, Facet) and choice.name == name for choice in choices)


def _without(query: Query, name: str) -> Query:
    """The query without its limits on that facet."""
    parts = query.parts if isinstance(query, And) else (query,)
    return all_of(part for part in parts if not _selects(part, name)) if parts else Everything()
