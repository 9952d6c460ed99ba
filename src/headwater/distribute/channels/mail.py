"""Mail by SMTP: at least once, always with the same Message-ID for the same sending."""

import smtplib
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMessage

from headwater.core import mail
from headwater.distribute.channels.outgoing import BrokenOff, Down, NotTaken, Outgoing, Refusal, Trouble, Unfit

SIGN_IN = 530  # authentication required (RFC 4954, 6)
CLOSING = 421  # whatever was asked: the server closes the connection (RFC 5321, 3.8)
TOO_BIG = 552  # said to the size that is announced with the sender (RFC 1870, 6.1)


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
    subject, name = (" ".join(text.split()) for text in (outgoing.message.subject, outgoing.person_name))
    to = formataddr((name, outgoing.address))
    return EmailMessage(subject, outgoing.message.body, settings.HEADWATER_MAIL_FROM, [to], headers=headers)


def send(outgoing: Outgoing) -> None:
    """Hand the mail to the server.

    Raises `Refusal` when it refuses the address for good, `NotTaken` when it does for now or takes none from us,
    `Trouble` when it does not take this mail, `Unfit` when the mail cannot be written as one, and `Down` when it cannot
    be spoken with: `BrokenOff` where it ended in the middle of this mail.
    """
    try:
        # Nothing is sent inside a transaction, so no context says whose outbox it is.
        mail.Backend(organisation_id=outgoing.organisation_id).send_messages([compose(outgoing)])
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _trouble(code, text, Refusal if _is_of_the_address(code, text) else NotTaken) from error
    except smtplib.SMTPDataError as error:
        raise _trouble(error.smtp_code, error.smtp_error, Trouble) from error
    except smtplib.SMTPSenderRefused as error:
        raise _trouble(error.smtp_code, error.smtp_error, Trouble if error.smtp_code == TOO_BIG else Down) from error
    except mail.BrokenOff as error:
        raise BrokenOff(f"The server broke off in the middle of the mail: {error}") from error
    except ValueError as error:
        raise Unfit(f"{type(error).__name__}: {error}") from error
    except OSError as error:  # smtplib's own errors are OSErrors, too: all that are left spoke of no mail in particular
        raise Down(f"{type(error).__name__}: {error}") from error


def _is_of_the_address(code: int, text: bytes) -> bool:
    """Whether a refusal says that the address is wrong for good, and not that the server takes no mail from us.

    “Relay access denied” and the like (RFC 3463, 3.8) are said to every address alike while a server is set up wrongly.
    """
    return 500 <= code < 600 and code != SIGN_IN and not text.startswith(b"5.7.")


def _trouble(code: int, text: bytes | str, kind: type[Trouble]) -> Trouble:
    """What the server said, as trouble of that kind, unless it said that it closes."""
    said = f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    return Down(said) if code == CLOSING else kind(said)
