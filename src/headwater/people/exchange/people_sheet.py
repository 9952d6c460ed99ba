"""The sheet of people, recognised by staff number or, where they have none, by address."""

from collections.abc import Callable, Iterable
from datetime import date, time
from typing import Any

from django.utils.dateparse import parse_time
from django.utils.translation import gettext as _

from headwater.core.models import Classification, Organisation
from headwater.core.typed import read_day
from headwater.core.wall import current_organisation_id
from headwater.people import leaving, rules
from headwater.people.days import today
from headwater.people.exchange.directory import Directory, PeopleDirectory
from headwater.people.exchange.plan import Change, Sheet
from headwater.people.exchange.structure_sheets import field_faults, read_code
from headwater.people.exchange.table import joined, several
from headwater.people.models import (
    Community,
    Departure,
    Membership,
    OtherUnit,
    Person,
    PersonRole,
    PersonTag,
    Role,
    Unit,
)

PLAIN = {"number": "number", "name": "name", "email": "email", "title": "title", "location": "location",
         "language": "language", "timezone": "timezone"}  # fmt: skip
TIMES = {"works_from": "work_from", "works_until": "work_until"}
DATES = {"joined_on": "joined_on", "left_on": "left_on"}
FIELDS = {**PLAIN, **TIMES, **DATES, "unit": "unit", "clearance": "clearance"}
CLEARANCES = {level.name.lower(): level for level in Classification}


class PeopleSheet(Sheet):
    """One line a person; empty cells empty the field, columns that are not there leave it."""

    name = "people"
    columns = (
        "number", "name", "email", "unit", "other_units", "roles", "title", "location", "language", "timezone",
        "works_from", "works_until", "clearance", "joined_on", "left_on", "communities", "marks",
    )  # fmt: skip
    required = ("name",)
    at_once = 500
    synonyms = {
        "staff_number": "number", "key": "number", "e_mail": "email", "mail": "email", "address": "email",
        "role": "roles", "job_title": "title", "time_zone": "timezone", "community": "communities", "tags": "marks",
        "work_from": "works_from", "work_until": "works_until", "joined": "joined_on", "left": "left_on",
    }  # fmt: skip

    def __init__(self) -> None:
        self.people = PeopleDirectory(
            Person.objects.filter(erased_at=None)
            .select_related("unit")
            .prefetch_related("other_units", "roles", "communities", "tags")
        )
        self.units, self.roles, self.communities = (
            Directory(model._default_manager.all()) for model in (Unit, Role, Community)
        )
        self.organisation = Organisation.objects.get(pk=current_organisation_id())
        self.emails: dict[str, str] = {}

    def current_rows(self) -> Iterable[dict[str, str]]:
        return [self.text_of(person) for person in sorted(self.people.people, key=lambda each: (each.name, each.pk))]

    def key(self, cells: dict[str, str]) -> str:
        person = self.find(cells)
        if person is not None:
            return f"person {person.pk}"
        return (cells.get("number") or cells.get("email") or "").lower()

    def find(self, cells: dict[str, str]) -> Person | None:
        """By number; by address where the sheet has no number, or the person has none yet."""
        number, email = cells.get("number", "").lower(), cells.get("email", "").lower()
        if number and number in self.people.by_number:
            return self.people.by_number[number]
        by_email = self.people.by_email.get(email) if email else None
        return by_email if by_email is not None and (not number or not by_email.number) else None

    def text_of(self, instance: Person) -> dict[str, str]:
        return {
            **{column: str(getattr(instance, field)) for column, field in PLAIN.items()},
            **{column: getattr(instance, field).strftime("%H:%M") for column, field in TIMES.items()},
            **{column: _iso(getattr(instance, field)) for column, field in DATES.items()},
            "unit": instance.unit.slug if instance.unit else "",
            "other_units": joined(unit.slug for unit in instance.other_units.all()),
            "roles": joined(role.slug for role in instance.roles.all()),
            "communities": joined(community.slug for community in instance.communities.all()),
            "marks": joined(tag.tag for tag in instance.tags.all() if tag.room == "people"),
            "clearance": Classification(instance.clearance).name.lower(),
        }

    def read(self, column: str, text: str, cells: dict[str, str]) -> tuple[Any, str]:
        if column in ("other_units", "roles", "communities"):
            directory = {"other_units": self.units, "roles": self.roles, "communities": self.communities}[column]
            rows = [directory.need(part) for part in several(text)]
            return rows, joined({row.slug for row in rows})
        if column == "marks":
            marks = {read_code(part.strip().lower().replace(" ", "-")) for part in several(text)}
            return marks, joined(marks)
        if column == "unit":
            unit = self.units.need(text) if text else None
            return unit, unit.slug if unit else ""
        return READERS.get(column, _as_it_is)(self._default(column, text))

    def _default(self, column: str, text: str) -> str:
        """Where a person must have something, an empty cell means the usual."""
        if text or column not in ("language", "timezone", "clearance", "works_from", "works_until"):
            return text
        usual = {"clearance": "internal", "works_from": "08:00", "works_until": "17:00"}
        return usual.get(column) or str(getattr(self.organisation, column))

    def check(self, change: Change) -> Iterable[tuple[str, str]]:
        person = self._person(change)
        yield from field_faults(person, {field: column for column, field in FIELDS.items()})
        email = person.email.lower()
        if not email:
            return
        other = self.people.by_email.get(email)
        taken = other is not None and other.is_active and other.pk != person.pk
        if taken or self.emails.setdefault(email, change.key) != change.key:
            yield "email", _("somebody else has this address")

    def _person(self, change: Change) -> Person:
        """The person as the row would have them, not saved."""
        person = change.instance or Person(language=self.organisation.language, timezone=self.organisation.timezone)
        for column, field in FIELDS.items():
            if column in change.values:
                setattr(person, field, change.values[column])
        return person

    def not_in(self, keys: set[str], found: list[Any]) -> Iterable[Change]:
        there = {person.pk for person in found}
        for person in self.people.people:
            if person.is_active and person.pk not in there and (person.number or person.email):
                yield Change(0, f"person {person.pk}", person.name, "missing", person)

    def apply(self, changes: list[Change]) -> None:
        new = [self._person(change) for change in changes if change.instance is None]
        Person.objects.bulk_create(new, batch_size=1000)
        waiting = iter(new)
        people = [change.instance or next(waiting) for change in changes]
        pairs = list(zip(people, changes, strict=True))
        known = [change.instance for change in changes if change.instance is not None]
        fields = {FIELDS[column] for change in changes for column in change.columns if column in FIELDS}
        if known and fields:
            Person.objects.bulk_update(known, sorted(fields), batch_size=500)
        for column, write in LINKS.items():
            write([(person, change.values[column]) for person, change in pairs if _concerns(column, change)])
        _write_departures([person for person, change in pairs if change.values.get("left_on")])

    def end(self, missing: list[Change]) -> None:
        """People who are not in the file leave today, except the last administrator."""
        day = today()
        people = [change.instance for change in missing if not rules.is_last_administrator(change.instance)]
        for person in people:
            person.left_on = day
        Person.objects.bulk_update(people, ["left_on"], batch_size=500)
        _write_departures(people)


def _concerns(column: str, change: Change) -> bool:
    """Whether links of that column are written anew: a further unit is none that one belongs to by now."""
    moved = column == "other_units" and "unit" in change.columns
    return column in change.values and (moved or column in change.columns)


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _as_it_is(text: str) -> tuple[Any, str]:
    return text, text


def _read_date(text: str) -> tuple[date | None, str]:
    day = read_day(text)
    if text and day is None:
        raise ValueError(_("“%(text)s” is no date; write 2026-11-30") % {"text": text})
    return day, _iso(day)


def _read_time(text: str) -> tuple[time, str]:
    try:
        hour = parse_time(text)
    except ValueError:
        hour = None
    if hour is None:
        raise ValueError(_("“%(text)s” is no time of day; write 08:00") % {"text": text})
    return hour, hour.strftime("%H:%M")


def _read_clearance(text: str) -> tuple[Classification, str]:
    level = CLEARANCES.get(text.lower())
    if level is None:
        known = ", ".join(CLEARANCES)
        raise ValueError(_("“%(text)s” is no clearance; there are %(known)s") % {"text": text, "known": known})
    return level, level.name.lower()


READERS: dict[str, Callable[[str], tuple[Any, str]]] = {
    "joined_on": _read_date,
    "left_on": _read_date,
    "works_from": _read_time,
    "works_until": _read_time,
    "clearance": _read_clearance,
}

Linked = list[tuple[Person, Any]]


def _write_roles(linked: Linked) -> None:
    PersonRole.objects.filter(person__in=[person for person, _roles in linked]).delete()
    PersonRole.objects.bulk_create(
        PersonRole(person=person, role=role) for person, roles in linked for role in set(roles)
    )


def _write_units(linked: Linked) -> None:
    OtherUnit.objects.filter(person__in=[person for person, _units in linked]).delete()
    OtherUnit.objects.bulk_create(
        OtherUnit(person=person, unit=unit) for person, units in linked for unit in set(units) if unit != person.unit
    )


def _write_communities(linked: Linked) -> None:
    Membership.objects.filter(person__in=[person for person, _communities in linked]).delete()
    Membership.objects.bulk_create(
        Membership(person=person, community=community) for person, rows in linked for community in set(rows)
    )


def _write_marks(linked: Linked) -> None:
    PersonTag.objects.filter(person__in=[person for person, _marks in linked], room="people").delete()
    PersonTag.objects.bulk_create(PersonTag(person=person, tag=tag) for person, marks in linked for tag in marks)


LINKS: dict[str, Callable[[Linked], None]] = {
    "roles": _write_roles,
    "other_units": _write_units,
    "communities": _write_communities,
    "marks": _write_marks,
}


def _write_departures(people: list[Person]) -> None:
    rows = (Departure(person=person, left_on=person.left_on) for person in people if person.left_on)
    Departure.objects.bulk_create(rows, ignore_conflicts=True)
    leaving.settle_departures()
