"""What a person writes down, or a mail file somebody passes on: knowledge that lies nowhere yet."""

import email
import email.policy
from dataclasses import dataclass
from typing import Any

from headwater.gather.connectors.base import Fetched, Found, Listing, checksum, short_key


@dataclass(frozen=True)
class Capture:
    """No settings; captures come in by form, API or mail file."""

    def open(self, cursor: dict[str, Any]) -> Listing:
        """Nothing to read by itself."""
        return Listing(dict(cursor))


def captured_words(title: str, text: str, author: str = "", url: str = "") -> Found:
    """Title and Markdown text as something found; the same title again is a new version."""
    content = text.encode("utf-8", "replace")
    return Found(
        key=short_key(title),
        stamp=checksum(title, text, url),
        name="capture.md",
        fetch=lambda: Fetched(content, "text/markdown"),
        url=url,
        title=title,
        author=author,
    )


def captured_mail(content: bytes) -> Found:
    """A mail file as something found; the same message passed on twice is one document."""
    headers = email.message_from_bytes(content[:100_000], policy=email.policy.compat32)
    identity = " ".join(str(headers.get("Message-ID", "")).split())
    stamp = checksum(content)
    return Found(short_key(identity or stamp), stamp, "message.eml", lambda: Fetched(content, "message/rfc822"))
