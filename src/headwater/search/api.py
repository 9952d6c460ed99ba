"""The API of search."""

from datetime import datetime
from typing import Literal

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema
from ninja.pagination import paginate
from pydantic import BaseModel

from headwater.core.actions import require
from headwater.core.answers import written
from headwater.core.bodies import Body
from headwater.core.paging import Paging
from headwater.core.references import Id, Text, required
from headwater.people.request import Request
from headwater.search import actions, rules
from headwater.search.facets import SHOWN
from headwater.search.finding import MOST_OFFSET, Result, search_entries
from headwater.search.gaps import record_gap
from headwater.search.language.snippet import Pieces
from headwater.search.models import Entry, SearchGap

router = Router(tags=["search"])


class SearchParameters(Schema):
    """What to search: `q` in the query language, `standing` any of verified, due, disputed."""

    q: str = ""
    sort: Literal["best", "newest", "used"] = "best"
    standing: list[Literal["verified", "due", "disputed"]] = []
    offset: int = Field(0, ge=0, le=MOST_OFFSET)
    limit: int = Field(20, ge=1, le=200)
    facets: bool = False


class FoundEntry(BaseModel):
    """One entry that was found; `title_parts` and `snippet_parts` are [text, is match] pieces."""

    id: int
    version_id: int
    title: str
    url: str
    kind: str
    language: str
    standing: str
    unit: str | None
    source: str
    path: str
    published_at: datetime
    snippet: str
    title_parts: list[tuple[str, bool]]
    snippet_parts: list[tuple[str, bool]]
    copies: list[int]


class FacetValue(BaseModel, from_attributes=True):
    """How many entries have a value of a facet; `excluded`: left out by what the query asks of that facet."""

    key: str
    count: int
    excluded: bool


class OtherQuery(BaseModel):
    """Another query that finds something."""

    query: str
    reason: str
    total: int


class FoundEntries(BaseModel):
    """The answer to a search. `wider` have some of the words only; `gap` is recorded when nothing was found."""

    items: list[FoundEntry]
    count: int
    wider: list[FoundEntry]
    facets: dict[str, list[FacetValue]]
    suggestions: list[OtherQuery]
    next_offset: int | None
    gap: int | None


class Gap(Schema):
    """A search that found nothing."""

    id: int
    query: str
    language: str
    times: int
    state: str
    answer_id: int | None
    first_at: datetime
    last_at: datetime


class AnswerIn(Body):
    """The entry that answers a gap."""

    entry: Id


class WordsIn(Body):
    """What was searched for: only who knows the words waits for their answer."""

    query: Text


@router.get("/entries", response=FoundEntries, operation_id="search_entries")
def list_entries(request: Request, asked: Query[SearchParameters]) -> HttpResponse:
    """Search what you may read. A query that cannot be read is answered with 400, the place and a remedy."""
    found = search_entries(
        request.person,
        asked.q,
        sort=asked.sort,
        offset=asked.offset,
        limit=asked.limit,
        narrowed={"standing": asked.standing} if asked.standing else {},
        facets=SHOWN if asked.facets else (),
        strict=True,
    )
    gap = None if found.total else record_gap(asked.q, found.query, request.person.reading_language)
    return written(
        FoundEntries(
            items=[_entry(result) for result in found.results],
            count=found.total,
            wider=[_entry(result) for result in found.wider],
            facets={name: [FacetValue.model_validate(one) for one in counts] for name, counts in found.facets.items()},
            suggestions=[
                OtherQuery(query=one.text, reason=str(one.reason), total=one.total) for one in found.suggestions
            ],
            next_offset=found.next_offset,
            gap=gap.pk if gap else None,
        )
    )


def _entry(result: Result) -> FoundEntry:
    entry = result.entry
    return FoundEntry(
        id=entry.pk,
        version_id=entry.version_id,
        title=entry.title,
        url=result.url,
        kind=entry.kind,
        language=entry.language,
        standing=entry.standing,
        unit=entry.unit_slug,
        source=entry.source_slug,
        path=entry.path,
        published_at=entry.published_at,
        snippet=_plain(result.snippet),
        title_parts=result.title,
        snippet_parts=result.snippet,
        copies=[copy.pk for copy in result.copies],
    )


def _plain(pieces: Pieces) -> str:
    return "".join(text for text, _ in pieces)


@router.get("/gaps", response=list[Gap], operation_id="list_gaps")
@paginate(Paging)
def list_gaps(request: Request, state: SearchGap.State = SearchGap.State.OPEN) -> QuerySet[SearchGap]:
    """What was searched for and not found, the most wanted first."""
    require(rules.may_settle_gaps(request.person), actions.ONLY_SETTLERS)
    return SearchGap.objects.filter(state=state).order_by("-times", "-last_at", "pk")


@router.post("/gaps/{pk}/wait", response=Gap, operation_id="await_answer")
def await_answer(request: Request, pk: int, body: WordsIn) -> SearchGap:
    """Ask to be told when a search that found nothing would find something."""
    return actions.await_answer(request.person, get_object_or_404(SearchGap, pk=pk), body.query).gap


@router.delete("/gaps/{pk}/wait", response=Gap, operation_id="stop_awaiting")
def stop_awaiting(request: Request, pk: int) -> SearchGap:
    """Ask no longer to be told."""
    return actions.stop_awaiting(request.person, get_object_or_404(SearchGap, pk=pk))


@router.post("/gaps/{pk}/answer", response=Gap, operation_id="answer_gap")
def answer_gap(request: Request, pk: int, body: AnswerIn) -> SearchGap:
    """Say which entry answers a search that found nothing."""
    entry = required(Entry.objects.readable_by(request.person), body.entry, "entry")
    return actions.answer_gap(request.person, get_object_or_404(SearchGap, pk=pk), entry)


@router.post("/gaps/{pk}/dismissal", response=Gap, operation_id="dismiss_gap")
def dismiss_gap(request: Request, pk: int) -> SearchGap:
    """Say that nothing needs to be written for a search that found nothing."""
    return actions.dismiss_gap(request.person, get_object_or_404(SearchGap, pk=pk))


@router.delete("/gaps/{pk}/dismissal", response=Gap, operation_id="reopen_gap")
def reopen_gap(request: Request, pk: int) -> SearchGap:
    """Put an answered or dismissed gap back on the list."""
    return actions.reopen_gap(request.person, get_object_or_404(SearchGap, pk=pk))
