"""The API of the inbox and of what was delivered."""

from datetime import datetime
from typing import Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema

from headwater.core.addresses import address
from headwater.core.bodies import Body
from headwater.core.counting import AtLeast
from headwater.core.paging import Paging
from headwater.core.references import Id, Text, refuse_reference, required
from headwater.distribute import actions, lines
from headwater.distribute.delivering import row_for
from headwater.distribute.inbox import inbox_of
from headwater.distribute.models import Acknowledgement, Delivery
from headwater.distribute.taking_in import look_in
from headwater.people.models import Person
from headwater.people.request import Request
from headwater.search.models import Entry, EntryVersion

router = Router(tags=["distribute"])


class InboxLine(Schema):
    """One line of an inbox; `reasons` says in words why it came."""

    delivery_id: int
    entry_id: int
    version_id: int
    title: str
    url: str
    kind: str
    state: str
    must_acknowledge: bool
    urgent: bool
    due: datetime | None
    came: datetime
    sentence: str
    reasons: list[str]


def inbox_line(line: lines.InboxLine) -> dict[str, Any]:
    """A line of an inbox as plain data; the command line prints the same."""
    delivery, version = line.delivery, line.delivery.version
    return {
        "delivery_id": delivery.pk,
        "entry_id": version.entry_id,
        "version_id": version.pk,
        "title": version.title,
        "url": address("home:entry", pk=version.entry_id),
        "kind": version.entry.kind,
        "state": delivery.state,
        "must_acknowledge": delivery.must_acknowledge,
        "urgent": delivery.urgent,
        "due": delivery.due_at,
        "came": delivery.came_at,
        "sentence": line.sentence,
        "reasons": [reason.sentence() for reason in line.reasons],
    }


class InboxLines(Schema):
    """A part of an inbox, and how many lines there are; beyond a thousand, `count` is a thousand and not exact.

    `next` is the place after which the rest begins; empty where there is none.
    """

    items: list[InboxLine]
    count: int
    count_is_exact: bool
    next: str


class InboxPart(Paging.Input):
    """Which tab: must (most pressing first), unread, done or all (newest first).

    `after` goes on from a place that a part named as its `next`, as quickly at the end of a long inbox as at its
    beginning; with it, `offset` counts for nothing.
    """

    tab: Literal["all", "must", "unread", "done"] = "all"
    after: Text = ""


@router.get("/inbox", response=InboxLines, operation_id="list_inbox")
def list_inbox(request: Request, asked: Query[InboxPart]) -> dict[str, Any]:
    """What came for the person."""
    tab = lines.Tab(request.person, asked.tab)
    ahead = look_in(request, [] if asked.after else [tab.first(asked.offset + asked.limit)])
    count, part = tab.count(ahead), _part(tab, asked)
    return {
        "items": [inbox_line(line) for line in part.lines],
        "count": count,
        "count_is_exact": not isinstance(count, AtLeast),
        "next": part.last if part.has_later else "",
    }


def _part(tab: lines.Tab, asked: InboxPart) -> lines.Stretch:
    if not asked.after:
        return tab.part(asked.offset, asked.limit)
    try:
        return tab.after(asked.after, asked.limit)
    except ValueError:
        refuse_reference(asked.after, "after")


class Acknowledging(Body):
    checksum: str = ""


class Rating(Body):
    useful: bool | None


class Marking(Body):
    deliveries: list[int]


class DeliveryOut(Schema):
    id: int
    version_id: int
    state: str
    opened_at: datetime | None
    acknowledged_at: datetime | None
    useful: bool | None


class AcknowledgementOut(Schema):
    id: int
    person_id: int
    version_id: int
    checksum: str
    manner: str
    at: datetime


def _own_delivery(request: Request, pk: int) -> Delivery:
    return get_object_or_404(inbox_of(request.person), pk=pk)


@router.post("/deliveries/{int:pk}/opening", response=DeliveryOut, operation_id="open_delivery")
def open_delivery(request: Request, pk: int) -> Delivery:
    """Note that the person has seen this version."""
    return actions.open_delivery(request.person, _own_delivery(request, pk))


@router.post("/deliveries/{int:pk}/acknowledgement", response=AcknowledgementOut, operation_id="acknowledge_delivery")
def acknowledge_delivery(request: Request, pk: int, body: Acknowledging) -> Acknowledgement:
    """Attest to have read exactly this version."""
    return actions.acknowledge_delivery(request.person, _own_delivery(request, pk), checksum=body.checksum)


@router.post("/versions/{int:pk}/acknowledgement", response=AcknowledgementOut, operation_id="acknowledge_version")
def acknowledge_version(request: Request, pk: int, body: Acknowledging) -> Acknowledgement:
    """The same by version, which serves for what was broadcast and has no delivery of one's own yet."""
    readable = Entry.objects.current().readable_by(request.person)
    version = get_object_or_404(EntryVersion, pk=pk, entry__in=readable)
    return actions.acknowledge_delivery(request.person, row_for(request.person, version), checksum=body.checksum)


@router.post("/deliveries/{int:pk}/rating", response=DeliveryOut, operation_id="rate_delivery")
def rate_delivery(request: Request, pk: int, body: Rating) -> Delivery:
    """Say whether it was useful."""
    return actions.rate_delivery(request.person, _own_delivery(request, pk), useful=body.useful)


@router.post("/inbox/reading", operation_id="mark_deliveries_read")
def mark_deliveries_read(request: Request, body: Marking) -> dict[str, int]:
    """Mark deliveries as read."""
    return {"changed": actions.mark_deliveries_read(request.person, _marked(request, body))}


@router.delete("/inbox/reading", operation_id="mark_deliveries_unread")
def mark_deliveries_unread(request: Request, body: Marking) -> dict[str, int]:
    """Take the mark back from deliveries that were never opened."""
    return {"changed": actions.mark_deliveries_unread(request.person, _marked(request, body))}


def _marked(request: Request, body: Marking) -> list[Delivery]:
    return list(inbox_of(request.person).filter(pk__in=body.deliveries).select_related("person"))


class SignatureIn(Body):
    person: Id
    version: Id
    evidence: str
    signed_at: datetime | None = None


@router.post("/acknowledgements", response=AcknowledgementOut, operation_id="record_acknowledgement")
def record_acknowledgement(request: Request, body: SignatureIn) -> Acknowledgement:
    """Record a signature on a list."""
    person, version = required(Person, body.person, "person"), required(EntryVersion, body.version, "version")
    return actions.record_acknowledgement(
        request.person, row_for(person, version), body.evidence, signed_at=body.signed_at
    )
