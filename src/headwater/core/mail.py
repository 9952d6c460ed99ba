"""Where mail leaves the house: the organisation's SMTP server, or a visible outbox while there is none."""

import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from headwater.core.wall import maybe_organisation_id


def outbox_folder(organisation_id: int | None) -> Path:
    """Where mail waits to be looked at; mail that belongs to no organisation (a password reset) lies in `0`."""
    return Path(settings.HEADWATER_HOME) / "outbox" / str(organisation_id or 0)


class Backend(SmtpBackend):
    """SMTP by `HEADWATER_MAIL_URL` (smtp://, smtp+tls:// for STARTTLS, smtps://); without it, files in the outbox.

    `organisation_id`: in whose outbox; whoever sends inside an organisation's context need not say it.
    """

    def __init__(self, fail_silently: bool = False, organisation_id: int | None = None, **_: Any) -> None:
        self.organisation_id = organisation_id
        parts = urlsplit(settings.HEADWATER_MAIL_URL)
        super().__init__(
            host=parts.hostname or "",
            port=parts.port or (465 if parts.scheme == "smtps" else 25),
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            use_ssl=parts.scheme == "smtps",
            use_tls=parts.scheme == "smtp+tls",
            timeout=20,
            fail_silently=fail_silently,
        )

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
