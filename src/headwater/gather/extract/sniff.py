"""What a file really is: its content speaks first, then its name, then what the sender claimed."""

import io
import re
import zipfile
from pathlib import PurePosixPath

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSB = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
ODT = "application/vnd.oasis.opendocument.text"
ODP = "application/vnd.oasis.opendocument.presentation"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
EPUB = "application/epub+zip"
DOC, XLS, PPT = "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"
MSG = "application/vnd.ms-outlook"
ENCRYPTED_OFFICE = "application/x-encrypted-office"
OLE = "application/x-ole-storage"
FEED = "application/x-feed+xml"
UNKNOWN = "application/octet-stream"

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"{\\rtf", "application/rtf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/x-executable"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
)
# Magic of two letters can begin an honest text; such a file must not be text otherwise.
_SHORT_MAGIC = {"image/bmp", "application/x-executable"}

_OLE_STREAMS: tuple[tuple[str, str], ...] = (
    ("EncryptedPackage", ENCRYPTED_OFFICE),
    ("__properties_version1.0", MSG),
    ("WordDocument", DOC),
    ("PowerPoint Document", PPT),
    ("Workbook", XLS),
    ("Book", XLS),
)

BY_SUFFIX: dict[str, str] = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".mdx": "text/markdown",
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".ipynb": "application/x-ipynb+json",
    ".xml": "application/xml",
    ".rss": FEED,
    ".atom": FEED,
    ".eml": "message/rfc822",
    ".yaml": "text/plain",
    ".yml": "text/plain",
    ".rst": "text/plain",
    ".org": "text/plain",
    ".tex": "application/x-latex",
    ".vtt": "text/vtt",
    ".svg": "image/svg+xml",
}
# What no text is made of: all controls but tab, line ends, form feed and escape.
_CONTROLS = bytes([*range(9), *range(14, 27), *range(28, 32)])
_TEXT_HINTS = set(BY_SUFFIX.values())
_MAIL_HEADER = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){2,}", re.ASCII)
_MAIL_NAMES = re.compile(
    rb"^(from|to|subject|received|return-path|message-id|date|delivered-to|mime-version|x-[a-z-]+):", re.I | re.M
)
_FEED_ROOT = re.compile(rb"<(?:[A-Za-z0-9]+:)?(rss|feed|RDF|channel)[\s>/]", re.I)


def sniff(content: bytes, name: str = "", hint: str = "") -> str:
    """The MIME type of `content`; `application/octet-stream` for binary content of no known kind."""
    return _from_magic(content, name) or _from_text(content, name, hint)


def _from_magic(content: bytes, name: str) -> str:
    if b"%PDF-" in content[:1024]:
        return "application/pdf"
    if content[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return _inside_zip(content)
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _inside_ole(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[257:262] == b"ustar":
        return "application/x-tar"
    for magic, mime in _MAGIC:
        if content.startswith(magic) and (mime not in _SHORT_MAGIC or _looks_binary(content)):
            return mime
    return ""


def _inside_zip(content: bytes) -> str:
    """Office and book formats are zip files; only the list of members is read, nothing is unpacked but `mimetype`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                return archive.read("mimetype").decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return _broken_zip(content)
    for member, mime in (("word/", DOCX), ("ppt/", PPTX), ("xl/workbook.bin", XLSB), ("xl/", XLSX)):
        if any(name.startswith(member) for name in names):
            return mime
    return "application/zip"


def _broken_zip(content: bytes) -> str:
    """A zip whose list of members is gone still shows its first names near the start."""
    head = content[:4096]
    for member, mime in ((b"word/", DOCX), (b"ppt/", PPTX), (b"xl/", XLSX)):
        if member in head:
            return mime
    return "application/zip"


def _inside_ole(content: bytes) -> str:
    for stream, mime in _OLE_STREAMS:
        if stream.encode("utf-16-le") in content:
            return mime
    return OLE


def _from_text(content: bytes, name: str, hint: str) -> str:
    # Without its NULs, markup in UTF-16 or UTF-32 is recognised too.
    head = content[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").replace(b"\x00", b"")
    if _looks_binary(content):
        return UNKNOWN
    suffix = BY_SUFFIX.get(PurePosixPath(name.lower()).suffix, "")
    if suffix not in ("text/markdown", "text/csv", "text/tab-separated-values"):
        if markup := _from_markup(head):
            return markup
        if _is_mail(head, suffix):
            return "message/rfc822"
    hint = hint.partition(";")[0].strip().lower()
    return suffix or (hint if hint in _TEXT_HINTS else "") or "text/plain"


def _from_markup(head: bytes) -> str:
    lowered = head[:2048].lower()
    if lowered.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    if not lowered.startswith(b"<"):
        return ""
    if _FEED_ROOT.search(head) and b"<html" not in lowered:
        return FEED
    if b"<svg" in lowered:
        return "image/svg+xml"
    if b"<html" in lowered or b"<!doctype html" in lowered or b"<body" in lowered:
        return "text/html"
    return "application/xml" if lowered.startswith(b"<?xml") else ""


def _is_mail(head: bytes, suffix: str) -> bool:
    """Header lines at the very start, two of them of a kind only mail has."""
    if suffix:
        return suffix == "message/rfc822"
    start = _MAIL_HEADER.match(head.replace(b"\r\n", b"\n"))
    return bool(start) and len(set(_MAIL_NAMES.findall(head.lower()))) >= 2


def _looks_binary(content: bytes) -> bool:
    """Many NULs or control characters, unless a byte order mark says it is UTF-16 or UTF-32."""
    head = content[:8192]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[:4] == b"\x00\x00\xfe\xff":
        return False
    if head.count(0) * 10 > len(head):
        return not (_bare_utf16(head) or _bare_utf32(head))
    return (len(head) - len(head.translate(None, _CONTROLS))) * 20 > len(head)


def _bare_utf16(head: bytes) -> bool:
    """Latin text in UTF-16 without a byte order mark has its NULs on every other place and nowhere else."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    return min(even, odd) == 0 and max(even, odd) * 10 > len(head) * 4


def _bare_utf32(head: bytes) -> bool:
    """The same with three NULs to each letter."""
    places = [head[start::4].count(0) * 4 for start in range(4)]
    return sum(count > len(head) * 0.9 for count in places) == 3 and min(places) == 0
