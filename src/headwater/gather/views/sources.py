"""Sources: which there are, how each does, and how it is set."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from headwater.core.acting import attempt, filled, tried
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.gather import actions, rules, showing
from headwater.gather.forms import FORMS, ClosingForm, SourceForm, initial_of
from headwater.gather.models import Run, Source
from headwater.gather.wording import KINDS
from headwater.people.request import Request

PAGE = 50


def _require_sight(request: Request) -> None:
    require(rules.may_see_sources(request.person), _("Sources are shown to those who write, manage or administer."))


def found_source(request: Request, pk: int) -> Source:
    """A source the person may see. Raises Http404 or PermissionDenied."""
    _require_sight(request)
    return get_object_or_404(Source.objects.select_related("owner", "unit", "audience"), pk=pk)


@require_safe
def list_sources(request: Request) -> HttpResponse:
    """All sources, those in need of somebody first."""
    _require_sight(request)
    state = "closed" if request.GET.get("state") == "closed" else "open"
    page = Paginator(showing.sources_in(state), PAGE).get_page(request.GET.get("page"))
    rows = [showing.Row(source) for source in page]
    context = {
        "title": _("Sources"),
        "heading": showing.finding(state),
        "page": page,
        "rows": rows,
        "state": state,
        "may_create": rules.may_name_sources(request.person),
        "open_needs": showing.open_needs(),
    }
    return render(request, "gather/sources.html", context)


@require_safe
def show_source(request: Request, pk: int) -> HttpResponse:
    """One source: is it alive, how far is its run, what could not be read, what is it good for."""
    _require_sight(request)
    sources = Source.objects.with_leave_of(request.person).select_related("owner", "unit", "audience")
    source = get_object_or_404(sources, pk=pk)
    return render(request, "gather/source.html", showing.page_of(source, request.person))


@require_safe
def choose_kind(request: Request) -> HttpResponse:
    """Which kind of source shall it be?"""
    _require_naming(request)
    kinds = [(kind, *KINDS[kind.value]) for kind in Source.Kind if rules.may_name_sources(request.person, kind)]
    context = {
        "title": _("New source"),
        "kinds": kinds,
        "crumbs": _crumbs(_("New source")),
        "lacks_folder": not rules.may_read_this_machine(request.person),
    }
    return render(request, "gather/source_kinds.html", context)


def _crumbs_of(source: Source, last: str) -> list[tuple[str, str]]:
    return [*_crumbs(), (source.name, address("gather:source", pk=source.pk)), (last, "")]


def _crumbs(*last: str) -> list[tuple[str, str]]:
    return [(_("Gather"), ""), (_("Sources"), address("gather:sources")), *((words, "") for words in last)]


def create(request: Request, kind: str) -> HttpResponse:
    """Name a new source."""
    if kind not in FORMS:
        raise Http404(kind)
    _require_naming(request, kind)
    form = FORMS[kind](request.POST or None, initial={"owner": request.person, "unit": request.person.unit_id})
    if request.method == "POST" and form.is_valid():
        source = _created(request, form, kind)
        if source is not None:
            tell(request, _("“%s” is being gathered; you may close this page.") % source.name)
            return redirect(address("gather:source", pk=source.pk))
    title = _("New source: %s") % Source.Kind(kind).label
    context = {"title": title, "form": form, "kind": kind, "kind_words": KINDS[kind][1], "crumbs": _crumbs(title)}
    return render(request, "gather/source_form.html", context)


def _require_naming(request: Request, kind: str = "") -> None:
    require(
        rules.may_name_sources(request.person, kind),
        _("Stewards, knowledge managers and administrators do that, and folders of the server administrators alone."),
    )


def _created(request: Request, form: SourceForm, kind: str) -> Source | None:
    return tried(form, lambda: actions.create_source(request.person, kind=kind, **form.values()))


def change(request: Request, pk: int) -> HttpResponse:
    """Change a source; its documents follow."""
    source = found_source(request, pk)
    require(rules.may_manage_source(request.person, source), _("Only its owner and who manages knowledge change it."))
    form = FORMS[source.kind](request.POST or None, initial=initial_of(source))
    if not rules.may_govern_source(request.person, source):
        form.keep_readers()
    if request.method == "POST" and form.is_valid() and _changed(request, form, source):
        tell(request, _("Saved. Its documents follow at once."))
        return redirect(address("gather:source", pk=source.pk))
    title = _("Settings of %s") % source.name
    context = {"title": title, "form": form, "source": source, "crumbs": _crumbs_of(source, _("Settings"))}
    return render(request, "gather/source_form.html", context)


def _changed(request: Request, form: SourceForm, source: Source) -> bool:
    values = form.values()
    # A folder is named anew only when it is another: its path is the administrator's to choose.
    if values["settings"] == {name: source.settings.get(name, "") for name in values["settings"]}:
        values["settings"] = None
    values["silent_after_hours"] = values.get("silent_after_hours") or 0
    owner_only = values["audience"] is None
    changed = tried(form, lambda: actions.change_source(request.person, source, owner_only=owner_only, **values))
    return changed is not None


@require_POST
def start(request: Request, pk: int) -> HttpResponse:
    """Read it now."""
    source = found_source(request, pk)
    words = _("It is read as soon as it is its turn.")
    return _done(request, source, lambda: actions.start_run(request.person, source), words)


@require_POST
def pause(request: Request, pk: int) -> HttpResponse:
    """Stop reading it."""
    source = found_source(request, pk)
    undo = address("gather:source-resumption", pk=pk)
    return _done(request, source, lambda: actions.pause_source(request.person, source), _("Paused."), undo)


@require_POST
def resume(request: Request, pk: int) -> HttpResponse:
    """Read it again."""
    source = found_source(request, pk)
    return _done(request, source, lambda: actions.resume_source(request.person, source), _("It is read again."))


@require_POST
def reopen(request: Request, pk: int) -> HttpResponse:
    """Open a closed one again."""
    source = found_source(request, pk)
    return _done(request, source, lambda: actions.reopen_source(request.person, source), _("Open again, and paused."))


@require_POST
def retry(request: Request, pk: int) -> HttpResponse:
    """Try what failed again; all, or one cause."""
    source, cause = found_source(request, pk), request.POST.get("cause", "")
    words = _("They are being read again.")
    return _done(request, source, lambda: actions.retry_failures(request.person, source, cause), words)


@require_POST
def dismiss(request: Request, pk: int) -> HttpResponse:
    """Leave out what failed for one cause."""
    source, cause = found_source(request, pk), request.POST.get("cause", "")
    words = _("Left out. They show again when they change and still cannot be read.")
    return _done(request, source, lambda: actions.dismiss_failures(request.person, source, cause), words)


@require_POST
def stop(request: Request, pk: int) -> HttpResponse:
    """Stop a run."""
    run = get_object_or_404(Run.objects.select_related("source", "source__owner"), pk=pk)
    words = _("Stopped. What it gathered stays; the next run goes on from there.")
    return _done(request, run.source, lambda: actions.stop_run(request.person, run), words)


def _done(request: Request, source: Source, act: Any, words: str, undo: str = "") -> HttpResponse:
    """Does it, and goes back to the source; a refused value is said there."""
    attempt(request, act, words, undo)
    return redirect(address("gather:source", pk=source.pk))


def close(request: Request, pk: int) -> HttpResponse:
    """End a source, and say what becomes of its documents."""
    source = found_source(request, pk)
    if not rules.may_manage_source(request.person, source):
        raise PermissionDenied(_("Only its owner and who manages knowledge close it."))
    form = ClosingForm(source, request.POST or None)
    closed = filled(form, lambda values: actions.close_source(request.person, source, **values))
    if closed is not None:
        tell(request, _("“%s” is closed.") % source.name, address("gather:source-reopening", pk=pk))
        return redirect(address("gather:sources"))
    kept = source.documents.filter(vanished_at=None, entry__isnull=False).count()
    words = ngettext("It has %(n)d document.", "It has %(n)d documents.", kept) % {"n": kept}
    title = _("Close %s") % source.name
    crumbs = _crumbs_of(source, _("Close"))
    context = {"title": title, "form": form, "source": source, "kept": words, "crumbs": crumbs}
    return render(request, "gather/source_closing.html", context)


@require_safe
def list_runs(request: Request, pk: int) -> HttpResponse:
    """Every run of a source."""
    source = found_source(request, pk)
    page = Paginator(source.runs.select_related("started_by").order_by("-started_at"), PAGE)
    title = _("Runs of %s") % source.name
    context = {
        "title": title,
        "source": source,
        "page": page.get_page(request.GET.get("page")),
        "crumbs": _crumbs_of(source, _("Runs")),
    }
    return render(request, "gather/runs.html", context)
