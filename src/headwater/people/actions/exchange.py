"""Imports from CSV. Nothing is applied when any row is wrong, unless wrong rows are to be skipped."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.people import membership, rules
from headwater.people.exchange import SHEETS, FileFault, Plan, apply_plan, make_plan


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
    require(
        rules.may_write_about_people(actor),
        _("Only an administrator of the whole organisation imports and exports the directory."),
    )
    try:
        return make_plan(SHEETS[kind](), content)
    except FileFault as error:
        raise ValidationError({"content": str(error)}) from error


def _import(actor: Actor, kind: str, content: bytes, skip_wrong: bool, end_missing: bool = False) -> None:
    plan = plan_import(actor, kind, content)
    apply_plan(plan, skip_wrong, end_missing)
    membership.refresh()
    note(**plan.counts, ended=len(plan.missing) if end_missing else 0)
