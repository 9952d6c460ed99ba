"""The sheets of units, roles and communities."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from headwater.people import membership
from headwater.people.checking import check_fields
from headwater.people.exchange.directory import Directory, PeopleDirectory, reference
from headwater.people.exchange.plan import Change, Sheet
from headwater.people.exchange.table import Row, joined, several
from headwater.people.models import Community, Membership, Person, Role, Unit

CODE = {"slug": "code", "key": "code", "id": "code", "unit": "name", "role": "name", "community": "name"}


def read_code(text: str) -> str:
    """A code as it is kept. Raises ValueError when it holds what no address may."""
    if slugify(text) != text.lower() or not text:
        raise ValueError(_("a code holds letters without accents, digits, hyphens and underscores only"))
    return text


def read_name(text: str) -> str:
    """A name that is not empty."""
    if not text:
        raise ValueError(_("a name is needed"))
    if len(text) > 200:
        raise ValueError(_("a name has at most 200 letters"))
    return text


class CodedSheet(Sheet):
    """A sheet whose rows are recognised by their code (the slug)."""

    required = ("code", "name")
    synonyms = CODE
    directory: Directory

    def key(self, cells: dict[str, str]) -> str:
        return cells.get("code", "").lower()

    def find(self, cells: dict[str, str]) -> Any:
        row = self.directory.get(cells["code"])
        return row if row is not None and row.slug.lower() == cells["code"].lower() else None

    def current_rows(self) -> Iterable[dict[str, str]]:
        return [self.text_of(row) for row in self.directory.rows]

    def not_in(self, keys: set[str], found: list[Any]) -> Iterable[Change]:
        for row in self.directory.rows:
            if row.slug.lower() not in keys:
                yield Change(0, row.slug, row.name, "missing", row)

    def text_of(self, instance: Any) -> dict[str, str]:
        return {"code": instance.slug, "name": instance.name}

    def read(self, column: str, text: str, cells: dict[str, str]) -> tuple[Any, str]:
        if column == "code":
            there = self.directory.get(text)
            code = there.slug if there is not None and there.slug.lower() == text.lower() else read_code(text)
            return code, code
        name = read_name(text)
        return name, name


class RolesSheet(CodedSheet):
    """code, name."""

    name = "roles"
    columns = ("code", "name")

    def __init__(self) -> None:
        self.directory = Directory(Role.objects.all())

    def apply(self, changes: list[Change]) -> None:
        for change in changes:
            role = change.instance or Role(slug=change.values["code"])
            role.name = change.values.get("name", role.name)
            role.save()


class UnitsSheet(CodedSheet):
    """code, name, parent (a code), head and deputy (staff number or address)."""

    name = "units"
    columns = ("code", "name", "parent", "head", "deputy")
    synonyms = CODE | {"below": "parent", "parent_code": "parent"}

    def __init__(self) -> None:
        self.directory = Directory(Unit.objects.select_related("parent", "head", "deputy").order_by("path"))
        self.people = PeopleDirectory(Person.objects.all())
        self.parents = {row.slug.lower(): row.parent.slug.lower() if row.parent else "" for row in self.directory.rows}

    def prepare(self, rows: list[Row]) -> None:
        for row in rows:
            if "parent" in row.cells and row.cells.get("code"):
                self.parents[row.cells["code"].lower()] = self._code(row.cells["parent"])
        self.coming = {row.cells.get("code", "").lower() for row in rows}

    def _code(self, text: str) -> str:
        known = self.directory.get(text) if text else None
        return known.slug.lower() if known is not None else text.lower()

    def text_of(self, instance: Unit) -> dict[str, str]:
        return super().text_of(instance) | {
            "parent": instance.parent.slug if instance.parent else "",
            "head": reference(instance.head),
            "deputy": reference(instance.deputy),
        }

    def read(self, column: str, text: str, cells: dict[str, str]) -> tuple[Any, str]:
        if column in ("head", "deputy"):
            person = self.people.need(text) if text else None
            return person, reference(person)
        if column != "parent":
            return super().read(column, text, cells)
        code = self._code(text)
        if code and code not in self.coming and self.directory.get(code) is None:
            raise ValueError(_("there is no “%(text)s”") % {"text": text})
        known = self.directory.get(code)
        return code, known.slug if known is not None else text

    def check(self, change: Change) -> Iterable[tuple[str, str]]:
        seen: set[str] = set()
        code = change.key
        while code:
            if code in seen or len(seen) > 20:
                yield "parent", _("the unit would lie below itself")
                return
            seen.add(code)
            code = self.parents.get(code, "")
        head, deputy = change.values.get("head"), change.values.get("deputy")
        if head is not None and head == deputy:
            yield "deputy", _("head and deputy are two people")

    def apply(self, changes: list[Change]) -> None:
        membership.lock()
        units = {row.slug.lower(): row for row in self.directory.rows}
        for change in changes:
            unit = change.instance or Unit(slug=change.values["code"])
            for column in ("name", "head", "deputy"):
                if column in change.values:
                    setattr(unit, column, change.values[column])
            unit.save()
            units[unit.slug.lower()] = unit
        for code, unit in units.items():
            unit.parent = units.get(self.parents.get(code, ""))
        write_paths(list(units.values()))


def write_paths(units: list[Unit]) -> None:
    """Write parents and paths of all units anew, from the parents that they have in memory."""
    for unit in units:
        ids: list[str] = []
        above: Unit | None = unit
        while above is not None:
            ids.append(str(above.pk))
            above = above.parent
        unit.path = f"/{'/'.join(reversed(ids))}/"
    Unit.objects.bulk_update(units, ["parent", "path"], batch_size=500)


class CommunitiesSheet(CodedSheet):
    """code, name, purpose, lead, members (staff numbers or addresses, parted by semicolons)."""

    name = "communities"
    columns = ("code", "name", "purpose", "lead", "members")

    def __init__(self) -> None:
        self.directory = Directory(Community.objects.select_related("lead").prefetch_related("members"))
        self.people = PeopleDirectory(Person.objects.all())

    def text_of(self, instance: Community) -> dict[str, str]:
        members = [reference(person) for person in instance.members.all() if person.is_active]
        return super().text_of(instance) | {
            "purpose": " ".join(instance.purpose.split()),
            "lead": reference(instance.lead),
            "members": joined(filter(None, members)),
        }

    def read(self, column: str, text: str, cells: dict[str, str]) -> tuple[Any, str]:
        if column == "purpose":
            return text, " ".join(text.split())
        if column == "lead":
            lead = self.people.need(text) if text else None
            return lead, reference(lead)
        if column == "members":
            people = [self.people.need(part) for part in several(text)]
            return people, joined({reference(person) for person in people})
        return super().read(column, text, cells)

    def apply(self, changes: list[Change]) -> None:
        for change in changes:
            community = change.instance or Community(slug=change.values["code"])
            for column in ("name", "purpose", "lead"):
                if column in change.values:
                    setattr(community, column, change.values[column])
            community.save()
            if "members" in change.values:
                self._set_members(community, change.values["members"])

    def _set_members(self, community: Community, people: list[Person]) -> None:
        active = Person.objects.active()
        Membership.objects.filter(community=community, person__in=active).exclude(person__in=people).delete()
        links = (Membership(community=community, person=person) for person in people)
        Membership.objects.bulk_create(links, ignore_conflicts=True)


def field_faults(instance: Any, names: dict[str, str]) -> Iterable[tuple[str, str]]:
    """(column, message) for what the fields themselves refuse; `names` maps fields to columns."""
    try:
        check_fields(instance)
    except ValidationError as error:
        for field, messages in error.message_dict.items():
            yield names.get(field, field), " ".join(messages)
