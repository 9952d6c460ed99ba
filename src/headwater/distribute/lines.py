"""The lines of an inbox, as pages and API show them, in four tabs; their queries are made once (core/prepared.py)."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from headwater.core.counting import SPARE, RowCount, corrected
from headwater.core.lookups import numbers
from headwater.core.order import Order
from headwater.core.prepared import Given, Prepared, PreparedObjects
from headwater.distribute.ahead import NOTHING_AHEAD, STANDING_FIELDS, Ahead, Shown
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
from headwater.search.sizes import letters_of

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
    """Lines of a tab that follow each other, whether there are any before and after them, and where they stand."""

    order: Order
    lines: list[InboxLine]
    has_earlier: bool
    has_later: bool

    @property
    def first(self) -> str:
        """The place of the first line."""
        return self.order.written(self.lines[0].delivery)

    @property
    def last(self) -> str:
        """The place of the last line."""
        return self.order.written(self.lines[-1].delivery)


class Tab:
    """One tab of a person's inbox: how many lines it has, and stretches of it. Take in open broadcasts before.

    From a place on, a stretch costs the same wherever it lies; counted from the start, the more the later it begins.
    """

    def __init__(self, person: Person, name: str) -> None:
        """Raises KeyError for a name that is not in TABS."""
        self._name, self._order = name, TABS[name][1]
        self._reader, self._given = reader_like(person), given_of(person)

    def count(self, ahead: Ahead = NOTHING_AHEAD) -> int:
        """How many lines there are, up to a bound (core/counting.py), with those that are ahead."""
        ((found,),) = _counted(self._reader, self._name).rows(**self._given)
        return corrected(found, ahead.on(self._name))

    def first(self, length: int) -> Shown:
        """What its first page of so many lines shows, and whether there is more."""
        return Shown(self._name, length + 1, lambda below: self._at(length + _tens(below)))

    def _at(self, line: int) -> Delivery | None:
        return next(iter(_at(self._reader, self._name, line).all(**self._given)), None)

    def part(self, start: int, length: int) -> Stretch:
        """The `length` lines from the `start`th on (the first is 0), in two queries whatever their number."""
        return self._stretch(self._asked(Part(self._name, start, _tens(length + 1))), length, start > 0)

    def stretch(self, length: int, after: str = "", before: str = "") -> Stretch:
        """The `length` lines after a place, or before it, or the first ones: also where there is nothing beyond."""
        if found := self._beyond(after, length):
            return self._stretch(found, length, has_earlier=True)
        if len(found := self._beyond(before, length, backwards=True)) > length:
            return Stretch(self._order, _lines(found[:length][::-1]), has_earlier=True, has_later=True)
        return self.part(0, length)

    def after(self, place: str, length: int) -> Stretch:
        """The `length` lines after a place; none where it is the last. Raises ValueError for what is no place here."""
        if self._order.read(place) is None:
            raise ValueError(place)
        return self._stretch(self._beyond(place, length), length, has_earlier=True)

    def _stretch(self, found: list[Delivery], length: int, has_earlier: bool) -> Stretch:
        return Stretch(self._order, _lines(found[:length]), has_earlier, has_later=len(found) > length)

    def _beyond(self, written: str, length: int, backwards: bool = False) -> list[Delivery]:
        """The next ones from a place on; one more than `length` if there are."""
        place = self._order.read(written)
        if place is None:
            return []
        part = Part(self._name, 0, _tens(length + 1), self._order.empty(place), backwards)
        return self._asked(part, **self._order.given(place))

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
    rows = RowCount(TABS[tab][0](reader), is_bounded=True, spare=SPARE)
    return Prepared(lambda: Person.objects.filter(pk=reader.pk).values_list(rows), keeps_plan=True)


@lru_cache(64)
def _at(reader: GivenReader, tab: str, line: int) -> PreparedObjects[Delivery]:
    """The delivery on a line, with no more than how it stands there."""
    rows, order = TABS[tab]
    one = order.sorted(rows(reader))[line : line + 1]
    return PreparedObjects(lambda: one.only(*STANDING_FIELDS), keeps_plan=True)


@lru_cache(64)
def _deliveries(reader: GivenReader, part: Part) -> PreparedObjects[Delivery]:
    """The deliveries with what lines say of them; how long a text is, and not the text."""

    def build() -> QuerySet[Delivery]:
        rows = part.of(reader).select_related("version__entry").annotate(letters=letters_of("version__text"))
        return rows.only(*_SAID)

    return PreparedObjects(build, keeps_plan=True)


_SAID = (
    *("state", "must_acknowledge", "urgent", "due_at", "came_at", "read_at", "acknowledged_at", "useful"),
    *("version__title", "version__summary", "version__entry__kind", "version__entry__source_slug"),
)
_reasons = PreparedObjects(
    lambda: Reason.objects.filter(delivery__among=Given("deliveries")).select_related("profile", "directive__audience"),
    keeps_plan=True,
)


def reasons_of(deliveries: Iterable[Delivery]) -> dict[int, list[Reason]]:
    """{delivery: its reasons}, those of directives first, for they weigh most; with all that because-lines need."""
    found: dict[int, list[Reason]] = defaultdict(list)
    for reason in _reasons.all(deliveries=numbers(delivery.pk for delivery in deliveries)):
        found[reason.delivery_id].append(reason)
    return defaultdict(list, {delivery: weightiest_first(reasons) for delivery, reasons in found.items()})


def _lines(deliveries: list[Delivery]) -> list[InboxLine]:
    reasons = reasons_of(deliveries)
    return [_line(delivery, reasons[delivery.pk]) for delivery in deliveries]


def _line(delivery: Delivery, reasons: list[Reason]) -> InboxLine:
    directives = [reason.directive for reason in reasons if reason.directive is not None]
    sentence = next((each.sentence for each in directives if each.sentence), delivery.version.summary)
    return InboxLine(delivery, sentence, tuple(because(reason) for reason in reasons))
