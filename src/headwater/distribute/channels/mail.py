"""Mail by SMTP: at least once, always with the same Message-ID for the same sending."""

import smtplib
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMessage

from headwater.core.mail import Backend
from headwater.distribute.channels.outgoing import Outgoing, Refusal, Trouble


def message_id(key: str) -> str:
    """The fixed Message-ID of a sending."""
    host = settings.HEADWATER_ORIGIN.split("://")[-1].split(":")[0].split("/")[0] or "localhost"
    return f"<{key}@{host}>"


def compose(outgoing: Outgoing) -> EmailMessage:
    """The mail as it goes out. Only what one may leave carries List-Unsubscribe (RFC 2369, one click by RFC 8058)."""
    headers = {"Message-ID": message_id(outgoing.key), "Auto-Submitted": "auto-generated"}
    if outgoing.unsubscribe_url and not outgoing.message.essential:
        headers["List-Unsubscribe"] = f"<{outgoing.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    subject = " ".join(outgoing.message.subject.split())
    to = formataddr((outgoing.person_name, outgoing.address))
    return EmailMessage(subject, outgoing.message.body, settings.HEADWATER_MAIL_FROM, [to], headers=headers)


def send(outgoing: Outgoing) -> None:
    """Hand the mail to the server. Raises `Refusal` when the server refuses the address for good, else `Trouble`."""
    try:
        # Nothing is sent inside a transaction, so no context says whose outbox it is.
        Backend(organisation_id=outgoing.organisation_id).send_messages([compose(outgoing)])
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        reason = f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
        raise (Refusal if 500 <= code < 600 else Trouble)(reason) from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise Trouble(f"{type(error).__name__}: {error}") from error
