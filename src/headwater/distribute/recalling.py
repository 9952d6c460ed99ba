"""Looking back for what was learned of somebody: what its words would have brought in the last days.

The index is asked in queries, not in weighted words, so the newest texts are read one by one. That takes a tenth of a
second or two, and no compiler: a page can do it.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, takewhile

from django.db.models import QuerySet
from django.utils import timezone

from headwater.distribute.function_words import is_function_word
from headwater.distribute.learned import BEGINNING, as_written, read_terms, readable_versions
from headwater.distribute.matcher.meaning import LEAST, nearness, rescored
from headwater.distribute.matcher.weighing import TITLE, Terms
from headwater.distribute.meaning import current_meaning
from headwater.distribute.models import LearnedInterest
from headwater.distribute.past import day_of
from headwater.people.models import Person
from headwater.search.language.query import Query, Word, any_of
from headwater.search.models import EntryVersion
from headwater.search.seen import beginnings
from headwater.search.sizes import Octets

LOOKED_AT = 400
MOST_LETTERS = 3_000_000
"""That are read of all of them together: half a second. Of texts of two pages LOOKED_AT are fewer, of books 150."""
_SHOWN_WORDS = 8

Brought = tuple[EntryVersion, Query]
"""A text that learned words would have brought, with those that brought most, as a query to mark them by."""


class Recent:
    """The newest texts of the last `days` that a person may read, as what is learned sees them."""

    def __init__(self, person: Person, days: int) -> None:
        recent = readable_versions(person).filter(published_at__gte=timezone.now() - timedelta(days=days))
        versions = _as_many_as_are_read(recent.order_by("-published_at", "-pk"))
        self._read = list(zip(versions, read_terms(versions), strict=True))
        self._meaning = current_meaning()

    def __len__(self) -> int:
        return len(self._read)

    def brought(self, interest: LearnedInterest, edits: Mapping[str, float] | None = None) -> list[Brought]:
        """What the words of an interest, or with other `edits`, would have brought, newest first."""
        weights = interest.with_edits(interest.edits if edits is None else edits)
        near = nearness(interest.examples_used)
        meaning = self._meaning if near else None
        direction = meaning.direction(weights.items()) if meaning else None
        found = []
        for version, terms in self._read:
            score = sum(weights.get(term, 0.0) * share for term, share in terms.shares.items())
            if meaning is not None and direction is not None and score >= LEAST * interest.threshold:
                score = rescored(score, interest.threshold, near, float(meaning.place(terms) @ direction))
            if score >= interest.threshold:
                found.append((version, _telling(interest, weights, terms, version.language)))
        return found


def _as_many_as_are_read(newest: QuerySet[EntryVersion]) -> list[EntryVersion]:
    """The beginnings of the first LOOKED_AT of them, as far as MOST_LETTERS go."""
    sizes = dict(newest.values_list("pk", Octets("text"))[:LOOKED_AT])
    read = accumulate(min(size, BEGINNING) for size in sizes.values())
    wanted = [pk for pk, _sum in zip(sizes, takewhile(lambda letters: letters <= MOST_LETTERS, read), strict=False)]
    return beginnings(newest.filter(pk__in=wanted), BEGINNING)


def _telling(interest: LearnedInterest, weights: Mapping[str, float], terms: Terms, language: str) -> Query:
    found = {term: weights[term] * share for term, share in terms.shares.items() if weights.get(term, 0.0) > 0}
    found = {term: much for term, much in found.items() if not is_function_word(as_written(interest, term), language)}
    best = sorted(found, key=lambda term: (-found[term], term))[:_SHOWN_WORDS]
    return any_of([Word(term.removeprefix(TITLE)) for term in best])


def days_brought(person: Person, days: int) -> dict[int, date]:
    """{entry: day} of what was learned of the person would have brought them; nothing while that is paused.

    Kept for an hour: whoever writes a query is shown this beside it at every letter.
    """
    interest = LearnedInterest.objects.filter(person=person, profile__is_active=True, profile__removed_at=None).first()
    if interest is None or not interest.effective:
        return {}
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    return dict(_brought_lately(interest.pk, interest.tx, days, hour))


@lru_cache(500)
def _brought_lately(interest_id: int, _tx: int, days: int, _hour: datetime) -> tuple[tuple[int, date], ...]:
    return tuple(_read_lately(interest_id, days))


def _read_lately(interest_id: int, days: int) -> Iterator[tuple[int, date]]:
    interest = LearnedInterest.objects.select_related("person").get(pk=interest_id)
    for version, _query in Recent(interest.person, days).brought(interest):
        yield version.entry_id, day_of(version.published_at)
