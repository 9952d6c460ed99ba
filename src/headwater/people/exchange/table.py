"""CSV as text: found out in whatever encoding and separator it comes, and written so that no cell is a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

MOST_BYTES = 20 * 2**20
MOST_ROWS = 100_000
SEPARATORS = ",;\t|"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class FileFault(ValueError):
    """The file as a whole cannot be read; the message says why."""


@dataclass(frozen=True)
class Fault:
    """What is wrong in one cell: the row as a spreadsheet counts it (the header is row 1), the column's name."""

    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Row:
    """One line of the file: its number, and its cells by column name."""

    number: int
    cells: dict[str, str]
    faults: tuple[Fault, ...] = ()


def read_table(content: bytes, columns: Sequence[str], synonyms: dict[str, str]) -> tuple[list[Row], list[str]]:
    """The rows of a CSV file, and the names of columns that are not known and so are left aside.

    Column names are read without regard to case, spaces and hyphens. Raises `FileFault` when it is no CSV file.
    """
    text = decoded(content)
    first, _line, rest = text.partition("\n")
    if re.fullmatch(r"sep=.\r?", first):
        separator, text = first[4], rest
    else:
        separator = _separator(first)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise FileFault(_("This is no readable CSV file: %(reason)s.") % {"reason": error}) from error
    if not lines or not any(lines[0]):
        raise FileFault(_("The file is empty: its first line must name the columns."))
    if len(lines) > MOST_ROWS:
        raise FileFault(_("The file has more than %(most)s lines: divide it.") % {"most": MOST_ROWS})
    return _rows(lines, columns, synonyms)


def _rows(lines: list[list[str]], columns: Sequence[str], synonyms: dict[str, str]) -> tuple[list[Row], list[str]]:
    names = [_column(name, synonyms) for name in lines[0]]
    known = [name for name in names if name in columns]
    twice = {name for name in known if known.count(name) > 1}
    if twice:
        raise FileFault(_("These columns are there twice: %(names)s.") % {"names": ", ".join(sorted(twice))})
    if not known:
        raise FileFault(_("No column is known. There may be: %(names)s.") % {"names": ", ".join(columns)})
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if any(cell.strip() for cell in line):
            rows.append(_row(number, line, names, set(columns)))
    return rows, [name for name in names if name and name not in columns]


def _row(number: int, line: list[str], names: list[str], columns: set[str]) -> Row:
    cells = {name: plain(cell) for name, cell in zip(names, line, strict=False) if name in columns}
    if len(line) == len(names):
        return Row(number, cells)
    message = _("This row has %(found)s cells, the first line names %(wanted)s columns.")
    return Row(number, cells, (Fault(number, "", message % {"found": len(line), "wanted": len(names)}),))


def _column(name: str, synonyms: dict[str, str]) -> str:
    tidy = re.sub(r"[\s-]+", "_", name.strip().lower())
    return synonyms.get(tidy, tidy)


def _separator(first_line: str) -> str:
    """The separator that the first line uses most, outside quotation marks."""
    outside = re.sub(r'"[^"]*"', "", first_line)
    return max(SEPARATORS, key=outside.count)


def decoded(content: bytes) -> str:
    """The text of a file: by its byte order mark, else UTF-8, else what Windows writes in western Europe."""
    if len(content) > MOST_BYTES:
        raise FileFault(_("The file is larger than 20 MB: divide it."))
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _tried(content, encoding) or _refuse()
    if b"\x00" in content:
        _refuse()
    text = _tried(content, "utf-8")
    return text if text is not None else (_tried(content, "cp1252") or _refuse())


def _tried(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _refuse() -> str:
    raise FileFault(_("This is no text file. Save the sheet as CSV (UTF-8), and try again."))


def plain(cell: str) -> str:
    """A cell as it was meant: without the apostrophe that keeps spreadsheets from calculating."""
    text = cell.strip().replace("\x00", "")
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def write_table(columns: Sequence[str], rows: Iterable[dict[str, str]]) -> str:
    """CSV text with a byte order mark, so that spreadsheets see the encoding; lines end as RFC 4180 says."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe(row.get(name, "")) for name in columns])
    return "\ufeff" + out.getvalue()


def several(cell: str) -> list[str]:
    """A cell that holds several values, parted by semicolons, bars or line ends."""
    return [part.strip() for part in re.split(r"[;|\n]", cell) if part.strip()]


def joined(values: Iterable[str]) -> str:
    """Several values in one cell, in a fixed order."""
    return "; ".join(sorted(values))
