"""Reader for spreadsheets. Hidden sheets are left out: whoever hid them did not mean to publish them."""

import io
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

from headwater.gather.extract.archives import open_zip
from headwater.gather.extract.outcome import Cause, Context, ExtractionFailed, Reading
from headwater.gather.extract.sniff import XLS
from headwater.gather.extract.text import lines_of_cells

_FACTS_LENGTH = 64_000
_CORE = "docProps/core.xml"


def read_sheets(content: bytes, context: Context) -> Reading:
    """Each visible sheet as a section, one line to a row.

    Raises ExtractionFailed(encrypted, damaged, truncated, expands_too_much).
    """
    facts: dict[str, str] = {}
    if context.mime != XLS:
        with open_zip(content, context) as archive:
            facts = _facts(archive)
    sections, hidden = _visible_sheets(content, context)
    return Reading(
        "\n\n".join(sections),
        title=facts.get("title", ""),
        author=facts.get("creator", ""),
        created=facts.get("created", ""),
        modified=facts.get("modified", ""),
        markdown=True,
        headed=False,
        metadata={"hidden_sheets": hidden} if hidden else {},
        warnings=[f"{hidden} hidden sheets were left out"] if hidden else [],
    )


def _visible_sheets(content: bytes, context: Context) -> tuple[list[str], int]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [sheet for sheet in book.sheets_metadata if sheet.visible == calamine.SheetVisibleEnum.Visible]
        tables = [sheet for sheet in shown if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
        sections = [_section(book, sheet.name, context) for sheet in tables]
        return [section for section in sections if section], len(book.sheets_metadata) - len(shown)
    except calamine.PasswordError as error:
        raise ExtractionFailed(Cause.ENCRYPTED) from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise ExtractionFailed(Cause.DAMAGED, str(error)[:300]) from error


def _section(book: Any, name: str, context: Context) -> str:
    rows = ([_cell(value) for value in row] for row in book.get_sheet_by_name(name).iter_rows())
    lines = lines_of_cells(rows, context)
    return f"## {name}\n\n{lines}" if lines else ""


def _cell(value: object) -> str:
    """Whole numbers without `.0`, as the sheet shows them."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _facts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Title, creator and dates; none when the part is missing, too long or declares entities."""
    if _CORE not in archive.namelist() or archive.getinfo(_CORE).file_size > _FACTS_LENGTH:
        return {}
    xml = archive.read(_CORE)
    if b"<!" in xml:
        return {}
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return {}
    return {re.sub(r"\{.*\}", "", element.tag): (element.text or "").strip() for element in root}
