"""Channels lead outside, and inside only to the hosts that the installation allows."""

from django.conf import settings

from headwater.distribute.channels.outgoing import Refusal
from headwater.gather.connectors.base import FetchFailed
from headwater.gather.connectors.guard import Policy, Refused, checked_address

TOTAL_SECONDS = 60.0  # for one message: far less than after what time it is taken for stuck


def policy() -> Policy:
    """Where channels may go: the public internet, and what this installation's administrator allows."""
    return Policy(allowed=frozenset(settings.HEADWATER_ALLOW_FETCH), total_seconds=TOTAL_SECONDS)


def check_host(host: str, port: int) -> None:
    """Raise `Refusal` for a machine inside, so that whoever writes its address learns it at once.

    A number is a machine in other clothes (2130706433 is 127.0.0.1). A machine that is not known is refused only when
    it is written to, and a name is looked up again then: it may have changed its address.
    """
    try:
        checked_address(host, port, policy())
    except Refused as error:
        raise Refusal(str(error)) from error
    except FetchFailed:
        return
