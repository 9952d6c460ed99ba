"""Chat and push through apprise: the services of services.py, each by its address.

Such services do not recognise a repeated message, so one is sent at most once, except directives, which are repeated
with a label after a crash (see sending.py).
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any

import apprise

from headwater.distribute.channels import outside
from headwater.distribute.channels.outgoing import NotTaken, Outgoing, Uncertain
from headwater.distribute.channels.outside import check_host, policy
from headwater.distribute.channels.services import service_of
from headwater.gather.connectors.guard import is_public


def check_address(url: str) -> None:
    """Raise `Refusal` for an address of no listed service, with a field that is not listed, or of a machine inside."""
    _outside(service_of(url))


def send(outgoing: Outgoing) -> None:
    """Post the message.

    Raises `Refusal` as `check_address` does, `NotTaken` when the service did not take it, `Uncertain` when it does not
    come to an end.
    """
    service = service_of(outgoing.secret)
    _outside(service)
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its log lines would carry the secret address
    title, body = outgoing.message.subject, outgoing.message.body.strip()
    with _guarded():
        taken = _in_time(lambda: service.notify(title=title, body=body))
    if not taken:
        raise NotTaken("The chat service did not take the message.")


def _in_time(call: Callable[[], bool]) -> bool:
    """What the call says. Its own limits begin anew with each byte; one that goes on for too long is left to itself."""
    answer: Future[bool] = Future()
    context = copy_context()

    def run() -> None:
        try:
            answer.set_result(context.run(call))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=run, name="chat", daemon=True).start()
    try:
        return answer.result(outside.TOTAL_SECONDS)
    except TimeoutError as error:
        raise Uncertain("The chat service has not answered in time.") from error


def _outside(service: apprise.NotifyBase) -> None:
    """A token or a room stands in the host's place of many services: no machine has its name."""
    host = getattr(service, "host", None)
    if isinstance(host, str) and host:
        check_host(host, _port_of(service))


# --- Staying outside --------------------------------------------------------------------------------------------------
# The services open connections of their own. What was checked before is not enough: a redirect, or a name that changes
# its address, would lead inside. So while one of them sends, its thread learns no address but public ones.

_sending: ContextVar[bool] = ContextVar("sending to a chat service", default=False)
_look_up = socket.getaddrinfo


def _look_up_outside(host: Any, port: Any, *rest: Any, **more: Any) -> list[Any]:
    """Addresses as `socket.getaddrinfo` gives them; while a chat service sends, refuses hosts that lie inside."""
    found = _look_up(host, port, *rest, **more)
    inside = _sending.get() and not all(is_public(str(entry[4][0])) for entry in found)
    if inside and not policy().allows(str(host), port if isinstance(port, int) else 0):
        raise OSError("This host is not a public one.")
    return found


@contextmanager
def _guarded() -> Iterator[None]:
    socket.getaddrinfo = _look_up_outside  # once is enough; others pass through it unchanged
    token = _sending.set(True)
    try:
        yield
    finally:
        _sending.reset(token)


def _port_of(service: apprise.NotifyBase) -> int:
    """The port that the service connects to: the one that is written, else its scheme's."""
    return int(service.port) if service.port else 443 if service.secure else 80
