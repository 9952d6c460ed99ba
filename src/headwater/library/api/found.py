"""Finding what an operation is about: only what the person may know of; everything else is not there."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404

from headwater.core.references import refuse_reference
from headwater.library.models import Article, Attachment, Feedback, Review, Revision
from headwater.people.models import Person
from headwater.people.request import Request
from headwater.search.models import Entry, EntryVersion

RELATED = (
    "entry__unit",
    "entry__audience",
    "entry__current_version",
    "entry__owner",
    "latest",
    "published",
    "verifier",
)
# An article is told without its text.
UNTOLD = ("entry__current_version__text", "latest__body", "published__body")


def articles_for(person: Person) -> QuerySet[Article]:
    """Articles the person may know of, and those in the trash that they may bring back."""
    seen = Q(pk__in=Article.objects.visible_to(person).values("pk"))
    theirs = Q(pk__in=Article.objects.governed_by(person).values("pk")) | Q(trashed_by=person)
    circle = Article.objects.draft_circle(person).filter(pk=OuterRef("pk"))
    articles = Article.objects.filter(seen | theirs).select_related(*RELATED).defer(*UNTOLD)
    return articles.annotate(sees_drafts=Exists(circle))


def article(request: Request, pk: int) -> Article:
    """The article. 404 when it is not there for this person."""
    return get_object_or_404(articles_for(request.person), pk=pk)


def again(request: Request, done: Article) -> Article:
    """The article as it is after an action; also when the person has just lost sight of it."""
    return Article.objects.select_related(*RELATED).get(pk=done.pk)


def base(article: Article, number: int) -> Revision:
    """The revision that a text was written on, by its number; a wrong one is refused in `based_on`."""
    found = article.revisions.select_related("based_on", "version").filter(number=number).first()
    return found or refuse_reference(number, "based_on")


def version(entry: Entry, number: int) -> EntryVersion:
    """A version of an entry by its number; a wrong one is refused in `version`."""
    return entry.versions.filter(number=number).first() or refuse_reference(number, "version")


def aside(request: Request, pk: int) -> Revision:
    """A text that was kept aside, for those who see its article's drafts."""
    circle = Article.objects.draft_circle(request.person).values("pk")
    return get_object_or_404(Revision.objects.select_related("article"), pk=pk, is_aside=True, article__in=circle)


def review(request: Request, pk: int) -> Review:
    """A review, for those who see its article's drafts."""
    circle = Article.objects.draft_circle(request.person).values("pk")
    rows = Review.objects.select_related("revision__article", "reviewer")
    return get_object_or_404(rows, pk=pk, revision__article__in=circle)


def entry(request: Request, pk: int) -> Entry:
    """An entry that the person may read."""
    return get_object_or_404(Entry.objects.current().readable_by(request.person).select_related("unit"), pk=pk)


def feedback(request: Request, pk: int) -> Feedback:
    """A report: the person's own, or one they may settle."""
    kept = Feedback.objects.for_keeper(request.person).values("pk")
    rows = (
        Feedback.objects.filter(Q(pk__in=kept) | Q(person=request.person))
        .select_related("entry__unit", "version")
        .defer("version__text")
    )
    return get_object_or_404(rows, pk=pk)


def attachment(request: Request, pk: int) -> Attachment:
    """An attachment of an article whose drafts the person sees."""
    circle = Article.objects.draft_circle(request.person).values("pk")
    return get_object_or_404(Attachment, pk=pk, article__in=circle)
