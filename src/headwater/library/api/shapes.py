"""What the library's API takes and gives."""

from datetime import date, datetime
from typing import Literal

from ninja import Field, Schema

from headwater.core.addresses import address, link
from headwater.core.bodies import Body
from headwater.core.paging import Paging
from headwater.library.models import (
    Article,
    Attachment,
    Draft,
    Feedback,
    LibrarySettings,
    Review,
    Revision,
    Verification,
)
from headwater.search.models import EntryTopic, EntryVersion, Kind

ArticleKind = Literal["howto", "procedure", "policy", "lesson", "faq", "decision", "reference", "contact", "practice"]
assert {kind.value for kind in Kind} - {"gathered"} == set(ArticleKind.__args__)  # type: ignore[attr-defined]


class ArticleOut(Schema):
    """An article: `state` is that of its newest revision, `published` says whether people read a version of it."""

    id: int
    entry_id: int
    title: str
    reference: str
    kind: str
    state: str
    standing: str
    published: bool
    latest_revision: int | None
    current_version: int | None
    owner_id: int | None
    unit_id: int | None
    audience_id: int | None
    classification: int
    verifier_id: int | None
    verify_every_days: int
    verify_due_on: date | None
    captured_from_id: int | None
    trashed_at: datetime | None
    url: str

    @staticmethod
    def of(article: Article) -> "ArticleOut":
        """An article as the API tells it. Wants entry with current_version, latest and published.

        Readers (`sees_drafts` false) are told of the published revision only, not that somebody is writing.
        """
        entry = article.entry
        sees = bool(article.__dict__.get("sees_drafts", True))
        shown = article.latest if sees else article.published
        return ArticleOut(
            id=article.pk,
            entry_id=entry.pk,
            title=entry.title,
            reference=article.reference,
            kind=entry.kind,
            state=article.state if sees else Article.State.PUBLISHED,
            standing=entry.standing,
            published=article.published_id is not None,
            latest_revision=shown.number if shown else None,
            current_version=entry.current_version.number if entry.current_version else None,
            owner_id=entry.owner_id,
            unit_id=entry.unit_id,
            audience_id=entry.audience_id,
            classification=entry.classification,
            verifier_id=article.verifier_id,
            verify_every_days=article.verify_every_days,
            verify_due_on=article.verify_due_on,
            captured_from_id=article.captured_from_id,
            trashed_at=article.trashed_at,
            url=link("library:article", pk=article.pk),
        )


class ArticlesOut(Schema):
    """A page of articles and how many there are."""

    items: list[ArticleOut]
    count: int


class RevisionOut(Schema):
    """One revision; `based_on` and `version` are numbers.

    `is_aside` says that somebody else saved first and the two wait to be merged.
    """

    id: int
    article_id: int
    number: int
    title: str
    body: str
    summary: str
    language: str
    author_id: int
    based_on: int | None
    is_aside: bool
    settled: bool
    version: int | None
    created_at: datetime

    @staticmethod
    def of(revision: Revision) -> "RevisionOut":
        """A revision as the API tells it. Wants based_on and version."""
        return RevisionOut(
            id=revision.pk,
            article_id=revision.article_id,
            number=revision.number,
            title=revision.title,
            body=revision.body,
            summary=revision.summary,
            language=revision.language,
            author_id=revision.author_id,
            based_on=revision.based_on.number if revision.based_on else None,
            is_aside=revision.is_aside,
            settled=revision.settled_at is not None,
            version=revision.version.number if revision.version else None,
            created_at=revision.created_at,
        )


class RevisionsOut(Schema):
    """A page of revisions and how many there are."""

    items: list[RevisionOut]
    count: int


class VersionOut(Schema):
    """A published version."""

    id: int
    entry_id: int
    number: int
    title: str
    summary: str
    checksum: str
    published_at: datetime

    @staticmethod
    def of(version: EntryVersion) -> "VersionOut":
        """A version as the API tells it."""
        names = ("number", "title", "summary", "checksum", "published_at")
        return VersionOut(id=version.pk, entry_id=version.entry_id, **{name: getattr(version, name) for name in names})


class DraftOut(Schema):
    """What was being typed and is kept."""

    title: str
    body: str
    saved_at: datetime

    @staticmethod
    def of(draft: Draft) -> "DraftOut":
        """A draft as the API tells it."""
        return DraftOut(title=draft.title, body=draft.body, saved_at=draft.saved_at)


class ReviewOut(Schema):
    """A reviewer's word."""

    id: int
    revision: int
    article_id: int
    reviewer_id: int
    outcome: str
    comment: str
    asked_at: datetime
    decided_at: datetime | None

    @staticmethod
    def of(review: Review) -> "ReviewOut":
        """A review as the API tells it. Wants revision."""
        names = ("outcome", "comment", "asked_at", "decided_at")
        return ReviewOut(
            id=review.pk,
            revision=review.revision.number,
            article_id=review.revision.article_id,
            reviewer_id=review.reviewer_id,
            **{name: getattr(review, name) for name in names},
        )


class VerificationOut(Schema):
    """A named person's word that a version still holds."""

    id: int
    article_id: int
    version: int
    person_id: int
    evidence: str
    at: datetime
    due_on: date

    @staticmethod
    def of(verification: Verification) -> "VerificationOut":
        """A verification as the API tells it. Wants version."""
        return VerificationOut(
            id=verification.pk,
            article_id=verification.article_id,
            version=verification.version.number,
            person_id=verification.person_id,
            evidence=verification.evidence,
            at=verification.at,
            due_on=verification.due_on,
        )


class FeedbackOut(Schema):
    """A reader's word on an entry, and what came of it."""

    id: int
    entry_id: int
    version: int | None
    person_id: int
    kind: str
    text: str
    state: str
    disputes: bool
    answer: str
    at: datetime
    settled_at: datetime | None

    @staticmethod
    def of(feedback: Feedback) -> "FeedbackOut":
        """A report or vote as the API tells it. Wants version."""
        names = ("kind", "text", "state", "disputes", "answer", "at", "settled_at")
        return FeedbackOut(
            id=feedback.pk,
            entry_id=feedback.entry_id,
            version=feedback.version.number if feedback.version else None,
            person_id=feedback.person_id,
            **{name: getattr(feedback, name) for name in names},
        )


class FeedbacksOut(Schema):
    """A page of reports and how many there are."""

    items: list[FeedbackOut]
    count: int


class AttachmentOut(Schema):
    """A file or picture; `markdown` are the words that show it in its article's text."""

    id: int
    name: str
    mime: str
    size: int
    markdown: str
    url: str

    @staticmethod
    def of(attachment: Attachment) -> "AttachmentOut":
        """An attachment as the API tells it."""
        return AttachmentOut(
            id=attachment.pk,
            name=attachment.name,
            mime=attachment.mime,
            size=attachment.size,
            markdown=attachment.markdown,
            url=address("library:attachment", pk=attachment.pk),
        )


class TopicOut(Schema):
    """An entry is about a concept (`topic` is its slug); `proposed` until somebody accepts it."""

    id: int
    entry_id: int
    concept_id: int
    topic: str
    proposed: bool

    @staticmethod
    def of(topic: EntryTopic) -> "TopicOut":
        """A topic as the API tells it. Wants concept."""
        return TopicOut(
            id=topic.pk,
            entry_id=topic.entry_id,
            concept_id=topic.concept_id,
            topic=topic.concept.slug,
            proposed=topic.proposed,
        )


class SettingsOut(Body):
    """How the library is kept."""

    needs_review: bool
    allows_self_approval: bool
    verify_every_days: int = Field(ge=1, le=3650)

    @staticmethod
    def of(settings: LibrarySettings) -> "SettingsOut":
        """The settings as the API tells them."""
        return SettingsOut(
            needs_review=settings.needs_review,
            allows_self_approval=settings.allows_self_approval,
            verify_every_days=settings.verify_every_days,
        )


class Page(Paging.Input):
    """Which part of a list."""
