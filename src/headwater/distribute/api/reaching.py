"""The API of preferences, channels and the private feed."""

from datetime import time
from typing import Annotated, Any

from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.pagination import paginate
from pydantic import AfterValidator

from headwater.core.addresses import link
from headwater.core.bodies import Body
from headwater.core.paging import Paging
from headwater.distribute import actions
from headwater.distribute.models import Channel, Preference
from headwater.people.request import Request

router = Router(tags=["distribute"])


# A clock time is the person's own: an offset sent along with it says nothing here and is left out.
ClockTime = Annotated[time, AfterValidator(lambda clock: clock.replace(tzinfo=None))]


class PreferenceIO(Body):
    digest_at: ClockTime
    weekly_on: int
    quiet_from: ClockTime | None = None
    quiet_until: ClockTime | None = None
    budget: int


class ChannelIn(Body):
    kind: str
    address: str
    label: str = ""


class CodeIn(Body):
    """The code from the mail."""

    code: str


class ChannelState(Body):
    state: str


class ChannelOut(Schema):
    id: int
    kind: str
    address: str
    state: str
    trouble: str


class BounceIn(Body):
    key: str
    reason: str = ""


def _channel(request: Request, pk: int) -> Channel:
    return get_object_or_404(Channel, pk=pk, person=request.person)


@router.get("/preferences", response=PreferenceIO, operation_id="show_preferences")
def show_preferences(request: Request) -> Preference:
    """How the person wants to be reached."""
    return Preference.objects.filter(person=request.person).first() or Preference(person=request.person)


@router.put("/preferences", response=PreferenceIO, operation_id="change_preferences")
def change_preferences(request: Request, body: PreferenceIO) -> Preference:
    """Set digest hour, weekly day, quiet hours and budget."""
    return actions.change_preferences(request.person, request.person, **body.dict())


@router.get("/channels", response=list[ChannelOut], operation_id="list_channels")
@paginate(Paging)
def list_channels(request: Request) -> Any:
    """The person's channels; secrets are never shown."""
    return Channel.objects.filter(person=request.person).order_by("pk")


@router.post("/channels", response=ChannelOut, operation_id="add_channel")
def add_channel(request: Request, body: ChannelIn) -> Channel:
    """Add a way to reach the person."""
    return actions.add_channel(request.person, request.person, body.kind, body.address, label=body.label)


@router.put("/channels/{int:pk}", response=ChannelOut, operation_id="change_channel")
def change_channel(request: Request, pk: int, body: ChannelState) -> Channel:
    """Switch a channel on, down to must-reads, or off."""
    return actions.change_channel(request.person, _channel(request, pk), body.state)


@router.post("/channels/{int:pk}/confirmation", response=ChannelOut, operation_id="confirm_channel")
def confirm_channel(request: Request, pk: int, body: CodeIn) -> Channel:
    """Enter the code that was mailed to an address: `state` becomes active; after a wrong code it stays as it is."""
    return actions.confirm_channel(request.person, _channel(request, pk), body.code)


@router.delete("/channels/{int:pk}", operation_id="remove_channel", response={204: None})
def remove_channel(request: Request, pk: int) -> tuple[int, None]:
    """Remove a channel."""
    actions.remove_channel(request.person, _channel(request, pk))
    return 204, None


@router.post("/channels/{int:pk}/subscription-end", response=ChannelOut, operation_id="unsubscribe_channel")
def unsubscribe_channel(request: Request, pk: int) -> Channel:
    """Turn a channel down to must-reads."""
    return actions.unsubscribe_channel(request.person, _channel(request, pk))


@router.post("/channels/{int:pk}/key", response=ChannelOut, operation_id="rotate_webhook_key")
def rotate_webhook_key(request: Request, pk: int) -> Channel:
    """Give a webhook a new signing key (shown on its page)."""
    return actions.rotate_webhook_key(request.person, _channel(request, pk))


@router.post("/feed", operation_id="replace_feed")
def replace_feed(request: Request) -> dict[str, str]:
    """Make the private feed, or give it a new address, which is shown only now."""
    secret = actions.rotate_feed(request.person, request.person)
    return {"url": link("public:feed", secret=secret)}


@router.delete("/feed", operation_id="remove_feed", response={204: None})
def remove_feed(request: Request) -> tuple[int, None]:
    """Remove the private feed."""
    actions.remove_feed(request.person, request.person)
    return 204, None


@router.post("/bounces", response=ChannelOut, operation_id="record_bounce")
def record_bounce(request: Request, body: BounceIn) -> Channel:
    """Note that a mail came back, by its Message-ID."""
    return actions.record_bounce(request.person, body.key, reason=body.reason)
