"""Must-reads: who must know what, by when, at what cost; issue, recall, end."""

from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from headwater.core.acting import attempt, tried
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.distribute import messages, proof
from headwater.distribute.actions import (
    end_directive,
    issue_directive,
    preview_directive,
    recall_directive,
    remove_directive,
    save_directive,
)
from headwater.distribute.example import example_of
from headwater.distribute.forms import DirectiveForm
from headwater.distribute.masking import mask_directives
from headwater.distribute.models import Directive
from headwater.distribute.rules import may_change_directive
from headwater.distribute.rungs import rungs_of, usual_ladder
from headwater.distribute.views import addressing, timing
from headwater.people.request import Request

PAGE = 50
RECALL_EASILY = timedelta(minutes=10)


@require_safe
def list_directives(request: Request) -> HttpResponse:
    """Every must-read: drafts, issued, standing, ended."""
    addressing.require_writer(request)
    page = Paginator(Directive.objects.select_related("audience").order_by("-pk"), PAGE).get_page(
        request.GET.get("page")
    )
    stages = proof.stages_of(list(page.object_list))
    mask_directives(request.person, page.object_list)
    issued = Directive.objects.filter(state=Directive.State.ISSUED).count()
    context = {
        "title": _("Must-reads"),
        "heading": ngettext("%(n)d must-read stands", "%(n)d must-reads stand", issued) % {"n": issued},
        "page": page,
        "rows": [(directive, stages[directive.pk]) for directive in page.object_list],
    }
    return render(request, "distribute/directives.html", context)


def edit_directive(request: Request, pk: int | None = None) -> HttpResponse:
    """Write a must-read or change its draft; an issued one is shown with what can still be done."""
    addressing.require_writer(request)
    directive = get_object_or_404(Directive.objects.select_related("audience", "entry"), pk=pk) if pk else None
    if directive is not None and directive.state != Directive.State.DRAFT:
        return _show_issued(request, directive)
    form = DirectiveForm(timing.posted(request), initial=_initial(request, directive), person=request.person)
    is_kept = request.method == "POST" and not (request.POST.get("op") or request.POST.get("pick"))
    if is_kept and form.is_valid():
        kept = tried(form, lambda: _kept(request, form, directive))
        if kept is not None:
            return _after_keeping(request, kept)
    context = {
        **addressing.page_context(request, form),
        **timing.context_of(request, form),
        "title": _("Who must read this, and by when?"),
        "directive": directive,
        "may_issue": directive is None or may_change_directive(request.person, directive),
    }
    return render(request, "distribute/directive_edit.html", context, status=400 if form.errors else 200)


def _kept(request: Request, form: DirectiveForm, directive: Directive | None) -> Directive:
    """The draft, and with it the audience that was put together for it: both or neither."""
    values = dict(form.cleaned_data)
    name, chosen = values.pop("audience_name"), addressing.addressed(request, form)
    with transaction.atomic():
        values["audience"] = addressing.audience_for(request, chosen, name)
        return save_directive(request.person, **values, directive=directive)


def _after_keeping(request: Request, kept: Directive) -> HttpResponse:
    match request.POST.get("do"):
        case "issue":
            return issue(request, kept.pk)
        case "preview":
            return preview(request, kept.pk)
    tell(request, _("Draft kept."))
    return redirect(address("distribute:directive", pk=kept.pk))


def _initial(request: Request, directive: Directive | None) -> dict[str, Any]:
    if directive is None:
        usual = usual_ladder()
        return {
            "remind_days": usual.remind_days,
            "tell_head_after_days": usual.tell_head_after_days,
            "entry": request.GET.get("entry"),
            "query": request.GET.get("query", ""),
            "acknowledge": True,
            "due_days": 5,
        }
    names = ("query", "name", "sentence", "acknowledge", "due_at", "due_days", "urgent", "until", "channels")
    kept = {name: getattr(directive, name) for name in (*names, "remind_days", "tell_head_after_days")}
    return {**kept, "entry": directive.entry_id, "audience": directive.audience_id}


@require_POST
def preview(request: Request, pk: int) -> HttpResponse:
    """Send a draft to its author first."""
    directive = get_object_or_404(Directive, pk=pk)
    words = _("On its way to your own channels. Nobody else was told; the draft is kept.")
    attempt(request, lambda: preview_directive(request.person, directive), words)
    return redirect(address("distribute:directive", pk=pk))


@require_POST
def issue(request: Request, pk: int) -> HttpResponse:
    """Issue a draft."""
    directive = get_object_or_404(Directive, pk=pk)
    issued = attempt(request, lambda: issue_directive(request.person, directive))
    if issued is None:
        return redirect(address("distribute:directive", pk=pk))
    count = proof.stage_of(issued).asked
    said = ngettext("Issued to %(n)d person.", "Issued to %(n)d people.", count) % {"n": count}
    tell(request, said, undo=address("distribute:directive-recall", pk=pk))
    return redirect(address("distribute:proof", pk=pk))


@require_POST
def recall(request: Request, pk: int) -> HttpResponse:
    """Recall an issued must-read, end it, or throw a draft away."""
    directive = get_object_or_404(Directive, pk=pk)
    match request.POST.get("do", "recall"):
        case "end":
            end_directive(request.person, directive)
            tell(request, _("Ended: it asks for nothing new."))
        case "remove":
            remove_directive(request.person, directive)
            tell(request, _("The draft is gone."))
            return redirect(address("distribute:directives"))
        case _recall:
            recall_directive(request.person, directive)
            tell(request, _("Recalled: it left every inbox. What was acknowledged stays on record."))
    return redirect(address("distribute:directive", pk=pk))


def _show_issued(request: Request, directive: Directive) -> HttpResponse:
    mask_directives(request.person, [directive])
    example = example_of(directive, request.person)
    context = {
        "title": directive.name,
        "directive": directive,
        "stage": proof.stage_of(directive),
        "ways": timing.ways_of(directive),
        "rungs": rungs_of(directive) if directive.acknowledge else [],
        "mail": messages.of_preview(directive, example, request.person) if example else None,
        "is_fresh": directive.issued_at is not None and timezone.now() - directive.issued_at < RECALL_EASILY,
        "may_change": may_change_directive(request.person, directive),
    }
    return render(request, "distribute/directive.html", context)
