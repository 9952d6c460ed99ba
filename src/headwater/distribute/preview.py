"""Looking back: what a standing query would have brought its reader, found by the index in the same language.

The index holds current versions, so an entry that changed three times counts once, on the day of its newest version.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

from headwater.distribute.actions.profiles import said
from headwater.distribute.models import Preference
from headwater.people.models import Person
from headwater.search.access import asker_for
from headwater.search.errors import EMPTY_PLACE
from headwater.search.indexing import current_index
from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse
from headwater.search.language.query import And, Dated, Or, Phrase, Prefix, Query, Word, all_of
from headwater.search.language.writing import to_text
from headwater.search.lexical.searching import Hit, Search
from headwater.search.models import Entry
from headwater.search.naming import Names

SHOWN = 12
MOST_HITS = 5_000
MOST_WORDS = 12


@dataclass(frozen=True)
class PastItem:
    """One thing that would have come."""

    entry_id: int
    title: str
    published_at: datetime


@dataclass(frozen=True)
class Preview:
    """What would have come in the last days; or, in `error`, why the query cannot be read (`before` it, `wrong` there).

    `weeks` are (label, number) pairs, oldest first; `words` what each leaf of the query alone brings; `busiest` the
    number on the fullest day, to hold against the `budget` of pushes a day.
    """

    count: int = 0
    searched: int = 0
    milliseconds: int = 0
    weeks: list[tuple[str, int]] = field(default_factory=list)
    items: list[PastItem] = field(default_factory=list)
    words: list[tuple[str, int]] = field(default_factory=list)
    busiest: int = 0
    budget: int = 0
    error: str = ""
    before: str = ""
    wrong: str = ""

    @property
    def fits(self) -> bool:
        """Whether even the fullest day stays within the budget."""
        return self.busiest <= self.budget

    @property
    def most(self) -> int:
        """The largest number that one word brings, at least 1."""
        return max([1, *(count for _word, count in self.words)])


def preview_profile(person: Person, query: str, days: int = 90) -> Preview:
    """What this standing query would have brought the person in the last days. Never raises for a bad query."""
    began = time.perf_counter()
    try:
        asked = parse(query, Names(person))
    except QueryError as error:
        return Preview(error=said(error), before=query[: error.position], wrong=query[error.position :] or EMPTY_PLACE)
    index, asker = current_index(), asker_for(person)

    def search(*parts: Query) -> Search:
        return Search(index, all_of([*parts, since]), asker)

    since = Dated(timezone.localdate() - timedelta(days=days), None)
    found = search(asked).found(0, MOST_HITS, "newest")
    per_day = Counter(hit.published_at.astimezone(UTC).date() for hit in found.hits)
    preference = Preference.objects.filter(person=person).first() or Preference(person=person)
    return Preview(
        count=found.total,
        searched=search().count(),
        milliseconds=round(1000 * (time.perf_counter() - began)),
        weeks=_weeks(per_day, days),
        items=_items(person, found.hits),
        words=[(to_text(leaf), search(leaf).count()) for leaf in _leaves(asked)[:MOST_WORDS]],
        busiest=max(per_day.values(), default=0),
        budget=preference.budget,
    )


def _items(person: Person, hits: list[Hit]) -> list[PastItem]:
    """The newest, as far as the database still lets the person read them."""
    wanted = [hit.entry_id for hit in hits[:SHOWN]]
    titles = dict(Entry.objects.current().readable_by(person).filter(pk__in=wanted).values_list("pk", "title"))
    return [
        PastItem(hit.entry_id, titles[hit.entry_id], hit.published_at) for hit in hits[:SHOWN] if hit.entry_id in titles
    ]


def _weeks(per_day: Counter[date], days: int) -> list[tuple[str, int]]:
    today = timezone.localdate()
    starts = [today - timedelta(days=days - 7 * number - 1) for number in range(-(-days // 7))]
    return [
        (date_format(start, "j M"), sum(per_day[start + timedelta(days=number)] for number in range(7)))
        for start in starts
    ]


def _leaves(query: Query) -> list[Query]:
    """The words, prefixes and phrases of a query that ask for something (not what NOT leaves out)."""
    if isinstance(query, Word | Prefix | Phrase):
        return [query]
    if isinstance(query, And | Or):
        return list(dict.fromkeys(leaf for part in query.parts for leaf in _leaves(part)))
    return []
