"""CSV in and out: units, roles, people, communities; with a preview of what an import would change."""

from headwater.people.exchange.people_sheet import PeopleSheet
from headwater.people.exchange.plan import Change, Plan, Sheet, apply_plan, make_plan
from headwater.people.exchange.structure_sheets import CommunitiesSheet, RolesSheet, UnitsSheet
from headwater.people.exchange.table import Fault, FileFault, write_table

SHEETS: dict[str, type[Sheet]] = {
    sheet.name: sheet for sheet in (UnitsSheet, RolesSheet, PeopleSheet, CommunitiesSheet)
}


def export_csv(name: str) -> str:
    """Units, roles, people or communities as CSV text, such as import reads it. Raises KeyError for another name."""
    sheet = SHEETS[name]()
    return write_table(sheet.columns, sheet.current_rows())


__all__ = ["SHEETS", "Change", "Fault", "FileFault", "Plan", "Sheet", "apply_plan", "export_csv", "make_plan"]
