"""Reader for PDF: the text as PDFium has it; pages that are only a picture are read from the picture."""

import re
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from headwater.gather.extract.outcome import Cause, Context, ExtractionFailed, Reading

# PDFium marks a word divided at the end of a line with one of these.
_DIVIDED = re.compile(r"[\ufffe\x02]\r?\n?")
_PAGES = 5_000
_WORDS_ON_A_SCAN = 15
_DOTS_PER_POINT = 200 / 72


def read_pdf(content: bytes, context: Context) -> Reading:
    """Text page by page, with the facts and bookmarks of the file.

    Raises ExtractionFailed(encrypted, truncated, damaged). Scanned pages count against the longer time limit;
    when that runs out, what was read is handed over with a warning.
    """
    document = _open(content)
    try:
        return _read_document(document, context)
    except pdfium.PdfiumError as error:
        raise ExtractionFailed(Cause.DAMAGED, str(error)) from error
    finally:
        document.close()


def _open(content: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise ExtractionFailed(Cause.ENCRYPTED) from error
        ended = b"%%EOF" not in content[-2_048:]
        raise ExtractionFailed(Cause.TRUNCATED if ended else Cause.DAMAGED, str(error)) from error


def _read_document(document: pdfium.PdfDocument, context: Context) -> Reading:
    facts = document.get_metadata_dict(skip_empty=True)
    pages, scans, notes = _pages(document, context)
    metadata: dict[str, Any] = {"pages": len(document), "pages_read_from_picture": scans}
    if contents := _bookmarks(document):
        metadata["contents"] = contents
    return Reading(
        "\n\n".join(pages),
        title=facts.get("Title", ""),
        author=facts.get("Author", ""),
        created=facts.get("CreationDate", ""),
        modified=facts.get("ModDate", ""),
        metadata=metadata,
        warnings=notes,
    )


def _pages(document: pdfium.PdfDocument, context: Context) -> tuple[list[str], int, list[str]]:
    """Text of each page, how many were read from their picture, and what could not be read."""
    texts: list[str] = []
    notes: list[str] = []
    scans = unread = 0
    for number in range(min(len(document), _PAGES)):
        try:
            text, scanned, skipped = _page(document, number, context)
        except pdfium.PdfiumError:
            notes.append(f"Page {number + 1} is damaged")
            continue
        scans, unread = scans + scanned, unread + skipped
        texts.append(text)
    if unread:
        notes.append(f"Time ran out: {unread} scanned pages were not read")
    if len(document) > _PAGES:
        notes.append(f"Only the first {_PAGES:,} of {len(document):,} pages were read")
    return texts, scans, notes


def _page(document: pdfium.PdfDocument, number: int, context: Context) -> tuple[str, bool, bool]:
    """(text, read from the picture, left out for want of time)."""
    page = document[number]
    try:
        textpage = page.get_textpage()
        try:
            text = _DIVIDED.sub("", textpage.get_text_bounded())
        finally:
            textpage.close()
        if len(text.strip()) >= _WORDS_ON_A_SCAN or not _has_picture(page):
            return text, False, False
        if context.time_left_for_scans() <= 0:
            return text, False, True
        return _read_scan(page, context) or text, True, False
    finally:
        page.close()


def _has_picture(page: pdfium.PdfPage) -> bool:
    return next(iter(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=2)), None) is not None


def _read_scan(page: pdfium.PdfPage, context: Context) -> str:
    from headwater.gather.extract.pictures import words_in

    context.ask_for_time()
    width, height = page.get_size()
    fit = (context.limits.picture_pixels / max(width * height, 1)) ** 0.5
    bitmap = page.render(scale=min(_DOTS_PER_POINT, fit))
    try:
        return words_in(bitmap.to_pil())[0]
    finally:
        bitmap.close()


def _bookmarks(document: pdfium.PdfDocument) -> list[list[Any]]:
    """[level, heading] of the bookmarks, at most 200."""
    found: list[list[Any]] = []
    for bookmark in document.get_toc(max_depth=6):
        if title := (bookmark.get_title() or "").strip():
            found.append([bookmark.level + 1, title[:300]])
        if len(found) >= 200:
            break
    return found
