"""Finding: from what a person typed to entries that they may read, checked in the database before they are shown."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, lru_cache
from typing import Literal

from django.db.models.functions import Left

from headwater.core.addresses import address
from headwater.core.prepared import Given, Prepared
from headwater.people.models import Person
from headwater.people.reading import GivenReader, given_of, readable, reader_like
from headwater.search.access import asker_for
from headwater.search.indexing import current_index
from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse, parse_partial
from headwater.search.language.query import And, Everything, Not, Prefix, Query, Word, all_of, any_of
from headwater.search.language.snippet import Marker, Pieces, highlighted, marker, snippet
from headwater.search.language.writing import to_text
from headwater.search.lexical.searching import FacetCount, Found, Hit, Search
from headwater.search.models import CURRENT, Entry, EntryUse, Kind
from headwater.search.naming import Names
from headwater.search.suggesting import Suggestion, suggestions

Sort = Literal["best", "newest", "used"]
SORTS: tuple[Sort, ...] = ("best", "newest", "used")
MOST_OFFSET = 1000
# Near-copies are listed under their first, so a page needs more hits than it has rows.
_SPARE_HITS = 40
_MOST_SORTED_BY_USE = 5000
# A snippet is cut from the beginning of a text; what comes after seven pages is found, but not shown in one.
_PASSAGE = 20_000


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is shown of an entry that was found; making whole entries of the rows costs more than finding them."""

    pk: int
    version_id: int
    kind: str
    title: str
    source_slug: str
    path: str
    standing: str
    unit_slug: str | None
    unit_name: str | None
    language: str
    published_at: datetime
    passage: str

    @property
    def kind_name(self) -> str:
        """The kind in the reader's language."""
        return str(Kind(self.kind).label)


_SHOWN = ("pk", "current_version", "kind", "title", "source_slug", "path", "standing", "unit__slug", "unit__name")
_OF_VERSION = ("current_version__language", "current_version__published_at", Left("current_version__text", _PASSAGE))


@lru_cache(256)
def _asked(reader: GivenReader) -> Prepared:
    """What is shown of the entries that are given, of those that whoever asks may read."""
    rule = readable(reader)
    return Prepared(
        lambda: Entry.objects.filter(CURRENT, rule, pk__among=Given("wanted")).values_list(*_SHOWN, *_OF_VERSION),
        keeps_plan=True,
    )


@dataclass(frozen=True, slots=True)
class Result:
    """One entry found: title and passage as (text, is match) pieces, and its near-copies that were found too."""

    entry: Shown
    url: str
    title: Pieces
    snippet: Pieces
    copies: list[Shown] = field(default_factory=list)


@dataclass(frozen=True)
class Results:
    """The answer to a search.

    `completed` is the query to build on: a word that was still being typed is the beginning of one in it.
    `error` says what could not be read (then the results are those of the part before it). `wider` has only some of the
    words and is given when few entries have all. `next_offset` is None on the last page. `seconds` is what it took.
    """

    text: str
    query: Query
    completed: Query
    error: QueryError | None
    total: int
    results: list[Result]
    wider: list[Result]
    facets: dict[str, list[FacetCount]]
    suggestions: list[Suggestion]
    next_offset: int | None
    seconds: float


def search_entries(
    person: Person,
    text: str,
    *,
    sort: Sort = "best",
    offset: int = 0,
    limit: int = 20,
    narrowed: Mapping[str, Collection[str]] | None = None,
    facets: Sequence[str] = (),
    is_typing: bool = False,
    strict: bool = False,
    is_kept: bool = False,
) -> Results:
    """What the person may read of what they asked for.

    With `is_typing` the last word is taken as the beginning of one. With `strict` a query that cannot be read raises
    QueryError; otherwise its readable beginning is searched. A query that `is_kept` has slugs for values already, and
    one of them may be gone. `offset` counts results, near-copies not.
    """
    began = time.perf_counter()
    names = None if is_kept else Names(person)
    query, error = (parse(text, names), None) if strict else parse_partial(text, names)
    asked, completed = _still_typed(query, text) if is_typing and error is None else (query, query)
    search = Search(current_index(), asked, asker_for(person), narrowed or {})
    offset = min(offset, MOST_OFFSET)
    # Everything is equally good: then the newest first.
    by_date = sort == "newest" or (sort == "best" and isinstance(asked, Everything))
    search, found, too_much = _found(
        search, (offset + limit) * 2 + _SPARE_HITS, "newest" if by_date else "best", facets
    )
    if strict and too_much:
        raise too_much
    hits = _by_use(search, found.total) if sort == "used" else found.hits
    groups = _grouped(hits)
    results = _checked(person, search, groups[offset : offset + limit])
    is_last = len(groups) <= offset + limit
    wider = _wider(person, search, results) if is_last and offset == 0 and found.total < limit else []
    return Results(
        text=text,
        query=query,
        completed=completed,
        error=error or too_much,
        total=found.total,
        results=results,
        wider=wider[: limit - len(results)],
        facets=found.facets,
        suggestions=suggestions(search) if not found.total and not isinstance(query, Everything) else [],
        next_offset=None if is_last else offset + limit,
        seconds=time.perf_counter() - began,
    )


def _found(
    search: Search, most: int, sort: Literal["best", "newest"], facets: Sequence[str]
) -> tuple[Search, Found, QueryError | None]:
    """What a search finds; where that is too much to look through, one that finds nothing, and why."""
    try:
        return search, search.found(0, most, sort, facets), None
    except QueryError as too_much:
        return replace(search, query=Not(Everything())), Found(0, []), too_much


def _still_typed(query: Query, text: str) -> tuple[Query, Query]:
    """With the last word or what begins with it, and with its beginning alone; a space after it says it is complete."""
    parts = list(query.parts) if isinstance(query, And) else [query]
    last = parts[-1]
    if not isinstance(last, Word) or not text.endswith(last.text) or last.text.startswith("\\"):
        return query, query
    try:
        begun = parse(to_text(Prefix(last.text, last.field)))
    except QueryError:
        return query, query
    return all_of([*parts[:-1], any_of([last, begun])]), all_of([*parts[:-1], begun])


def _by_use(search: Search, total: int) -> list[Hit]:
    """The most opened first; what nobody has opened yet follows, best first."""
    hits = search.found(0, min(max(total, 1), _MOST_SORTED_BY_USE)).hits
    uses = EntryUse.objects.filter(entry__in=[hit.entry_id for hit in hits])
    opened = dict(uses.values_list("entry", "opened"))
    return sorted(hits, key=lambda hit: -opened.get(hit.entry_id, 0))


def _grouped(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Hits in order, near-copies of one another together where the first of them stands."""
    groups: dict[int, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.copy_of, []).append(hit)
    return list(groups.values())


def _checked(person: Person, search: Search, groups: Sequence[Sequence[Hit]]) -> list[Result]:
    """The groups as results, of what the database says the person may read at this moment."""
    wanted = [hit.entry_id for group in groups for hit in group]
    rows = _asked(reader_like(person)).rows(wanted=wanted, **given_of(person)) if wanted else []
    shown = {row[0]: Shown(*row) for row in rows}
    kept = ([shown[hit.entry_id] for hit in group if hit.entry_id in shown] for group in groups)
    page = address("home:entry", pk=0)

    @cache
    def marks_in(language: str) -> Marker:
        return marker(search.query, language, search.asker.languages)

    return [_result(group[0], group[1:], page.replace("/0/", f"/{group[0].pk}/"), marks_in) for group in kept if group]


def _result(entry: Shown, copies: list[Shown], url: str, marks_in: Callable[[str], Marker]) -> Result:
    by = marks_in(entry.language)
    return Result(entry, url, highlighted(entry.title, by), snippet(entry.passage, by), copies)


def _wider(person: Person, search: Search, results: Sequence[Result]) -> list[Result]:
    """Entries with some of the words, without those already listed."""
    listed = {entry.pk for result in results for entry in (result.entry, *result.copies)}
    hits = [hit for hit in search.wider(limit=20 + len(listed)) if hit.entry_id not in listed]
    return _checked(person, search, _grouped(hits)) if hits else []
