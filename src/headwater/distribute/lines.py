"""The lines of an inbox, as pages and API show them, in four tabs; their queries are made once (core/prepared.py)."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Length
from django.utils import timezone

from headwater.core.counting import RowCount
from headwater.core.lookups import numbers
from headwater.core.prepared import Given, Prepared, PreparedObjects
from headwater.distribute.because import Because, because, weightiest_first
from headwater.distribute.inbox import visible_deliveries
from headwater.distribute.messages import minutes_of_letters
from headwater.distribute.models import Delivery, Reason
from headwater.people.models import Person
from headwater.people.reading import GivenReader, Reader, given_of, reader_like

WAITING = (Delivery.State.DUE, Delivery.State.OPENED)
NEWEST_FIRST = ("-created_at", "-pk")
STEP = 10  # lines are asked for in tens: a query is kept for each number that is asked for


@dataclass(frozen=True)
class InboxLine:
    """One delivery with what its line says: the sentence of what changed, why it came, how long it takes to read."""

    delivery: Delivery
    sentence: str
    reasons: tuple[Because, ...]

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


def must_reads(reader: Reader) -> QuerySet[Delivery]:
    """What the reader is asked to acknowledge and has not, the most pressing first."""
    waiting = visible_deliveries(reader).filter(must_acknowledge=True, state__in=WAITING)
    waiting = waiting.filter(acknowledged_at=None)  # what waits says that already; the index in order of due times, so
    return waiting.order_by(F("due_at").asc(nulls_last=True), *NEWEST_FIRST)


def for_you(reader: Reader) -> QuerySet[Delivery]:
    """What profiles brought, still stands, and the reader has not read, newest first."""
    unread = visible_deliveries(reader).filter(must_acknowledge=False, read_at=None, state__in=WAITING)
    return unread.order_by(*NEWEST_FIRST)


def _everything(reader: Reader) -> QuerySet[Delivery]:
    return visible_deliveries(reader).order_by(*NEWEST_FIRST)


def _done(reader: Reader) -> QuerySet[Delivery]:
    """What the reader acknowledged, the latest first."""
    return visible_deliveries(reader).exclude(acknowledged_at=None).order_by("-acknowledged_at", "-pk")


TABS: dict[str, Callable[[Reader], QuerySet[Delivery]]] = {
    "must": must_reads,
    "unread": for_you,
    "all": _everything,
    "done": _done,
}


class Tab:
    """One tab of a person's inbox: its length, and slices of it as lines. Take in open broadcasts before."""

    def __init__(self, person: Person, name: str, length: int | None = None) -> None:
        """`length` where it was counted already. Raises KeyError for a name that is not in TABS."""
        self._name, self._length = name, length
        self._reader, self._given = reader_like(person), given_of(person)

    def __len__(self) -> int:
        if self._length is None:
            ((self._length,),) = _counted(self._reader, self._name).rows(**self._given)
        return self._length

    def __getitem__(self, part: slice) -> list[InboxLine]:
        """Those lines, in two queries whatever their number."""
        wanted = part.stop - part.start
        asked = -(-wanted // STEP) * STEP
        deliveries = _deliveries(self._reader, self._name, part.start, part.start + asked).all(**self._given)[:wanted]
        reasons = _reasons_of(deliveries)
        return [_line(delivery, reasons[delivery.pk]) for delivery in deliveries]


@lru_cache(256)
def _counted(reader: GivenReader, tab: str) -> Prepared:
    rows = RowCount(TABS[tab](reader))
    return Prepared(lambda: Person.objects.filter(pk=reader.pk).values_list(rows))


@lru_cache(64)
def _deliveries(reader: GivenReader, tab: str, start: int, stop: int) -> PreparedObjects[Delivery]:
    """The tab's deliveries with what lines say of them; how long a text is, and not the text."""
    rows = TABS[tab](reader).select_related("version__entry").annotate(letters=Length("version__text"))
    return PreparedObjects(lambda: rows.only(*_SAID)[start:stop])


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


def _line(delivery: Delivery, reasons: list[Reason]) -> InboxLine:
    directives = [reason.directive for reason in reasons if reason.directive is not None]
    sentence = next((each.sentence for each in directives if each.sentence), delivery.version.summary)
    return InboxLine(delivery, sentence, tuple(because(reason) for reason in reasons))
