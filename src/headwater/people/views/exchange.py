"""CSV: export, and import with a preview of what would change."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.core.acting import attempt, filled
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.imports import counted, is_large
from headwater.core.models import Import
from headwater.people import actions, rules
from headwater.people.actions.exchange import plan_import
from headwater.people.exchange import SHEETS, Plan, export_csv, waiting
from headwater.people.forms import ImportForm
from headwater.people.request import Request

SHOWN = 200
IMPORTS: dict[str, Callable[..., None]] = {
    "units": actions.import_units,
    "roles": actions.import_roles,
    "people": actions.import_people,
    "communities": actions.import_communities,
}


def _require(request: Request) -> None:
    require(
        rules.may_write_about_people(request.person),
        _("Only an administrator of the whole organisation imports and exports the directory."),
    )


@require_GET
def export(request: Request, kind: str) -> HttpResponse:
    """Units, roles, people or communities as CSV."""
    _require(request)
    if kind not in SHEETS:
        raise Http404(_("There is no such sheet."))
    response = HttpResponse(export_csv(kind), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{kind}.csv"'
    return response


@require_http_methods(["GET", "POST"])
def import_file(request: Request) -> HttpResponse:
    """Choose a file; then see what it would change."""
    _require(request)
    form = ImportForm(request.POST or None, request.FILES or None, initial={"kind": request.GET.get("kind", "people")})
    plan = filled(form, lambda values: _planned(request, values)) if request.method == "POST" else None
    context: dict[str, Any] = {
        "title": _("Import"),
        "crumbs": [(_("People"), address("people:people")), (_("Import"), "")],
        "form": form,
        "sheets": [(sheet.name, ", ".join(sheet.columns)) for sheet in SHEETS.values()],
    }
    if plan is None:
        return render(request, "people/import.html", context)
    context |= _preview(plan) | {"key": waiting.put(plan_content(form)), "kind": form.cleaned_data["kind"]}
    return render(request, "people/import_preview.html", context)


def plan_content(form: ImportForm) -> bytes:
    """The uploaded file, from its beginning."""
    file = form.cleaned_data["file"]
    file.seek(0)
    return file.read()


def _planned(request: Request, values: dict[str, Any]) -> Plan:
    try:
        return plan_import(request.person, values["kind"], values["file"].read())
    except ValidationError as error:
        raise ValidationError({"file": error.messages}) from error


def _preview(plan: Plan) -> dict[str, Any]:
    """Everything the preview shows, at most so many rows of each state."""
    counts = plan.counts
    return {
        "counts": counts,
        "faults": plan.faults[:SHOWN],
        "added": plan.of("added")[:SHOWN],
        "changed": plan.of("changed")[:SHOWN],
        "missing": plan.missing[:SHOWN],
        "ignored": plan.ignored_columns,
        "heading": _("%(added)s new, %(changed)s changed, %(unchanged)s unchanged, %(wrong)s wrong") % counts,
        "may_end": plan.sheet.name == "people" and bool(plan.missing),
        "has_work": bool(counts["added"] or counts["changed"] or (plan.sheet.name == "people" and plan.missing)),
    }


@require_POST
def apply_import(request: Request) -> HttpResponse:
    """Import what was previewed."""
    _require(request)
    kind, key = request.POST.get("kind", ""), request.POST.get("key", "")
    content = waiting.read(key)
    if kind not in IMPORTS or content is None:
        attempt(request, _expired)
        return redirect(address("people:import"))
    options = {"skip_wrong": bool(request.POST.get("skip_wrong"))}
    if kind == "people":
        options["end_missing"] = bool(request.POST.get("end_missing"))
    if is_large(content):
        row = actions.begin_import(request.person, kind, content, "", **options)
        waiting.drop(key)
        return redirect(address("people:import-progress", pk=row.pk))
    done = attempt(request, lambda: IMPORTS[kind](request.person, content, **options) or True, _("Imported."))
    if not done:
        return redirect(address("people:import"))
    waiting.drop(key)
    return redirect(address(f"people:{kind}"))


@require_GET
def show_import(request: Request, pk: int) -> HttpResponse:
    """How far an import is, or what came of it."""
    _require(request)
    row = get_object_or_404(Import, pk=pk, kind__in=SHEETS)
    context = {
        "title": _("Import"),
        "crumbs": [(_("People"), address("people:people")), (_("Import"), address("people:import")), (row.name, "")],
        "row": row,
        "counts": counted(row),
        "again": address("people:import"),
        "result": address(f"people:{row.kind}"),
    }
    return render(request, "import_progress.html", context)


def _expired() -> None:
    raise ValidationError(_("The file is no longer here. Choose it again; nothing was changed."))
