"""Mail that came back: the mailbox of the sender is read, and what could not be delivered suspends its address.

`HEADWATER_BOUNCES_URL` names the mailbox. Every organisation looks for its own mails in it, by their Message-ID, and
remembers how far it has read. Only reports that say "failed" count (RFC 3464); delays and holiday notes do not.
"""

import email
import logging
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from email.policy import compat32
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import SYSTEM
from headwater.core.addresses import address
from headwater.core.models import Cursor
from headwater.core.wall import organisation_context
from headwater.distribute.actions import record_bounce
from headwater.gather.connectors import Fault, Policy
from headwater.gather.connectors.mailbox import Mailbox
from headwater.people.models import Grant, Permission, Person
from headwater.people.notices import settle, tell

_SECURITY = {"imaps": "ssl", "imap+tls": "starttls", "imap": "none"}
_MATTER = "bounces-unread"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Returned:
    """A mail that came back for good: the Message-ID it was sent with, and what the other server said."""

    message_id: str
    reason: str


def returned(content: bytes) -> Returned | None:
    """What a message reports as failed; None for every other message, however damaged."""
    reason: str | None = None
    message_id = ""
    for part in email.message_from_bytes(content, policy=compat32).walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            reason = reason if reason is not None else _failure(part)
        elif kind in ("message/rfc822", "text/rfc822-headers"):
            message_id = message_id or _message_id(part)
    return Returned(message_id, reason) if reason is not None and message_id else None


def _failure(part: Message) -> str | None:
    """Why the first recipient was not reached; None when none failed."""
    blocks = part.get_payload()
    for block in blocks if isinstance(blocks, list) else []:
        if isinstance(block, Message) and str(block.get("Action", "")).strip().lower() == "failed":
            said = str(block.get("Diagnostic-Code", "")).partition(";")[2] or str(block.get("Diagnostic-Code", ""))
            return " ".join(f"{block.get('Status', '')} {said}".split())[:300]
    return None


def _message_id(part: Message) -> str:
    """The Message-ID of the mail that was returned, whole or as its headers alone."""
    inside = part.get_payload()
    if isinstance(inside, list):
        original = inside[0] if inside else None
    else:
        original = email.message_from_bytes(part.get_payload(decode=True) or b"", policy=compat32)  # type: ignore[arg-type]  # decoded: bytes
    return str(original.get("Message-ID", "")).strip() if isinstance(original, Message) else ""


def read_bounces(organisation_id: int) -> None:
    """Reads the mailbox on from where this organisation was, and suspends its addresses that were not reached.

    Every message is taken in by itself, so that a mailbox that breaks off loses nothing. Safe to run twice.
    """
    if not settings.HEADWATER_BOUNCES_URL:
        return
    reading = _Reading(organisation_id)
    try:
        for number, content in mailbox().after(reading.begin):
            reading.take_in(number, content)
    except Fault as fault:
        log.warning("Bounces cannot be read: %s", fault)
        _tell_administrators(organisation_id, fault)
    else:
        with organisation_context(organisation_id):
            settle(_MATTER)


def mailbox() -> Mailbox:
    """The mailbox that bounces come to. Whoever names it in the environment may name a host inside.

    Raises SourceFailed when the address says too little.
    """
    parts = urlsplit(settings.HEADWATER_BOUNCES_URL)
    host = parts.hostname or ""
    given = {"host": host, "port": parts.port, "security": _SECURITY.get(parts.scheme, parts.scheme or "none")}
    given |= {"username": unquote(parts.username or ""), "folder": unquote(parts.path.strip("/")) or "INBOX"}
    policy = Policy(allowed=frozenset({host.lower()}))
    return Mailbox.from_settings(given, {"password": unquote(parts.password or "")}, policy)


class _Reading:
    """How far one organisation has read the mailbox: a place for each way its server has numbered the messages."""

    def __init__(self, organisation_id: int) -> None:
        self.organisation_id = organisation_id
        self._name = ""

    def begin(self, validity: str) -> int:
        """The number of the last message that was taken in."""
        self._name = f"bounces {validity}"[:60]
        with organisation_context(self.organisation_id):
            return Cursor.objects.get_or_create(name=self._name)[0].tx

    def take_in(self, number: int, content: bytes) -> None:
        """Record what the message says, and that it was read, in one transaction."""
        bounce = returned(content)
        with organisation_context(self.organisation_id):
            if bounce is not None:
                _record(bounce)
            Cursor.objects.filter(name=self._name).update(tx=number)


def _record(bounce: Returned) -> None:
    with suppress(ValidationError):  # another organisation's, or no mail of ours
        record_bounce(SYSTEM, bounce.message_id, reason=bounce.reason)


def _tell_administrators(organisation_id: int, fault: Fault) -> None:
    words = _("The mailbox for mail that comes back cannot be read, so nobody learns who is not reached by mail.")
    with organisation_context(organisation_id):
        holders = Grant.objects.filter(permission=Permission.ADMINISTRATOR, unit=None).values("person")
        for person in Person.objects.active().filter(pk__in=holders):
            tell(person, words, address("distribute:unreached"), _MATTER)
