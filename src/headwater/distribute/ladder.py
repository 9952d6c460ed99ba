"""The ladder of a must-read: reminders to the person, then the head of their unit, then whoever issued it.

Each rung is climbed once for a delivery (the database says so). A rung that was missed is not made up for: only the
latest that has come is sent. Nobody is reminded while they are away; heads are told all the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import ngettext_lazy

from headwater.core.addresses import address
from headwater.core.wall import organisation_context
from headwater.distribute.deadlines import extend_for_leave
from headwater.distribute.masking import name_for
from headwater.distribute.models import Delivery, Directive, Reminder
from headwater.distribute.rungs import report_after
from headwater.distribute.sending import queue_dispatches
from headwater.people.days import today
from headwater.people.leaving import successor_of
from headwater.people.models import Absence, Person, Unit
from headwater.people.notices import settle, tell
from headwater.search.models import Entry

HEAD, REPORT = "head", "report"


def climb_ladder(organisation_id: int) -> None:
    """Send the reminders whose time has come, and tell heads and issuers of what is overdue."""
    extend_for_leave(organisation_id)
    with organisation_context(organisation_id):
        for directive in Directive.objects.filter(state=Directive.State.ISSUED, acknowledge=True):
            climb(directive, timezone.now())


def climb(directive: Directive, now: datetime) -> None:
    """The same for one directive, as of a moment."""
    waiting = list(waiting_for(directive))
    climbed = _climbed(waiting)
    _remind(directive, waiting, climbed, now)
    overdue = _past(waiting, now - timedelta(days=directive.tell_head_after_days))
    _tell_heads(directive, [each for each in overdue if HEAD not in climbed[each.pk]])
    late = _past(waiting, now - timedelta(days=report_after(directive)))
    _tell_issuer(directive, [each for each in late if REPORT not in climbed[each.pk]], len(late))
    if not overdue:
        settle(_key(directive, HEAD))
    if not late:
        settle(_key(directive, REPORT))


def waiting_for(directive: Directive) -> QuerySet[Delivery]:
    """What this directive asks for and nobody has acknowledged yet, of people who are here and whom it still asks."""
    members = directive.audience.member_links.values("person")
    return (
        Delivery.objects.filter(
            state__in=(Delivery.State.DUE, Delivery.State.OPENED),
            must_acknowledge=True,
            due_at__isnull=False,
            reasons__directive=directive,
            person__in=Person.objects.active().filter(pk__in=members),
        )
        .select_related("person__unit", "version")
        .defer("version__text")
        .order_by("pk")
    )


def _past(deliveries: Iterable[Delivery], moment: datetime) -> list[Delivery]:
    return [each for each in deliveries if each.due_at is not None and each.due_at <= moment]


def _climbed(deliveries: Sequence[Delivery]) -> dict[int, set[str]]:
    rungs: dict[int, set[str]] = defaultdict(set)
    rows = Reminder.objects.filter(delivery__in=[each.pk for each in deliveries], taken_back=False)
    for delivery_id, rung in rows.values_list("delivery", "rung"):
        rungs[delivery_id].add(rung)
    return rungs


def _remind(directive: Directive, waiting: Sequence[Delivery], climbed: dict[int, set[str]], now: datetime) -> None:
    away = set(Absence.objects.filter(since__lte=today(), until__gte=today()).values_list("person", flat=True))
    by_rung: dict[str, list[Delivery]] = defaultdict(list)
    rows: list[Reminder] = []
    for delivery in waiting:
        come = [rung for rung in _rungs(directive, delivery, now) if rung not in climbed[delivery.pk]]
        if come and delivery.person_id not in away:
            rows += [Reminder(delivery=delivery, rung=rung, told=delivery.person) for rung in come]
            by_rung[come[-1]].append(delivery)
    Reminder.objects.bulk_create(rows, ignore_conflicts=True)
    for rung, deliveries in by_rung.items():
        queue_dispatches(_readable(deliveries), rung)


def _rungs(directive: Directive, delivery: Delivery, now: datetime) -> list[str]:
    """The reminders whose time has come for a delivery, those before it was asked left out; the latest last."""
    assert delivery.due_at is not None
    asked_at = max(delivery.created_at, directive.issued_at or delivery.created_at)
    times = [(delivery.due_at - timedelta(days=days), days) for days in sorted(directive.remind_days, reverse=True)]
    return [f"remind:{days}" for at, days in times if asked_at < at <= now]


def _readable(deliveries: Sequence[Delivery]) -> list[Delivery]:
    return [
        delivery
        for delivery in deliveries
        if Entry.objects.readable_by(delivery.person).filter(pk=delivery.version.entry_id).exists()
    ]


def _tell_heads(directive: Directive, overdue: Sequence[Delivery]) -> None:
    units = {unit.pk: unit for unit in Unit.objects.select_related("head", "deputy", "parent")}
    of_head: dict[Person, list[Delivery]] = defaultdict(list)
    rows: list[Reminder] = []
    for delivery in overdue:
        head = _head_of(delivery.person, units)
        rows.append(Reminder(delivery=delivery, rung=HEAD, told=head))
        if head is not None:
            of_head[head].append(delivery)
    Reminder.objects.bulk_create(rows, ignore_conflicts=True)
    for head, deliveries in of_head.items():
        text = ngettext_lazy(
            "%(count)d of your people has not acknowledged “%(name)s” in time.",
            "%(count)d of your people have not acknowledged “%(name)s” in time.",
            "count",
        )
        tell(
            head,
            text % {"count": len(deliveries), "name": name_for(head, directive)[:300]},
            _url(directive),
            _key(directive, HEAD),
        )


def _tell_issuer(directive: Directive, fresh: Sequence[Delivery], count: int) -> None:
    if not fresh:
        return
    told = directive.issued_by
    if told is not None and not told.is_active:
        told = successor_of(told)
    Reminder.objects.bulk_create(
        [Reminder(delivery=each, rung=REPORT, told=told) for each in fresh], ignore_conflicts=True
    )
    if told is not None:
        text = ngettext_lazy(
            "%(count)d person has still not acknowledged “%(name)s”; their head was told.",
            "%(count)d people have still not acknowledged “%(name)s”; their heads were told.",
            "count",
        )
        said = text % {"count": count, "name": name_for(told, directive)[:300]}
        tell(told, said, _url(directive), _key(directive, REPORT))


def _head_of(person: Person, units: dict[int, Unit]) -> Person | None:
    """The nearest head, or deputy where a unit has no head, above the person who is here and is not that person."""
    unit = units.get(person.unit_id or 0)
    while unit is not None:
        for head in (unit.head, unit.deputy):
            if head is not None and head.pk != person.pk and head.is_active:
                return head
        unit = units.get(unit.parent_id or 0)
    return None


def _url(directive: Directive) -> str:
    return address("distribute:proof", pk=directive.pk)


def _key(directive: Directive, rung: str) -> str:
    return f"overdue-{rung}:{directive.pk}"
