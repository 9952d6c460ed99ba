"""Who may read: the rule says the same whether a request read the person's access along, or nobody did."""

import pytest

from headwater.people.membership import refresh
from headwater.people.models import Audience, Grant, Permission, Person, held_access
from headwater.people.reading import readable
from headwater.search.models import Entry
from tests.people.conftest import World


def remembered(person: Person) -> Person:
    """The person as a request knows them."""
    found = Person.objects.annotate(**held_access("pk")).get(pk=person.pk)
    found.remember_access(found.held_grants, found.held_audiences)
    return found


def titles(person: Person) -> list[str]:
    return sorted(Entry.objects.filter(readable(person)).values_list("title", flat=True))


@pytest.fixture
def entries(world: World) -> None:
    rules = {"pumps": {"unit": "pumps", "below": True}, "everyone": {"everyone": True}, "nobody": {"tag": "none"}}
    for slug, rule in rules.items():
        audience = Audience.objects.create(slug=slug, name=slug, rule=rule)
        for level in (0, 1, 3):
            unit = world.units["water" if level else "roads"]
            Entry.objects.create(title=f"{slug} {level}", audience=audience, classification=level, unit=unit)
    Entry.objects.create(title="for its owner", owner=world.people["Ana"])
    refresh()


def test_what_a_request_remembers_reads_the_same(world: World, entries: None) -> None:
    Grant.objects.create(person=world.people["Ben"], permission=Permission.STEWARD, unit=world.units["water"])
    seen = set()
    for person in Person.objects.all():
        assert titles(remembered(person)) == titles(person), person.name
        seen |= set(titles(person))
    assert {"for its owner", "nobody 1", "everyone 0"} <= seen


def test_the_rule_follows_a_path(world: World, entries: None) -> None:
    Grant.objects.create(person=world.people["Ben"], permission=Permission.STEWARD)
    Entry.objects.bulk_create(Entry(title=f"copy of {entry}", copy_of=entry) for entry in list(Entry.objects.all()))
    for person in map(remembered, Person.objects.all()):
        led = Entry.objects.filter(readable(person, "copy_of__"), copy_of__isnull=False)
        originals = Entry.objects.filter(readable(person), copy_of=None)
        assert {entry.copy_of for entry in led} == set(originals), person.name


def test_who_belongs_to_nothing_reads_only_what_is_theirs(world: World, entries: None) -> None:
    Audience.objects.all().update(rule={"tag": "none"})
    refresh()
    ana = remembered(world.people["Ana"])
    assert ana.granted == []
    assert titles(ana) == ["for its owner"]
