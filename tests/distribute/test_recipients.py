"""The access filter in SQL is the access filter of the query set, for every person and entry."""

import random
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from headwater.core.models import Classification, Organisation
from headwater.distribute.recipients import READABLE, readable_values
from headwater.people.models import Audience, AudienceMember, Grant, Permission, Person, Unit
from headwater.search.models import Entry, Kind


def test_readable_is_the_same_in_sql_and_in_the_query_set(organisation: Organisation) -> None:
    chance = random.Random(20260301)
    units = _units()
    audiences = [Audience.objects.create(slug=f"a{n}", name=f"A{n}", rule={"everyone": True}) for n in range(4)]
    people = [_person(chance, n, units, audiences) for n in range(40)]
    entries = [_entry(chance, n, units, audiences, people) for n in range(60)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT p.id, e.id FROM people_person p, search_entry e WHERE {READABLE}", readable_values())
        found = set(cursor.fetchall())
    expected = {
        (person.pk, pk)
        for person in Person.objects.all()
        for pk in Entry.objects.readable_by(person).filter(withdrawn_at=None).values_list("pk", flat=True)
    }
    assert found == expected
    assert 100 < len(found) < len(people) * len(entries) / 2


def _units() -> list[Unit]:
    units: list[Unit] = []
    for number in range(5):
        parent = units[(number - 1) // 2] if number else None
        unit = Unit.objects.create(slug=f"u{number}", name=f"U{number}", parent=parent)
        unit.path = f"{parent.path if parent else '/'}{unit.pk}/"
        unit.save()
        units.append(unit)
    return units


def _person(chance: random.Random, number: int, units: list[Unit], audiences: list[Audience]) -> Person:
    today = timezone.localdate()
    person = Person.objects.create(
        name=f"P{number}",
        clearance=chance.choice(Classification.values),
        left_on=chance.choice([None, None, None, today, today + timedelta(days=1)]),
        joined_on=chance.choice([None, None, today, today + timedelta(days=1)]),
        erased_at=chance.choice([None] * 9 + [timezone.now()]),
    )
    for audience in audiences:
        if chance.random() < 0.3:
            AudienceMember.objects.create(audience=audience, person=person)
    if chance.random() < 0.3:
        permission = chance.choice([Permission.STEWARD, Permission.STEWARD, Permission.ADMINISTRATOR])
        Grant.objects.create(person=person, permission=permission, unit=chance.choice([None, *units]))
    return person


def _entry(
    chance: random.Random, number: int, units: list[Unit], audiences: list[Audience], people: list[Person]
) -> Entry:
    return Entry.objects.create(
        kind=Kind.POLICY,
        title=f"E{number}",
        owner=chance.choice([None, *people]),
        unit=chance.choice([None, *units]),
        audience=chance.choice([None, *audiences]),
        classification=chance.choice(Classification.values),
        withdrawn_at=chance.choice([None, None, None, timezone.now()]),
    )
