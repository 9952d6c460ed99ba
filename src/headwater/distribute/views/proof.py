"""Prove: did they know, when, and who did not."""

import csv
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.display.sankey import Flow, Node
from headwater.core.messages import tell
from headwater.core.models import Event
from headwater.distribute import proof
from headwater.distribute.actions import record_acknowledgement
from headwater.distribute.delivering import row_for
from headwater.distribute.forms import SignedListForm, complain
from headwater.distribute.masking import mask_deliveries, mask_directives
from headwater.distribute.models import Delivery, Directive
from headwater.distribute.rules import may_see_audit, proof_paths
from headwater.people.models import Person
from headwater.people.request import Request
from headwater.search.models import Entry, EntryVersion

PAGE = 50
DAYS = (7, 30, 90)


def _scope(request: Request) -> proof.Scope:
    paths = proof_paths(request.person)
    require(bool(paths), _("Only knowledge managers, executives and heads of units see the proof."))
    return proof.Scope(paths)


@require_safe
def show_overview(request: Request) -> HttpResponse:
    """The organisation: must-reads with their progress, time-to-aware, who is overdue, whom nothing reaches."""
    scope = _scope(request)
    days = int(request.GET.get("days", "30")) if request.GET.get("days", "30") in map(str, DAYS) else 30
    by = request.GET.get("by", "source") if request.GET.get("by") in ("topic", "unit") else "source"
    directives = Directive.objects.exclude(state=Directive.State.DRAFT).select_related("audience", "version")
    page = Paginator(directives.order_by("-issued_at"), 20).get_page(request.GET.get("page"))
    stages = proof.stages_of(list(page.object_list), scope)
    mask_directives(request.person, page.object_list)
    overall = proof.time_to_aware(days, scope=scope)
    overdue = proof.overdue(scope).count()
    context = {
        "title": _("Prove"),
        "heading": _overview_heading(overdue),
        "page": page,
        "rows": [(directive, stages[directive.pk]) for directive in page.object_list],
        "days": days,
        "all_days": DAYS,
        "by": by,
        "overall": overall[0] if overall else None,
        "groups": proof.time_to_aware(days, by, scope)[:20],
        "overdue": overdue,
        "unreached": proof.unreached(scope).count(),
    }
    return render(request, "distribute/prove.html", context)


def _overview_heading(overdue: int) -> str:
    if not overdue:
        return _("Nothing that must be known is overdue")
    return ngettext("%(n)d acknowledgement is overdue", "%(n)d acknowledgements are overdue", overdue) % {"n": overdue}


@require_safe
def show_directive(request: Request, pk: int) -> HttpResponse:
    """One must-read: the stream, by unit, how fast they knew, and the record."""
    scope = _scope(request)
    directive = _directive(pk)
    mask_directives(request.person, [directive])
    stage = proof.stage_of(directive, scope)
    hours, opened, acknowledged = proof.curve(directive, scope)
    context = {
        "title": directive.name,
        "heading": _directive_heading(directive, stage),
        "directive": directive,
        "stage": stage,
        "lines": proof.by_unit(directive, scope),
        "nodes": _nodes(stage),
        "flows": _flows(stage),
        "curve": [(_("opened"), opened), (_("acknowledged"), acknowledged)] if hours else [],
        "curve_labels": [f"{hour:g} h" for hour in hours],
        "record": _record(directive),
        "list_form": SignedListForm(),
    }
    return render(request, "distribute/proof.html", context)


def _directive(pk: int) -> Directive:
    return get_object_or_404(Directive.objects.select_related("audience", "version__entry", "issued_by"), pk=pk)


def _directive_heading(directive: Directive, stage: proof.Stage) -> str:
    if not stage.asked:
        return _("Nobody is asked yet: %(name)s") % {"name": directive.name}
    if not directive.acknowledge:
        return _("%(n)d of %(all)d have opened it") % {"n": stage.opened, "all": stage.asked}
    return _("%(n)d of %(all)d have acknowledged") % {"n": stage.acknowledged, "all": stage.asked}


def _nodes(stage: proof.Stage) -> list[Node]:
    return [
        Node("asked", _("Matched"), 0, "s6"),
        Node("sent", _("Reached"), 1, "s5"),
        Node("none", _("No channel"), 1, "bad"),
        Node("opened", _("Opened"), 2, "s5"),
        Node("unopened", _("Not opened"), 2, "bad"),
        Node("in_time", _("In time"), 3, "s6"),
        Node("late", _("Late"), 3, "warn"),
        Node("unsigned", _("Opened only"), 3, "bad"),
    ]


def _flows(stage: proof.Stage) -> list[Flow]:
    reached = stage.asked - stage.unreachable
    return [
        Flow("asked", "sent", reached),
        Flow("asked", "none", stage.unreachable),
        Flow("sent", "opened", min(stage.opened, reached)),
        Flow("sent", "unopened", max(0, reached - stage.opened)),
        Flow("opened", "in_time", stage.in_time),
        Flow("opened", "late", stage.late),
        Flow("opened", "unsigned", stage.unsigned),
    ]


VERBS = {
    "save_directive": _lazy("Written"),
    "issue_directive": _lazy("Issued"),
    "recall_directive": _lazy("Recalled"),
    "end_directive": _lazy("Ended"),
}


def _record(directive: Directive) -> list[tuple[Event, str, str]]:
    """The latest lines of the audit log about a directive: the event, what was done in words, and by whom."""
    events = Event.objects.filter(subject="distribute.directive", subject_id=directive.pk).order_by("-at", "-pk")[:20]
    names = dict(Person.objects.filter(pk__in=[event.actor_id for event in events]).values_list("pk", "name"))
    return [(event, str(VERBS.get(event.verb, event.verb)), names.get(event.actor_id or 0, "")) for event in events]


@require_http_methods(["POST"])
def record_list(request: Request, pk: int) -> HttpResponse:
    """Record acknowledgements that people gave on a signed list."""
    _scope(request)
    directive = _directive(pk)
    form = SignedListForm(request.POST)
    if form.is_valid() and directive.version is not None:
        people = list(Person.objects.filter(number__in=form.cleaned_data["numbers"]))
        try:
            _record_signatures(request.person, directive.version, people, form.cleaned_data)
        except ValidationError as error:
            complain(form, error)
        else:
            missing = sorted(set(form.cleaned_data["numbers"]) - {person.number for person in people})
            tell(request, _recorded(len(people), missing))
            return redirect(address("distribute:proof", pk=pk))
    return render(request, "distribute/proof_list.html", {"directive": directive, "list_form": form}, status=400)


def _record_signatures(recorder: Person, version: EntryVersion, people: list[Person], signed: dict[str, Any]) -> None:
    """All of them or none: a list with one name that was never asked is looked at again."""
    with transaction.atomic():
        for person in people:
            try:
                delivery = row_for(person, version)
            except Delivery.DoesNotExist as error:
                unasked = _("%(name)s was not asked to acknowledge this.") % {"name": person.name}
                raise ValidationError({"numbers": unasked}) from error
            record_acknowledgement(recorder, delivery, signed["evidence"], signed_at=signed["signed_at"])


def _recorded(count: int, missing: list[str]) -> str:
    said = ngettext("%(n)d signature recorded.", "%(n)d signatures recorded.", count) % {"n": count}
    unknown = _("Nobody has these staff numbers: %(numbers)s") % {"numbers": ", ".join(missing)}
    return f"{said} {unknown}" if missing else said


# --- Lists ------------------------------------------------------------------------------------------------------------


@require_safe
def list_overdue(request: Request) -> HttpResponse:
    """Everybody who has not acknowledged what was due; CSV with ?format=csv."""
    scope = _scope(request)
    rows = proof.overdue(scope).prefetch_related("reminders")
    if request.GET.get("unit", "").isdecimal():
        rows = rows.filter(person__unit=int(request.GET["unit"]))
    if request.GET.get("directive", "").isdecimal():
        rows = rows.filter(reasons__directive=int(request.GET["directive"]))
    if request.GET.get("format") == "csv":
        return _csv("overdue", proof.CHAIN_HEADER, proof.chain(rows))
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    mask_deliveries(request.person, page.object_list)
    heading = ngettext("%(n)d is overdue", "%(n)d are overdue", page.paginator.count) % {"n": page.paginator.count}
    return render(request, "distribute/overdue.html", {"title": _("Overdue"), "heading": heading, "page": page})


@require_safe
def list_unreached(request: Request) -> HttpResponse:
    """Active people whom no channel and no account reaches."""
    scope = _scope(request)
    page = Paginator(proof.unreached(scope), PAGE).get_page(request.GET.get("page"))
    count = page.paginator.count
    heading = ngettext("%(n)d person cannot be reached", "%(n)d people cannot be reached", count) % {"n": count}
    return render(request, "distribute/unreached.html", {"title": _("Not reached"), "heading": heading, "page": page})


@require_safe
def show_version(request: Request, pk: int) -> HttpResponse:
    """The chain of one version: published, gathered, matched, sent, opened, acknowledged, by whom, how late."""
    scope = _scope(request)
    version = _version(request, pk)
    rows = version.deliveries.filter(scope.within("person__")).select_related("person__unit")
    rows = rows.prefetch_related("reasons__profile", "reasons__directive")
    page = Paginator(rows.order_by("person__name", "pk"), PAGE).get_page(request.GET.get("page"))
    context = {"title": version.title, "version": version, "page": page}
    return render(request, "distribute/chain.html", context)


def _version(request: Request, pk: int) -> EntryVersion:
    """Who proves still sees no title they may not read: an administrator or executive is no reader by that."""
    readable = Entry.objects.readable_by(request.person)
    return get_object_or_404(EntryVersion.objects.select_related("entry"), pk=pk, entry__in=readable)


@require_safe
def show_audit(request: Request) -> HttpResponse:
    """The audit log, newest first, filtered by verb, subject or person."""
    require(may_see_audit(request.person), _("Only administrators and knowledge managers read the audit log."))
    events = Event.objects.order_by("-at", "-pk")
    if verb := request.GET.get("verb"):
        events = events.filter(verb=verb)
    if request.GET.get("person", "").isdecimal():
        events = events.filter(actor_id=int(request.GET["person"]))
    page = Paginator(events, PAGE).get_page(request.GET.get("page"))
    names = dict(Person.objects.filter(pk__in=[each.actor_id for each in page.object_list]).values_list("pk", "name"))
    rows = [(event, names.get(event.actor_id or 0, "")) for event in page.object_list]
    verbs = Event.objects.order_by("verb").values_list("verb", flat=True).distinct()
    context = {"title": _("Audit log"), "page": page, "rows": rows, "verbs": verbs, "verb": verb}
    return render(request, "distribute/audit.html", context)


# --- CSV --------------------------------------------------------------------------------------------------------------


@require_safe
def export_directive(request: Request, pk: int) -> HttpResponse:
    """The chain of every person of a must-read."""
    scope = _scope(request)
    directive = _directive(pk)
    return _csv(slugify(directive.name), proof.CHAIN_HEADER, proof.chain(proof.of_directive(directive, scope)))


@require_safe
def export_version(request: Request, pk: int) -> HttpResponse:
    """The chain of every person of a version."""
    scope = _scope(request)
    version = _version(request, pk)
    rows = version.deliveries.filter(scope.within("person__"))
    return _csv(slugify(version.title), proof.CHAIN_HEADER, proof.chain(rows))


def _csv(name: str, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> HttpResponse:
    stamp = timezone.localtime().strftime("%Y-%m-%d")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name or "proof"}-{stamp}.csv"'
    writer = csv.writer(response)
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return response


def _harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell
