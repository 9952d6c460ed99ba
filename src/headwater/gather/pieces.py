"""One piece on its way through the pipeline, and what becomes of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from headwater.gather.connectors import Found
from headwater.gather.extract import Extracted
from headwater.gather.models import Document


class State(StrEnum):
    """Where a piece stands. The last five are ends."""

    ON_THE_WAY = "on_the_way"
    UNCHANGED = "unchanged"
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"  # touched, but its words are the same
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a piece has no text: a cause to group by, what happened, what to do, and particulars.

    `said` is what is kept of it, to be put into words when it is shown.
    """

    cause: str
    message: str
    remedy: str = ""
    detail: str = ""
    said: dict[str, Any] = field(default_factory=dict)


@dataclass
class Piece:
    """Something found, and step by step what is known of it. `is_asked_for` reads it again though nothing changed."""

    found: Found
    document: Document | None = None
    content: bytes = b""
    mime: str = ""
    blob: str = ""
    size: int = 0
    extracted: Extracted | None = None
    failure: Failed | None = None
    state: State = State.ON_THE_WAY
    is_copy: bool = False
    is_asked_for: bool = False

    def is_known(self) -> bool:
        """Whether it was gathered with this very stamp, and is still there."""
        document = self.document
        return document is not None and not document.vanished_at and document.stamp == self.found.stamp != ""

    def has_same_bytes(self) -> bool:
        """Whether its bytes are those that were read the last time."""
        document = self.document
        if document is None or document.entry_id is None or self.is_asked_for:
            return False
        return bool(self.blob) and document.blob == self.blob

    def fail(self, failure: Failed) -> None:
        """It ends here, with a name for why."""
        self.failure = failure
        self.state = State.FAILED
