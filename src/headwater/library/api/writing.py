"""Texts: revisions, drafts while typing, merging, reviewing, files."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from ninja import Field, File, Query, Status
from ninja.files import UploadedFile

from headwater.core.bodies import Body
from headwater.core.references import Id, referred_all, required
from headwater.library import actions, rules
from headwater.library.api import found
from headwater.library.api.routing import router
from headwater.library.api.shapes import ArticleOut, AttachmentOut, DraftOut, Page, ReviewOut, RevisionOut, RevisionsOut
from headwater.library.attachments import FILE_BYTES
from headwater.people.models import Person
from headwater.people.request import Request


class TextIn(Body):
    """A text, and the number of the revision it was written on."""

    title: str
    body: str
    based_on: int
    summary: str = ""


class RevisionIn(TextIn):
    """The same, and its language (empty: that of the revision it is based on)."""

    language: str = ""


class SubmissionIn(Body):
    """The ids of the people who are asked to review."""

    reviewers: list[Id] = Field(max_length=50)


class ReviewerIn(Body):
    """The id of one more reviewer."""

    reviewer: Id


class DecisionIn(Body):
    """Approved, or returned with what is to be changed."""

    approved: bool
    comment: str = ""


@router.get("/articles/{pk}/revisions", response=RevisionsOut, operation_id="list_revisions")
def list_revisions(request: Request, pk: int, asked: Query[Page]) -> RevisionsOut:
    """Revisions, newest first; those that never came out only for those who see the drafts."""
    article = found.article(request, pk)
    rows = article.revisions.select_related("based_on", "version").defer("based_on__body", "version__text")
    if not rules.may_see_drafts(request.person, article):
        rows = rows.filter(version__isnull=False)
    shown = rows[asked.offset : asked.offset + asked.limit]
    return RevisionsOut(items=[RevisionOut.of(one) for one in shown], count=rows.count())


@router.post("/articles/{pk}/revisions", response={201: RevisionOut}, operation_id="save_article")
def save_article(request: Request, pk: int, given: RevisionIn) -> Status[RevisionOut]:
    """Save a text as the next revision; `is_aside` in the answer says that somebody else saved first."""
    article = found.article(request, pk)
    base = found.base(article, given.based_on)
    saved = actions.save_article(request.person, article, given.title, given.body, base, given.summary, given.language)
    return Status(201, RevisionOut.of(saved))


@router.put("/articles/{pk}/draft", response=DraftOut, operation_id="autosave_draft")
def autosave_draft(request: Request, pk: int, given: TextIn) -> DraftOut:
    """Keep what you are typing, for you alone."""
    article = found.article(request, pk)
    base = found.base(article, given.based_on)
    return DraftOut.of(actions.autosave_draft(request.person, article, given.title, given.body, base))


@router.delete("/articles/{pk}/draft", response={204: None}, operation_id="discard_draft")
def discard_draft(request: Request, pk: int) -> Status[None]:
    """Throw away what you were typing."""
    actions.discard_draft(request.person, found.article(request, pk))
    return Status(204, None)


@router.post("/asides/{pk}/merge", response={201: RevisionOut}, operation_id="merge_aside")
def merge_aside(request: Request, pk: int, given: TextIn) -> Status[RevisionOut]:
    """Save the text that two became."""
    aside = found.aside(request, pk)
    base = found.base(aside.article, given.based_on)
    return Status(
        201, RevisionOut.of(actions.merge_aside(request.person, aside, given.title, given.body, base, given.summary))
    )


@router.delete("/asides/{pk}", response=RevisionOut, operation_id="discard_aside")
def discard_aside(request: Request, pk: int) -> RevisionOut:
    """Give up a text that was kept aside; it stays among the revisions."""
    return RevisionOut.of(actions.discard_aside(request.person, found.aside(request, pk)))


@router.post("/articles/{pk}/submission", response=ArticleOut, operation_id="submit_revision")
def submit_revision(request: Request, pk: int, given: SubmissionIn) -> ArticleOut:
    """Hand the newest revision to reviewers."""
    article = found.article(request, pk)
    reviewers = referred_all(Person, given.reviewers, "reviewers")
    return ArticleOut.of(found.again(request, actions.submit_revision(request.person, article, reviewers)))


@router.post("/articles/{pk}/reviews", response={201: ReviewOut}, operation_id="ask_review")
def ask_review(request: Request, pk: int, given: ReviewerIn) -> Status[ReviewOut]:
    """Ask one more person to review."""
    reviewer = required(Person, given.reviewer, "reviewer")
    return Status(201, ReviewOut.of(actions.ask_review(request.person, found.article(request, pk), reviewer)))


@router.post("/reviews/{pk}/decision", response=ReviewOut, operation_id="decide_review")
def decide_review(request: Request, pk: int, given: DecisionIn) -> ReviewOut:
    """Approve a revision, or return it."""
    review = found.review(request, pk)
    return ReviewOut.of(actions.decide_review(request.person, review, given.approved, given.comment))


@router.post("/articles/{pk}/attachments", response={201: AttachmentOut}, operation_id="attach_file")
def attach_file(request: Request, pk: int, file: File[UploadedFile]) -> Status[AttachmentOut]:
    """Attach a file or picture."""
    article = found.article(request, pk)
    if (file.size or 0) > FILE_BYTES:
        raise ValidationError({"file": _("Choose a file of at most 25 MB. Nothing was attached.")})
    return Status(201, AttachmentOut.of(actions.attach_file(request.person, article, file.name or "file", file.read())))


@router.delete("/attachments/{pk}", response={204: None}, operation_id="remove_attachment")
def remove_attachment(request: Request, pk: int) -> Status[None]:
    """Take a file off its article."""
    actions.remove_attachment(request.person, found.attachment(request, pk))
    return Status(204, None)
