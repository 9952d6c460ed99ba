"""The lines of an inbox, as pages, API and command line show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Length
from django.utils import timezone

from headwater.distribute.because import Because, because
from headwater.distribute.inbox import inbox_of, with_reasons
from headwater.distribute.messages import minutes_of_letters
from headwater.distribute.models import Delivery
from headwater.people.models import Person

WAITING = (Delivery.State.DUE, Delivery.State.OPENED)


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


def must_reads(person: Person) -> QuerySet[Delivery]:
    """What the person is asked to acknowledge and has not, the most pressing first."""
    waiting = inbox_of(person).filter(must_acknowledge=True, state__in=WAITING)
    return waiting.order_by(F("due_at").asc(nulls_last=True), "-created_at")


def for_you(person: Person) -> QuerySet[Delivery]:
    """What profiles brought, still stands, and the person has not read, newest first."""
    return inbox_of(person).filter(must_acknowledge=False, read_at=None, state__in=WAITING)


def done(person: Person) -> QuerySet[Delivery]:
    """What the person acknowledged, the latest first."""
    return inbox_of(person).exclude(acknowledged_at=None).order_by("-acknowledged_at")


def to_be_lines(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """The deliveries with all that lines say of them; how long a text is, and not the text."""
    return with_reasons(deliveries).defer("version__text").annotate(letters=Length("version__text"))


def lines_of(deliveries: Iterable[Delivery]) -> list[InboxLine]:
    """Those of `to_be_lines` as lines, in two queries whatever their number."""
    return [_line(delivery) for delivery in deliveries]


def _line(delivery: Delivery) -> InboxLine:
    reasons = sorted(delivery.reasons.all(), key=lambda reason: (reason.directive_id is None, reason.pk))
    directives = [reason.directive for reason in reasons if reason.directive is not None]
    sentence = next((each.sentence for each in directives if each.sentence), delivery.version.summary)
    return InboxLine(delivery, sentence, tuple(because(reason) for reason in reasons))
