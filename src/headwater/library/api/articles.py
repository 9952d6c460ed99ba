"""Articles: the list, and bringing one from draft to trash and back."""

from django.shortcuts import get_object_or_404
from ninja import Query, Status

from headwater.core.bodies import Body
from headwater.core.models import Classification
from headwater.core.references import Id, Reference, referred
from headwater.library import actions
from headwater.library.api import found
from headwater.library.api.routing import router
from headwater.library.api.shapes import ArticleKind, ArticleOut, ArticlesOut, Page, VersionOut
from headwater.people.models import Audience, Person, Unit
from headwater.people.request import Request
from headwater.search.models import EntryVersion, Kind


class Filters(Page):
    """Which articles: empty means all in use."""

    kind: str = ""
    unit: Reference | None = None
    standing: str = ""
    state: str = ""
    trashed: bool = False


class ArticleIn(Body):
    """A new article."""

    kind: ArticleKind
    title: str
    body: str = ""
    unit: Reference | None = None
    audience: Reference | None = None
    classification: Classification = Classification.INTERNAL
    reference: str = ""
    language: str = ""
    owner: Id | None = None


class CaptureIn(Body):
    """What an article captured from a document begins as."""

    kind: ArticleKind = "reference"
    title: str = ""


class PublicationIn(Body):
    """One sentence of what changed; not needed for the first version."""

    summary: str = ""


@router.get("/articles", response=ArticlesOut, operation_id="list_articles")
def list_articles(request: Request, asked: Query[Filters]) -> ArticlesOut:
    """Articles you may know of, by title."""
    rows = found.articles_for(request.person).filter(trashed_at__isnull=not asked.trashed)
    wanted = {
        "entry__kind": asked.kind,
        "entry__unit": referred(Unit, asked.unit, "unit"),
        "entry__standing": asked.standing,
        "state": asked.state,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value}).order_by("entry__title", "pk")
    shown = rows[asked.offset : asked.offset + asked.limit]
    return ArticlesOut(items=[ArticleOut.of(article) for article in shown], count=rows.count())


@router.get("/articles/{pk}", response=ArticleOut, operation_id="show_article")
def show_article(request: Request, pk: int) -> ArticleOut:
    """One article."""
    return ArticleOut.of(found.article(request, pk))


@router.post("/articles", response={201: ArticleOut}, operation_id="create_article")
def create_article(request: Request, given: ArticleIn) -> Status[ArticleOut]:
    """Begin an article as a draft."""
    made = actions.create_article(
        request.person,
        Kind(given.kind),
        given.title,
        given.body,
        unit=referred(Unit, given.unit, "unit"),
        audience=referred(Audience, given.audience, "audience"),
        classification=given.classification,
        reference=given.reference,
        language=given.language,
        owner=referred(Person, given.owner, "owner"),
    )
    return Status(201, ArticleOut.of(found.again(request, made)))


@router.post("/versions/{pk}/capture", response={201: ArticleOut}, operation_id="capture_document")
def capture_document(request: Request, pk: int, given: CaptureIn) -> Status[ArticleOut]:
    """Begin an article from a gathered version."""
    version = get_object_or_404(EntryVersion.objects.select_related("entry"), pk=pk)
    made = actions.capture_document(request.person, version, Kind(given.kind), given.title)
    return Status(201, ArticleOut.of(found.again(request, made)))


@router.post("/articles/{pk}/publication", response={201: VersionOut}, operation_id="publish_article")
def publish_article(request: Request, pk: int, given: PublicationIn) -> Status[VersionOut]:
    """Publish the newest revision."""
    return Status(
        201, VersionOut.of(actions.publish_article(request.person, found.article(request, pk), given.summary))
    )


@router.post("/articles/{pk}/archive", response=ArticleOut, operation_id="archive_article")
def archive_article(request: Request, pk: int) -> ArticleOut:
    """Take an article out of use."""
    done = actions.archive_article(request.person, found.article(request, pk))
    return ArticleOut.of(found.again(request, done))


@router.post("/articles/{pk}/reopening", response=ArticleOut, operation_id="reopen_article")
def reopen_article(request: Request, pk: int) -> ArticleOut:
    """Bring an archived article back into use."""
    done = actions.reopen_article(request.person, found.article(request, pk))
    return ArticleOut.of(found.again(request, done))


@router.post("/articles/{pk}/trash", response=ArticleOut, operation_id="trash_article")
def trash_article(request: Request, pk: int) -> ArticleOut:
    """Put an article into the trash for 30 days."""
    done = actions.trash_article(request.person, found.article(request, pk))
    return ArticleOut.of(found.again(request, done))


@router.post("/articles/{pk}/restoration", response=ArticleOut, operation_id="restore_article")
def restore_article(request: Request, pk: int) -> ArticleOut:
    """Take an article back out of the trash."""
    done = actions.restore_article(request.person, found.article(request, pk))
    return ArticleOut.of(found.again(request, done))


@router.delete("/articles/{pk}", response={204: None}, operation_id="purge_article")
def purge_article(request: Request, pk: int) -> Status[None]:
    """Delete for good. Refused to everybody: only the daily round does it, after 30 days in the trash."""
    actions.purge_article(request.person, found.article(request, pk))
    return Status(204, None)
