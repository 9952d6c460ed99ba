"""What an import would do, row by row, before anything is done.

A `Sheet` knows one kind of row: its columns, what is there now (as text), and how rows become changes. The plan
compares texts in one canonical form, so that importing an export changes nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headwater.core.imports import report
from headwater.people.exchange.table import Fault, Row, read_table

ADDED, CHANGED, UNCHANGED, WRONG, MISSING = "added", "changed", "unchanged", "wrong", "missing"


@dataclass
class Change:
    """What one row means. `before` is its present text by column (empty for a new one), `after` the canonical new."""

    row: int
    key: str
    label: str
    state: str
    instance: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def differences(self) -> list[tuple[str, str, str]]:
        """(column, before, after) for what would change."""
        pairs = ((name, self.before.get(name, ""), new) for name, new in self.after.items())
        return [(name, old, new) for name, old, new in pairs if old != new]

    @cached_property
    def columns(self) -> set[str]:
        """What of it must be written: what differs, and of a new one all that the row says."""
        return set(self.values) if self.instance is None else {name for name, _old, _new in self.differences}


@dataclass
class Plan:
    """All changes of a file, and what is there but not in the file."""

    sheet: "Sheet"
    changes: list[Change]
    missing: list[Change]
    ignored_columns: list[str]

    @property
    def faults(self) -> list[Fault]:
        return [fault for change in self.changes for fault in change.faults]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are added, changed, unchanged, wrong; and how many are missing from the file."""
        found = Counter(change.state for change in self.changes)
        return {state: found[state] for state in (ADDED, CHANGED, UNCHANGED, WRONG)} | {MISSING: len(self.missing)}

    def of(self, state: str) -> list[Change]:
        """The changes in that state, in the file's order."""
        return self.missing if state == MISSING else [change for change in self.changes if change.state == state]


class Sheet:
    """One kind of row. Subclasses read what is there on construction, with a fixed number of queries."""

    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    required: ClassVar[tuple[str, ...]]
    synonyms: ClassVar[dict[str, str]] = {}
    at_once: ClassVar[int] = 0  # so many rows are written at a time; 0: all, for rows that name each other

    def current_rows(self) -> Iterable[dict[str, str]]:
        """What is there now, as text, in the order of an export."""
        raise NotImplementedError

    def prepare(self, rows: list[Row]) -> None:
        """Look at all rows before each is read (rows may name each other)."""

    def key(self, cells: dict[str, str]) -> str:
        """By what a row is recognised; empty when it cannot be."""
        raise NotImplementedError

    def find(self, cells: dict[str, str]) -> Any:
        """What the row is about, if it is there already."""
        raise NotImplementedError

    def text_of(self, instance: Any) -> dict[str, str]:
        """One that is there, as text by column."""
        raise NotImplementedError

    def read(self, column: str, text: str, cells: dict[str, str]) -> tuple[Any, str]:
        """(value, canonical text) of a cell. Raises ValueError with the message when it cannot be."""
        raise NotImplementedError

    def check(self, change: Change) -> Iterable[tuple[str, str]]:
        """(column, message) for what is wrong with the row as a whole."""
        return ()

    def not_in(self, keys: set[str], found: list[Any]) -> Iterable[Change]:
        """What is there and is not in the file."""
        return ()

    def apply(self, changes: list[Change]) -> None:
        """Write the added and changed rows."""
        raise NotImplementedError

    def end(self, missing: list[Change]) -> None:
        """Let those go that are not in the file, where that is asked for and means something."""
        raise ValidationError({"end_missing": _("Only people can leave by not being in the file.")})


def make_plan(sheet: Sheet, content: bytes) -> Plan:
    """What importing this file would do. Raises `FileFault` when the file as a whole cannot be read.

    Reading a row is half of the work that is reported, writing it the other half.
    """
    rows, ignored = read_table(content, sheet.columns, sheet.synonyms)
    sheet.prepare(rows)
    seen: dict[str, int] = {}
    changes = []
    for number, row in enumerate(rows):
        changes.append(_change(sheet, row, seen))
        report(number, 2 * len(rows))
    found = [change.instance for change in changes if change.instance is not None]
    return Plan(sheet, changes, list(sheet.not_in(set(seen), found)), ignored)


def _change(sheet: Sheet, row: Row, seen: dict[str, int]) -> Change:
    key = sheet.key(row.cells)
    change = Change(row.number, key, row.cells.get("name", "") or key, UNCHANGED, faults=list(row.faults))
    if not key:
        change.faults.append(Fault(row.number, sheet.required[0], _("This row says not what it is about.")))
    elif key in seen:
        message = _("Row %(row)s is about the same one.") % {"row": seen[key]}
        change.faults.append(Fault(row.number, sheet.required[0], message))
    else:
        seen[key] = row.number
        change.instance = sheet.find(row.cells)
    _read_cells(sheet, row, change)
    if not change.faults:
        change.faults += [Fault(row.number, column, message) for column, message in sheet.check(change)]
    change.state = _state(change)
    return change


def _read_cells(sheet: Sheet, row: Row, change: Change) -> None:
    change.before = sheet.text_of(change.instance) if change.instance is not None else {}
    for column, text in row.cells.items():
        try:
            change.values[column], change.after[column] = sheet.read(column, text, row.cells)
        except ValueError as error:
            change.faults.append(Fault(row.number, column, str(error)))
    if change.instance is None:
        for column in sheet.required:
            if not row.cells.get(column):
                change.faults.append(Fault(row.number, column, _("This is needed for a new one.")))


def _state(change: Change) -> str:
    if change.faults:
        return WRONG
    if change.instance is None:
        return ADDED
    return CHANGED if change.differences else UNCHANGED


def apply_plan(plan: Plan, skip_wrong: bool = False, end_missing: bool = False) -> None:
    """Do what the plan says, all or nothing. Raises `ValidationError` when a row is wrong, unless those are skipped."""
    if plan.faults and not skip_wrong:
        raise ValidationError({"content": faults_in_words(plan.faults)})
    changes, rows = [change for change in plan.changes if change.state in (ADDED, CHANGED)], len(plan.changes)
    with transaction.atomic():
        step = plan.sheet.at_once or len(changes)
        for start in range(0, len(changes), step or 1):
            plan.sheet.apply(changes[start : start + step])
            report(2 * rows - len(changes) + start, 2 * rows)
        if end_missing and plan.missing:
            plan.sheet.end(plan.missing)


def faults_in_words(faults: list[Fault]) -> list[str]:
    """The first twenty faults as sentences, after the one that says what became of the import."""
    rows = len({fault.row for fault in faults})
    lines = [_("Nothing was imported: %(rows)s rows are wrong.") % {"rows": rows}]
    for fault in faults[:20]:
        column = f"{fault.column}: " if fault.column else ""
        place = {"row": fault.row, "column": column, "message": fault.message}
        lines.append(_("Row %(row)s, %(column)s%(message)s") % place)
    return lines
