"""From what a reader found to what is kept: clean text, outline, a title worth showing, dates in one form."""

import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import PurePosixPath

from headwater.gather.extract.language import language_of
from headwater.gather.extract.outcome import Cause, Context, Extracted, ExtractionFailed, Reading

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_TRAILING_BLANKS = re.compile(r"[ \t\u00a0]+\n")
_MANY_LINES = re.compile(r"\n{4,}")
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t#]*$", re.M)
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1", re.M | re.S)
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*_`]{1,3}")
# Titles that programs put in by themselves and nobody chose.
_NO_TITLE = re.compile(
    r"^(untitled.*|\(anonymous\)|anonymous|powerpoint[ -]pr.*|presentation\d*|document\d*|word document|title|"
    r"slide \d+|microsoft word - .*|.*\.(docx?|odt|indd|pptx?|xlsx?|qxd|pdf|ods|odp|tmp))$",
    re.I,
)
_OUTLINE_LENGTH = 200
_TITLE_LENGTH = 300


def finish(reading: Reading, context: Context) -> Extracted:
    """What is kept of a reading. Raises ExtractionFailed(no_text) when there is not one letter or digit in it."""
    text, warnings = clean(reading.text), list(reading.warnings)
    if len(text) > context.limits.text_characters:
        text = text[: context.limits.text_characters]
        warnings.append(f"Only the first {context.limits.text_characters:,} characters were kept")
    if not any(character.isalnum() for character in text):
        raise ExtractionFailed(Cause.NO_TEXT)
    outline = outline_of(text) if reading.markdown else []
    form = {"form": "markdown" if reading.markdown else "plain"}
    return Extracted(
        title=_title(reading, outline, text, context.name),
        text=text,
        author=clean(reading.author)[:_TITLE_LENGTH],
        created=iso_date(reading.created),
        modified=iso_date(reading.modified),
        language=language_of(text, reading.language),
        mime=reading.mime or context.mime,
        outline=outline,
        metadata={**reading.metadata, **form},
        warnings=warnings,
    )


def clean(text: str) -> str:
    """Line ends as \\n, no control characters or lone surrogates, no runs of empty lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _CONTROLS.sub("", text))
    return _MANY_LINES.sub("\n\n\n", _TRAILING_BLANKS.sub("\n", text)).strip()


def outline_of(markdown: str) -> list[tuple[int, str]]:
    """The headings of a Markdown text as (level, words), code blocks left out, at most 200."""
    headings = _HEADING.finditer(_FENCE.sub("", markdown))
    found = ((len(match[1]), _MARKUP.sub(r"\1", match[2]).strip()) for match in headings)
    return [(level, words[:_TITLE_LENGTH]) for level, words in found if words][:_OUTLINE_LENGTH]


def _title(reading: Reading, outline: list[tuple[int, str]], text: str, name: str) -> str:
    """The stated title if somebody chose it, else the first heading, else the name, else the first line."""
    stated = " ".join(clean(reading.title).split())
    if stated and not _NO_TITLE.match(stated):
        return stated[:_TITLE_LENGTH]
    if outline and reading.headed:
        return outline[0][1]
    return title_from_name(name) or text.partition("\n")[0][:120]


def title_from_name(name: str) -> str:
    """`leave-policy_2024.pdf` → `Leave policy 2024`; a web address gives its last part."""
    path = PurePosixPath(re.split(r"[?#]", name.replace("\\", "/").rstrip("/"))[0])
    stem = path.stem if len(path.suffix) <= 6 else path.name
    words = " ".join(re.sub(r"[-_+]+|%20", " ", stem).split())
    return (words[:1].upper() + words[1:])[:_TITLE_LENGTH]


def iso_date(stated: object) -> str:
    """A date as files state it (ISO, PDF's D:2024…, datetime) as ISO 8601, or empty when it cannot be read."""
    if isinstance(stated, datetime | date):
        return stated.isoformat()
    words = str(stated or "").strip().removeprefix("D:")
    if match := re.match(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?", words):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        return _checked(lambda: datetime(year, month, day, hour, minute, second).isoformat())
    # Nanoseconds are stated by some office programs; Python reads six digits.
    return _checked(lambda: datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", words)).isoformat())


def _checked(make: Callable[[], str]) -> str:
    try:
        return make()
    except ValueError:
        return ""
