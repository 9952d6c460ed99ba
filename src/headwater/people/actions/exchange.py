"""Imports from CSV. Nothing is applied when any row is wrong, unless wrong rows are to be skipped."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from headwater.core import imports
from headwater.core.actions import OPERATOR, Actor, action, note, require
from headwater.core.models import Import
from headwater.core.wall import current_organisation_id
from headwater.people import membership, rules
from headwater.people.exchange import SHEETS, FileFault, Plan, apply_plan, make_plan
from headwater.people.exchange.table import MOST_BYTES
from headwater.people.models import Person


@action
def import_units(actor: Actor, content: bytes, skip_wrong: bool = False) -> None:
    """Bring in units from CSV: code, name, parent, head, deputy."""
    _import(actor, "units", content, skip_wrong)


@action
def import_roles(actor: Actor, content: bytes, skip_wrong: bool = False) -> None:
    """Bring in job roles from CSV: code, name."""
    _import(actor, "roles", content, skip_wrong)


@action
def import_people(actor: Actor, content: bytes, skip_wrong: bool = False, end_missing: bool = False) -> None:
    """Bring in people from CSV; with `end_missing`, members who are not in the file leave today."""
    _import(actor, "people", content, skip_wrong, end_missing)


@action
def import_communities(actor: Actor, content: bytes, skip_wrong: bool = False) -> None:
    """Bring in communities from CSV: code, name, purpose, lead, members."""
    _import(actor, "communities", content, skip_wrong)


def plan_import(actor: Actor, kind: str, content: bytes) -> Plan:
    """What an import would change, without changing it. Raises `ValidationError` when the file cannot be read."""
    _require_directory(actor)
    try:
        return make_plan(SHEETS[kind](), content)
    except FileFault as error:
        raise ValidationError({"content": str(error)}) from error


@action
def begin_import(
    actor: Actor, kind: str, content: bytes, name: str = "", skip_wrong: bool = False, end_missing: bool = False
) -> Import:
    """Bring in a large CSV file of units, roles, people or communities in the background, with progress."""
    from headwater.people.jobs import carry_out_import

    _require_directory(actor)
    if kind not in SHEETS:
        raise ValidationError({"kind": _("There are units, roles, people and communities.")})
    if len(content) > MOST_BYTES:
        raise ValidationError({"content": _("The file is larger than 20 MB.")})
    if end_missing and kind != "people":
        raise ValidationError({"end_missing": _("Only people can leave by not being in the file.")})
    row = imports.begin(actor, kind, content, name, skip_wrong=skip_wrong, end_missing=end_missing)
    note(kind=kind, bytes=len(content))
    carry_out_import.defer(organisation_id=current_organisation_id(), import_id=row.pk)
    return row


def carry_in(row: Import, content: bytes) -> None:
    """What the job of an import does: the verb for small files, by whoever asked."""
    actor = OPERATOR if row.asked_by is None else Person.objects.get(pk=row.asked_by)
    verbs: dict[str, Callable[..., None]] = {
        "units": import_units,
        "roles": import_roles,
        "people": import_people,
        "communities": import_communities,
    }
    chosen = {name: value for name, value in row.options.items() if value}
    verbs[row.kind](actor, content, **chosen)


def _require_directory(actor: Actor) -> None:
    require(
        rules.may_write_about_people(actor),
        _("Only an administrator of the whole organisation imports and exports the directory."),
    )


def _import(actor: Actor, kind: str, content: bytes, skip_wrong: bool, end_missing: bool = False) -> None:
    plan = plan_import(actor, kind, content)
    apply_plan(plan, skip_wrong, end_missing)
    membership.refresh()
    counts = {**plan.counts, "ended": len(plan.missing) if end_missing else 0}
    note(**counts)
    imports.tally(**counts)
