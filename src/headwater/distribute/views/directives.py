"""Must-reads: who must know what, by when, at what cost; issue, recall, end."""

from datetime import timedelta
from typing import Any

from django.contrib.messages import ERROR
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.distribute import messages, proof
from headwater.distribute.actions import (
    end_directive,
    issue_directive,
    recall_directive,
    remove_directive,
    save_directive,
)
from headwater.distribute.forms import DirectiveForm, complain
from headwater.distribute.masking import mask_directives
from headwater.distribute.models import Delivery, Directive
from headwater.distribute.reach import Reach, reach_of
from headwater.distribute.rules import may_change_directive, may_write_directives
from headwater.people.models import Audience
from headwater.people.request import Request
from headwater.search.models import Entry

PAGE = 50
RECALL_EASILY = timedelta(minutes=10)


def _require_writer(request: Request) -> None:
    require(may_write_directives(request.person), _("Only knowledge managers write must-reads."))


@require_safe
def list_directives(request: Request) -> HttpResponse:
    """Every must-read: drafts, issued, standing, ended."""
    _require_writer(request)
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
    _require_writer(request)
    directive = get_object_or_404(Directive.objects.select_related("audience", "entry"), pk=pk) if pk else None
    if directive is not None and directive.state != Directive.State.DRAFT:
        return _show_issued(request, directive)
    form = DirectiveForm(request.POST or None, initial=_initial(request, directive), person=request.person)
    if request.method == "POST" and form.is_valid():
        try:
            kept = save_directive(request.person, **_cleaned(form), directive=directive)
        except ValidationError as error:
            complain(form, error)
        else:
            if request.POST.get("do") == "issue":
                return issue(request, kept.pk)
            tell(request, _("Draft kept."))
            return redirect(address("distribute:directive", pk=kept.pk))
    entry = _entry_of(request, form)
    audience = _audience_of(form)
    context = {
        "title": _("Who must read this, and by when?"),
        "form": form,
        "directive": directive,
        "entry": entry,
        "reach": reach_of(audience, entry) if audience else None,
        "audience": audience,
        "may_issue": directive is None or may_change_directive(request.person, directive),
    }
    return render(request, "distribute/directive_edit.html", context, status=400 if form.errors else 200)


def _cleaned(form: DirectiveForm) -> dict[str, Any]:
    return {**form.cleaned_data, "audience": form.cleaned_data["audience"]}


def _initial(request: Request, directive: Directive | None) -> dict[str, Any]:
    if directive is None:
        return {
            "entry": request.GET.get("entry"),
            "query": request.GET.get("query", ""),
            "acknowledge": True,
            "due_days": 5,
        }
    names = ("query", "name", "sentence", "acknowledge", "due_at", "due_days", "urgent", "until")
    kept = {name: getattr(directive, name) for name in names}
    return {**kept, "entry": directive.entry_id, "audience": directive.audience_id}


def _entry_of(request: Request, form: DirectiveForm) -> Entry | None:
    value = str(form["entry"].value() or "")
    readable = Entry.objects.current().readable_by(request.person).select_related("current_version", "unit")
    return readable.filter(pk=int(value)).first() if value.isdecimal() else None


def _audience_of(form: DirectiveForm) -> Audience | None:
    value = str(form["audience"].value() or "")
    return Audience.objects.filter(pk=int(value)).first() if value.isdecimal() else None


@require_safe
def reach(request: Request) -> HttpResponse:
    """The right column, drawn anew when the audience changes: whom it reaches, and what it asks of them."""
    _require_writer(request)
    form = DirectiveForm(request.GET, person=request.person)
    entry, audience = _entry_of(request, form), _audience_of(form)
    found: Reach | None = reach_of(audience, entry) if audience else None
    return render(request, "distribute/directive_reach.html", {"reach": found, "entry": entry, "audience": audience})


@require_POST
def issue(request: Request, pk: int) -> HttpResponse:
    """Issue a draft."""
    directive = get_object_or_404(Directive, pk=pk)
    try:
        issued = issue_directive(request.person, directive)
    except ValidationError as error:
        tell(request, " ".join(error.messages), level=ERROR)
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
    example = (
        Delivery.objects.filter(reasons__directive=directive, person=request.person)
        .select_related("person", "version")
        .first()
    )
    context = {
        "title": directive.name,
        "directive": directive,
        "stage": proof.stage_of(directive),
        "mail": messages.of_delivery(example, "first") if example else None,
        "is_fresh": directive.issued_at is not None and timezone.now() - directive.issued_at < RECALL_EASILY,
        "may_change": may_change_directive(request.person, directive),
    }
    return render(request, "distribute/directive.html", context)
