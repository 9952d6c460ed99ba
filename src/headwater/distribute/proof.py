"""Proof: did they know, when, and who did not. Everything here is counted from the records, in the database.

Each figure of a must-read is one condition of `stage_tests`, by which it is counted and by which its list is made.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from headwater.core.prepared import Given, Prepared, PreparedFigures
from headwater.distribute.masking import mask_delivery, readable_of
from headwater.distribute.models import Acknowledgement, Broadcast, Channel, Delivery, Directive
from headwater.people.models import AudienceMember, Person

USABLE = (Channel.State.ACTIVE, Channel.State.ESSENTIAL)


def no_channel(prefix: str = "") -> Q:
    """Filter: no account to sign in with, and no working channel. `prefix` leads to the person ("person__")."""
    usable = Channel.objects.filter(person=OuterRef(f"{prefix}pk" if prefix else "pk"), state__in=USABLE)
    mail = Channel.objects.filter(person=OuterRef(f"{prefix}pk" if prefix else "pk"), kind=Channel.Kind.MAIL)
    mail = mail.exclude(state=Channel.State.UNCONFIRMED)
    unmailed = Q(**{f"{prefix}email": ""}) | Exists(mail)
    return Q(**{f"{prefix}user": None}) & ~Exists(usable) & unmailed


@dataclass(frozen=True)
class Scope:
    """Whose records may be seen: the people in these units and below ("" for the whole organisation)."""

    paths: tuple[str, ...] = ("",)

    def within(self, prefix: str = "") -> Q:
        """Filter on people in scope; `prefix` leads to the person ("person__")."""
        if "" in self.paths:
            return Q()
        found = Q(pk__in=[])
        for path in self.paths:
            found |= Q(**{f"{prefix}unit__path__startswith": path})
        return found


EVERYBODY = Scope()


@dataclass(frozen=True)
class Stage:
    """The counts of a must-read (or of a part of it), each with what was lost on the way to it.

    Reached: it is before their eyes when they sign in, or a channel took it, or they have seen it. Opened: seen while
    signed in, and nothing else. Seen: opened, or signed on a list without that.
    """

    asked: int
    reached: int
    opened: int
    seen: int
    acknowledged: int
    in_time: int
    overdue: int
    unreachable: int
    on_list: int

    @property
    def waiting(self) -> int:
        """No account, and a channel that has not taken it yet."""
        return max(0, self.asked - self.reached - self.unreachable)

    @property
    def late(self) -> int:
        """Acknowledged after the due time."""
        return self.acknowledged - self.in_time

    @property
    def unopened(self) -> int:
        """Reached, and neither opened nor signed on a list."""
        return max(0, self.reached - self.seen)

    @property
    def unsigned(self) -> int:
        """Opened, and not acknowledged."""
        return max(0, self.seen - self.acknowledged)


COUNTED = tuple(counted.name for counted in fields(Stage))


@dataclass(frozen=True)
class UnitLine:
    """One unit's part of a must-read."""

    unit_id: int | None
    name: str
    head: str
    stage: Stage


def of_directive(directive: Directive | Given, scope: Scope = EVERYBODY) -> QuerySet[Delivery]:
    """The deliveries that a directive asks for: those of its newest version, withdrawn and replaced ones left out."""
    rows = Delivery.objects.filter(scope.within("person__"), reasons__directive=directive)
    return rows.exclude(state__in=[Delivery.State.WITHDRAWN, Delivery.State.EXPIRED])


def without_row(directive: Directive, scope: Scope = EVERYBODY) -> QuerySet[AudienceMember]:
    """Members of the audience with an open broadcast and no row yet: asked, and nothing has happened."""
    broadcast = _open_broadcasts(directive).first()
    if broadcast is None:
        return AudienceMember.objects.none()
    return _rowless(broadcast.version_id, directive.audience_id, scope)


def _open_broadcasts(directive: Directive | Given) -> QuerySet[Broadcast]:
    return Broadcast.objects.filter(directive=directive, closed_at=None, spread_at=None).order_by("-pk")


def _rowless(version: Any, audience: Any, scope: Scope) -> QuerySet[AudienceMember]:
    rows = Delivery.objects.filter(person=OuterRef("person"), version=version)
    return AudienceMember.objects.filter(scope.within("person__"), ~Exists(rows), audience=audience)


def stage_of(directive: Directive, scope: Scope = EVERYBODY) -> Stage:
    """The counts of a whole directive."""
    return in_parts(directive, scope)[0]


def in_parts(directive: Directive, scope: Scope = EVERYBODY) -> tuple[Stage, list[UnitLine]]:
    """The counts of a whole directive, and those of the deliveries by the people's unit, the most overdue first."""
    rows = _units_counted(scope).rows(directive=directive.pk, now=timezone.now())
    lines = [UnitLine(unit, name or "", head or "", Stage(*counts)) for unit, name, head, *counts in rows]
    sums = {name: sum(getattr(line.stage, name) for line in lines) for name in COUNTED}
    for name, count in _waiting_without_row(directive, scope).items():
        sums[name] += count
    return Stage(**sums), lines


def _waiting_without_row(directive: Directive, scope: Scope) -> dict[str, int]:
    for (version,) in _broadcast_version.rows(directive=directive.pk):
        return _rowless_counted(scope).of(version=version, audience=directive.audience_id)
    return {}


_broadcast_version = Prepared(lambda: _open_broadcasts(Given("directive")).values_list("version")[:1], keeps_plan=True)


@lru_cache(256)
def _rowless_counted(scope: Scope) -> PreparedFigures:
    counts = {
        "asked": Count("pk"),
        "reached": Count("pk", filter=Q(person__user__isnull=False)),
        "unreachable": Count("pk", filter=no_channel("person__")),
    }
    return PreparedFigures(lambda: (_rowless(Given("version"), Given("audience"), scope), counts))


@lru_cache(256)
def _units_counted(scope: Scope) -> Prepared:
    """Unit, its name, its head's name, and the counts named in COUNTED of a directive's deliveries to its people."""
    unit = ("person__unit", "person__unit__name", "person__unit__head__name")
    rows: Any = of_directive(Given("directive"), scope).values(*unit).annotate(**_counts())
    return Prepared(lambda: rows.order_by("-overdue", "person__unit__name").values_list(*unit, *COUNTED))


def stage_tests(now: Any = None) -> dict[str, Q]:
    """What makes a delivery one of each stage (now, or at that moment), by its name; "asked" are all of them."""
    signed = Q(acknowledged_at__isnull=False)
    opened = Q(opened_at__isnull=False)
    seen = opened | signed
    cut_off = no_channel("person__")
    reached = seen | (Q(Q(sent_at__isnull=False) | Q(person__user__isnull=False)) & ~cut_off)
    in_time = signed & (Q(due_at=None) | Q(acknowledged_at__lte=F("due_at")))
    lists = Acknowledgement.objects.filter(manner=Acknowledgement.Manner.LIST)
    return {
        "asked": Q(),
        "reached": reached,
        "unreachable": cut_off & ~seen,
        "waiting": ~reached & ~cut_off,
        "opened": opened,
        "seen": seen,
        "unopened": reached & ~seen,
        "acknowledged": signed,
        "unsigned": seen & ~signed,
        "in_time": in_time,
        "late": signed & Q(acknowledged_at__gt=F("due_at")),
        "overdue": Q(must_acknowledge=True, acknowledged_at=None, due_at__lt=now or timezone.now()),
        "on_list": Q(Exists(lists.filter(person=OuterRef("person"), version=OuterRef("version")))),
    }


# --- The organisation -------------------------------------------------------------------------------------------------


def overdue(scope: Scope = EVERYBODY, now: Any = None) -> QuerySet[Delivery]:
    """Every must-read past its hour (of now, when no moment is given) and not acknowledged, the oldest first."""
    rows = Delivery.objects.filter(must_acknowledge=True, acknowledged_at=None, due_at__lt=now or timezone.now())
    rows = rows.filter(scope.within("person__"))
    rows = rows.exclude(state__in=[Delivery.State.WITHDRAWN, Delivery.State.EXPIRED]).filter(person__erased_at=None)
    return rows.select_related("person__unit", "version").defer("version__text").order_by("due_at", "person__name")


def unreached(scope: Scope = EVERYBODY) -> QuerySet[Person]:
    """Active people whom nothing reaches: no account, no working channel."""
    return Person.objects.active().filter(no_channel(), scope.within()).select_related("unit").order_by("name")


def _hours(duration: timedelta) -> float:
    return round(duration.total_seconds() / 3600, 1)


UNREACHED_HEADER = ("person", "number", "unit", "location", "mail")


def unreached_rows(scope: Scope = EVERYBODY) -> Iterator[tuple[str, ...]]:
    """Those whom nothing reaches, as rows under UNREACHED_HEADER; `mail` is an address that refuses, or empty."""
    for person in unreached(scope).iterator(chunk_size=2_000):
        yield (person.name, person.number, person.unit.name if person.unit else "", person.location, person.email)


def curve(
    directive: Directive, total: int, scope: Scope = EVERYBODY, steps: int = 24
) -> tuple[list[float], list[float], list[float]]:
    """How fast they knew: hours since each was asked, the share (in %) that had opened or signed by then, and that had
    acknowledged.

    `total` is how many were asked, those without a row included.
    """
    if not total:
        return [], [], []
    rows = _moments(scope).rows(directive=directive.pk)
    seen = sorted(min(filter(None, row[1:])) - row[0] for row in rows if any(row[1:]))
    signed = sorted(row[2] - row[0] for row in rows if row[2])
    end = max([timedelta(hours=1), *seen[-1:], *signed[-1:]])
    ticks = [end / steps * number for number in range(steps + 1)]
    return (
        [_hours(tick) for tick in ticks],
        [_share(seen, tick, total) for tick in ticks],
        [_share(signed, tick, total) for tick in ticks],
    )


@lru_cache(256)
def _moments(scope: Scope) -> Prepared:
    rows = of_directive(Given("directive"), scope)
    return Prepared(lambda: rows.values_list("created_at", "opened_at", "acknowledged_at"))


def _share(durations: Sequence[timedelta], until: timedelta, total: int) -> float:
    return round(100 * bisect_right(durations, until) / total, 1)


CHAIN_HEADER = (
    "person",
    "number",
    "unit",
    "entry",
    "title",
    "version",
    "directive",
    "must_read",
    "published",
    "gathered",
    "matched",
    "sent",
    "opened",
    "acknowledged",
    "manner",
    "due",
    "late_seconds",
    "state",
)


def chain(deliveries: QuerySet[Delivery], reader: Person) -> Iterator[tuple[object, ...]]:
    """The chain of each delivery as a row under CHAIN_HEADER, times in UTC (ISO 8601); names as the reader may see."""
    rows = deliveries.select_related("person__unit", "version").defer("version__text")
    rows = rows.order_by("version__number", "person__name", "pk")
    readable = readable_of(reader, deliveries.values("version__entry"))
    for row in with_manner(rows).iterator(chunk_size=2_000):
        mask_delivery(row, readable)
        version = row.version
        moments = (version.published_at, version.gathered_at, row.created_at, row.sent_at, row.opened_at)
        yield (
            row.person.name,
            row.person.number,
            row.person.unit.name if row.person.unit else "",
            version.entry_id,
            version.title,
            version.number,
            row.directive or "",
            row.must_read or "",
            *(moment.isoformat() if moment else "" for moment in (*moments, row.acknowledged_at)),
            row.manner or "",
            row.due_at.isoformat() if row.due_at else "",
            round(row.late_by.total_seconds()) if row.late_by else 0,
            row.state,
        )


def with_manner(deliveries: QuerySet[Delivery]) -> QuerySet[Any]:
    """The same, each with `manner`: how its person acknowledged (signed_in or list), None when they have not.

    And with the must-read that asks it, or None: `directive` is its number, `must_read` its name.
    """
    given = Acknowledgement.objects.filter(person=OuterRef("person"), version=OuterRef("version"))
    asking = Directive.objects.filter(reasons__delivery=OuterRef("pk")).exclude(state=Directive.State.RECALLED)
    asking = asking.order_by("-acknowledge", "pk")
    return deliveries.annotate(
        manner=Subquery(given.values("manner")[:1]),
        directive=Subquery(asking.values("pk")[:1]),
        must_read=Subquery(asking.values("name")[:1]),
    )


def stages_of(directives: Sequence[Directive], scope: Scope = EVERYBODY) -> dict[int, Stage]:
    """The counts of several directives, in two queries whatever their number."""
    rows = _directives_counted(scope).rows(directives=[each.pk for each in directives], now=timezone.now())
    counted = {pk: dict(zip(COUNTED, counts, strict=True)) for pk, *counts in rows}
    waiting = Broadcast.objects.filter(directive__in=directives, closed_at=None, spread_at=None)
    inside = Count(
        "directive__audience__member_links", filter=scope.within("directive__audience__member_links__person__")
    )
    members = dict(waiting.annotate(n=inside).values_list("directive", "n"))
    empty = dict.fromkeys(COUNTED, 0)
    return {
        directive.pk: _with_waiting(counted.get(directive.pk, empty), members.get(directive.pk, 0))
        for directive in directives
    }


@lru_cache(256)
def _directives_counted(scope: Scope) -> Prepared:
    """A directive and the counts named in COUNTED, for each of those that are given."""
    rows = Delivery.objects.filter(scope.within("person__"), reasons__directive__among=Given("directives"))
    rows = rows.exclude(state__in=[Delivery.State.WITHDRAWN, Delivery.State.EXPIRED])
    grouped: Any = rows.values("reasons__directive").annotate(**_counts())
    return Prepared(lambda: grouped.values_list("reasons__directive", *COUNTED))


def _counts() -> dict[str, Count]:
    tests = stage_tests(Given("now"))
    return {name: Count("pk", filter=tests[name] or None, distinct=True) for name in COUNTED}


def _with_waiting(counts: dict[str, int], members: int) -> Stage:
    return Stage(**{**counts, "asked": max(counts["asked"], members)})
