"""The API of proof: who was asked and who knows, the chain of a version, who is late, whom nothing reaches, the log."""

from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema

from headwater.core.actions import require
from headwater.core.paging import Paging
from headwater.core.references import Id
from headwater.distribute import audit, proof, rules
from headwater.distribute.awareness import time_to_aware
from headwater.distribute.masking import mask_deliveries
from headwater.distribute.models import Delivery, Directive
from headwater.distribute.sheets import csv_response
from headwater.people.request import Request
from headwater.search.models import Entry, EntryVersion

router = Router(tags=["distribute"])


class StageOut(Schema):
    """The counts of a must-read. Asked are those reached, those waiting to be sent something, and the unreachable.

    Opened is seen while signed in; seen are also those who signed on a list without that.
    """

    asked: int
    reached: int
    waiting: int
    opened: int
    seen: int
    acknowledged: int
    in_time: int
    late: int
    overdue: int
    unreachable: int
    on_list: int


class ChainLine(Schema):
    """What became of one version for one person; `title` and `must_read` only where the asker may read it."""

    delivery_id: int
    person_id: int
    person: str
    entry_id: int
    version_id: int
    title: str
    number: int
    directive_id: int | None
    must_read: str
    state: str
    must_acknowledge: bool
    published: datetime | None
    gathered: datetime | None
    matched: datetime
    sent: datetime | None
    opened: datetime | None
    acknowledged: datetime | None
    manner: str
    due: datetime | None
    late_seconds: int


class ChainLines(Schema):
    """A part of a list of chains, and how many there are."""

    items: list[ChainLine]
    count: int


class PersonLine(Schema):
    """Somebody whom nothing reaches."""

    person_id: int
    person: str
    unit_id: int | None
    location: str


class PersonLines(Schema):
    """A part of a list of people, and how many there are."""

    items: list[PersonLine]
    count: int


class AwareLine(Schema):
    """Time-to-aware of one group, in seconds; the group is empty for all together."""

    group: str
    known: int
    median_seconds: int
    p95_seconds: int


class AwareLines(Schema):
    """A part of the groups, and how many there are."""

    items: list[AwareLine]
    count: int


class EventLine(Schema):
    """One line of the audit log."""

    id: int
    at: datetime
    actor_id: int | None
    door: str
    verb: str
    subject: str
    subject_id: int | None
    details: dict[str, Any]


class EventLines(Schema):
    """A part of the audit log, newest first, and how many lines there are."""

    items: list[EventLine]
    count: int


class PeopleOfStage(Paging.Input):
    """Which figure of the proof; asked are all."""

    stage: Literal[
        "asked",
        "reached",
        "waiting",
        "unreachable",
        "opened",
        "seen",
        "unopened",
        "acknowledged",
        "unsigned",
        "in_time",
        "late",
        "overdue",
        "on_list",
    ] = "asked"


class LateOnes(Paging.Input):
    """Of which must-read and which unit; all of them unless said."""

    directive: Id | None = None
    unit: Id | None = None


class Measured(Paging.Input):
    """Over how many days, and by what: all together unless said."""

    days: int = Query(30, ge=1, le=366)
    by: Literal["", "source", "topic", "unit"] = ""


class LoggedWhole(Schema):
    """Only of one verb, and only by one person, when said."""

    verb: str = ""
    person: Id | None = None


class Logged(Paging.Input, LoggedWhole):
    """The same, in parts."""


def _scope(request: Request) -> proof.Scope:
    paths = rules.proof_paths(request.person)
    require(bool(paths), _("Only knowledge managers, executives and heads of units see the proof."))
    return proof.Scope(paths)


def _part(rows: QuerySet[Any], asked: Paging.Input) -> QuerySet[Any]:
    return rows[asked.offset : asked.offset + asked.limit]


def _chain(request: Request, rows: QuerySet[Delivery], asked: Paging.Input) -> dict[str, Any]:
    """A part of the deliveries as chains; titles that the person may not read are taken out."""
    told = proof.with_manner(rows).select_related("person", "version").defer("version__text")
    shown = list(_part(told, asked))
    mask_deliveries(request.person, shown)
    return {"items": [_chain_line(row) for row in shown], "count": rows.count()}


def _chain_line(row: Any) -> dict[str, Any]:
    late = row.late_by
    return {
        "delivery_id": row.pk,
        "person_id": row.person_id,
        "person": row.person.name,
        "entry_id": row.version.entry_id,
        "version_id": row.version_id,
        "title": row.version.title,
        "number": row.version.number,
        "directive_id": row.directive,
        "must_read": row.must_read or "",
        "state": row.state,
        "must_acknowledge": row.must_acknowledge,
        "published": row.version.published_at,
        "gathered": row.version.gathered_at,
        "matched": row.created_at,
        "sent": row.sent_at,
        "opened": row.opened_at,
        "acknowledged": row.acknowledged_at,
        "manner": row.manner or "",
        "due": row.due_at,
        "late_seconds": round(late.total_seconds()) if late else 0,
    }


@router.get("/directives/{int:pk}/proof", response=StageOut, operation_id="prove_directive")
def prove_directive(request: Request, pk: int) -> proof.Stage:
    """Who was asked, reached, opened, acknowledged, and is overdue, in numbers."""
    return proof.stage_of(get_object_or_404(Directive, pk=pk), _scope(request))


@router.get("/directives/{int:pk}/people", response=ChainLines, operation_id="list_directive_people")
def list_directive_people(request: Request, pk: int, asked: Query[PeopleOfStage]) -> dict[str, Any]:
    """The people whom a figure of the proof was counted from, each with their chain."""
    rows = proof.of_directive(get_object_or_404(Directive, pk=pk), _scope(request))
    return _chain(request, rows.filter(proof.stage_tests()[asked.stage]).order_by("person__name", "pk"), asked)


@router.get("/versions/{int:pk}/chain", response=ChainLines, operation_id="list_chain")
def list_chain(request: Request, pk: int, asked: Query[Paging.Input]) -> dict[str, Any]:
    """The way of a version: published, gathered, matched, sent, opened, acknowledged, by whom, how late."""
    scope = _scope(request)
    version = get_object_or_404(EntryVersion, pk=pk, entry__in=Entry.objects.readable_by(request.person))
    return _chain(request, version.deliveries.filter(scope.within("person__")).order_by("person__name", "pk"), asked)


@router.get("/overdue", response=ChainLines, operation_id="list_overdue")
def list_overdue(request: Request, asked: Query[LateOnes]) -> dict[str, Any]:
    """Every must-read past its hour and not acknowledged, the oldest first."""
    rows = proof.overdue(_scope(request))
    if asked.directive is not None:
        rows = rows.filter(reasons__directive=asked.directive)
    if asked.unit is not None:
        rows = rows.filter(person__unit=asked.unit)
    return _chain(request, rows, asked)


@router.get("/unreached", response=PersonLines, operation_id="list_unreached")
def list_unreached(request: Request, asked: Query[Paging.Input]) -> dict[str, Any]:
    """Active people whom no account and no channel reaches."""
    rows = proof.unreached(_scope(request))
    items = [
        {"person_id": each.pk, "person": each.name, "unit_id": each.unit_id, "location": each.location}
        for each in _part(rows, asked)
    ]
    return {"items": items, "count": rows.count()}


@router.get("/time-to-aware", response=AwareLines, operation_id="measure_awareness")
def measure_awareness(request: Request, asked: Query[Measured]) -> dict[str, Any]:
    """How long it took until what became known in the last days was known: median and 95th percentile."""
    groups = time_to_aware(asked.days, asked.by, _scope(request))
    items = [
        {
            "group": each.label,
            "known": each.people,
            "median_seconds": round(each.median.total_seconds()),
            "p95_seconds": round(each.late.total_seconds()),
        }
        for each in groups[asked.offset : asked.offset + asked.limit]
    ]
    return {"items": items, "count": len(groups)}


@router.get("/audit", response=EventLines, operation_id="list_audit")
def list_audit(request: Request, asked: Query[Logged]) -> dict[str, Any]:
    """The audit log, newest first: who did which verb to what, through which door."""
    require(rules.may_see_audit(request.person), _("Only administrators and knowledge managers read the audit log."))
    rows = audit.events(asked.verb, asked.person)
    return {"items": list(_part(rows, asked)), "count": rows.count()}


@router.get("/audit.csv", operation_id="export_audit", response={200: bytes})
def export_audit(request: Request, asked: Query[LoggedWhole]) -> HttpResponse:
    """The audit log as CSV, the whole of it or what was asked for."""
    require(rules.may_see_audit(request.person), _("Only administrators and knowledge managers read the audit log."))
    return csv_response("audit", audit.HEADER, audit.rows(audit.events(asked.verb, asked.person)))
