"""What is held about a person is told to them: every reference to a person is asked for by some room's held.py."""

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.core.wall import walled_models
from headwater.people.held import held_about
from headwater.people.models import Person

# References that "What is held about me" leaves out, each with the reason.
EXPLAINED: dict[str, str] = {}


def references() -> set[str]:
    """Every field that points at a person, as `table.column`."""
    return {
        f"{model._meta.db_table}.{field.column}"
        for model in walled_models()
        for field in model._meta.local_fields
        if field.related_model is Person
    }


def asked_about(person: Person) -> set[str]:
    """The references by which the person's number is looked for when all that is held is gathered."""
    with CaptureQueriesContext(connection) as captured:
        held_about(person)
    statements = "\n".join(query["sql"] for query in captured.captured_queries)
    found = set()
    for reference in references():
        table, column = reference.split(".")
        aliases = {table, *re.findall(rf'"{table}" (T\d+)\b', statements)}
        if any(
            re.search(rf'"?{alias}"?\."{column}" (= \(?{person.pk}\b|IN \({person.pk}\))', statements)
            for alias in aliases
        ):
            found.add(reference)
    return found


def test_every_reference_to_a_person_is_told(ines: Person) -> None:
    missing = references() - asked_about(ines) - set(EXPLAINED)
    assert missing == set(), "name these in the held.py of their room, or explain in EXPLAINED why not"


def test_what_is_explained_is_there_and_not_told(ines: Person) -> None:
    assert set(EXPLAINED) <= references() - asked_about(ines)
