"""A small organisation with every property that rules look at."""

from dataclasses import dataclass, field

import pytest
from django.db import connection

from headwater.core.models import Organisation
from headwater.people.jobs import mail_reset
from headwater.people.models import Community, Membership, OtherUnit, Person, PersonRole, PersonTag, Role, Unit


def mail_resets_asked_for() -> None:
    """Mail the links to new passwords that were asked for, as a worker does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE task_name LIKE %s RETURNING (args->>'user_id')::int", ["%.mail_reset"]
        )
        asked = cursor.fetchall()
    for (user_id,) in asked:
        mail_reset(0, user_id=user_id)


@dataclass
class World:
    """Units /water/pumps, /water/drains, /roads; two roles; two communities; people of every mixture."""

    units: dict[str, Unit] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    communities: dict[str, Community] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    def unit(self, slug: str, parent: str | None = None) -> None:
        unit = Unit.objects.create(slug=slug, name=slug.title(), parent=self.units.get(parent or ""))
        unit.path = f"{unit.parent.path if unit.parent else '/'}{unit.pk}/"
        unit.save()
        self.units[slug] = unit

    def person(self, name: str, unit: str | None, *marks: str, language: str = "en", location: str = "") -> Person:
        """`marks` are role:x, community:x, tag:x, also:unit."""
        person = Person.objects.create(name=name, unit=self.units.get(unit or ""), language=language, location=location)
        for mark in marks:
            kind, _, value = mark.partition(":")
            if kind == "role":
                PersonRole.objects.create(person=person, role=self.roles[value])
            elif kind == "community":
                Membership.objects.create(person=person, community=self.communities[value])
            elif kind == "tag":
                PersonTag.objects.create(person=person, tag=value)
            else:
                OtherUnit.objects.create(person=person, unit=self.units[value])
        self.people[name] = person
        return person


@pytest.fixture
def world(organisation: Organisation) -> World:
    """The world with ten people in it."""
    world = World()
    for slug, parent in (("water", None), ("pumps", "water"), ("drains", "water"), ("roads", None)):
        world.unit(slug, parent)
    for slug in ("inspector", "clerk"):
        world.roles[slug] = Role.objects.create(slug=slug, name=slug.title())
    for slug in ("rescue", "culverts"):
        world.communities[slug] = Community.objects.create(slug=slug, name=slug.title())
    world.person("Ana", "water", "role:inspector", location="Depot")
    world.person("Ben", "pumps", "role:clerk", "community:rescue", language="fr")
    world.person("Cal", "pumps", "role:inspector", "role:clerk", "tag:duty", language="fr-CA", location="Depot")
    world.person("Dee", "drains", "also:roads", location="Hall")
    world.person("Eli", "roads", "community:rescue", "community:culverts", "tag:head")
    world.person("Fay", "roads", "role:inspector", "also:pumps", language="ar", location="depot")
    world.person("Gus", None, "tag:duty")
    world.person("Hal", None, language="fr")
    world.person("Ida", "drains", "role:clerk", "tag:head", "community:culverts", location="Hall")
    world.person("Jan", "water", location="Hall")
    return world
