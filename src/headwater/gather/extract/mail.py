"""Reader for mail files: headers, the words, and the attachments as sections."""

import email
import email.message
import email.policy
import re
from collections.abc import Callable, Iterator
from email.header import decode_header
from email.utils import parsedate_to_datetime

from headwater.gather.extract.archives import MemberReader, read_members
from headwater.gather.extract.outcome import Context, ExtractionFailed, Reading
from headwater.gather.extract.text import decode

_PARTS = 500


def read_mail(content: bytes, context: Context, read: MemberReader) -> Reading:
    """Sender, subject and date as facts; the plain text, or the HTML part's text; then each attachment's text."""
    # The old policy keeps malformed headers as they are, where the new one raises on reading them.
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    reading = Reading(
        _body(message, context, read),
        title=header(message, "Subject"),
        author=header(message, "From"),
        created=date_of(message),
        metadata={"to": header(message, "To"), "message_id": header(message, "Message-ID")},
    )
    _add_attachments(reading, message, context, read)
    if not reading.text.strip():
        # A mail that says everything in its subject is still a mail.
        reading.text = reading.title
    return reading


def header(message: email.message.Message, name: str) -> str:
    """A header decoded and on one line; as it stands where its encoding is broken."""
    raw = message.get(name, "")
    try:
        words = "".join(_words(piece, charset) for piece, charset in decode_header(raw))
    except (ValueError, LookupError, IndexError):
        words = str(raw)
    return " ".join(words.split())


def _words(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    try:
        return piece.decode(charset or "ascii")
    except (LookupError, UnicodeDecodeError):
        # gb2312 is what senders write when they mean its superset.
        return piece.decode("gb18030", "replace") if charset in ("gb2312", "gbk") else decode(piece)


def date_of(message: email.message.Message) -> str:
    """The Date header as ISO 8601, or empty."""
    try:
        return parsedate_to_datetime(str(message.get("Date", ""))).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _parts(message: email.message.Message) -> Iterator[email.message.Message]:
    """The leaves of a mail, at most 500; a mail inside a mail is one leaf."""
    stack, seen = [message], 0
    while stack and seen < _PARTS:
        part = stack.pop()
        seen += 1
        payload = part.get_payload()
        if part is not message and part.get_content_type() == "message/rfc822":
            yield part
        elif isinstance(payload, list):
            stack.extend(reversed([one for one in payload if isinstance(one, email.message.Message)]))
        else:
            yield part


def _body(message: email.message.Message, context: Context, read: MemberReader) -> str:
    texts = [part for part in _parts(message) if _is_text(part) and not _file_name(part)]
    plain = [_decoded(part) for part in texts if part.get_content_type() != "text/html"]
    if any(words.strip() for words in plain):
        return "\n\n".join(plain)
    return "\n\n".join(_html_words(part, context, read) for part in texts if part.get_content_type() == "text/html")


def _html_words(part: email.message.Message, context: Context, read: MemberReader) -> str:
    page = "<!doctype html><meta charset=utf-8><body>" + _decoded(part)
    try:
        return read(page.encode("utf-8", "replace"), context.inside("mail.html")).text
    except ExtractionFailed:
        return ""


def _is_text(part: email.message.Message) -> bool:
    return part.get_content_maintype() == "text" and part.get_content_type() != "text/calendar"


def _decoded(part: email.message.Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "surrogateescape")
    charset = part.get_content_charset() or ""
    try:
        return content.decode(charset) if charset else decode(content)
    except (LookupError, UnicodeDecodeError):
        return decode(content)


def _file_name(part: email.message.Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, TypeError, LookupError, UnicodeError):
        name = "attachment"
    return re.sub(r"[/\\\x00-\x1f]+", "_", name)[:200]


def _add_attachments(reading: Reading, message: email.message.Message, context: Context, read: MemberReader) -> None:
    parts = [part for part in _parts(message) if _file_name(part) or part.get_content_type() == "message/rfc822"]
    if not parts:
        return
    reading.metadata["attachments"] = [_file_name(part) or "message.eml" for part in parts]
    try:
        attached = read_members([(_file_name(part) or "message.eml", _bytes_of(part)) for part in parts], context, read)
    except ExtractionFailed as error:
        reading.warnings.append(f"No attachment could be read: {error}")
        return
    reading.text += "\n\n" + attached.text
    reading.warnings.extend(attached.warnings)


def _bytes_of(part: email.message.Message) -> Callable[[], bytes]:
    def unpack() -> bytes:
        payload = part.get_payload()
        if isinstance(payload, list) and payload and isinstance(payload[0], email.message.Message):
            return payload[0].as_bytes(policy=email.policy.compat32)
        decoded = part.get_payload(decode=True)
        return decoded if isinstance(decoded, bytes) else b""

    return unpack
