"""Writing: a new article, the editor with its preview, revisions, and two texts made into one."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from headwater.core.acting import attempt, tried
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.core.typed import read_number
from headwater.library import actions, rules
from headwater.library.asides import Collision, collision_of, settle_choices
from headwater.library.difference import compare
from headwater.library.forms import NewArticleForm
from headwater.library.links import render_part
from headwater.library.markdown import reading_minutes
from headwater.library.models import Article, Draft, Revision
from headwater.library.parts import part_of
from headwater.library.skeletons import skeleton
from headwater.library.views.shared import article_for_editor, may_compare
from headwater.people.request import Request
from headwater.search.models import EntryVersion


@require_http_methods(["GET", "POST"])
def begin(request: Request) -> HttpResponse:
    """The first facts of a new article."""
    if not rules.writes_anywhere(request.person):
        return render(request, "library/no_writer.html", {"title": _("Write down what I know")}, status=403)
    form = NewArticleForm(request.POST or None, person=request.person)
    if form.is_valid():
        values = dict(form.cleaned_data)
        body = skeleton(values["kind"])
        article = tried(form, lambda: actions.create_article(request.person, body=body, **values))
        if article is not None:
            return redirect(address("library:edit", pk=article.pk))
    crumbs = [(_("Library"), address("library:articles")), (_("New article"), "")]
    return render(request, "library/new.html", {"title": _("Write down what you know"), "form": form, "crumbs": crumbs})


@require_POST
def capture(request: Request, pk: int) -> HttpResponse:
    """Begin an article from a gathered version."""
    version = get_object_or_404(EntryVersion.objects.select_related("entry"), pk=pk)
    if not rules.may_read(request.person, version.entry):
        raise Http404(_("There is no such document, or you may not read it."))
    article = attempt(request, lambda: actions.capture_document(request.person, version))
    if article is None:
        return redirect(address("home:entry", pk=version.entry_id))
    tell(
        request,
        _("Captured. The article keeps the link to the document."),
        undo=address("library:trashing", pk=article.pk),
    )
    return redirect(address("library:edit", pk=article.pk))


@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: int) -> HttpResponse:
    """The editor; what was typed and not saved comes back."""
    article = article_for_editor(request, pk)
    draft = Draft.objects.select_related("based_on").filter(article=article, person=request.person).first()
    if request.method == "POST":
        return _save(request, article)
    base = draft.based_on if draft else article.latest
    assert base is not None
    text = draft or base
    return _editor(request, article, {"heading": text.title, "body": text.body, "based_on": base, "draft": draft})


def _editor(request: Request, article: Article, values: dict[str, Any], status: int = 200) -> HttpResponse:
    words = {
        "crumbs": [
            (_("Library"), address("library:articles")),
            (article.entry.title, address("library:article", pk=article.pk)),
            (_("Edit"), ""),
        ],
        "title": _("Edit “%(title)s”") % {"title": article.entry.title},
        "article": article,
        **_previewed(request, article, values["body"]),
        "minutes": reading_minutes(values["body"]),
        "trashed": article.trashed_at,
    }
    return render(request, "library/edit.html", {**words, **values}, status=status)


def _save(request: Request, article: Article) -> HttpResponse:
    title, body, summary = (request.POST.get(name, "") for name in ("title", "body", "summary"))
    base = _base(request, article)
    try:
        saved = actions.save_article(request.person, article, title, body, base, summary)
    except ValidationError as error:
        values = {"heading": title, "body": body, "summary": summary, "based_on": base, "error": error.messages[0]}
        return _editor(request, article, values, status=400)
    if saved.is_aside:
        return redirect(address("library:aside", pk=saved.pk))
    tell(request, _("Saved as revision %(n)d") % {"n": saved.number})
    return redirect(address("library:article", pk=article.pk))


def _base(request: Request, article: Article) -> Revision:
    return get_object_or_404(article.revisions.all(), number=read_number(request.POST.get("based_on", "")) or 0)


def _previewed(request: Request, article: Article, body: str) -> dict[str, Any]:
    """How a text looks while it is written; of a very long one the beginning."""
    part = part_of(body, 1)
    return {"part": part, "preview": render_part(part, request.person, article, is_draft=True)}


@require_POST
def preview(request: Request, pk: int) -> HttpResponse:
    """What the text will look like."""
    article = article_for_editor(request, pk)
    body = request.POST.get("body", "")[: actions.writing.BODY_LENGTH]
    context = _previewed(request, article, body) | {"minutes": reading_minutes(body)}
    return render(request, "library/preview.html", context)


@require_POST
def keep_draft(request: Request, pk: int) -> HttpResponse:
    """Keep what is being typed."""
    article = article_for_editor(request, pk)
    title, body = request.POST.get("title", ""), request.POST.get("body", "")
    base = _base(request, article)
    actions.autosave_draft(request.person, article, title, body, base)
    overtaken = article.latest_id != base.pk
    return render(request, "library/kept.html", {"at": timezone.now(), "overtaken": overtaken, "article": article})


@require_POST
def throw_draft(request: Request, pk: int) -> HttpResponse:
    """Forget what was typed and not saved."""
    article = article_for_editor(request, pk)
    actions.discard_draft(request.person, article)
    tell(request, _("What you had typed is gone; the saved text stands."))
    return redirect(address("library:edit", pk=pk))


@require_safe
def show_revisions(request: Request, pk: int) -> HttpResponse:
    """Every revision, newest first; readers see those that came out."""
    article = get_object_or_404(Article.objects.select_related("entry", "published"), pk=pk)
    if not may_compare(request.person, article, set()):
        raise Http404(_("There is no such article, or you may not see it."))
    revisions = article.revisions.select_related("author", "version", "based_on")
    revisions = revisions.defer("body", "version__text", "based_on__body")
    if not rules.may_see_drafts(request.person, article):
        revisions = revisions.filter(version__isnull=False)
    rows = list(revisions[:500])
    pairs = _pairs(request, rows)
    if pairs:
        return redirect(address("library:difference", pk=pk, old=min(pairs), new=max(pairs)))
    crumbs = [
        (_("Library"), address("library:articles")),
        (article.entry.title, _home_of(request, article)),
        (_("Revisions"), ""),
    ]
    context = {
        "title": _("Revisions of “%(title)s”") % {"title": article.entry.title},
        "article": article,
        "rows": rows,
        "crumbs": crumbs,
    }
    return render(request, "library/revisions.html", context)


def _home_of(request: Request, article: Article) -> str:
    if rules.may_see_drafts(request.person, article):
        return address("library:article", pk=article.pk)
    return address("home:entry", pk=article.entry_id)


def _pairs(request: Request, rows: list[Revision]) -> list[int]:
    """Two different revisions that were chosen to be compared."""
    known = {str(row.number) for row in rows}
    chosen = {request.GET.get("old", ""), request.GET.get("new", "")} & known
    return [int(one) for one in chosen] if len(chosen) == 2 else []


@require_safe
def show_difference(request: Request, pk: int, old: int, new: int) -> HttpResponse:
    """Two revisions, side by side or as a list of changes."""
    article = get_object_or_404(Article.objects.select_related("entry"), pk=pk)
    if not may_compare(request.person, article, {old, new}):
        raise Http404(_("There is no such revision, or you may not see it."))
    before, after = get_object_or_404(article.revisions, number=old), get_object_or_404(article.revisions, number=new)
    difference = compare(before.body, after.body)
    crumbs = [
        (_("Library"), address("library:articles")),
        (article.entry.title, _home_of(request, article)),
        (_("Revisions"), address("library:revisions", pk=pk)),
        (f"{old} → {new}", ""),
    ]
    context = {
        "title": _("Revision %(old)d and %(new)d") % {"old": old, "new": new},
        "article": article,
        "before": before,
        "after": after,
        "difference": difference,
        "rows": difference.condensed(),
        "view": "changes" if request.GET.get("view") == "changes" else "sides",
        "crumbs": crumbs,
    }
    return render(request, "library/difference.html", context)


@require_http_methods(["GET", "POST"])
def merge_texts(request: Request, pk: int) -> HttpResponse:
    """Somebody saved first: what both wrote, where they differ, and the text they become."""
    aside = get_object_or_404(Revision.objects.select_related("article", "based_on", "author"), pk=pk, is_aside=True)
    article = article_for_editor(request, aside.article_id)
    if aside.settled_at is not None:
        tell(request, _("This text was settled already; it stays among the revisions."))
        return redirect(address("library:article", pk=article.pk))
    collision = collision_of(aside, article)
    body = settle_choices(collision, request.POST)
    if request.method == "POST" and "save" in request.POST:
        return _save_merged(request, collision)
    context = {"collision": collision, "article": article, "aside": aside, "body": body, "title": collision.words}
    if request.htmx:
        return render(request, "library/merged.html", context)
    context["crumbs"] = [
        (_("Library"), address("library:articles")),
        (article.entry.title, address("library:article", pk=article.pk)),
        (_("Compare and merge"), ""),
    ]
    return render(request, "library/merge.html", context)


def _save_merged(request: Request, collision: Collision) -> HttpResponse:
    article, aside = collision.article, collision.aside
    title, body = request.POST.get("title", aside.title), request.POST.get("body", "")
    try:
        saved = actions.merge_aside(request.person, aside, title, body, _base(request, article))
    except ValidationError as error:
        tell(request, error.messages[0], level=40)
        return redirect(address("library:aside", pk=aside.pk))
    if saved.is_aside:
        return redirect(address("library:aside", pk=saved.pk))
    tell(request, _("Merged and saved as revision %(n)d") % {"n": saved.number})
    return redirect(address("library:article", pk=article.pk))


@require_POST
def throw_aside(request: Request, pk: int) -> HttpResponse:
    """Give up the text that was kept aside."""
    aside = get_object_or_404(Revision, pk=pk, is_aside=True)
    article = article_for_editor(request, aside.article_id)
    actions.discard_aside(request.person, aside)
    tell(request, _("Given up. It stays among the revisions as number %(n)d.") % {"n": aside.number})
    return redirect(address("library:article", pk=article.pk))
