"""What every page of the library asks first."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Prefetch
from django.db.models.functions import JSONObject
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from headwater.core.typed import read_number
from headwater.library import rules
from headwater.library.models import Article, Attachment, Contributor
from headwater.library.parts import Part, part_of
from headwater.people.models import Person
from headwater.people.request import Request
from headwater.search.models import Entry, EntryTopic

RELATED = (
    "entry__unit",
    "entry__owner",
    "entry__audience",
    "latest__author",
    "published",
    "verifier",
    "captured_from__entry",
)


def shown_part(request: Request, text: str) -> Part:
    """The part of a text that the address asks for; nearly every text is shown whole."""
    return part_of(text, read_number(request.GET.get("part", "")) or 1)


def seen_article(request: Request, pk: int) -> Article:
    """The article with what its page needs, in two queries, and what of it this person may know.

    Topics and files come as rows of plain values: `topic_rows` (pk, labels, slug, proposed) and `file_rows`.
    """
    here = OuterRef("pk")
    circle = Article.objects.draft_circle(request.person).filter(pk=here)
    origin = Entry.objects.current().readable_by(request.person).filter(versions=OuterRef("captured_from"))
    topics = EntryTopic.objects.filter(entry__article=here).order_by("concept__slug")
    topic = JSONObject(pk="pk", slug="concept__slug", labels="concept__labels", proposed="proposed")
    files = Attachment.objects.filter(article=here, removed_at=None).order_by("name")
    file = JSONObject(pk="pk", name="name", size="size", mime="mime", published_with="published_with_id")
    contributors = Prefetch("contributors", Contributor.objects.select_related("person").order_by("person__name"))
    rows = Article.objects.select_related(*RELATED).prefetch_related(contributors)
    rows = rows.annotate(
        sees_drafts=Exists(circle),
        reads_origin=Exists(origin),
        topic_rows=ArraySubquery(topics.values(row=topic)),
        file_rows=ArraySubquery(files.values(row=file)),
    )
    return get_object_or_404(rows.defer("captured_from__text"), pk=pk)


def sees_drafts(article: Article) -> bool:
    """What `seen_article` found out about the person who asks."""
    return bool(article.__dict__["sees_drafts"])


def article_for_writer(request: Request, pk: int) -> Article:
    """The article, for those who may see its drafts (trash included, for those who govern it); others find nothing."""
    article = seen_article(request, pk)
    if not (sees_drafts(article) or rules.may_arrange(request.person, article)):
        raise Http404(_("There is no such article, or you may not see it."))
    return article


def article_for_editor(request: Request, pk: int) -> Article:
    """The article, for those who may change its text."""
    article = article_for_writer(request, pk)
    if not rules.may_edit(request.person, article):
        raise Http404(_("There is no such article, or you may not write on it."))
    return article


def may_compare(person: Person, article: Article, numbers: set[int]) -> bool:
    """Revisions that came out are for all who may read the article; the others for those who see its drafts."""
    if rules.may_see_drafts(person, article):
        return True
    public = set(article.revisions.filter(version__isnull=False).values_list("number", flat=True))
    return numbers <= public and article.trashed_at is None and rules.may_read(person, article.entry)
