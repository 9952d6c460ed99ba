"""HEADWATER_MAIL_URL: where the mail server is, how one speaks with it, and by which name one signs in."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

PORTS = {"smtp": 25, "smtp+tls": 25, "smtps": 465}  # where none is written
WORDS = (
    "HEADWATER_MAIL_URL names no mail server. Write smtp://, smtp+tls:// or smtps://, then name:password@host:port; "
    "in the password, signs such as # and / as %23 and %2F."
)


@dataclass(frozen=True)
class MailServer:
    """A mail server, and who signs in there (nobody, where the name is empty)."""

    scheme: str
    host: str
    port: int
    username: str
    password: str


def read_mail_url(url: str) -> MailServer:
    """What the address says. Raises ValueError, in words that hold nothing of it, when it says too little."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(WORDS) from error
    if parts.scheme not in PORTS or not host:
        raise ValueError(WORDS)
    names = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.scheme, host, port or PORTS[parts.scheme], *names)
