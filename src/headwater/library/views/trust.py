"""Trust: reviewing, verifying, reporting, and settling reports."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from headwater.core.acting import tried
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.library import actions, rules
from headwater.library.difference import compare
from headwater.library.forms import DecisionForm, FeedbackForm, SettlementForm, VerificationForm
from headwater.library.links import render_part
from headwater.library.markdown import reading_minutes
from headwater.library.models import Article, Feedback, Review
from headwater.library.views.shared import shown_part
from headwater.people.request import Request
from headwater.search.models import Entry, EntryTopic


@require_http_methods(["GET", "POST"])
def show_review(request: Request, pk: int) -> HttpResponse:
    """What changed, and the reviewer's word on it."""
    rows = Review.objects.select_related(
        "revision__article__entry__unit", "revision__author", "revision__article__published", "reviewer"
    )
    review = get_object_or_404(rows, pk=pk)
    article, revision = review.revision.article, review.revision
    if not rules.may_see_drafts(request.person, article):
        raise Http404(_("There is no such review, or you may not see it."))
    mine = review.reviewer_id == request.person.pk
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        approved, comment = request.POST.get("decision") == "approve", form.cleaned_data["comment"]
        if tried(form, lambda: actions.decide_review(request.person, review, approved, comment)) is not None:
            tell(
                request,
                _("Approved. Its owner may publish it.")
                if approved
                else _("Returned to its author with your comment."),
            )
            return redirect(address("library:reviews"))
    before = article.published
    difference = compare(before.body if before else "", revision.body)
    context = {
        "title": _("Review “%(title)s”") % {"title": revision.title},
        "review": review,
        "article": article,
        "revision": revision,
        "before": before,
        "difference": difference,
        "rows": difference.condensed(),
        "part": (part := shown_part(request, revision.body)),
        "text": render_part(part, request.person, article, is_draft=True),
        "minutes": reading_minutes(revision.body),
        "form": form if mine and review.outcome == Review.Outcome.ASKED else None,
        "crumbs": [
            (_("Library"), address("library:articles")),
            (_("Reviews"), address("library:reviews")),
            (revision.title, ""),
        ],
    }
    return render(request, "library/review.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def check_article(request: Request, pk: int) -> HttpResponse:
    """Read it once more, and vouch for it by name."""
    article = get_object_or_404(
        Article.objects.select_related("entry__current_version", "entry__unit", "verifier"), pk=pk
    )
    if not rules.may_verify(request.person, article):
        raise Http404(_("There is no such article, or it is not yours to verify."))
    version = article.entry.current_version
    assert version is not None
    initial = {"every_days": article.verify_every_days, "version": version.number}
    form = VerificationForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        shown = get_object_or_404(article.entry.versions, number=values["version"])
        verification = tried(
            form,
            lambda: actions.verify_article(request.person, article, shown, values["evidence"], values["every_days"]),
        )
        if verification is not None:
            tell(request, _("Verified. The next check is due on %(day)s.") % {"day": verification.due_on})
            return redirect(address("library:due"))
    context = {
        "title": _("Does “%(title)s” still hold?") % {"title": article.entry.title},
        "article": article,
        "version": version,
        "part": (part := shown_part(request, version.text)),
        "text": render_part(part, request.person, article),
        "minutes": reading_minutes(version.text),
        "last": article.verifications.select_related("person", "version")
        .defer("version__text")
        .order_by("-at")
        .first(),
        "reports": Feedback.objects.open().filter(entry=article.entry).select_related("person")[:20],
        "form": form,
        "may_edit": rules.may_edit(request.person, article),
        "crumbs": [
            (_("Library"), address("library:articles")),
            (_("Due for a check"), address("library:due")),
            (version.title, ""),
        ],
    }
    return render(request, "library/verification.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def flag(request: Request, pk: int) -> HttpResponse:
    """Flag it or fix it: a reader's word on an entry."""
    readable = Entry.objects.current().readable_by(request.person).select_related("unit", "current_version")
    entry = get_object_or_404(readable.defer("current_version__text"), pk=pk)
    article = Article.objects.filter(entry=entry).first()
    form = FeedbackForm(request.POST or None, initial={"kind": request.GET.get("kind", "error")})
    may_dispute = rules.may_dispute(request.person, entry)
    if not may_dispute:
        del form.fields["disputes"]
    if request.method == "POST" and form.is_valid():
        values = {**form.cleaned_data, "kind": Feedback.Kind(form.cleaned_data["kind"])}
        if tried(form, lambda: actions.give_feedback(request.person, entry, **values)) is not None:
            tell(request, _("Thank you. Whoever keeps this text has been told."))
            return redirect(address("home:entry", pk=pk))
    context = {
        "title": _("Something about “%(title)s”") % {"title": entry.title},
        "entry": entry,
        "form": form,
        "fix": address("library:edit", pk=article.pk) if article and rules.may_edit(request.person, article) else "",
        "crumbs": [
            (_("Library"), address("library:articles")),
            (entry.title, address("home:entry", pk=pk)),
            (_("Flag it"), ""),
        ],
    }
    return render(request, "library/flag.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def show_report(request: Request, pk: int) -> HttpResponse:
    """One report, and its answer."""
    reports = Feedback.objects.select_related("entry__unit", "person", "version", "settled_by")
    feedback = get_object_or_404(reports.defer("version__text"), pk=pk)
    may_settle = rules.may_settle(request.person, feedback.entry)
    if not (may_settle or feedback.person_id == request.person.pk or feedback.disputes) or not rules.may_read(
        request.person, feedback.entry
    ):
        raise Http404(_("There is no such report, or it is not yours to see."))
    form = SettlementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        outcome, answer = Feedback.State(form.cleaned_data["outcome"]), form.cleaned_data["answer"]
        if tried(form, lambda: actions.settle_feedback(request.person, feedback, outcome, answer)) is not None:
            tell(request, _("Settled. %(name)s is told.") % {"name": feedback.person.name})
            return redirect(address("library:reports"))
    article = Article.objects.filter(entry=feedback.entry).first()
    is_open = feedback.state == Feedback.State.OPEN
    context = {
        "title": _("Report on “%(title)s”") % {"title": feedback.entry.title},
        "feedback": feedback,
        "form": form if may_settle and is_open else None,
        "may_dispute": may_settle and is_open and not feedback.disputes,
        "edit": address("library:edit", pk=article.pk) if article and rules.may_edit(request.person, article) else "",
        "crumbs": [
            (_("Library"), address("library:articles")),
            (_("Reports"), address("library:reports")),
            (feedback.entry.title, ""),
        ],
    }
    return render(request, "library/report.html", context, status=400 if form.errors else 200)


@require_POST
def dispute(request: Request, pk: int) -> HttpResponse:
    """Warn readers until a report is settled."""
    feedback = get_object_or_404(Feedback.objects.for_keeper(request.person).select_related("entry"), pk=pk)
    actions.dispute_entry(request.person, feedback)
    tell(request, _("Readers are warned until this is settled."))
    return redirect(address("library:report", pk=pk))


@require_POST
def settle_topic(request: Request, pk: int, accept: bool) -> HttpResponse:
    """Accept or decline a topic that somebody proposed."""
    topic = get_object_or_404(EntryTopic.objects.select_related("entry__unit"), pk=pk)
    (actions.accept_topic if accept else actions.decline_topic)(request.person, topic)
    if request.POST.get("back") == "article" and (article := Article.objects.filter(entry=topic.entry_id).first()):
        return redirect(address("library:article", pk=article.pk))
    return redirect(address("library:topics", pk=topic.entry_id))
