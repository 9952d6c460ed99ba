"""Where mail leaves the house: the organisation's SMTP server, or a visible outbox while there is none."""

import io
import smtplib
import socket
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from headwater.core.mail_url import MailServer, read_mail_url
from headwater.core.wall import maybe_organisation_id

STEP_SECONDS = 20.0  # to connect, and for each answer
MAIL_SECONDS = 100.0  # for a mail and all that belongs to it


def outbox_folder(organisation_id: int | None) -> Path:
    """Where mail waits to be looked at; mail that belongs to no organisation (a password reset) lies in `0`."""
    return Path(settings.HEADWATER_HOME) / "outbox" / str(organisation_id or 0)


class Backend(SmtpBackend):
    """SMTP by `HEADWATER_MAIL_URL` (smtp://, smtp+tls:// for STARTTLS, smtps://); without it, files in the outbox.

    `organisation_id`: in whose outbox; whoever sends inside an organisation's context need not say it. Raises
    ConnectionError when the address names no server: mail waits, as it does for one that is away.
    """

    def __init__(self, fail_silently: bool = False, organisation_id: int | None = None, **_: Any) -> None:
        self.organisation_id = organisation_id
        server = _server()
        super().__init__(
            host=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_ssl=server.scheme == "smtps",
            use_tls=server.scheme == "smtp+tls",
            timeout=STEP_SECONDS,
            fail_silently=fail_silently,
        )

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """How to speak with the server: in time."""
        return _TimelyTls if self.use_ssl else _Timely

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if settings.HEADWATER_MAIL_URL:
            return super().send_messages(email_messages) or 0
        for message in email_messages:
            self._keep(message)
        return len(email_messages)

    def _keep(self, message: EmailMessage) -> None:
        folder = outbox_folder(self.organisation_id or maybe_organisation_id())
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns()}-{uuid.uuid4().hex[:8]}.eml"
        (folder / f".{name}").write_bytes(message.message().as_bytes())
        (folder / f".{name}").rename(folder / name)


def _server() -> MailServer:
    if not settings.HEADWATER_MAIL_URL:
        return MailServer("smtp", "", 0, "", "")
    try:
        return read_mail_url(settings.HEADWATER_MAIL_URL)
    except ValueError as error:
        raise ConnectionError(str(error)) from error


# --- In time ----------------------------------------------------------------------------------------------------------
# A timeout of a socket begins anew with each byte. Whoever sends must know until when a mail can still go out: after
# that, others may send it in their stead.


class BrokenOff(smtplib.SMTPServerDisconnected):
    """The server went, or was silent, while it was given the mail: what is in it may be the reason."""


class _Timely(smtplib.SMTP):
    """SMTP for one mail: it ends MAIL_SECONDS after it began to connect, and nothing is sent from then on.

    A server that has been given the mail may look into it for as long as that allows: who leaves it then gets the mail
    delivered, and sends it again.
    """

    def __init__(self, *where: Any, **how: Any) -> None:
        self._until = time.monotonic() + MAIL_SECONDS
        self._step = STEP_SECONDS
        super().__init__(*where, **how)

    def send(self, s: Any) -> None:
        try:
            self.limit_waiting()
        except TimeoutError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(str(error)) from error
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Replies(self, self.sock))
        return super().getreply()

    def data(self, msg: Any) -> tuple[int, bytes]:
        self._step = MAIL_SECONDS
        try:
            return super().data(msg)
        except smtplib.SMTPServerDisconnected as error:
            raise BrokenOff(str(error)) from error
        finally:
            self._step = STEP_SECONDS

    def limit_waiting(self) -> None:
        """Let the next wait end in time. Raises TimeoutError when there is none left."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"The mail server took more than {MAIL_SECONDS:.0f} seconds for one mail")
        if self.sock is not None:
            self.sock.settimeout(min(left, self._step))


class _TimelyTls(_Timely, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class _Replies(io.RawIOBase):
    """What the server says, read no longer than there is time."""

    def __init__(self, timely: _Timely, connection: socket.socket) -> None:
        self._timely = timely
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._timely.limit_waiting()
        try:
            return self._connection.recv_into(buffer)
        except TimeoutError:
            self._timely.limit_waiting()  # says so where it was the last wait there was time for
            raise
