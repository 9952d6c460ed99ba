"""What every channel is given, and how it says that it could not."""

from dataclasses import dataclass, field

from headwater.distribute.messages import Message


@dataclass(frozen=True)
class Outgoing:
    """One message on its way: `key` never changes over retries; `address` and `secret` are the channel's.

    `organisation_id` says in whose outbox it lies while there is no mail server.
    """

    key: str
    address: str
    secret: str
    message: Message
    person_name: str
    unsubscribe_url: str = ""
    payload: dict[str, object] = field(default_factory=dict)
    organisation_id: int | None = None


class Trouble(Exception):
    """It did not go out; trying again later may help. The message says what happened."""


class Unfit(Trouble):
    """This message cannot be sent as it is: the other side was not asked."""


class NotTaken(Trouble):
    """The other side does not take it for now. One that goes on so for days counts as broken."""


class Down(Trouble):
    """The way itself is closed for now, to everybody: the rest need not try, and nothing was learnt of this one."""


class BrokenOff(Down):
    """It closed while this message was handed over: to everybody, or because of what is in this one."""


class Uncertain(Trouble):
    """It may have gone out: the other side has not answered in time."""


class Refusal(Trouble):
    """The other side will not take it, now or later: the channel is suspended and its person shown as not reached."""
