"""Which reader reads what. `read` runs inside the killable worker; everything else calls `pool.Pool`."""

from collections.abc import Callable
from functools import cache
from importlib import import_module

from headwater.gather.extract import sniff
from headwater.gather.extract.outcome import Cause, Context, Extracted, ExtractionFailed, Reading
from headwater.gather.extract.tidy import finish

Reader = Callable[..., Reading]


def read(content: bytes, context: Context) -> Extracted:
    """The text of one file. Raises ExtractionFailed with a named cause; anything else is the caller's to name."""
    if not content.strip(b"\x00 \t\r\n"):
        raise ExtractionFailed(Cause.EMPTY)
    if len(content) > context.limits.file_bytes:
        raise ExtractionFailed(Cause.TOO_LARGE, f"{len(content) // 1_000_000} MB")
    context.mime = sniff.sniff(content, context.name, context.mime)
    name = _reader_for(context.mime)
    if not name:
        raise ExtractionFailed(Cause.UNSUPPORTED, context.mime)
    reader = _loaded(name)
    reading = reader(content, context, read) if name in _OF_MANY else reader(content, context)
    return finish(reading, context)


def _reader_for(mime: str) -> str:
    if mime in READERS:
        return READERS[mime]
    if mime.startswith(("application/vnd.openxmlformats", "application/vnd.oasis.opendocument")):
        return "office.read_office"
    return "text.read_plain" if mime.startswith("text/") else ""


@cache
def _loaded(name: str) -> Reader:
    """A reader by its name. Its libraries are loaded at the first file of its kind: Markdown needs hardly any."""
    module, _, function = name.partition(".")
    reader: Reader = getattr(import_module(f"{__package__}.{module}"), function)
    return reader


# These find files inside the file, and are given `read` to read them with.
_OF_MANY = {"mail.read_mail", "archives.read_zip", "archives.read_tar", "archives.read_gzip"}

READERS: dict[str, str] = {
    "text/plain": "text.read_plain",
    "text/markdown": "text.read_markdown",
    "text/csv": "text.read_csv",
    "text/tab-separated-values": "text.read_csv",
    "text/html": "pages.read_page",
    "application/json": "text.read_json",
    "application/x-ndjson": "text.read_plain",
    "application/x-ipynb+json": "text.read_notebook",
    "application/xml": "feeds.read_xml",
    sniff.FEED: "feeds.read_feed",
    "image/svg+xml": "feeds.read_xml",
    "application/pdf": "pdf.read_pdf",
    sniff.DOCX: "office.read_office",
    sniff.ODT: "office.read_office",
    sniff.ODP: "office.read_office",
    sniff.EPUB: "office.read_office",
    sniff.DOC: "office.read_office",
    sniff.PPT: "office.read_office",
    sniff.MSG: "office.read_office",
    sniff.PPTX: "office.read_slides",
    "application/rtf": "office.read_office",
    "application/x-latex": "office.read_office",
    sniff.XLSX: "sheets.read_sheets",
    sniff.XLSB: "sheets.read_sheets",
    sniff.XLS: "sheets.read_sheets",
    sniff.ODS: "sheets.read_sheets",
    sniff.ENCRYPTED_OFFICE: "office.refuse_encrypted",
    "image/png": "pictures.read_picture",
    "image/jpeg": "pictures.read_picture",
    "image/gif": "pictures.read_picture",
    "image/tiff": "pictures.read_picture",
    "image/bmp": "pictures.read_picture",
    "image/webp": "pictures.read_picture",
    "message/rfc822": "mail.read_mail",
    "application/zip": "archives.read_zip",
    "application/x-tar": "archives.read_tar",
    "application/gzip": "archives.read_gzip",
}
