"""What goes in and out of the API of gather."""

from datetime import date, datetime
from typing import Any

from ninja import Field, Schema

from headwater.core.bodies import Body
from headwater.core.references import Id, Reference
from headwater.gather.health import health_of
from headwater.gather.models import Failure, Run, Source


class SourceIn(Body):
    """A new source. `settings` by kind: path; url; host, port, security, username, folder. `secret`: password."""

    name: str
    kind: Source.Kind
    owner: Id | None = None
    settings: dict[str, Any] = {}
    secret: dict[str, str] | None = None
    audience: Reference | None = None
    unit: Reference | None = None
    classification: int = Field(1, ge=0, le=3)
    grade: Source.Grade = Source.Grade.F
    every_minutes: int = Field(60, ge=1, le=1_000_000)
    silent_after_hours: int | None = Field(None, ge=1, le=1_000_000)
    deliver_backfill_days: int = Field(7, ge=0, le=36_500)


class SourceChange(Body):
    """What of a source changes; what is left out stays."""

    name: str | None = None
    owner: Id | None = None
    settings: dict[str, Any] | None = None
    secret: dict[str, str] | None = None
    audience: Reference | None = None
    unit: Reference | None = None
    classification: int | None = Field(None, ge=0, le=3)
    grade: Source.Grade | None = None
    every_minutes: int | None = Field(None, ge=1, le=1_000_000)
    silent_after_hours: int | None = Field(None, ge=0, le=1_000_000)
    deliver_backfill_days: int | None = Field(None, ge=0, le=36_500)
    owner_only: bool = False


class SourceOut(Schema):
    """A source and how it does."""

    id: int
    slug: str
    name: str
    kind: str
    settings: dict[str, Any]
    owner_id: int
    audience_id: int | None
    unit_id: int | None
    classification: int
    grade: str
    every_minutes: int
    silent_after_hours: int | None
    state: str
    health: str
    trouble: str
    last_worked_at: datetime | None
    last_change_at: datetime | None

    @staticmethod
    def resolve_trouble(source: Source) -> str:
        """Why the last run failed and what to do, in the reader's language."""
        return source.trouble_words

    @staticmethod
    def resolve_health(source: Source) -> str:
        """healthy, trouble, silent, late, paused, closed or new."""
        return health_of(source)


class RunOut(Schema):
    """A run and how far it is."""

    id: int
    source_id: int
    state: str
    is_backfill: bool
    started_at: datetime
    ended_at: datetime | None
    total: int | None
    counts: dict[str, int]
    rate: float
    seconds_left: float | None
    message: str

    @staticmethod
    def resolve_message(run: Run) -> str:
        """Why it failed, or what there is to say of it, in the reader's language."""
        return run.words


class DocumentOut(Schema):
    """One gathered piece; `entry_id` is what is read and searched, none while no text was taken out.

    What a person brought says whose it is, `brought_by_id`, and the name they gave, `handed_as`; it differs from `key`
    where a colleague's bears that name.
    """

    id: int
    source_id: int
    key: str
    entry_id: int | None
    mime: str
    size: int
    blob: str
    brought_by_id: int | None
    handed_as: str
    last_seen_at: datetime
    vanished_at: datetime | None


class FailureOut(Schema):
    """A document that could not be read, and why."""

    document_id: int
    key: str
    cause: str
    message: str
    remedy: str
    first_at: datetime
    last_at: datetime

    @staticmethod
    def resolve_message(failure: Failure) -> str:
        """What happened, in the reader's language."""
        return failure.words

    @staticmethod
    def resolve_remedy(failure: Failure) -> str:
        """What to do, in the reader's language."""
        return failure.remedy_words

    @staticmethod
    def resolve_key(failure: Failure) -> str:
        """The document's name in its source."""
        return failure.document.key


class ClosingIn(Body):
    """What becomes of the documents: keep, withdraw, or hand_over to the upload source `to`."""

    documents: str
    to: Reference | None = None


class CauseIn(Body):
    """One cause of failures; empty: all."""

    cause: str = ""


class NoteIn(Body):
    """Something written down."""

    title: str
    text: str
    author: str = ""
    url: str = ""
    replace: bool = False


class NeedIn(Body):
    """A question to be answered."""

    question: str = Field(max_length=300)
    query: str = Field("", max_length=1000)
    why: str = ""
    owner: Id | None = None
    due_on: date | None = None
    audience: Reference | None = None


class NeedOut(Schema):
    """A question and where it stands."""

    id: int
    question: str
    why: str
    query: str
    owner_id: int
    due_on: date | None
    state: str
    audience_id: int | None


class ProposalOut(Schema):
    """An entry proposed, accepted or declined as an answer."""

    id: int
    need_id: int
    entry_id: int
    state: str


class Decision(Body):
    """Whether a proposal answers the question."""

    accepted: bool
