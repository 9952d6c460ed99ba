"""CSV in and out."""

from collections.abc import Callable
from typing import Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import File, Form, Schema
from ninja.files import UploadedFile

from headwater.core.actions import require
from headwater.people import actions, rules
from headwater.people.actions.exchange import plan_import
from headwater.people.api.routing import router
from headwater.people.api.shapes import Done
from headwater.people.exchange import export_csv
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


def _imported(act: Callable[..., None], request: Request, file: UploadedFile, **options: Any) -> Done:
    act(request.person, file.read(), **options)
    return Done()


@router.post("/import/units", response=Done, operation_id="import_units")
def import_units(request: Request, file: File[UploadedFile], skip_wrong: Form[bool] = False) -> Done:
    """Bring in units."""
    return _imported(actions.import_units, request, file, skip_wrong=skip_wrong)


@router.post("/import/roles", response=Done, operation_id="import_roles")
def import_roles(request: Request, file: File[UploadedFile], skip_wrong: Form[bool] = False) -> Done:
    """Bring in job roles."""
    return _imported(actions.import_roles, request, file, skip_wrong=skip_wrong)


@router.post("/import/people", response=Done, operation_id="import_people")
def import_people(
    request: Request, file: File[UploadedFile], skip_wrong: Form[bool] = False, end_missing: Form[bool] = False
) -> Done:
    """Bring in people; with `end_missing`, members who are not in the file leave today."""
    return _imported(actions.import_people, request, file, skip_wrong=skip_wrong, end_missing=end_missing)


@router.post("/import/communities", response=Done, operation_id="import_communities")
def import_communities(request: Request, file: File[UploadedFile], skip_wrong: Form[bool] = False) -> Done:
    """Bring in communities."""
    return _imported(actions.import_communities, request, file, skip_wrong=skip_wrong)
