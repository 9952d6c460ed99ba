"""What becomes of a file: its text (`Extracted`), or a named reason why there is none (`ExtractionFailed`)."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from time import monotonic
from typing import Any

MEGABYTE = 1_000_000


class Cause(StrEnum):
    """Why no text could be taken out. The value is stored and grouped by; it never changes its meaning."""

    ENCRYPTED = "encrypted"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    EMPTY = "empty"
    NO_TEXT = "no_text"
    TOO_LARGE = "too_large"
    EXPANDS_TOO_MUCH = "expands_too_much"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    UNSUPPORTED = "unsupported"
    CRASHED = "crashed"


# What happened, and what to do next. The room shows these in the reader's language; here they serve logs and scripts.
WORDS: dict[Cause, tuple[str, str]] = {
    Cause.ENCRYPTED: ("Protected by a password", "Ask its owner for a copy without a password"),
    Cause.TRUNCATED: ("The file ends too early", "Fetch it again, or ask for a whole copy"),
    Cause.DAMAGED: ("The file is damaged or is not what its name says", "Open it where it came from and save it again"),
    Cause.EMPTY: ("The file is empty", "Check whether it was meant to have something in it"),
    Cause.NO_TEXT: ("There are no words in it", "Leave it out, or add a description where it came from"),
    Cause.TOO_LARGE: ("The file is larger than the limit", "Split it, or ask an administrator to raise the limit"),
    Cause.EXPANDS_TOO_MUCH: ("It would unpack to far more than the limit", "Leave it out, or unpack it by hand"),
    Cause.TIMEOUT: ("Reading took longer than the limit", "Try again when it is quieter, or split the file"),
    Cause.MEMORY: ("Reading needed more memory than the limit", "Split the file"),
    Cause.UNSUPPORTED: ("No reader for this kind of file", "Save it in a common format such as PDF or DOCX"),
    Cause.CRASHED: ("The reader broke down on this file", "Open it where it came from and save it again"),
}


class ExtractionFailed(Exception):
    """No text could be taken out. `cause` groups, `message` says what happened, `remedy` what to do next."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        self.cause = Cause(cause)
        self.detail = detail
        self.message, self.remedy = WORDS[self.cause]
        super().__init__(f"{self.message}: {detail}" if detail else self.message)


@dataclass(slots=True)
class Extracted:
    """The text of one file and what is known about it.

    `text` is plain text or, where `metadata["form"]` is "markdown", Markdown; it never holds NUL or other control
    characters. Dates are ISO 8601 strings as the file states them, or empty. `language` is a two-letter code or
    empty. `outline` is a list of (level, heading).
    """

    title: str
    text: str
    author: str = ""
    created: str = ""
    modified: str = ""
    language: str = ""
    mime: str = "text/plain"
    outline: list[tuple[int, str]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def as_message(self) -> dict[str, Any]:
        """The same as plain JSON values, for the pipe between worker and pool."""
        return asdict(self)

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Extracted":
        """The reverse of `as_message`. Raises TypeError for unknown fields."""
        outline = [(int(level), str(heading)) for level, heading in message.pop("outline", [])]
        return cls(outline=outline, **message)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may cost. Bytes, characters and seconds."""

    file_bytes: int = 200 * MEGABYTE
    unpacked_bytes: int = 500 * MEGABYTE
    # Office files are XML and shrink well; a ratio is only suspicious once the result is large.
    unpacked_ratio: int = 200
    ratio_free_bytes: int = 50 * MEGABYTE
    members: int = 2_000
    nesting: int = 4
    text_characters: int = 10_000_000
    memory_bytes: int = 2_500 * MEGABYTE
    seconds: float = 30.0
    # Reading pictures takes seconds a page, so a file that turns out to be a scan is given more time.
    scan_seconds: float = 240.0
    picture_pixels: int = 60_000_000


@dataclass(slots=True)
class Reading:
    """What a reader hands back before it is tidied: raw text, and the facts the file itself states."""

    text: str
    title: str = ""
    author: str = ""
    created: str = ""
    modified: str = ""
    language: str = ""
    mime: str = ""
    markdown: bool = False
    # False where headings name parts (sheets, members of an archive) and not the whole.
    headed: bool = True
    metadata: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def no_time_needed() -> None:
    """Stand-in where nobody limits the time."""


@dataclass(slots=True)
class Context:
    """What a reader may know and ask: the file's name and type, the limits, and how deep it lies in other files."""

    name: str = ""
    mime: str = ""
    limits: Limits = field(default_factory=Limits)
    depth: int = 0
    ask_for_time: Callable[[], None] = no_time_needed
    started: float = field(default_factory=monotonic)
    # What the members of one archive have unpacked to so far, shared by all its levels: [bytes].
    unpacked: list[int] = field(default_factory=lambda: [0])

    def time_left_for_scans(self) -> float:
        """Seconds until a scan should stop and hand over what it has; a tenth is kept back for finishing."""
        return self.limits.scan_seconds * 0.9 - (monotonic() - self.started)

    def inside(self, name: str) -> "Context":
        """The context of a file found inside this one. Raises ExtractionFailed when nested too deeply."""
        if self.depth >= self.limits.nesting:
            raise ExtractionFailed(Cause.UNSUPPORTED, f"nested more than {self.limits.nesting} deep")
        return Context(name, "", self.limits, self.depth + 1, self.ask_for_time, self.started, self.unpacked)
