"""An article's own page, for those who write it: its newest text, what comes next, and what stands around it."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from headwater.core.acting import back_to, kept, tried
from headwater.core.addresses import address
from headwater.core.languages import reading
from headwater.core.messages import tell
from headwater.core.models import Classification
from headwater.library import actions, rules
from headwater.library.asides import collision_of
from headwater.library.forms import ContributorForm, DetailsForm, PublicationForm, SharingForm, SubmissionForm
from headwater.library.links import render_part
from headwater.library.markdown import reading_minutes
from headwater.library.models import Article, LibrarySettings, Review
from headwater.library.views.shared import article_for_editor, article_for_writer, seen_article, sees_drafts, shown_part
from headwater.people.models import Permission, Person
from headwater.people.request import Request
from headwater.people.rules import may_anywhere
from headwater.search.models import Kind
from headwater.taxonomy.actions import propose_concept
from headwater.taxonomy.models import Concept


@require_safe
def show_article(request: Request, pk: int) -> HttpResponse:
    """The desk of an article. Whoever only reads it is taken to the page where it is read."""
    article = seen_article(request, pk)
    if sees_drafts(article) or rules.may_arrange(request.person, article):
        return _page(request, article)
    if article.published_id and rules.may_read(request.person, article.entry):
        return redirect(address("home:entry", pk=article.entry_id))
    raise Http404(_("There is no such article, or you may not see it."))


def _forecast(person: Person, article: Article) -> str:
    """Where is asked, two floors up, whom the newest draft would reach; for those who manage knowledge and see it."""
    asks = may_anywhere(person, Permission.KNOWLEDGE_MANAGER) and sees_drafts(article) and article.has_news
    return f"{address('distribute:forecast-new')}?article={article.pk}" if asks else ""


def _page(
    request: Request,
    article: Article,
    status: int = 200,
    submission: SubmissionForm | None = None,
    publication: PublicationForm | None = None,
) -> HttpResponse:
    person, revision = request.person, article.latest
    text = revision if sees_drafts(article) else article.published
    assert revision is not None
    reviews = list(revision.reviews.select_related("reviewer").order_by("asked_at"))
    asides = article.revisions.filter(is_aside=True, settled_at=None).select_related("author", "based_on")
    may_edit = rules.may_edit(person, article)
    settings = LibrarySettings.current()
    part = shown_part(request, text.body if text else "")
    context = {
        "title": text.title if text else article.entry.title,
        "article": article,
        "entry": article.entry,
        "revision": text,
        "part": part,
        "text": render_part(part, person, article, is_draft=article.has_news),
        "minutes": reading_minutes(text.body) if text else 0,
        "crumbs": [(_("Library"), address("library:articles")), (article.reference or str(article), "")],
        "reviews": reviews,
        "my_review": next(
            (one for one in reviews if one.reviewer_id == person.pk and one.outcome == Review.Outcome.ASKED), None
        ),
        "collisions": [collision_of(aside, article) for aside in asides[:5]] if may_edit else [],
        "contributors": article.contributors.all(),
        "topics": _topics(article),
        "settings": settings,
        "may_edit": may_edit and article.state != Article.State.ARCHIVED,
        "may_arrange": rules.may_arrange(person, article),
        "may_govern": rules.may_govern(person, article),
        "may_publish": rules.may_publish(person, article),
        "forecast_url": _forecast(person, article),
        "is_approved": any(one.outcome == Review.Outcome.APPROVED for one in reviews)
        and all(one.outcome != Review.Outcome.RETURNED for one in reviews),
    }
    context["submission"] = submission or (
        SubmissionForm(article=article, settings=settings) if context["may_edit"] and article.has_news else None
    )
    context["publication"] = publication or PublicationForm(initial={"summary": revision.summary})
    context["contribution"] = ContributorForm(initial=kept(request, ContributorForm))
    return render(request, "library/article.html", context, status=status)


def _topics(article: Article) -> list[dict[str, Any]]:
    """What it is about, in the reader's language: pk, words, proposed."""
    language = reading()
    rows = article.__dict__["topic_rows"]
    return [{**row, "words": Concept(labels=row["labels"], slug=row["slug"]).label(language)} for row in rows]


@require_http_methods(["GET", "POST"])
def edit_details(request: Request, pk: int) -> HttpResponse:
    """Kind, unit, reference, topics, owner, verifier; and below, who may read it."""
    article = article_for_writer(request, pk)
    form = DetailsForm(request.POST or None, initial=_details(article), article=article, person=request.person)
    if request.method == "POST" and form.is_valid() and _arrange(request.person, article, form):
        tell(request, _("Changed"))
        return redirect(address("library:article", pk=pk))
    sharing = SharingForm(
        initial={"audience": article.entry.audience_id, "classification": article.entry.classification}
    )
    context = {
        "title": _("About “%(title)s”") % {"title": article.entry.title},
        "article": article,
        "form": form,
        "sharing": sharing if rules.may_govern(request.person, article) else None,
        "crumbs": [
            (_("Library"), address("library:articles")),
            (article.entry.title, address("library:article", pk=pk)),
            (_("Details"), ""),
        ],
    }
    return render(request, "library/details.html", context)


def _details(article: Article) -> dict[str, object]:
    entry = article.entry
    return {
        "kind": entry.kind,
        "unit": entry.unit_id,
        "reference": article.reference,
        "topics": Concept.objects.filter(entry_links__entry=entry, entry_links__proposed=False)
        .exclude(state=Concept.State.RETIRED)
        .order_by("slug"),
        "owner": entry.owner,
        "verifier": article.verifier,
        "verify_every_days": article.verify_every_days,
    }


def _arrange(person: Person, article: Article, form: DetailsForm) -> bool:
    """Each fact through its own action, and only where it changed; all of them, or none when one is refused."""
    values = form.cleaned_data

    def change() -> bool:
        actions.describe_article(
            person,
            article,
            kind=Kind(values["kind"]),
            unit=values["unit"],
            reference=values["reference"],
            verify_every_days=values["verify_every_days"],
        )
        if values["verifier"] != article.verifier:
            actions.replace_verifier(person, article, values["verifier"])
        topics = [*values["topics"]]
        if values["new_topic"]:
            topics.append(propose_concept(person, values["new_topic"], person.reading_language))
        if values["new_topic"] or "topics" in form.changed_data:
            actions.set_article_topics(person, article, topics)
        if values["owner"] != article.entry.owner:
            actions.set_article_owner(person, article, values["owner"])
        return True

    with transaction.atomic():
        done = bool(tried(form, change))
        transaction.set_rollback(not done)
    return done


@require_POST
def share(request: Request, pk: int) -> HttpResponse:
    """Decide who may read it."""
    article = article_for_writer(request, pk)
    form = SharingForm(request.POST)
    before = (article.entry.audience, Classification(article.entry.classification))
    if form.is_valid():
        shared = tried(form, lambda: actions.share_article(request.person, article, **form.cleaned_data))
        if shared is not None and before != (shared.entry.audience, shared.entry.classification):
            tell(request, _("Changed who may read it"))
    for error in [message for messages in form.errors.values() for message in messages]:
        tell(request, error, level=40)
    return redirect(address("library:details" if form.errors else "library:article", pk=pk))


@require_POST
def contribute(request: Request, pk: int) -> HttpResponse:
    """Add a contributor."""
    article = article_for_writer(request, pk)
    form = ContributorForm(request.POST)
    if form.is_valid():
        person = form.cleaned_data["person"]
        if tried(form, lambda: actions.add_contributor(request.person, article, person)) is not None:
            undo = address("library:contributor-removal", pk=pk, person=person.pk)
            tell(request, _("%(name)s may write on it now") % {"name": person.name}, undo=undo)
    for error in [message for messages in form.errors.values() for message in messages]:
        tell(request, error, level=40)
    return back_to(address("library:article", pk=pk), form if form.errors else None)


@require_POST
def end_contribution(request: Request, pk: int, person: int) -> HttpResponse:
    """Take a contributor off."""
    article = article_for_writer(request, pk)
    contributor = get_object_or_404(Person, pk=person)
    actions.remove_contributor(request.person, article, contributor)
    tell(request, _("%(name)s no longer writes on it") % {"name": contributor.name})
    gone = not rules.may_see_drafts(request.person, article)
    return redirect(address("library:articles") if gone else address("library:article", pk=pk))


@require_POST
def submit(request: Request, pk: int) -> HttpResponse:
    """Hand the newest revision to reviewers."""
    article = article_for_editor(request, pk)
    form = SubmissionForm(request.POST, article=article, settings=LibrarySettings.current())
    if form.is_valid():
        reviewers = list(form.cleaned_data["reviewers"])
        if tried(form, lambda: actions.submit_revision(request.person, article, reviewers)) is not None:
            tell(request, _("Handed in to %(names)s") % {"names": ", ".join(one.name for one in reviewers)})
            return redirect(address("library:article", pk=pk))
    return _page(request, article, status=400, submission=form)


@require_POST
def publish(request: Request, pk: int) -> HttpResponse:
    """Publish the newest revision."""
    article = article_for_editor(request, pk)
    form = PublicationForm(request.POST)
    if form.is_valid():
        summary = form.cleaned_data["summary"]
        version = tried(form, lambda: actions.publish_article(request.person, article, summary))
        if version is not None:
            tell(request, _("Published as version %(n)d") % {"n": version.number})
            return redirect(address("home:entry", pk=article.entry_id))
    return _page(request, article, status=400, publication=form)


VERBS: dict[str, tuple[Callable[..., Article], Any, str]] = {
    "archive": (actions.archive_article, gettext_lazy("Archived “%(title)s”"), "library:reopening"),
    "reopen": (actions.reopen_article, gettext_lazy("“%(title)s” is in use again"), "library:archive"),
    "trash": (actions.trash_article, gettext_lazy("“%(title)s” is in the trash for 30 days"), "library:restoration"),
    "restore": (actions.restore_article, gettext_lazy("“%(title)s” is back"), "library:trashing"),
}


@require_POST
def put_away(request: Request, pk: int, verb: str) -> HttpResponse:
    """Archive, trash, or bring back; each offers its own undo."""
    article = article_for_writer(request, pk)
    act, words, undo = VERBS[verb]
    try:
        act(request.person, article)
        tell(request, words % {"title": article.entry.title}, undo=address(undo, pk=pk))
    except ValidationError as error:
        tell(request, error.messages[0], level=40)
    stays = verb in ("reopen", "restore") and rules.may_see_drafts(request.person, article)
    return redirect(address("library:article", pk=pk) if stays else address("library:articles"))
