"""Which reader reads what. `read` runs inside the killable worker; everything else calls `pool.Pool`."""

from collections.abc import Callable
from functools import partial

from headwater.gather.extract import archives, feeds, mail, office, pages, pdf, pictures, sheets, sniff, text
from headwater.gather.extract.outcome import Cause, Context, Extracted, ExtractionFailed, Reading
from headwater.gather.extract.tidy import finish

Reader = Callable[[bytes, Context], Reading]


def read(content: bytes, context: Context) -> Extracted:
    """The text of one file. Raises ExtractionFailed with a named cause; anything else is the caller's to name."""
    if not content.strip(b"\x00 \t\r\n"):
        raise ExtractionFailed(Cause.EMPTY)
    if len(content) > context.limits.file_bytes:
        raise ExtractionFailed(Cause.TOO_LARGE, archives.in_words(len(content)))
    context.mime = sniff.sniff(content, context.name, context.mime)
    reader = _reader_for(context.mime)
    if reader is None:
        raise ExtractionFailed(Cause.UNSUPPORTED, context.mime)
    return finish(reader(content, context), context)


def _reader_for(mime: str) -> Reader | None:
    if mime in READERS:
        return READERS[mime]
    if mime.startswith(("application/vnd.openxmlformats", "application/vnd.oasis.opendocument")):
        return office.read_office
    return text.read_plain if mime.startswith("text/") else None


READERS: dict[str, Reader] = {
    "text/plain": text.read_plain,
    "text/markdown": text.read_markdown,
    "text/csv": text.read_csv,
    "text/tab-separated-values": text.read_csv,
    "text/html": pages.read_page,
    "application/json": text.read_json,
    "application/x-ndjson": text.read_plain,
    "application/x-ipynb+json": text.read_notebook,
    "application/xml": feeds.read_xml,
    sniff.FEED: feeds.read_feed,
    "image/svg+xml": feeds.read_xml,
    "application/pdf": pdf.read_pdf,
    sniff.DOCX: office.read_office,
    sniff.ODT: office.read_office,
    sniff.ODP: office.read_office,
    sniff.EPUB: office.read_office,
    sniff.DOC: office.read_office,
    sniff.PPT: office.read_office,
    sniff.MSG: office.read_office,
    sniff.PPTX: office.read_slides,
    "application/rtf": office.read_office,
    "application/x-latex": office.read_office,
    sniff.XLSX: sheets.read_sheets,
    sniff.XLSB: sheets.read_sheets,
    sniff.XLS: sheets.read_sheets,
    sniff.ODS: sheets.read_sheets,
    sniff.ENCRYPTED_OFFICE: office.refuse_encrypted,
    "image/png": pictures.read_picture,
    "image/jpeg": pictures.read_picture,
    "image/gif": pictures.read_picture,
    "image/tiff": pictures.read_picture,
    "image/bmp": pictures.read_picture,
    "image/webp": pictures.read_picture,
    "message/rfc822": partial(mail.read_mail, read=read),
    "application/zip": partial(archives.read_zip, read=read),
    "application/x-tar": partial(archives.read_tar, read=read),
    "application/gzip": partial(archives.read_gzip, read=read),
}
