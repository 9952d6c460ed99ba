"""Readers for office documents and books: xberg for the words, python-pptx for speaker notes."""

import asyncio
import io
import re
from typing import Any

from headwater.gather.extract.archives import open_zip
from headwater.gather.extract.outcome import Cause, Context, ExtractionFailed, Reading
from headwater.gather.extract.sniff import MSG, PPTX

_ZIPPED = ("openxmlformats", "opendocument", "epub", "macroEnabled")
_ENCRYPTED_BOOK = re.compile(r"META-INF/(encryption|rights)\.xml$")
_PASSWORD = re.compile(r"password|encrypt|protected", re.I)
_TRUNCATED = re.compile(r"unexpected (eof|end)|truncated|end of central|failed to fill", re.I)
_EXPANDS = re.compile(r"bomb|compression ratio|too large|exceed|limit", re.I)
_PLACEHOLDER_PICTURE = re.compile(r"!\[[^\]]*\]\((?:image_|embedded:|data:)[^)]*\)")


def read_office(content: bytes, context: Context) -> Reading:
    """Text as Markdown with the stated facts. The MIME type is always passed: xberg's own guess can be wrong."""
    if any(part in context.mime for part in _ZIPPED):
        with open_zip(content, context) as archive:
            encrypted = any(_ENCRYPTED_BOOK.search(name) for name in archive.namelist())
        if encrypted and "epub" in context.mime:
            raise ExtractionFailed(Cause.ENCRYPTED)
    document = asyncio.run(_read(content, context))
    facts = document.metadata
    return Reading(
        _PLACEHOLDER_PICTURE.sub("", document.content),
        title=facts.title or (facts.subject if context.mime == MSG else "") or "",
        author=", ".join(facts.authors or []),
        created=facts.created_at or "",
        modified=facts.modified_at or "",
        language=facts.language or "",
        markdown=True,
        metadata={"subject": facts.subject} if facts.subject else {},
        warnings=[str(one.message) for one in (document.processing_warnings or [])][:5],
    )


async def _read(content: bytes, context: Context) -> Any:
    import xberg

    limits = xberg.SecurityLimits(
        max_archive_size=context.limits.unpacked_bytes, max_content_size=context.limits.unpacked_bytes
    )
    config = xberg.ExtractionConfig(
        use_cache=False,
        disable_ocr=True,
        output_format="markdown",
        escape_markdown=False,
        security_limits=limits,
    )
    # Only ever bytes: given an address, xberg would fetch it.
    given = xberg.ExtractInput(kind="bytes", bytes=content, mime_type=context.mime, filename=context.name or None)
    try:
        result = await xberg.extract(given, config)
    except xberg.XbergError as error:
        raise ExtractionFailed(_cause_of(str(error)), str(error)[:300]) from error
    if not result.results:
        message = "; ".join(item.message for item in result.errors)
        raise ExtractionFailed(_cause_of(message), message[:300])
    return result.results[0]


def _cause_of(message: str) -> Cause:
    for pattern, cause in (
        (_PASSWORD, Cause.ENCRYPTED),
        (_TRUNCATED, Cause.TRUNCATED),
        (_EXPANDS, Cause.EXPANDS_TOO_MUCH),
    ):
        if pattern.search(message):
            return cause
    return Cause.UNSUPPORTED if "unsupported" in message.lower() else Cause.DAMAGED


def read_slides(content: bytes, context: Context) -> Reading:
    """Slides as xberg reads them, and what the speaker would have said."""
    reading = read_office(content, context)
    notes = _speaker_notes(content) if context.mime == PPTX else []
    if notes:
        reading.text += "\n\n## Speaker notes\n\n" + "\n\n".join(notes)
    return reading


def _speaker_notes(content: bytes) -> list[str]:
    """`Slide n: words` of each slide with notes; none when python-pptx cannot open what xberg could."""
    from pptx import Presentation

    try:
        slides = list(Presentation(io.BytesIO(content)).slides)
        spoken = [(number, _note(slide)) for number, slide in enumerate(slides, start=1)]
    except (KeyError, ValueError, AttributeError, OSError, SyntaxError):
        return []
    return [f"Slide {number}: {words}" for number, words in spoken if words]


def _note(slide: Any) -> str:
    if not slide.has_notes_slide or slide.notes_slide.notes_text_frame is None:
        return ""
    return str(slide.notes_slide.notes_text_frame.text).strip()


def refuse_encrypted(content: bytes, context: Context) -> Reading:
    """An office file whose whole content is encrypted. Always raises ExtractionFailed(encrypted)."""
    raise ExtractionFailed(Cause.ENCRYPTED)
