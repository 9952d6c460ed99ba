"""The search page, and the list of what was searched for in vain."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.people.request import Request
from headwater.search import rules
from headwater.search.actions import ONLY_SETTLERS, answer_gap, await_answer, dismiss_gap, reopen_gap, stop_awaiting
from headwater.search.errors import said
from headwater.search.facets import SHOWN, boxes
from headwater.search.finding import Results, search_entries
from headwater.search.forms import PAGE, AnswerForm, read_question
from headwater.search.gaps import record_gap
from headwater.search.language.query import Everything
from headwater.search.models import SearchGap

GAPS_ON_A_PAGE = 50
OFFERED = 8


@require_safe
def show_results(request: Request) -> HttpResponse:
    """Search: the whole page, or only what was found while the person types."""
    question = read_question(request.GET)
    is_typing = request.htmx.trigger_name == "q"
    found = search_entries(
        request.person,
        question.text,
        sort=question.sort,
        limit=question.limit,
        narrowed={"standing": question.standing} if question.standing else {},
        facets=SHOWN,
        is_typing=is_typing,
    )
    context = _context(request, found, question.parameters())
    if not (found.total or is_typing or found.error):
        context |= _gap(request, found)
    template = "search/found.html" if request.htmx and not request.htmx.boosted else "search/results.html"
    response = render(request, template, context)
    if request.htmx:
        response.headers["HX-Replace-Url"] = "?" + urlencode(context["asked"], doseq=True)
    return response


def _context(request: Request, found: Results, asked: dict[str, list[str]]) -> dict[str, Any]:
    more = min(len(found.results) + PAGE, 200) if found.next_offset and found.next_offset < 200 else 0
    return {
        "title": _("Search"),
        "found": found,
        "asked": asked,
        "sort": asked["sort"][0],
        "sorts": [
            (value, label, "?" + urlencode(asked | {"sort": [value]}, doseq=True))
            for value, label in (("best", _("Best")), ("newest", _("Newest")), ("used", _("Most used")))
        ],
        "boxes": boxes(found.completed, found.facets, asked, found.total),
        "copies": sum(len(result.copies) for result in found.results),
        "milliseconds": max(1, round(found.seconds * 1000)),
        "error": said(found.error, found.text) if found.error else None,
        "more": "?" + urlencode(asked | {"limit": [str(more)]}, doseq=True) if more else "",
        "more_count": more - len(found.results),
        "is_empty_question": isinstance(found.query, Everything),
        "keep_url": _first_address("distribute:profile-new", query=found.text),
        "preview_url": _first_address("distribute:profile-preview", query=found.text),
        "ask_url": _first_address("ask:question-new", text=found.text),
        "refresh_input": request.htmx.trigger_name != "q",
    }


def _gap(request: Request, found: Results) -> dict[str, Any]:
    gap = record_gap(found.text, found.query, request.person.reading_language)
    return {"gap": gap, "is_waiting": gap is not None and rules.is_waiting(request.person, gap)}


def _first_address(name: str, **parameters: str) -> str:
    """A page of a room above, if this building has it; the question goes along."""
    try:
        return f"{address(name)}?{urlencode(parameters)}"
    except NoReverseMatch:
        return ""


@require_safe
def list_gaps(request: Request) -> HttpResponse:
    """What was searched for and not found, the most wanted first."""
    require(rules.may_settle_gaps(request.person), ONLY_SETTLERS)
    state = request.GET.get("state", SearchGap.State.OPEN)
    gaps = SearchGap.objects.filter(state=state).order_by("-times", "-last_at")
    page = Paginator(gaps, GAPS_ON_A_PAGE).get_page(request.GET.get("page"))
    title = _("Searched for, not found")
    return render(
        request,
        "search/gaps.html",
        {"title": title, "page_obj": page, "state": state, "states": SearchGap.State.choices},
    )


@require_POST
def settle_gap(request: Request, pk: int) -> HttpResponse:
    """Answer a gap with an entry, dismiss it, or put it back on the list."""
    gap = get_object_or_404(SearchGap, pk=pk)
    undo = address("search:gap", pk=pk)
    match request.POST.get("do", "reopen"):
        case "answer":
            _answer(request, gap, undo)
        case "dismiss":
            dismiss_gap(request.person, gap)
            tell(request, _("Dismissed “%s”.") % gap.query, undo=undo)
        case _reopen:
            reopen_gap(request.person, gap)
    return redirect(address("search:gaps"))


def _answer(request: Request, gap: SearchGap, undo: str) -> None:
    form = AnswerForm(request.POST, person=request.person)
    reason = _("Begin to type the title of an entry that you may read.")
    try:
        if form.is_valid():
            answer_gap(request.person, gap, form.cleaned_data["entry"])
            tell(request, _("Answered. Those who wait for it are told."), undo=undo)
            return
        reason = " ".join(str(each) for each in form["entry"].errors) or reason
    except ValidationError as error:
        reason = " ".join(error.messages)
    tell(request, _("%s The gap is still open.") % reason, level=messages.ERROR)


@require_safe
def offer_entries(request: Request) -> HttpResponse:
    """Titles that the person may read and that fit what they have typed so far, for a list below the field."""
    text = request.GET.get("entry", "").strip()
    found = search_entries(request.person, text, limit=OFFERED, is_typing=True).results if text else []
    return render(request, "search/offered.html", {"entries": [result.entry for result in found]})


@require_POST
def wait_for_answer(request: Request, pk: int) -> HttpResponse:
    """Tick, or untick, "tell me when there is an answer"."""
    gap = get_object_or_404(SearchGap, pk=pk)
    if request.POST.get("tell"):
        await_answer(request.person, gap, request.POST.get("query", ""))
    else:
        stop_awaiting(request.person, gap)
    context = {"gap": gap, "is_waiting": rules.is_waiting(request.person, gap)}
    if request.htmx:
        return render(request, "search/waiting.html", context)
    return redirect(f"{address('search:results')}?{urlencode({'q': gap.query})}")
