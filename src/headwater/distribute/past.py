"""The last days of one reader: what a query would have brought them, asked of the index in the one query language.

The index holds current versions, so an entry that changed three times counts once, on the day of its newest version.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from django.db.models.functions import Left
from django.utils import timezone
from django.utils.formats import date_format

from headwater.people.models import Person
from headwater.search.access import WHOLE_ORGANISATION, asker_for
from headwater.search.indexing import current_index
from headwater.search.language.query import Dated, Everything, Query, all_of
from headwater.search.language.snippet import Marker, Pieces, highlighted, marker, snippet
from headwater.search.lexical.near import Looked
from headwater.search.lexical.searching import Asker, Found, Hit, Search
from headwater.search.models import Entry

MOST_HITS = 5_000
_PASSAGE = 4_000  # characters that a snippet is cut from
_HIGHEST = 3


@dataclass(frozen=True)
class PastItem:
    """One thing that would have come: its title, and the passage that shows why, as (text, is match) pieces."""

    entry_id: int
    title: str
    published_at: datetime
    marked: Pieces
    snippet: Pieces


class Past:
    """What could have come in the last `days` to whoever asks. Everything in it is within what they may read.

    Asking raises QueryError where NEAR would have to be looked for in too many texts.
    """

    def __init__(self, asker: Asker, days: int) -> None:
        self.asker = asker
        self.days = days
        self._index = current_index()
        self._looked = Looked()
        self._since = Dated(timezone.localdate() - timedelta(days=days), None)

    @classmethod
    def of(cls, person: Person | None, days: int) -> "Past":
        """The past of a person; of nobody in particular (the operator), everything that is there."""
        return cls(asker_for(person) if person is not None else Asker((WHOLE_ORGANISATION,), _HIGHEST, ()), days)

    @cached_property
    def searched(self) -> int:
        """How many entries of these days there are at all."""
        return self.count(Everything())

    def count(self, query: Query) -> int:
        """How many entries of these days match."""
        return self._search(query).count()

    def found(self, query: Query, most: int = MOST_HITS) -> Found:
        """The entries of these days that match, newest first, and their number."""
        return self._search(query).found(0, most, "newest")

    def items(self, person: Person, query: Query, hits: Iterable[Hit]) -> list[PastItem]:
        """Hits with why they match, in order, as far as the database lets the person read them at this moment."""
        wanted = list(hits)
        fields = ("pk", "title", "current_version__language", Left("current_version__text", _PASSAGE))
        rows = Entry.objects.current().readable_by(person).filter(pk__in=[hit.entry_id for hit in wanted])
        shown = {pk: (title, language, text) for pk, title, language, text in rows.values_list(*fields)}
        return [self._item(hit, query, *shown[hit.entry_id]) for hit in wanted if hit.entry_id in shown]

    def _item(self, hit: Hit, query: Query, title: str, language: str, text: str) -> PastItem:
        by = marker(query, language, self.asker.languages)
        return past_item(hit.entry_id, title, text, hit.published_at, by)

    def _search(self, query: Query) -> Search:
        return Search(self._index, all_of([query, self._since]), self.asker, looked=self._looked)


def past_item(entry_id: int, title: str, text: str, published_at: datetime, by: Marker) -> PastItem:
    """One thing that would have come, with what brought it marked in its title and in the passage that shows it."""
    return PastItem(entry_id, title, published_at, highlighted(title, by), snippet(text[:_PASSAGE], by))


def per_day(hits: Iterable[Hit]) -> Counter[date]:
    """How many were published on each day, in UTC."""
    return Counter(day_of(hit.published_at) for hit in hits)


def day_of(moment: datetime) -> date:
    """The day of a moment, in UTC."""
    return moment.astimezone(UTC).date()


def per_week(counted: Counter[date], days: int) -> list[tuple[str, int]]:
    """(first day of the week in words, number) for each week of the last days, oldest first."""
    today = timezone.localdate()
    starts = [today - timedelta(days=days - 7 * number - 1) for number in range(-(-days // 7))]
    return [
        (date_format(start, "j M"), sum(counted[start + timedelta(days=number)] for number in range(7)))
        for start in starts
    ]
