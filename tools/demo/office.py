"""DOCX, ODT and XLSX, each a zip of XML, with fixed dates so that a second run writes the same bytes."""

from __future__ import annotations

import datetime
import io
import zipfile
from xml.sax.saxutils import escape

import xlsxwriter
from text import Page, Workbook

DATE = (2020, 1, 1, 0, 0, 0)
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
OPEN = "urn:oasis:names:tc:opendocument:xmlns"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
STYLES = {"title": "Title", "heading": "Heading1", "item": "ListParagraph", "note": "Normal", "body": "Normal"}


def write_docx(page: Page) -> bytes:
    """The page as DOCX bytes, with heading styles and core properties."""
    paragraphs = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{STYLES[block.kind]}"/></w:pPr>'
        f'<w:r><w:t xml:space="preserve">{escape(block.text)}</w:t></w:r></w:p>'
        for block in page.blocks
    )
    return _zip(
        {
            "[Content_Types].xml": _content_types(),
            "_rels/.rels": _relations(
                (f"{OFFICE}/relationships/officeDocument", "word/document.xml"),
                (f"{PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
            ),
            "word/_rels/document.xml.rels": _relations((f"{OFFICE}/relationships/styles", "styles.xml")),
            "word/document.xml": f'{HEAD}<w:document xmlns:w="{W}"><w:body>{paragraphs}</w:body></w:document>',
            "word/styles.xml": _styles(page.language),
            "docProps/core.xml": _core(page),
        }
    )


def write_odt(page: Page) -> bytes:
    """The page as ODT bytes, with headings and metadata."""
    body = "".join(
        f'<text:h text:outline-level="{1 if block.kind == "title" else 2}">{escape(block.text)}</text:h>'
        if block.kind in ("title", "heading")
        else f"<text:p>{escape(block.text)}</text:p>"
        for block in page.blocks
    )
    names = f'xmlns:office="{OPEN}:office:1.0" xmlns:text="{OPEN}:text:1.0" xmlns:meta="{OPEN}:meta:1.0"'
    dc = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    mime = "application/vnd.oasis.opendocument.text"
    entry = "<manifest:file-entry manifest:full-path="
    return _zip(
        {
            "mimetype": mime,
            "content.xml": f'{HEAD}<office:document-content {names} office:version="1.2"><office:body><office:text>'
            f"{body}</office:text></office:body></office:document-content>",
            "meta.xml": f'{HEAD}<office:document-meta {names} {dc} office:version="1.2"><office:meta>'
            f"<dc:title>{escape(page.title)}</dc:title><dc:creator>{escape(page.author)}</dc:creator>"
            f"<dc:language>{page.language}</dc:language></office:meta></office:document-meta>",
            "META-INF/manifest.xml": f'{HEAD}<manifest:manifest xmlns:manifest="{OPEN}:manifest:1.0">'
            f'{entry}"/" manifest:media-type="{mime}"/>{entry}"content.xml" manifest:media-type="text/xml"/>'
            f'{entry}"meta.xml" manifest:media-type="text/xml"/></manifest:manifest>',
        }
    )


def write_xlsx(book: Workbook) -> bytes:
    """The sheets as XLSX bytes; the first row of each is a heading."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as file:
        file.set_properties({"title": book.title, "author": book.author, "created": datetime.datetime(*DATE)})
        bold = file.add_format({"bold": True})
        for name, rows in book.sheets.items():
            sheet = file.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row, bold if number == 0 else None)
            sheet.set_column(0, len(rows[0]) - 1, 16)
    return fix_dates(out.getvalue())


def fix_dates(content: bytes) -> bytes:
    """The same zip with one date on every member."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _zip({name: archive.read(name) for name in archive.namelist()})


def _zip(members: dict[str, str] | dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, DATE)
            # An ODT names its type in a first member that is not compressed.
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def _content_types() -> str:
    part = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    return (
        f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{part}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{part}.styles+xml"/>'
        '<Override PartName="/docProps/core.xml"'
        ' ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
    )


def _relations(*targets: tuple[str, str]) -> str:
    lines = "".join(
        f'<Relationship Id="r{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{lines}</Relationships>'


def _styles(language: str) -> str:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>'
        f'<w:rPr><w:sz w:val="{size}"/><w:lang w:val="{language}"/></w:rPr></w:style>'
        for key, name, size in (
            ("Normal", "Normal", 22),
            ("Title", "Title", 40),
            ("Heading1", "heading 1", 28),
            ("ListParagraph", "List Paragraph", 22),
        )
    )
    return f'{HEAD}<w:styles xmlns:w="{W}">{styles}</w:styles>'


def _core(page: Page) -> str:
    return (
        f'{HEAD}<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(page.title)}</dc:title><dc:creator>{escape(page.author)}</dc:creator>"
        f"<dc:language>{page.language}</dc:language></cp:coreProperties>"
    )
