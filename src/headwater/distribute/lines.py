"""The lines of an inbox, as pages and API show them, in four tabs; their queries are made once (core/prepared.py)."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Length
from django.utils import timezone

from headwater.core.counting import RowCount, bounded
from headwater.core.lookups import numbers
from headwater.core.order import Order
from headwater.core.prepared import Given, Prepared, PreparedObjects
from headwater.distribute.because import Because, because, weightiest_first
from headwater.distribute.inbox import (
    LATEST_SIGNED_FIRST,
    MOST_PRESSING_FIRST,
    NEWEST_FIRST,
    WAITING,
    for_you,
    signed,
    to_sign,
    visible_deliveries,
)
from headwater.distribute.messages import minutes_of_letters
from headwater.distribute.models import Delivery, Reason
from headwater.people.models import Person
from headwater.people.reading import GivenReader, Reader, given_of, reader_like
from headwater.search.models import Kind

STEP = 10  # lines are asked for in tens: a query is kept for each number that is asked for


@dataclass(frozen=True)
class InboxLine:
    """One delivery with what its line says: the sentence of what changed, why it came, how long it takes to read."""

    delivery: Delivery
    sentence: str
    reasons: tuple[Because, ...]

    @property
    def kind(self) -> str:
        """What kind of thing it is, in words; Django's own way to them goes through all kinds for each line."""
        return str(Kind(self.delivery.version.entry.kind).label)

    @property
    def minutes(self) -> int:
        """How long it takes to read."""
        measured: Any = self.delivery
        return minutes_of_letters(measured.letters)

    @property
    def waits_for_signature(self) -> bool:
        """Asked for and not yet acknowledged."""
        return self.delivery.must_acknowledge and self.delivery.state in WAITING

    @property
    def is_overdue(self) -> bool:
        """Asked for, past its hour, and not yet acknowledged."""
        due = self.delivery.due_at
        return self.waits_for_signature and due is not None and due < timezone.now()


# Which deliveries each holds, and in which order.
TABS: dict[str, tuple[Callable[[Reader], QuerySet[Delivery]], Order]] = {
    "must": (to_sign, MOST_PRESSING_FIRST),
    "unread": (for_you, NEWEST_FIRST),
    "all": (visible_deliveries, NEWEST_FIRST),
    "done": (signed, LATEST_SIGNED_FIRST),
}


@dataclass(frozen=True)
class Stretch:
    """Lines of a tab that follow each other, and whether there are any before and after them."""

    lines: list[InboxLine]
    has_earlier: bool
    has_later: bool

    @property
    def first(self) -> int:
        """The delivery of the first line."""
        return self.lines[0].delivery.pk

    @property
    def last(self) -> int:
        """The delivery of the last line."""
        return self.lines[-1].delivery.pk


class Tab:
    """One tab of a person's inbox: how many lines it has, slices of it, and stretches. Take in open broadcasts before.

    A stretch costs the same wherever it lies; a slice costs the more the later it begins.
    """

    def __init__(self, person: Person, name: str) -> None:
        """Raises KeyError for a name that is not in TABS."""
        self._name, self._order = name, TABS[name][1]
        self._reader, self._given = reader_like(person), given_of(person)

    def count(self) -> int:
        """How many lines there are, up to a bound (core/counting.py)."""
        ((found,),) = _counted(self._reader, self._name).rows(**self._given)
        return bounded(found)

    def __getitem__(self, part: slice) -> list[InboxLine]:
        """Those lines, in two queries whatever their number."""
        wanted = part.stop - part.start
        return _lines(self._asked(Part(self._name, part.start, _tens(wanted)))[:wanted])

    def stretch(self, length: int, after: int | None = None, before: int | None = None) -> Stretch:
        """The `length` lines after a delivery, or before it, or the first ones: also where there is nothing beyond."""
        if after is not None and (found := self._beyond(after, length)):
            return Stretch(_lines(found[:length]), has_earlier=True, has_later=len(found) > length)
        if before is not None and len(found := self._beyond(before, length, backwards=True)) > length:
            return Stretch(_lines(found[:length][::-1]), has_earlier=True, has_later=True)
        found = self._asked(Part(self._name, 0, _tens(length + 1)))
        return Stretch(_lines(found[:length]), has_earlier=False, has_later=len(found) > length)

    def after(self, delivery: int, length: int) -> list[InboxLine]:
        """The `length` lines after a delivery of theirs, which may be in another tab; none where it is the last.

        Raises `Delivery.DoesNotExist` for one that is no place in this tab.
        """
        if self._place(delivery) is None:
            raise Delivery.DoesNotExist
        return _lines(self._beyond(delivery, length)[:length])

    def _beyond(self, delivery: int, length: int, backwards: bool = False) -> list[Delivery]:
        """The next ones from a delivery on; one more than `length` if there are."""
        place = self._place(delivery)
        if place is None:
            return []
        part = Part(self._name, 0, _tens(length + 1), self._order.empty(place), backwards)
        return self._asked(part, **self._order.given(place))

    def _place(self, delivery: int) -> tuple[Any, ...] | None:
        """Where the person's delivery stands in the order of this tab; None for one that has no place in it."""
        own = Delivery.objects.filter(pk=delivery, person=self._given["reader"])
        place = own.values_list(*(by.column for by in self._order.columns)).first()
        return place if place is not None and self._order.holds(place) else None

    def _asked(self, part: "Part", **place: Any) -> list[Delivery]:
        return _deliveries(self._reader, part).all(**self._given, **place)


@dataclass(frozen=True)
class Part:
    """Which deliveries of a tab are asked for; beyond a place in it if `empty` says which of its columns are."""

    tab: str
    start: int
    length: int
    empty: frozenset[str] | None = None
    backwards: bool = False

    def of(self, reader: Reader) -> QuerySet[Delivery]:
        """The deliveries, in the order of the tab or from its end."""
        rows, order = TABS[self.tab]
        beyond = Q() if self.empty is None else order.beyond(self.empty, self.backwards)
        return order.sorted(rows(reader).filter(beyond), self.backwards)[self.start : self.start + self.length]


def _tens(wanted: int) -> int:
    return -(-wanted // STEP) * STEP


@lru_cache(256)
def _counted(reader: GivenReader, tab: str) -> Prepared:
    rows = RowCount(TABS[tab][0](reader), is_bounded=True)
    return Prepared(lambda: Person.objects.filter(pk=reader.pk).values_list(rows), keeps_plan=True)


@lru_cache(64)
def _deliveries(reader: GivenReader, part: Part) -> PreparedObjects[Delivery]:
    """The deliveries with what lines say of them; how long a text is, and not the text."""

    def build() -> QuerySet[Delivery]:
        rows = part.of(reader).select_related("version__entry").annotate(letters=Length("version__text"))
        return rows.only(*_SAID)

    return PreparedObjects(build, keeps_plan=True)


_SAID = (
    *("state", "must_acknowledge", "urgent", "due_at", "created_at", "read_at"),
    *("version__title", "version__summary", "version__entry__kind", "version__entry__source_slug"),
)
_reasons = PreparedObjects(
    lambda: Reason.objects.filter(delivery__among=Given("deliveries")).select_related("profile", "directive__audience")
)


def _reasons_of(deliveries: Iterable[Delivery]) -> dict[int, list[Reason]]:
    """{delivery: its reasons}, those of directives first, for they weigh most."""
    found: dict[int, list[Reason]] = defaultdict(list)
    for reason in _reasons.all(deliveries=numbers(delivery.pk for delivery in deliveries)):
        found[reason.delivery_id].append(reason)
    return defaultdict(list, {delivery: weightiest_first(reasons) for delivery, reasons in found.items()})


def _lines(deliveries: list[Delivery]) -> list[InboxLine]:
    reasons = _reasons_of(deliveries)
    return [_line(delivery, reasons[delivery.pk]) for delivery in deliveries]


def _line(delivery: Delivery, reasons: list[Reason]) -> InboxLine:
    directives = [reason.directive for reason in reasons if reason.directive is not None]
    sentence = next((each.sentence for each in directives if each.sentence), delivery.version.summary)
    return InboxLine(delivery, sentence, tuple(because(reason) for reason in reasons))
