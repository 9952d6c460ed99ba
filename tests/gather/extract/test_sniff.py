"""What a file is called and claimed to be yields to what it is."""

import io
import zipfile

import pytest

from headwater.gather.extract import sniff


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "application/epub+zip" if name == "mimetype" else "words")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "mime"),
    [
        (b"%PDF-1.7\n...", "notes.txt", "application/pdf"),
        (b"\xef\xbb\xbf%PDF-1.4", "x", "application/pdf"),
        (zipped("word/document.xml"), "picture.png", sniff.DOCX),
        (zipped("ppt/presentation.xml"), "deck.docx", sniff.PPTX),
        (zipped("xl/workbook.xml"), "", sniff.XLSX),
        (zipped("xl/workbook.bin"), "", sniff.XLSB),
        (zipped("mimetype", "content.opf"), "book.zip", sniff.EPUB),
        (zipped("a.txt"), "a.docx", "application/zip"),
        (zipped("word/document.xml")[:60], "half.docx", sniff.DOCX),
        (b"\x89PNG\r\n\x1a\n", "a.jpg", "image/png"),
        (b"{\\rtf1 hello}", "a.doc", "application/rtf"),
        (b"<!DOCTYPE html><p>x", "a.md", "text/markdown"),
        (b"<!DOCTYPE html><p>x", "a.txt", "text/html"),
        (b"<html><body>x", "", "text/html"),
        (b"<?xml version='1.0'?><rss><channel/></rss>", "a.xml", sniff.FEED),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", "", sniff.FEED),
        ("\ufeff<rss/>".encode("utf-16"), "a.xml", sniff.FEED),
        ("<rss><channel/></rss>".encode("utf-32-be"), "a.xml", sniff.FEED),
        (b"<svg xmlns='x'/>", "a.svg", "image/svg+xml"),
        (b"<?xml version='1.0'?><law/>", "", "application/xml"),
        (b"From: a@b\nSubject: hi\n\nwords", "", "message/rfc822"),
        (b"From: here to there\nis a long way", "", "text/plain"),
        (b"a;b\n1;2", "a.csv", "text/csv"),
        (b"plain words", "", "text/plain"),
        (b"BMW makes cars", "cars", "text/plain"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "setup.txt", "application/x-executable"),
        (bytes(range(256)) * 4, "noise.txt", sniff.UNKNOWN),
    ],
    ids=lambda value: "content" if isinstance(value, bytes) else value or "nameless",
)
def test_content_decides(content: bytes, name: str, mime: str) -> None:
    assert sniff.sniff(content, name) == mime


def test_an_encrypted_office_file_is_known_by_its_stream() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 100 + "EncryptedPackage".encode("utf-16-le")
    assert sniff.sniff(ole, "plan.docx") == sniff.ENCRYPTED_OFFICE


def test_the_senders_claim_counts_only_where_nothing_else_speaks() -> None:
    assert sniff.sniff(b"a,b", "", "text/csv; charset=utf-8") == "text/csv"
    assert sniff.sniff(b"a,b", "notes.md", "text/csv") == "text/markdown"
    assert sniff.sniff(b"words", "", "image/png") == "text/plain"
