"""Information needs: questions the organisation wants answered, and what may answer them."""

from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from headwater.core.acting import filled
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.core.typed import read_number
from headwater.gather import actions, rules
from headwater.gather.forms import NeedForm
from headwater.gather.models import InformationNeed, NeedEntry, Source
from headwater.people.request import Request
from headwater.search.models import Entry

PAGE = 50
STATES = ("open", "met", "dropped")


def _found(request: Request, pk: int) -> InformationNeed:
    needs = InformationNeed.objects.visible_to(request.person).select_related("owner", "audience")
    return get_object_or_404(needs, pk=pk)


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Gather"), address("gather:sources")), (_("Questions to be answered"), address("gather:needs"))]


@require_safe
def list_needs(request: Request) -> HttpResponse:
    """The questions, the next due first."""
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    waiting = Count("entry_links", filter=Q(entry_links__state=NeedEntry.State.PROPOSED), distinct=True)
    answers = Count("entry_links", filter=Q(entry_links__state=NeedEntry.State.ACCEPTED), distinct=True)
    needs = InformationNeed.objects.visible_to(request.person).filter(state=state).select_related("owner")
    needs = needs.annotate(waiting=waiting, answers=answers).order_by("due_on", "question")
    page = Paginator(needs, PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("Questions to be answered"),
        "heading": _finding(page.paginator.count) if state == "open" else "",
        "crumbs": _crumbs()[:1],
        "page": page,
        "state": state,
        "states": [(value, InformationNeed.State(value).label) for value in STATES],
        "may_state": rules.may_state_need(request.person),
        "today": date.today(),
    }
    return render(request, "gather/needs.html", context)


def _finding(count: int) -> str:
    if not count:
        return ""
    return ngettext("%(n)d question waits for an answer", "%(n)d questions wait for an answer", count) % {"n": count}


@require_safe
def show_need(request: Request, pk: int) -> HttpResponse:
    """One question: what is proposed, what answers it, which sources serve it."""
    need = _found(request, pk)
    links = need.entry_links.filter(entry__in=Entry.objects.current().readable_by(request.person))
    links = links.select_related("entry__current_version").defer("entry__current_version__text").order_by("-created_at")
    may_manage = rules.may_manage_need(request.person, need)
    context = {
        "title": need.question,
        "crumbs": _crumbs(),
        "need": need,
        "proposals": links.filter(state=NeedEntry.State.PROPOSED)[:PAGE],
        "answers": links.filter(state=NeedEntry.State.ACCEPTED)[:PAGE],
        "sources": need.sources.all(),
        "other_sources": Source.objects.open().exclude(needs=need) if may_manage else [],
        "may_manage": may_manage,
        "may_see_sources": rules.may_see_sources(request.person),
        "is_overdue": need.state == "open" and need.due_on is not None and need.due_on < date.today(),
    }
    return render(request, "gather/need.html", context)


def create(request: Request) -> HttpResponse:
    """State a question."""
    require(rules.may_state_need(request.person), _("Only who writes or manages knowledge states a question."))
    form = NeedForm(request.POST or None, initial={"owner": request.person, "query": request.GET.get("q", "")})
    need = filled(form, lambda values: actions.create_need(request.person, **values))
    if need is not None:
        tell(request, _("Asked. What matches is proposed to its owner."))
        return redirect(address("gather:need", pk=need.pk))
    context = {"title": _("A question to be answered"), "form": form, "crumbs": _crumbs()}
    return render(request, "gather/need_form.html", context)


def change(request: Request, pk: int) -> HttpResponse:
    """Change a question."""
    need = _found(request, pk)
    require(rules.may_manage_need(request.person, need), _("Only its owner or a knowledge manager changes a question."))
    form = NeedForm(request.POST or None, initial=_initial(need))
    changed = filled(form, lambda new: actions.change_need(request.person, need, **new))
    if changed is not None:
        tell(request, _("Saved."))
        return redirect(address("gather:need", pk=need.pk))
    context = {"title": _("Change the question"), "form": form, "need": need, "crumbs": _crumbs()}
    return render(request, "gather/need_form.html", context)


def _initial(need: InformationNeed) -> dict[str, Any]:
    return {name: getattr(need, name) for name in ("question", "query", "why", "owner", "due_on", "audience")}


@require_POST
def close(request: Request, pk: int) -> HttpResponse:
    """The question is answered, or dropped."""
    need = _found(request, pk)
    actions.close_need(request.person, need, met=request.POST.get("met") != "0")
    tell(request, _("Closed."), address("gather:need-reopening", pk=pk))
    return redirect(address("gather:need", pk=pk))


@require_POST
def reopen(request: Request, pk: int) -> HttpResponse:
    """The question is asked again."""
    actions.reopen_need(request.person, _found(request, pk))
    return redirect(address("gather:need", pk=pk))


@require_POST
def link(request: Request, pk: int) -> HttpResponse:
    """Link a source to the question, or unlink it."""
    need = _found(request, pk)
    source = get_object_or_404(Source, pk=read_number(request.POST.get("source", "")) or 0)
    if request.POST.get("remove"):
        actions.unlink_source(request.person, need, source)
    else:
        actions.link_source(request.person, need, source)
    return redirect(address("gather:need", pk=pk))


@require_POST
def decide(request: Request, pk: int) -> HttpResponse:
    """Accept or decline a proposal."""
    proposal = get_object_or_404(NeedEntry.objects.select_related("need__owner"), pk=pk)
    if not InformationNeed.objects.visible_to(request.person).filter(pk=proposal.need_id).exists():
        raise Http404("There is no such question, or you may not see it.")
    actions.decide_proposal(request.person, proposal, accepted=request.POST.get("accepted") == "1")
    return redirect(address("gather:need", pk=proposal.need_id))
