"""Trust: verifying, what is due, reports and their answers."""

from typing import Literal

from django.utils import timezone
from ninja import Query, Status

from headwater.core.bodies import Body
from headwater.library import actions
from headwater.library.api import found
from headwater.library.api.routing import router
from headwater.library.api.shapes import ArticleOut, ArticlesOut, FeedbackOut, FeedbacksOut, Page, VerificationOut
from headwater.library.models import Article, Feedback
from headwater.people.request import Request


class VerificationIn(Body):
    """The number of the version that was checked, what was checked, and when to check again."""

    version: int
    evidence: str
    every_days: int | None = None


class FeedbackIn(Body):
    """A reader's word."""

    kind: Literal["helpful", "unhelpful", "error", "unclear"]
    text: str = ""
    disputes: bool = False
    version: int | None = None


class SettlementIn(Body):
    """What came of a report, and the answer to who reported it."""

    outcome: Literal["fixed", "dismissed"]
    answer: str


@router.get("/verifications/due", response=ArticlesOut, operation_id="list_due")
def list_due(request: Request, asked: Query[Page]) -> ArticlesOut:
    """Articles due for a check that you may read, the longest overdue first."""
    due = Article.objects.due(timezone.localdate()).values("pk")
    rows = found.articles_for(request.person).filter(pk__in=due).order_by("verify_due_on", "pk")
    shown = rows[asked.offset : asked.offset + asked.limit]
    return ArticlesOut(items=[ArticleOut.of(article) for article in shown], count=rows.count())


@router.post("/articles/{pk}/verifications", response={201: VerificationOut}, operation_id="verify_article")
def verify_article(request: Request, pk: int, given: VerificationIn) -> Status[VerificationOut]:
    """Vouch by name that exactly this version still holds. One article at a time; there is no operation for many."""
    article = found.article(request, pk)
    version = found.version(article.entry, given.version)
    return Status(
        201,
        VerificationOut.of(actions.verify_article(request.person, article, version, given.evidence, given.every_days)),
    )


@router.get("/reports", response=FeedbacksOut, operation_id="list_reports")
def list_reports(request: Request, asked: Query[Page]) -> FeedbacksOut:
    """Open reports on what you keep, warnings first."""
    rows = (
        Feedback.objects.for_keeper(request.person)
        .open()
        .select_related("version")
        .defer("version__text")
        .order_by("-disputes", "at", "pk")
    )
    shown = rows[asked.offset : asked.offset + asked.limit]
    return FeedbacksOut(items=[FeedbackOut.of(one) for one in shown], count=rows.count())


@router.post("/entries/{pk}/feedback", response={201: FeedbackOut}, operation_id="give_feedback")
def give_feedback(request: Request, pk: int, given: FeedbackIn) -> Status[FeedbackOut]:
    """Say that a text helped or not, or that something is wrong or unclear."""
    entry = found.entry(request, pk)
    version = found.version(entry, given.version) if given.version is not None else None
    feedback = actions.give_feedback(
        request.person, entry, Feedback.Kind(given.kind), given.text, given.disputes, version
    )
    return Status(201, FeedbackOut.of(feedback))


@router.post("/reports/{pk}/dispute", response=FeedbackOut, operation_id="dispute_entry")
def dispute_entry(request: Request, pk: int) -> FeedbackOut:
    """Warn readers until a report is settled."""
    return FeedbackOut.of(actions.dispute_entry(request.person, found.feedback(request, pk)))


@router.post("/reports/{pk}/settlement", response=FeedbackOut, operation_id="settle_feedback")
def settle_feedback(request: Request, pk: int, given: SettlementIn) -> FeedbackOut:
    """Answer a report."""
    feedback = found.feedback(request, pk)
    return FeedbackOut.of(
        actions.settle_feedback(request.person, feedback, Feedback.State(given.outcome), given.answer)
    )
