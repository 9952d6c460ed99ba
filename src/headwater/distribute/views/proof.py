"""Prove: did they know, when, and who did not."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from headwater.core.acting import tried
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.counting import RowCount
from headwater.core.display.figures import number
from headwater.core.display.sankey import Flow, Node
from headwater.core.messages import tell
from headwater.core.models import Event
from headwater.core.typed import read_number
from headwater.distribute import audit, awareness, proof
from headwater.distribute.actions import record_acknowledgement
from headwater.distribute.delivering import row_for
from headwater.distribute.forms import SignedListForm
from headwater.distribute.masking import mask_deliveries, mask_directives
from headwater.distribute.models import Delivery, Directive, Reminder
from headwater.distribute.rules import load_paths, may_look_ahead, may_see_audit, proof_paths
from headwater.distribute.sheets import csv_response
from headwater.people.models import Person
from headwater.people.request import Request
from headwater.search.models import Entry, EntryVersion

PAGE = 30
DAYS = (7, 30, 90)


def _scope(request: Request) -> proof.Scope:
    paths = proof_paths(request.person)
    require(bool(paths), _("Only knowledge managers, executives and heads of units see the proof."))
    return proof.Scope(paths)


@require_safe
def show_overview(request: Request) -> HttpResponse:
    """The organisation: must-reads with their progress, time-to-aware (also as CSV), overdue, whom nothing reaches."""
    scope = _scope(request)
    asked = read_number(request.GET.get("days", ""))
    days = asked if asked in DAYS else 30
    by = request.GET.get("by", "source") if request.GET.get("by") in ("topic", "unit") else "source"
    directives = Directive.objects.exclude(state=Directive.State.DRAFT).select_related("audience", "version")
    directives = directives.defer("version__text")
    page = Paginator(directives.order_by("-issued_at"), 20).get_page(request.GET.get("page"))
    stages = proof.stages_of(list(page.object_list), scope)
    mask_directives(request.person, page.object_list)
    if request.GET.get("format") == "csv":
        return csv_response("time-to-aware", AWARE_HEADER, _aware_rows(awareness.time_to_aware(days, by, scope)))
    overall = awareness.time_to_aware(days, scope=scope)
    lists = (RowCount(proof.overdue(scope)), RowCount(proof.unreached(scope)))
    overdue, unreached = Person.objects.values_list(*lists).get(pk=request.person.pk)
    context = {
        "title": _("Prove"),
        "heading": _overview_heading(overdue),
        "page": page,
        "rows": [(directive, stages[directive.pk]) for directive in page.object_list],
        "days": days,
        "all_days": DAYS,
        "by": by,
        "overall": overall[0] if overall else None,
        "groups": awareness.called(awareness.time_to_aware(days, by, scope)[:20], by),
        "overdue": overdue,
        "unreached": unreached,
        "may_see_load": bool(load_paths(request.person)),
        "may_look_ahead": may_look_ahead(request.person),
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
    directive = _directive(request, pk)
    stage, lines = proof.in_parts(directive, scope)
    hours, seen, acknowledged = proof.curve(directive, stage.asked, scope)
    people = address("distribute:proof-people", pk=pk)
    context = {
        "title": directive.name,
        "heading": _directive_heading(directive, stage),
        "directive": directive,
        "people": people,
        "overdue_list": f"{address('distribute:overdue')}?directive={pk}",
        "stage": stage,
        "lines": lines,
        "nodes": _nodes(people),
        "flows": _flows(stage),
        "curve": [(_("opened or signed"), seen), (_("acknowledged"), acknowledged)] if hours else [],
        "curve_labels": [f"{hour:g} h" for hour in hours],
        "record": _record(directive),
        "list_form": SignedListForm(),
    }
    return render(request, "distribute/proof.html", context)


def _directive(request: Request, pk: int) -> Directive:
    """A must-read as the person may see it: without its name where they may not read what it asks."""
    directives = Directive.objects.select_related("audience", "version__entry", "issued_by").defer("version__text")
    found = get_object_or_404(directives, pk=pk)
    mask_directives(request.person, [found])
    return found


def _directive_heading(directive: Directive, stage: proof.Stage) -> str:
    if not stage.asked:
        return _("Nobody is asked yet: %(name)s") % {"name": directive.name}
    if not directive.acknowledge:
        return _("%(n)d of %(all)d have opened it") % {"n": stage.opened, "all": stage.asked}
    return _("%(n)d of %(all)d have acknowledged") % {"n": stage.acknowledged, "all": stage.asked}


STAGES = {
    "asked": _lazy("Matched"),
    "reached": _lazy("Reached"),
    "waiting": _lazy("Waiting to be sent"),
    "unreachable": _lazy("No channel"),
    "opened": _lazy("Opened"),
    "seen": _lazy("Opened or signed"),
    "unopened": _lazy("Neither opened nor signed"),
    "acknowledged": _lazy("Acknowledged"),
    "in_time": _lazy("In time"),
    "late": _lazy("Late"),
    "unsigned": _lazy("Opened only"),
    "overdue": _lazy("Overdue"),
    "on_list": _lazy("Signed on paper"),
}
# Where each stage stands in the stream: its column and tone. What was lost on the way comes last in its column.
STREAM = {
    "asked": (0, "s6"),
    "reached": (1, "s5"),
    "waiting": (1, "warn"),
    "unreachable": (1, "bad"),
    "seen": (2, "s5"),
    "unopened": (2, "bad"),
    "in_time": (3, "s6"),
    "late": (3, "warn"),
    "unsigned": (3, "bad"),
}


def _nodes(people: str) -> list[Node]:
    return [
        Node(key, str(STAGES[key]), column, tone, f"{people}?stage={key}") for key, (column, tone) in STREAM.items()
    ]


def _flows(stage: proof.Stage) -> list[Flow]:
    return [
        Flow("asked", "reached", stage.reached),
        Flow("asked", "waiting", stage.waiting),
        Flow("asked", "unreachable", stage.unreachable),
        Flow("reached", "seen", stage.seen),
        Flow("reached", "unopened", stage.unopened),
        Flow("seen", "in_time", stage.in_time),
        Flow("seen", "late", stage.late),
        Flow("seen", "unsigned", stage.unsigned),
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
    directive = _directive(request, pk)
    form = SignedListForm(request.POST)
    if form.is_valid() and directive.version is not None:
        people = list(Person.objects.filter(number__in=form.cleaned_data["numbers"]))
        version, signed = directive.version, form.cleaned_data
        recorded = tried(form, lambda: _record_signatures(request.person, version, people, signed))
        if recorded is not None:
            missing = sorted(set(form.cleaned_data["numbers"]) - {person.number for person in people})
            tell(request, _recorded(recorded, missing))
            return redirect(address("distribute:proof", pk=pk))
    return render(request, "distribute/proof_list.html", {"directive": directive, "list_form": form}, status=400)


def _record_signatures(recorder: Person, version: EntryVersion, people: list[Person], signed: dict[str, Any]) -> int:
    """All of them or none: a list with one name that was never asked is looked at again."""
    with transaction.atomic():
        for person in people:
            try:
                delivery = row_for(person, version)
            except Delivery.DoesNotExist as error:
                unasked = _("%(name)s was not asked to acknowledge this.") % {"name": person.name}
                raise ValidationError({"numbers": unasked}) from error
            record_acknowledgement(recorder, delivery, signed["evidence"], signed_at=signed["signed_at"])
    return len(people)


def _recorded(count: int, missing: list[str]) -> str:
    said = ngettext("%(n)d signature recorded.", "%(n)d signatures recorded.", count) % {"n": count}
    unknown = _("Nobody has these staff numbers: %(numbers)s") % {"numbers": ", ".join(missing)}
    return f"{said} {unknown}" if missing else said


# --- Lists ------------------------------------------------------------------------------------------------------------


@require_safe
def list_people(request: Request, pk: int) -> HttpResponse:
    """The people whom one figure of a must-read was counted from, each with their chain; CSV with ?format=csv."""
    scope = _scope(request)
    directive = _directive(request, pk)
    key = request.GET.get("stage", "asked") if request.GET.get("stage") in STAGES else "asked"
    rows = proof.of_directive(directive, scope).filter(proof.stage_tests()[key])
    unit = request.GET.get("unit", "")
    rows = _of_unit(rows, unit)
    if request.GET.get("format") == "csv":
        return _chain_csv(request, f"{slugify(directive.name)}-{key}", rows)
    page = Paginator(_chain_rows(rows), PAGE).get_page(request.GET.get("page"))
    _mask_reasons(request, page.object_list)
    context = {
        "title": STAGES[key],
        "heading": _("%(stage)s: %(n)s") % {"stage": STAGES[key], "n": number(page.paginator.count)},
        "directive": directive,
        "page": page,
        "key": key,
        "stages": STAGES.items(),
        "without_row": proof.without_row(directive, scope).count() if key == "asked" and not unit else 0,
    }
    return render(request, "distribute/proof_people.html", context)


def _of_unit(rows: QuerySet[Delivery], unit: str) -> QuerySet[Delivery]:
    """The rows of one unit by its number, or ("none") of those who are in none; all of them otherwise."""
    if unit == "none":
        return rows.filter(person__unit=None)
    number = read_number(unit)
    return rows if number is None else rows.filter(person__unit=number)


def _chain_rows(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """What a page of chains shows, in a few queries whatever the number of rows."""
    rows = proof.with_manner(rows).select_related("person__unit")
    return rows.prefetch_related("reasons__profile", "reasons__directive").order_by("person__name", "pk")


def _mask_reasons(request: Request, rows: Iterable[Delivery]) -> None:
    """Also the column of reasons names must-reads."""
    reasons = [reason for row in rows for reason in row.reasons.all()]
    mask_directives(request.person, [reason.directive for reason in reasons if reason.directive is not None])


@require_safe
def list_overdue(request: Request) -> HttpResponse:
    """Everybody who has not acknowledged what was due; CSV with ?format=csv."""
    scope = _scope(request)
    rows = proof.overdue(scope).prefetch_related(Prefetch("reminders", Reminder.objects.filter(taken_back=False)))
    rows = _of_unit(rows, request.GET.get("unit", ""))
    directive = read_number(request.GET.get("directive", ""))
    if directive is not None:
        rows = rows.filter(reasons__directive=directive)
    if request.GET.get("format") == "csv":
        return _chain_csv(request, "overdue", rows)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    mask_deliveries(request.person, page.object_list)
    heading = ngettext("%(n)d is overdue", "%(n)d are overdue", page.paginator.count) % {"n": page.paginator.count}
    return render(request, "distribute/overdue.html", {"title": _("Overdue"), "heading": heading, "page": page})


@require_safe
def list_unreached(request: Request) -> HttpResponse:
    """Active people whom no channel and no account reaches; CSV with ?format=csv."""
    scope = _scope(request)
    if request.GET.get("format") == "csv":
        return csv_response("not-reached", proof.UNREACHED_HEADER, proof.unreached_rows(scope))
    page = Paginator(proof.unreached(scope), PAGE).get_page(request.GET.get("page"))
    count = page.paginator.count
    heading = ngettext("%(n)d person cannot be reached", "%(n)d people cannot be reached", count) % {"n": count}
    return render(request, "distribute/unreached.html", {"title": _("Not reached"), "heading": heading, "page": page})


@require_safe
def show_version(request: Request, pk: int) -> HttpResponse:
    """The chain of one version: published, gathered, matched, sent, opened, acknowledged, by whom, how late."""
    scope = _scope(request)
    version = _version(request, pk)
    rows = version.deliveries.filter(scope.within("person__"))
    page = Paginator(_chain_rows(rows), PAGE).get_page(request.GET.get("page"))
    _mask_reasons(request, page.object_list)
    context = {"title": version.title, "version": version, "page": page}
    return render(request, "distribute/chain.html", context)


def _version(request: Request, pk: int) -> EntryVersion:
    """Who proves still sees no title they may not read: an administrator or executive is no reader by that."""
    readable = Entry.objects.readable_by(request.person)
    versions = EntryVersion.objects.select_related("entry").defer("text")
    return get_object_or_404(versions, pk=pk, entry__in=readable)


@require_safe
def show_audit(request: Request) -> HttpResponse:
    """The audit log, newest first, filtered by verb or person; CSV with ?format=csv."""
    require(may_see_audit(request.person), _("Only administrators and knowledge managers read the audit log."))
    verb, person = request.GET.get("verb", ""), request.GET.get("person", "")
    events = audit.events(verb, read_number(person))
    if request.GET.get("format") == "csv":
        return csv_response("audit", audit.HEADER, audit.rows(events))
    page = Paginator(events, PAGE).get_page(request.GET.get("page"))
    names = dict(Person.objects.filter(pk__in=[each.actor_id for each in page.object_list]).values_list("pk", "name"))
    rows = [
        (event, names.get(event.actor_id or 0, ""), audit.about(event), audit.details(event))
        for event in page.object_list
    ]
    verbs = Event.objects.order_by("verb").values_list("verb", flat=True).distinct()
    context = {"title": _("Audit log"), "page": page, "rows": rows, "verbs": verbs, "verb": verb, "by_person": person}
    return render(request, "distribute/audit.html", context)


# --- CSV --------------------------------------------------------------------------------------------------------------


@require_safe
def export_directive(request: Request, pk: int) -> HttpResponse:
    """The chain of every person of a must-read."""
    scope = _scope(request)
    directive = _directive(request, pk)
    return _chain_csv(request, slugify(directive.name), proof.of_directive(directive, scope))


@require_safe
def export_version(request: Request, pk: int) -> HttpResponse:
    """The chain of every person of a version."""
    scope = _scope(request)
    version = _version(request, pk)
    rows = version.deliveries.filter(scope.within("person__"))
    return _chain_csv(request, slugify(version.title), rows)


def _chain_csv(request: Request, name: str, rows: QuerySet[Delivery]) -> HttpResponse:
    return csv_response(name, proof.CHAIN_HEADER, proof.chain(rows, request.person))


AWARE_HEADER = ("group", "known", "median_seconds", "p95_seconds")


def _aware_rows(groups: Iterable[awareness.Awareness]) -> Iterable[tuple[object, ...]]:
    return (
        (each.label, each.people, round(each.median.total_seconds()), round(each.late.total_seconds()))
        for each in groups
    )
