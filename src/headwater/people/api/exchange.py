"""CSV in and out."""

from collections.abc import Callable
from typing import Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import File, Form, Schema, Status
from ninja.files import UploadedFile

from headwater.core.actions import require
from headwater.core.import_shape import ImportOut
from headwater.core.imports import is_large
from headwater.core.models import Import
from headwater.core.references import Id
from headwater.people import actions, rules
from headwater.people.actions.exchange import plan_import
from headwater.people.api.routing import router
from headwater.people.api.shapes import Done
from headwater.people.exchange import SHEETS, export_csv
from headwater.people.request import Request

Kind = Literal["units", "roles", "people", "communities"]


class FaultOut(Schema):
    """What is wrong in one cell; the header is row 1."""

    row: int
    column: str
    message: str


class PlanOut(Schema):
    """What an import would do."""

    counts: dict[str, int]
    faults: list[FaultOut]
    ignored_columns: list[str]


@router.get("/export/{kind}", operation_id="export_sheet")
def export_sheet(request: Request, kind: Kind) -> HttpResponse:
    """Units, roles, people or communities as CSV."""
    require(
        rules.may_write_about_people(request.person),
        _("Only an administrator of the whole organisation imports and exports the directory."),
    )
    return HttpResponse(export_csv(kind), content_type="text/csv; charset=utf-8")


@router.post("/import/{kind}/preview", response=PlanOut, operation_id="preview_import")
def preview_import(request: Request, kind: Kind, file: File[UploadedFile]) -> PlanOut:
    """What importing a CSV file would change."""
    plan = plan_import(request.person, kind, file.read())
    faults = [FaultOut(row=fault.row, column=fault.column, message=fault.message) for fault in plan.faults[:1000]]
    return PlanOut(counts=plan.counts, faults=faults, ignored_columns=plan.ignored_columns)


def _imported(
    act: Callable[..., None], request: Request, kind: Kind, file: UploadedFile, **options: Any
) -> Done | Status[Import]:
    content = file.read()
    if is_large(content):
        row = actions.begin_import(request.person, kind, content, file.name or "", **options)
        return Status(202, row)
    act(request.person, content, **options)
    return Done()


@router.post("/imports", response={202: ImportOut}, operation_id="begin_import")
def begin_import(
    request: Request,
    kind: Form[Kind],
    file: File[UploadedFile],
    skip_wrong: Form[bool] = False,
    end_missing: Form[bool] = False,
) -> Status[Import]:
    """Bring in a file in the background, whatever its size."""
    row = actions.begin_import(request.person, kind, file.read(), file.name or "", skip_wrong, end_missing)
    return Status(202, row)


@router.get("/imports/{int:pk}", response=ImportOut, operation_id="show_import")
def show_import(request: Request, pk: Id) -> Import:
    """How far an import is, or what came of it."""
    require(
        rules.may_write_about_people(request.person),
        _("Only an administrator of the whole organisation imports and exports the directory."),
    )
    return get_object_or_404(Import, pk=pk, kind__in=SHEETS)


@router.post("/import/units", response={200: Done, 202: ImportOut}, operation_id="import_units")
def import_units(request: Request, file: File[UploadedFile], skip_wrong: Form[bool] = False) -> Done | Status[Import]:
    """Bring in units; a large file in the background (202, then look at the import)."""
    return _imported(actions.import_units, request, "units", file, skip_wrong=skip_wrong)


@router.post("/import/roles", response={200: Done, 202: ImportOut}, operation_id="import_roles")
def import_roles(request: Request, file: File[UploadedFile], skip_wrong: Form[bool] = False) -> Done | Status[Import]:
    """Bring in job roles."""
    return _imported(actions.import_roles, request, "roles", file, skip_wrong=skip_wrong)


@router.post("/import/people", response={200: Done, 202: ImportOut}, operation_id="import_people")
def import_people(
    request: Request, file: File[UploadedFile], skip_wrong: Form[bool] = False, end_missing: Form[bool] = False
) -> Done | Status[Import]:
    """Bring in people; with `end_missing`, members who are not in the file leave today."""
    return _imported(actions.import_people, request, "people", file, skip_wrong=skip_wrong, end_missing=end_missing)


@router.post("/import/communities", response={200: Done, 202: ImportOut}, operation_id="import_communities")
def import_communities(
    request: Request, file: File[UploadedFile], skip_wrong: Form[bool] = False
) -> Done | Status[Import]:
    """Bring in communities."""
    return _imported(actions.import_communities, request, "communities", file, skip_wrong=skip_wrong)
