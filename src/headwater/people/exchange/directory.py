"""Finding units, roles, communities and people by what a sheet calls them."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from headwater.people.models import Person


class Directory:
    """Rows by their slug, or by their name where only one has it; without regard to case."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self.rows = list(rows)
        self._by_slug = {row.slug.lower(): row for row in self.rows}
        self._by_name: dict[str, Any] = {}
        for row in self.rows:
            name = row.name.lower()
            self._by_name[name] = None if name in self._by_name else row

    def get(self, text: str) -> Any:
        """The row that the text means, or None."""
        return self._by_slug.get(text.lower()) or self._by_name.get(text.lower())

    def need(self, text: str) -> Any:
        """The row that the text means. Raises ValueError in words when there is none."""
        row = self.get(text)
        if row is None:
            raise ValueError(_("there is no “%(text)s”") % {"text": text})
        return row


class PeopleDirectory:
    """People by staff number or address, without regard to case; members before those who left."""

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = sorted(people, key=lambda person: person.is_active)
        self.by_number = {person.number.lower(): person for person in self.people if person.number}
        self.by_email = {person.email.lower(): person for person in self.people if person.email}

    def get(self, text: str) -> Person | None:
        """The person with that number or address, or None."""
        return self.by_number.get(text.lower()) or self.by_email.get(text.lower())

    def need(self, text: str) -> Person:
        """The active person with that number or address. Raises ValueError in words when there is none."""
        person = self.get(text)
        if person is None:
            raise ValueError(_("there is no person with the number or address “%(text)s”") % {"text": text})
        if not person.is_active:
            raise ValueError(_("%(name)s is not a member at present") % {"name": person.name})
        return person


def reference(person: Person | None) -> str:
    """How a sheet names a person: the staff number, else the address."""
    return "" if person is None else person.number or person.email
