"""Load: how much reaches the people of each unit, and how much of it is of use. Counts by unit, and of nobody alone.

Nothing here tells what one person opened or liked. A unit in which fewer than LEAST_PEOPLE received anything is counted
with the other small ones; where even all those are too few, it is left out, and of the sum as well, so that nobody can
work it out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.distribute.models import NEAR_COPY, OVER_BUDGET, Delivery
from headwater.distribute.proof import EVERYBODY, Scope

LEAST_PEOPLE = 8
HEADER = (
    "unit",
    "people",
    "received",
    "a_person_and_day",
    "opened",
    "useful",
    "not_useful",
    "over_budget",
    "near_copies",
)


@dataclass(frozen=True)
class Line:
    """What reached the people of one unit (`unit_id` None: of several, or of none) in so many days.

    `over_budget` was held back only because of somebody's budget, `near_copies` because they say nearly the same as
    something else that came.
    """

    unit_id: int | None
    name: str
    days: int
    people: int
    received: int
    opened: int
    useful: int
    not_useful: int
    over_budget: int
    near_copies: int

    @property
    def a_day(self) -> float:
        """How many things a person got on a day, those counted who got anything."""
        return round(self.received / (self.people * self.days), 1) if self.people else 0.0

    @property
    def over_share(self) -> float:
        """The share, from 0 to 1, of what they received that was past their budgets."""
        return self.over_budget / self.received if self.received else 0.0


@dataclass(frozen=True)
class Day:
    """All that is shown on one day; None for each where fewer than LEAST_PEOPLE received anything."""

    day: date
    received: int | None
    opened: int | None
    over_budget: int | None


@dataclass(frozen=True)
class Load:
    """The units, the most burdened first; all that is shown together; how many units are too small to be shown."""

    lines: tuple[Line, ...]
    whole: Line
    hidden: int
    units: frozenset[int | None]
    """The units whose people are counted in it."""


# Names that no field has, which the filters would take for it.
COUNTS = {
    "n_people": Count("person", distinct=True),
    "n_received": Count("pk"),
    "n_opened": Count("pk", filter=Q(seen_at__isnull=False)),
    "n_useful": Count("pk", filter=Q(useful=True)),
    "n_not_useful": Count("pk", filter=Q(useful=False)),
    "n_over_budget": Count("pk", filter=OVER_BUDGET),
    "n_near_copies": Count("pk", filter=NEAR_COPY),
}


_COUNTED = [name.removeprefix("n_") for name in COUNTS]


def load_of(days: int, scope: Scope = EVERYBODY) -> Load:
    """Of the last days, by the unit that people are in now. One query."""
    rows: Any = _received(days, scope).values("person__unit", "person__unit__name").annotate(**COUNTS)
    found = rows.values_list("person__unit", "person__unit__name", *COUNTS)
    return masked([Line(unit, name or _("No unit"), days, *numbers) for unit, name, *numbers in found], days)


def by_day(load: Load, days: int, scope: Scope = EVERYBODY) -> list[Day]:
    """What was received on each of the last days, on the reader's clock, by those who are counted in the load."""
    some = Q(person__unit__in=[unit for unit in load.units if unit is not None])
    within = some | Q(person__unit=None) if None in load.units else some
    rows: Any = _received(days, scope).filter(within).annotate(day=TruncDate("created_at")).values("day")
    found = rows.annotate(**{name: COUNTS[name] for name in ("n_people", "n_received", "n_opened", "n_over_budget")})
    known = {row["day"]: row for row in found}
    today = timezone.localdate()
    return [_day(today - timedelta(days=n), known.get(today - timedelta(days=n))) for n in reversed(range(days))]


def _day(day: date, row: dict[str, int] | None) -> Day:
    if row is None or row["n_people"] < LEAST_PEOPLE:
        return Day(day, None, None, None)
    return Day(day, row["n_received"], row["n_opened"], row["n_over_budget"])


def _received(days: int, scope: Scope) -> QuerySet[Delivery]:
    """What came in the last days to people who are still there, withdrawn things left out."""
    since = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    rows = Delivery.objects.filter(scope.within("person__"), created_at__gte=since, person__erased_at=None)
    return rows.exclude(state=Delivery.State.WITHDRAWN)


def masked(lines: Sequence[Line], days: int) -> Load:
    """The lines without those of units too small: put together where that hides everybody, or else left out."""
    large = [line for line in lines if line.people >= LEAST_PEOPLE]
    small = [line for line in lines if line.people < LEAST_PEOPLE]
    together = _sum(_("Small units together"), days, small)
    units = {line.unit_id for line in large}
    if together.people >= LEAST_PEOPLE:
        units |= {line.unit_id for line in small}
        large, small = [*large, together], []
    shown = tuple(sorted(large, key=lambda line: (-line.a_day, line.name)))
    return Load(shown, _sum(_("All that are shown"), days, shown), len(small), frozenset(units))


def as_rows(load: Load) -> Iterable[tuple[object, ...]]:
    """The lines under HEADER."""
    for line in load.lines:
        counts = (line.opened, line.useful, line.not_useful, line.over_budget, line.near_copies)
        yield (line.name, line.people, line.received, line.a_day, *counts)


def _sum(name: str, days: int, lines: Sequence[Line]) -> Line:
    return Line(None, name, days, *(sum(getattr(line, each) for line in lines) for each in _COUNTED))
