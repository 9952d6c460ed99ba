"""Chat and push through apprise: more than a hundred services, each by its address.

Such services do not recognise a repeated message, so one is sent at most once, except directives, which are repeated
with a label after a crash (see sending.py).
"""

import logging

import apprise
from django.conf import settings

from headwater.distribute.channels.outgoing import Outgoing, Refusal, Trouble
from headwater.gather.connectors.base import FetchFailed
from headwater.gather.connectors.guard import Policy, Refused, checked_address

# Services that write to this machine or run something on it are no way to reach a person.
LOCAL_SCHEMAS = {"dbus", "kde", "qt", "glib", "gnome", "macosx", "syslog", "windows", "schan"}


def check_address(url: str) -> None:
    """Raise `Refusal` for an address that no service understands or that stays within a private network."""
    services = _services(url)
    for service in services:
        schemas = {str(schema) for schema in (service.protocol, service.secure_protocol) for schema in _all(schema)}
        if schemas & LOCAL_SCHEMAS:
            raise Refusal("This address stays on the server itself.")
        _check_host(getattr(service, "host", None))


def send(outgoing: Outgoing) -> None:
    """Post the message. Raises `Trouble` when the service did not take it."""
    check_address(outgoing.secret)
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its log lines would carry the secret address
    body = f"{outgoing.message.body.strip()}"
    if not all(service.notify(title=outgoing.message.subject, body=body) for service in _services(outgoing.secret)):
        raise Trouble("The chat service did not take the message.")


def _services(url: str) -> list[apprise.NotifyBase]:
    found = apprise.Apprise()
    if not found.add(url) or not len(found):
        raise Refusal("No chat or push service understands this address.")
    return list(found)


def _all(schema: object) -> list[object]:
    return list(schema) if isinstance(schema, list | tuple | set) else [schema]


def _check_host(host: str | None) -> None:
    if not host or ("." not in host and host != "localhost" and ":" not in host):
        return  # a token or a room, not a machine: the service's own address is built in
    try:
        checked_address(host, 443, Policy(allowed=frozenset(settings.HEADWATER_ALLOW_FETCH)))
    except Refused as error:
        raise Refusal(str(error)) from error
    except FetchFailed as error:
        raise Trouble(str(error)) from error
