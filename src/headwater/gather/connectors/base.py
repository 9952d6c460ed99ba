"""What every connector gives: a listing of what lies in a source, with a cursor, so that the next one costs less."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

KEY_LENGTH = 1_000


class SourceFailed(Exception):
    """A whole source could not be read. `message` says what happened, `remedy` what to do; nothing kept is lost."""

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message}. {remedy}" if remedy else message)


class FetchFailed(Exception):
    """One piece could not be fetched; the rest of the run goes on."""

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(message)


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
    how many, and `cursor` is what the next listing wants to be given.
    """

    cursor: dict[str, Any]
    found: Iterator[Found] = field(default_factory=lambda: iter(()))
    complete: bool = False
    total: int | None = None
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
