"""A folder of an IMAP mailbox: new messages by UID, read without marking them as read."""

import email
import email.policy
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from imap_tools import BaseMailBox, ImapToolsError, MailboxLoginError

from headwater.gather.connectors.base import Fetched, FetchFailed, Found, Listing, SourceFailed, checksum, short_key
from headwater.gather.connectors.base import marked as _
from headwater.gather.connectors.guard import Policy, check_host, connect

_BATCH = 200
_UID = re.compile(rb"UID (\d+)")
_HEADERS = "(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID SUBJECT FROM DATE)])"
_SECURITIES = ("ssl", "starttls", "none")


@dataclass(frozen=True)
class Mailbox:
    """Settings: `host`, `port`, `security` (ssl, starttls, none), `folder`, `username`. Secret: `password`."""

    host: str
    port: int
    security: str
    folder: str
    username: str
    password: str
    policy: Policy = field(default_factory=Policy)

    @classmethod
    def from_settings(cls, settings: dict[str, Any], secret: dict[str, str], policy: Policy) -> "Mailbox":
        """Raises SourceFailed when host or name is missing."""
        host, username = str(settings.get("host", "")).strip(), str(settings.get("username", "")).strip()
        security = str(settings.get("security") or "ssl")
        if not host or not username or security not in _SECURITIES:
            field = "username" if host else "host"
            remedy = _("Enter its host and the name to sign in with")
            raise SourceFailed(_("No mailbox is named"), remedy, field=field)
        port = int(settings.get("port") or (993 if security == "ssl" else 143))
        check_host(host, port, policy, "host")
        folder = str(settings.get("folder") or "INBOX")
        return cls(host, port, security, folder, username, secret.get("password", ""), policy)

    def open(self, cursor: dict[str, Any]) -> Listing:
        """Every message of the folder; headers are asked for only of those not in the cursor. Raises SourceFailed."""
        listing = Listing({})
        box = self._sign_in()
        listing.resources.callback(_leave, box)
        try:
            validity, uids = self._enter(box)
        except SourceFailed:
            listing.resources.close()
            raise
        # Another validity means that the server numbers anew: nothing known about numbers holds any more.
        known = cursor.get("keys", {}) if cursor.get("validity") == validity else {}
        listing.cursor = {"validity": validity, "keys": {uid: known[uid] for uid in uids if uid in known}}
        listing.total = len(uids)
        listing.found = self._found(box, uids, listing)
        return listing

    def _found(self, box: BaseMailBox, uids: list[str], listing: Listing) -> Iterator[Found]:
        keys: dict[str, str] = listing.cursor["keys"]
        for uid in [uid for uid in uids if uid in keys]:
            yield Found(keys[uid], "mail", "message.eml", _fetch(box, uid))
        fresh = [uid for uid in uids if uid not in keys]
        for start in range(0, len(fresh), _BATCH):
            for uid, head in _heads(box, fresh[start : start + _BATCH]):
                found = _message(box, uid, head, listing.cursor["validity"])
                keys[uid] = found.key
                yield found
        listing.complete = True

    def after(self, place: Callable[[str], int], at_most: int = 500) -> Iterator[tuple[int, bytes]]:
        """Whole messages, oldest first, with their numbers, from those after `place(validity)` on; none is marked.

        `validity` names how the server numbers them: with another one, numbers begin anew. Raises SourceFailed, and
        FetchFailed where one message cannot be had.
        """
        box = self._sign_in()
        try:
            validity, uids = self._enter(box)
            since = place(validity)
            fresh = sorted(number for uid in uids if (number := int(uid)) > since)
            for number in fresh[:at_most]:
                yield number, _fetch(box, str(number))().content
        finally:
            _leave(box)

    def _enter(self, box: BaseMailBox) -> tuple[str, list[str]]:
        """Opens the folder for reading alone: how it is numbered, and the numbers of its messages."""
        try:
            status = box.folder.status(self.folder, ["UIDVALIDITY"])
            box.folder.set(self.folder, readonly=True)
            return str(status.get("UIDVALIDITY", "")), box.uids("ALL", charset=None)
        except (ImapToolsError, imaplib.IMAP4.error, OSError) as error:
            message = _("The folder %(folder)s cannot be opened")
            raise SourceFailed(message, _("Check how it is written"), folder=self.folder) from error

    def _sign_in(self) -> BaseMailBox:
        try:
            box = _Box(self)
        except (imaplib.IMAP4.error, OSError, FetchFailed) as error:
            if isinstance(error, SourceFailed):
                raise
            message, remedy = _("No answer from %(host)s: %(error)s"), _("Check host, port and security")
            raise SourceFailed(message, remedy, host=self.host, error=str(error)) from error
        try:
            box.login(self.username, self.password, initial_folder=None)
        except MailboxLoginError as error:
            _leave(box)
            raise SourceFailed(_("The mailbox refused the name or password"), _("Enter them again")) from error
        except (ImapToolsError, imaplib.IMAP4.error, OSError) as error:
            _leave(box)
            message = _("%(host)s broke off while signing in")
            raise SourceFailed(message, _("It is tried again next time"), host=self.host) from error
        return box


class _Box(BaseMailBox):
    """imap-tools over a connection whose address was checked."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        mailbox = self._mailbox
        client = (_GuardedTls if mailbox.security == "ssl" else _GuardedPlain)(mailbox)
        if mailbox.security == "starttls":
            client.starttls(ssl.create_default_context())
        return client


class _GuardedPlain(imaplib.IMAP4):
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        super().__init__(mailbox.host, mailbox.port, mailbox.policy.step_seconds)

    def _create_socket(self, timeout: float | None) -> Any:
        return connect(self.host, self.port, self._mailbox.policy, timeout)


class _GuardedTls(_GuardedPlain):
    def _create_socket(self, timeout: float | None) -> Any:
        plain = super()._create_socket(timeout)
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def _leave(box: BaseMailBox) -> None:
    try:
        box.logout()
    except (ImapToolsError, imaplib.IMAP4.error, OSError):
        # A server that says goodbye in its own way, or none at all: the connection is closed all the same.
        with suppress(OSError):
            box.client.shutdown()


def _heads(box: BaseMailBox, uids: list[str]) -> Iterator[tuple[str, bytes]]:
    """The few headers of these messages, as (uid, bytes)."""
    try:
        _status, answer = box.client.uid("fetch", ",".join(uids), _HEADERS)
    except (imaplib.IMAP4.error, OSError) as error:
        raise SourceFailed(_("The mailbox broke off"), _("It is tried again next time")) from error
    for part in answer:
        if isinstance(part, tuple) and (match := _UID.search(part[0])):
            yield match[1].decode(), part[1]


def _message(box: BaseMailBox, uid: str, head: bytes, validity: str) -> Found:
    headers = email.message_from_bytes(head, policy=email.policy.compat32)
    identity = " ".join(str(headers.get("Message-ID", "")).split())
    # A message without an id is known by its place; with one it stays the same when the server numbers anew.
    key = short_key(identity or f"{validity};{uid};{checksum(head)[:16]}")
    return Found(key, "mail", "message.eml", _fetch(box, uid), published=_date(str(headers.get("Date", ""))))


def _date(words: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(words)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo else None


def _fetch(box: BaseMailBox, uid: str) -> Callable[[], Fetched]:
    def fetch() -> Fetched:
        try:
            _status, answer = box.client.uid("fetch", uid, "(BODY.PEEK[])")
        except (imaplib.IMAP4.error, OSError) as error:
            raise FetchFailed(_("The mailbox broke off"), _("It is tried again next time")) from error
        content = next((part[1] for part in answer if isinstance(part, tuple)), None)
        if content is None:
            raise FetchFailed(_("The message is no longer there"))
        return Fetched(content, "message/rfc822")

    return fetch
