"""What every connector gives: a listing of what lies in a source, with a cursor, so that the next one costs less."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

KEY_LENGTH = 1_000


def marked(sentence: str) -> str:
    """Marks a sentence for translators. It is kept as it stands here, and put into the reader's language when shown."""
    return sentence


class Fault(Exception):
    """Something went wrong at a source: what happened, and what to do, as sentences with the facts left open.

    `message` and `remedy` are those sentences in English with the facts filled in (for logs); `said` is what is kept,
    so that they can be put into words again in any language. `field` is the setting at fault, where it is one.
    """

    def __init__(self, message: str, remedy: str = "", *, field: str = "", **facts: str | int) -> None:
        self.field = field
        self.said: dict[str, Any] = {"message": message, "remedy": remedy, "facts": _short(facts)}
        self.message = filled(message, self.said["facts"])
        self.remedy = filled(remedy, self.said["facts"])
        super().__init__(f"{self.message}. {self.remedy}" if remedy else self.message)


def filled(sentence: str, facts: dict[str, str | int]) -> str:
    """A sentence with its facts; one without facts may hold any percent sign."""
    return sentence % facts if facts else sentence


def _short(facts: dict[str, str | int]) -> dict[str, str | int]:
    return {name: fact.replace("\x00", "")[:300] if isinstance(fact, str) else fact for name, fact in facts.items()}


class SourceFailed(Fault):
    """A whole source could not be read; nothing kept is lost."""

    @classmethod
    def because(cls, fault: Fault) -> "SourceFailed":
        """The same, said of the whole source."""
        if isinstance(fault, SourceFailed):
            return fault
        return cls(fault.said["message"], fault.said["remedy"], field=fault.field, **fault.said["facts"])


class FetchFailed(Fault):
    """One piece could not be fetched; the rest of the run goes on."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of one piece, and what the source says of them. `mime` is a hint; the content decides."""

    content: bytes
    mime: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One piece a source holds: its key there, a stamp that changes when it changes, and how to get it.

    `published` and `modified` are what the source states; `fetch` may raise FetchFailed.
    """

    key: str
    stamp: str
    name: str
    fetch: Callable[[], Fetched]
    url: str = ""
    title: str = ""
    author: str = ""
    published: datetime | None = None
    modified: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class Listing:
    """What is found, one piece at a time; fetch a piece before the listing is closed.

    After the last piece `complete` says whether all there is was listed (so what is missing has vanished), `total`
    how many, `trouble` why some of it could not be listed, `remark` what else there is to say (some was not to be
    listed), and `cursor` is what the next listing wants to be given.
    """

    cursor: dict[str, Any]
    found: Iterator[Found] = field(default_factory=lambda: iter(()))
    complete: bool = False
    total: int | None = None
    trouble: Fault | None = None
    remark: Fault | None = None
    resources: ExitStack = field(default_factory=ExitStack)

    def __iter__(self) -> Iterator[Found]:
        return self.found

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *_: object) -> None:
        self.resources.close()


class Connector(Protocol):
    """One kind of source. `settings` and `secret` are what the administrator entered."""

    def open(self, cursor: dict[str, Any]) -> Listing:
        """Start a listing. Raises SourceFailed at once or while listing."""
        ...


def short_key(key: str) -> str:
    """A key that fits its column; the tail of a longer one becomes its checksum."""
    key = key.encode("utf-8", "replace").decode().replace("\x00", "")
    if len(key) <= KEY_LENGTH:
        return key
    return f"{key[: KEY_LENGTH - 41]}~{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def checksum(*parts: str | bytes) -> str:
    """A stamp made of content: SHA-256 of the parts, each told apart from the next."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "replace") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def utc(seconds: float) -> datetime | None:
    """A moment from seconds since 1970; None for what no calendar holds."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
