"""The deadline of each delivery, as its person's clock and leave make it from what the broadcast asks.

Inbox, pages, reminders and proof all read `Delivery.due_at`; it is computed here only: when a row is made, when one of
several directives is recalled, and when somebody goes on leave meanwhile.
"""

import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from headwater.core.prepared import Given, Prepared
from headwater.core.wall import organisation_context
from headwater.distribute.due import CLOSE, Deadline, Whereabouts, after_working_days, due_of, strikes_after
from headwater.distribute.models import Delivery, Directive, Reason
from headwater.people.days import today
from headwater.people.models import Absence, Person

LOOK_BACK = timedelta(days=31)
IN_FORCE = (Directive.State.ISSUED, Directive.State.ENDED)


class Asked(NamedTuple):
    """One person asked by one broadcast, as the database has it."""

    person_id: int
    opened_at: datetime
    due_at: datetime | None
    zone: str
    due_days: int | None
    urgent: bool
    person_zone: str
    closes: time
    since: datetime


def own_dues(rows: Sequence[Asked]) -> list[datetime | None]:
    """When each is due, in the order of the rows; none where nothing is due."""
    away = _away([row.person_id for row in rows], min((row.opened_at for row in rows), default=timezone.now()))
    return [
        due_of(
            Deadline(row.opened_at, row.due_at, row.zone, row.due_days is not None, row.urgent),
            Whereabouts(row.person_zone, row.closes, row.since, tuple(away[row.person_id])),
        )
        if row.due_at is not None
        else None
        for row in rows
    ]


def own_due(directive: Directive, person: Person, moment: datetime) -> datetime | None:
    """When what comes under a directive at that moment is due for a person; none when nothing is asked by a time."""
    asked = Asked(
        person.pk,
        moment,
        due_for(directive, moment, is_first=True),
        directive.due_zone,
        directive.due_days,
        directive.urgent,
        person.timezone,
        person.work_until,
        moment,
    )
    return own_dues([asked])[0]


def due_for(directive: Directive, moment: datetime, is_first: bool = False) -> datetime | None:
    """By when a version that comes under a directive at that moment is to be acknowledged, on its author's clock.

    `is_first`: it is the version about which the directive was issued.
    """
    if not directive.acknowledge:
        return None
    zone = zoneinfo.ZoneInfo(directive.due_zone)
    if directive.due_days is not None:
        day = after_working_days(moment.astimezone(zone).date(), directive.due_days)
        return datetime.combine(day, CLOSE, zone)
    # A later version that comes on the last day, or after it, has as long as the first one had.
    if directive.due_at is None or is_first or directive.due_at >= after_working_days(moment, 1):
        return directive.due_at
    later = moment + (directive.due_at - (directive.issued_at or directive.created_at))
    return later if directive.urgent else strikes_after(later, directive.due_at.astimezone(zone).time(), zone)


def _away(person_ids: Iterable[int], since: datetime) -> dict[int, list[tuple[date, date]]]:
    """{person: their absences that had not ended by then}."""
    wanted, found, day = set(person_ids), defaultdict(list), since.date() - timedelta(days=1)
    if len(wanted) == 1:
        absences = _absences_of_one.rows(person=min(wanted), day=day)
    else:
        absences = list(Absence.objects.filter(until__gte=day).values_list("person", "since", "until"))
    for person_id, first, last in absences:
        if person_id in wanted:
            found[person_id].append((first, last))
    return found


_absences_of_one = Prepared(
    lambda: Absence.objects.filter(person=Given("person"), until__gte=Given("day")).values_list(
        "person", "since", "until"
    ),
    keeps_plan=True,
)


def dues_of(deliveries: QuerySet[Delivery]) -> dict[int, datetime]:
    """{delivery: the soonest that its directives ask of its person}; without those of which nothing is asked."""
    rows: Any = Reason.objects.filter(
        delivery__in=deliveries,
        directive__state__in=IN_FORCE,
        directive__broadcasts__version=F("delivery__version"),
        directive__broadcasts__due_at__isnull=False,
        directive__audience__member_links__person=F("delivery__person"),
    ).values_list(
        "delivery",
        "delivery__person",
        "directive__broadcasts__opened_at",
        "directive__broadcasts__due_at",
        "directive__due_zone",
        "directive__due_days",
        "directive__urgent",
        "delivery__person__timezone",
        "delivery__person__work_until",
        "directive__audience__member_links__since",
    )
    found = list(rows)
    soonest: dict[int, datetime] = {}
    for row, due in zip(found, own_dues([Asked(*row[1:]) for row in found]), strict=True):
        if due is not None:
            soonest[row[0]] = min(due, soonest.get(row[0], due))
    return soonest


def set_dues(deliveries: QuerySet[Delivery]) -> set[int]:
    """Compute the deadlines of these deliveries anew; returns those that had another one before."""
    dues, rows = dues_of(deliveries), list(deliveries.only("pk", "due_at"))
    changed = [row for row in rows if row.due_at != dues.get(row.pk)]
    moved = {row.pk for row in changed if row.due_at is not None}
    for row in changed:
        row.due_at = dues.get(row.pk)
    Delivery.objects.bulk_update(changed, ["due_at"], batch_size=1_000)
    return moved


def extend_for_leave(organisation_id: int) -> None:
    """Give those who are, or lately were, on leave the later deadline; nothing ever becomes due sooner by it."""
    with organisation_context(organisation_id):
        away = Absence.objects.filter(until__gte=today() - LOOK_BACK).values("person")
        waiting = Q(state__in=(Delivery.State.DUE, Delivery.State.OPENED), must_acknowledge=True, due_at__isnull=False)
        deliveries = Delivery.objects.filter(waiting, person__in=away)
        dues, rows = dues_of(deliveries), list(deliveries.only("pk", "due_at"))
        later = [row for row in rows if row.due_at is not None and dues.get(row.pk, row.due_at) > row.due_at]
        for row in later:
            row.due_at = dues[row.pk]
        Delivery.objects.bulk_update(later, ["due_at"], batch_size=1_000)
