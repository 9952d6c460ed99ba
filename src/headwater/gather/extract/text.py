"""Readers for files that are text already: Markdown with front matter, plain text, CSV, JSON, notebooks."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from headwater.gather.extract.outcome import Cause, Context, ExtractionFailed, Reading

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_FRONT_MATTER_LENGTH = 64_000
_SAMPLE = 64_000
# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


# The same safe loader in C where it was built: ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _front_matter(text: str) -> Any:
    """Plain values only, and no aliases: a few lines of aliases can stand for gigabytes."""
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _Loader)):
        raise yaml.YAMLError("aliases are not read in front matter")
    return yaml.load(text, _Loader)  # a safe loader in either case


def decode(content: bytes) -> str:
    """Text of unknown encoding: byte order mark, then UTF-8, then the likeliest by its letters; never fails."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes  # a tenth of a second to load, for the rare text that is not UTF-8

        guess = from_bytes(content[:_SAMPLE]).best()
        return content.decode(guess.encoding if guess else "latin-1", "replace")


def read_plain(content: bytes, context: Context) -> Reading:
    """Plain text as it is."""
    return Reading(decode(content))


def read_markdown(content: bytes, context: Context) -> Reading:
    """Markdown; front matter gives title, author, dates and language and is kept whole in the metadata."""
    text = decode(content).replace("\r\n", "\n")
    match = _FRONT_MATTER.match(text)
    if not match:
        return Reading(text, markdown=True)
    reading = Reading(text[match.end() :], markdown=True)
    try:
        facts = _front_matter(match[1][:_FRONT_MATTER_LENGTH])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reading.warnings.append(f"The front matter could not be read: {str(error).splitlines()[0]}")
        return reading
    if isinstance(facts, dict):
        _use_front_matter(reading, facts)
    if not any(character.isalnum() for character in reading.text):
        # A page that says everything in its title is still a page.
        reading.text = reading.title
    return reading


def _use_front_matter(reading: Reading, facts: dict[Any, Any]) -> None:
    known = {str(key).lower(): value for key, value in facts.items()}
    reading.title = str(known.get("title") or "")
    author = known.get("author") or known.get("authors") or ""
    reading.author = ", ".join(str(one) for one in author) if isinstance(author, list) else str(author)
    reading.created = str(known.get("date") or known.get("created") or "")
    reading.modified = str(known.get("modified") or known.get("updated") or known.get("lastmod") or "")
    reading.language = str(known.get("lang") or known.get("language") or known.get("locale") or "")
    reading.metadata["front_matter"] = json.loads(json.dumps(facts, default=str, skipkeys=True))


def read_csv(content: bytes, context: Context) -> Reading:
    """Rows as Markdown-like lines `a | b | c`; separators guessed from the first lines. Formulas stay inert text."""
    text = decode(content).replace("\x00", "")
    try:
        dialect: Any = csv.Sniffer().sniff(text[:8_192], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel_tab if context.mime == "text/tab-separated-values" else csv.excel
    csv.field_size_limit(context.limits.text_characters)
    rows = csv.reader(io.StringIO(text), dialect)
    return Reading(lines_of_cells(rows, context))


def lines_of_cells(rows: Any, context: Context) -> str:
    """Rows of cells as lines, empty ones left out, up to the limit of characters."""
    lines: list[str] = []
    length = 0
    try:
        for row in rows:
            cells = [" ".join(str(cell).split()) for cell in row]
            line = " | ".join(cells).strip(" |")
            if line:
                lines.append(line)
                length += len(line) + 1
            if length > context.limits.text_characters:
                break
    except csv.Error as error:
        raise ExtractionFailed(Cause.DAMAGED, str(error)) from error
    return "\n".join(lines)


def read_json(content: bytes, context: Context) -> Reading:
    """Every key and value of a JSON file, one to a line; a file that is no JSON after all is read as plain text."""
    try:
        value = json.loads(decode(content))
    except (ValueError, RecursionError):
        return Reading(decode(content), warnings=["It is not valid JSON; read as plain text"])
    title = value.get("title") if isinstance(value, dict) else ""
    return Reading("\n".join(_json_lines(value)), title=title if isinstance(title, str) else "")


def _json_lines(root: Any) -> Iterator[str]:
    """Depth first with a stack of our own, so that deep nesting cannot exhaust Python's."""
    stack: list[tuple[str, Any]] = [("", root)]
    while stack:
        key, value = stack.pop()
        if isinstance(value, dict):
            stack.extend(reversed([(str(name), inner) for name, inner in value.items()]))
        elif isinstance(value, list):
            stack.extend((key, inner) for inner in reversed(value))
        elif value is not None:
            yield f"{key}: {value}" if key else str(value)


def read_notebook(content: bytes, context: Context) -> Reading:
    """Cells of a Jupyter notebook: text as Markdown, code fenced, outputs left out."""
    try:
        cells = json.loads(decode(content))["cells"]
        parts = [_notebook_cell(cell) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return read_json(content, context)
    return Reading("\n\n".join(parts), markdown=True)


def _notebook_cell(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    words = "".join(source) if isinstance(source, list) else str(source)
    return words if cell.get("cell_type") == "markdown" else f"```\n{words}\n```"
