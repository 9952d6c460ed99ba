"""The API of looking back: what a standing query would have brought, and what changing one would do."""

from datetime import datetime
from typing import Any

from ninja import Query, Router, Schema

from headwater.core.addresses import address
from headwater.distribute.api.standing import own_profile
from headwater.distribute.comparing import Change
from headwater.distribute.learned import terms_named, with_strengths
from headwater.distribute.models import LearnedInterest
from headwater.distribute.past import PastItem
from headwater.distribute.preview import Preview, preview_learned, preview_profile
from headwater.people.request import Request

router = Router(tags=["distribute"])


class PastItemOut(Schema):
    """One thing that would have come, and why: the passage that matched."""

    title: str
    url: str
    published: datetime
    passage: str


class WordOut(Schema):
    """A word of the query: how many it brings by itself, and how many would not come without it."""

    word: str
    count: int
    only: int


class NarrowingOut(Schema):
    """A word that would bring the query within the budget, the query with it, and how many would come."""

    word: str
    query: str
    count: int
    busiest_day: int


class ChangeOut(Schema):
    """The query in place of a kept one: how many more and fewer, the newest of both, and how many a week."""

    more: int
    fewer: int
    a_week_before: float
    a_week_after: float
    more_items: list[PastItemOut]
    fewer_items: list[PastItemOut]


class PastOut(Schema):
    """What would have come of the texts that were looked through (`searched`), and what a change would do.

    `busiest_with_others` is of all standing queries together, to be held against the `budget` of pushes a day.
    """

    count: int
    searched: int
    a_week: float
    busiest_day: int
    busiest_with_others: int
    budget: int
    items: list[PastItemOut]
    change: ChangeOut | None


class PreviewOut(PastOut):
    """What would have come; `error` says why a query cannot be read, or looked for.

    What `takes_everything`, or may, since that cannot be counted, must be `confirmed` to be kept.
    """

    takes_everything: bool
    error: str
    words: list[WordOut]
    narrowing: list[NarrowingOut]


@router.get("/preview", response=PreviewOut, operation_id="preview_profile")
def preview(
    request: Request, query: str, days: int = Query(90, ge=1, le=366), profile: int | None = None
) -> dict[str, Any]:
    """What a query would have brought in the last days; with a profile, what putting it in its place would do."""
    kept = own_profile(request, profile) if profile is not None else None
    found = preview_profile(request.person, query, days, kept)
    return {
        **_past(found),
        "error": found.error,
        "takes_everything": found.breadth is not None and found.breadth.is_flood,
        "words": [{"word": each.word, "count": each.count, "only": each.only} for each in found.words],
        "narrowing": [
            {"word": each.word, "query": each.query, "count": each.count, "busiest_day": each.busiest}
            for each in found.narrowing
        ],
    }


@router.get("/learning/preview", response=PastOut, operation_id="preview_learned")
def preview_learning(
    request: Request, days: int = Query(90, ge=1, le=366), word: str = "", strength: str = ""
) -> dict[str, Any]:
    """What the learned words would have brought in the last days; with a word and a strength, what that would do."""
    interest = LearnedInterest.objects.filter(person=request.person).first() or LearnedInterest()
    terms = terms_named(interest, word, request.person) if word else {}
    edits = with_strengths(interest, dict.fromkeys(terms, strength)) if word else None
    return _past(preview_learned(request.person, interest, edits, days))


def _past(found: Preview) -> dict[str, Any]:
    return {
        **{name: getattr(found, name) for name in ("count", "searched", "a_week", "budget")},
        "busiest_day": found.busiest,
        "busiest_with_others": found.together,
        "items": _items(found.items),
        "change": _change(found.change) if found.change is not None else None,
    }


def _change(change: Change) -> dict[str, Any]:
    counts = {name: getattr(change, name) for name in ("more", "fewer", "a_week_before", "a_week_after")}
    return {**counts, "more_items": _items(change.more_items), "fewer_items": _items(change.fewer_items)}


def _items(items: list[PastItem]) -> list[dict[str, Any]]:
    return [
        {
            "title": item.title,
            "url": address("home:entry", pk=item.entry_id),
            "published": item.published_at,
            "passage": "".join(text for text, _is_match in item.snippet),
        }
        for item in items
    ]
