"""Lists of the library: articles, what is due, reviews, reports, the trash, and how the library is kept."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from headwater.core.acting import tried
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.library import actions, rules
from headwater.library.forms import KINDS, LibrarySettingsForm
from headwater.library.models import Article, Feedback, LibrarySettings, Review
from headwater.library.standing import DISPUTED, DUE, VERIFIED
from headwater.people.models import Permission, Person, Unit
from headwater.people.request import Request
from headwater.taxonomy.models import Concept

PAGE = 50


@require_safe
def show_articles(request: Request) -> HttpResponse:
    """Every article the person may know of, filtered."""
    circle = Article.objects.draft_circle(request.person).filter(pk=OuterRef("pk"))
    articles = Article.objects.kept().visible_to(request.person).annotate(sees_drafts=Exists(circle))
    chosen = _filtered(articles, request)
    chosen = chosen.select_related("entry__unit", "entry__owner")
    page = Paginator(chosen.order_by("entry__title", "pk").prefetch_related("entry__topics"), PAGE).get_page(
        request.GET.get("page")
    )
    count = page.paginator.count
    filters = {name: request.GET.get(name, "") for name in ("q", "kind", "unit", "topic", "standing", "state", "mine")}
    context = {
        "title": _("Library"),
        "heading": ngettext("%(n)d article", "%(n)d articles", count) % {"n": count},
        "page": page,
        "filters": filters,
        "is_filtered": any(filters.values()),
        "kinds": KINDS,
        "units": Unit.objects.order_by("name"),
        "topics": Concept.objects.filter(entry_links__entry__article__isnull=False).distinct().order_by("slug")[:300],
        "standings": [
            (VERIFIED, _("Verified")),
            (DUE, _("Due for a check")),
            (DISPUTED, _("Disputed")),
            ("none", _("Not verified")),
        ],
        "states": Article.State.choices,
        "may_write": rules.writes_anywhere(request.person),
        "may_set": rules.may_set_library(request.person),
    }
    return render(request, "library/articles.html", context)


def _filtered(articles: QuerySet[Article], request: Request) -> QuerySet[Article]:
    """The articles that fit the filters of the address; one that cannot be read filters nothing."""
    asked = request.GET
    if asked.get("q"):
        words = asked["q"][:200].strip()
        articles = articles.filter(Q(entry__title__icontains=words) | Q(reference__iexact=words))
    if asked.get("kind"):
        articles = articles.filter(entry__kind=asked["kind"])
    if asked.get("unit"):
        unit = Unit.objects.filter(slug=asked["unit"]).first()
        articles = articles.filter(entry__unit__path__startswith=unit.path) if unit else articles
    if asked.get("topic"):
        articles = articles.filter(entry__topics__slug=asked["topic"])
    if asked.get("standing"):
        articles = articles.filter(entry__standing="" if asked["standing"] == "none" else asked["standing"])
    if asked.get("state"):
        articles = articles.filter(state=asked["state"])
        if asked["state"] != Article.State.PUBLISHED:
            articles = articles.filter(pk__in=Article.objects.draft_circle(request.person).values("pk"))
    else:
        articles = articles.exclude(state=Article.State.ARCHIVED)
    if asked.get("mine"):
        person = request.person
        articles = articles.filter(
            Q(entry__owner=person) | Q(author=person) | Q(verifier=person) | Q(contributors__person=person)
        ).distinct()
    return articles


def to_check(person: Person) -> QuerySet[Article]:
    """Articles whose check is this person's: as verifier, as owner, or as expert or steward of the unit."""
    keeps = Q(verifier=person) | Q(entry__owner=person)
    for permission in (Permission.EXPERT, Permission.STEWARD):
        for path in person.paths_granted(permission):
            keeps |= Q(entry__unit__path__startswith=path) if path else Q(pk__isnull=False)
    return Article.objects.visible_to(person).filter(keeps)


@require_safe
def show_due(request: Request) -> HttpResponse:
    """What is due for a check, the longest overdue first; one at a time, for a check is a person's word."""
    today = timezone.localdate()
    until = today + timedelta(days=30)
    mine = to_check(request.person)
    if request.GET.get("all") != "1":
        mine = mine.filter(Q(verifier=request.person) | Q(entry__owner=request.person))
    rows = mine.filter(pk__in=Article.objects.due(until).values("pk")).select_related(
        "entry__unit", "entry__owner", "verifier"
    )
    overdue = rows.filter(verify_due_on__lte=today).count()
    page = Paginator(rows.order_by("verify_due_on", "pk"), PAGE).get_page(request.GET.get("page"))
    heading = ngettext("%(n)d article is due for its check", "%(n)d articles are due for their check", overdue) % {
        "n": overdue
    }
    context = {
        "title": _("Due for a check"),
        "heading": heading if overdue else _("Nothing is due for a check"),
        "page": page,
        "today": today,
        "everything": request.GET.get("all") == "1",
        "crumbs": [(_("Library"), address("library:articles")), (_("Due for a check"), "")],
    }
    return render(request, "library/due.html", context)


@require_safe
def show_reviews(request: Request) -> HttpResponse:
    """What the person is asked to review, and what became of what they handed in."""
    related = ("revision__article__entry", "revision__author", "reviewer")
    in_use = Review.objects.filter(revision__article__trashed_at=None).select_related(*related).defer("revision__body")
    asked = in_use.filter(
        reviewer=request.person, outcome=Review.Outcome.ASKED, revision__article__state=Article.State.REVIEW
    ).order_by("asked_at")
    page = Paginator(asked, PAGE).get_page(request.GET.get("page"))
    handed_in = in_use.filter(revision__author=request.person).order_by("-asked_at")[:20]
    count = page.paginator.count
    heading = ngettext("%(n)d text waits for your word", "%(n)d texts wait for your word", count) % {"n": count}
    context = {
        "title": _("Reviews"),
        "heading": heading if count else _("Nothing waits for your word"),
        "page": page,
        "handed_in": handed_in,
        "crumbs": [(_("Library"), address("library:articles")), (_("Reviews"), "")],
    }
    return render(request, "library/reviews.html", context)


@require_safe
def show_reports(request: Request) -> HttpResponse:
    """Reports on what the person keeps: warnings first, then by age."""
    settled = request.GET.get("settled") == "1"
    reports = (
        Feedback.objects.for_keeper(request.person).reports().select_related("entry", "person", "version", "settled_by")
    )
    reports = reports.defer("version__text")
    reports = (
        reports.exclude(state=Feedback.State.OPEN).order_by("-settled_at")
        if settled
        else reports.open().order_by("-disputes", "at")
    )
    page = Paginator(reports, PAGE).get_page(request.GET.get("page"))
    count = page.paginator.count
    words = ngettext("%(n)d report to settle", "%(n)d reports to settle", count) % {"n": count}
    context = {
        "title": _("Reports"),
        "heading": _("Settled reports") if settled else words if count else _("No report is open"),
        "page": page,
        "settled": settled,
        "crumbs": [(_("Library"), address("library:articles")), (_("Reports"), "")],
    }
    return render(request, "library/reports.html", context)


@require_safe
def show_trash(request: Request) -> HttpResponse:
    """What lies in the trash and the person may bring back."""
    rows = Article.objects.exclude(trashed_at=None).select_related("entry", "trashed_by")
    theirs = rows.filter(
        Q(pk__in=Article.objects.governed_by(request.person).values("pk")) | Q(trashed_by=request.person)
    )
    page = Paginator(theirs.order_by("-trashed_at"), PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("Trash"),
        "page": page,
        "crumbs": [(_("Library"), address("library:articles")), (_("Trash"), "")],
    }
    return render(request, "library/trash.html", context)


@require_http_methods(["GET", "POST"])
def edit_settings(request: Request) -> HttpResponse:
    """How the library is kept."""
    if not rules.may_set_library(request.person):
        raise PermissionDenied(_("Only knowledge managers and administrators decide how the library is kept."))
    now = LibrarySettings.current()
    names: dict[str, Any] = {name: getattr(now, name) for name in LibrarySettingsForm.base_fields}
    form = LibrarySettingsForm(request.POST or None, initial=names)
    changed = tried(form, lambda: actions.set_library(request.person, **form.cleaned_data)) if form.is_valid() else None
    if changed is not None:
        tell(request, _("Changed how the library is kept"))
        return redirect(address("library:articles"))
    crumbs = [(_("Library"), address("library:articles")), (_("How it is kept"), "")]
    return render(
        request, "library/settings.html", {"title": _("How the library is kept"), "form": form, "crumbs": crumbs}
    )
