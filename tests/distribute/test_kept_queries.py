"""A query that was kept goes on meaning the same, though what it names is called otherwise now."""

from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from headwater.core.actions import OPERATOR
from headwater.distribute.actions import save_directive, save_profile
from headwater.distribute.matching import forget_standing
from headwater.distribute.models import Directive, InterestProfile
from headwater.gather.actions import change_source, create_source
from headwater.gather.models import InformationNeed
from headwater.people.actions import rename_unit
from headwater.search.models import Entry, EntryTopic, EntryVersion, Kind
from headwater.taxonomy.actions import change_concept, merge_concept, propose_concept
from headwater.taxonomy.models import Concept
from tests.distribute.test_matching import House

put_slugs = import_module("headwater.distribute.migrations.0008_slugs_in_queries").put_slugs


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    forget_standing()
    yield House()
    forget_standing()


def publish(house: House, title: str, *topics: Concept, **fields: Any) -> EntryVersion:
    """A new entry for everyone, about these topics."""
    given = {"kind": Kind.PROCEDURE, "title": title, "audience": house.everyone, "owner": house.nadia, **fields}
    with house.inside():
        entry = Entry.objects.create(**given)
        for topic in topics:
            EntryTopic.objects.create(entry=entry, concept=topic)
        return house.version(entry, title, "", published_at=timezone.now())


def test_units_sources_and_topics_are_renamed(house: House) -> None:
    with house.inside():
        source = create_source(OPERATOR, "City Bulletins", "upload", owner=house.nadia, audience=house.everyone)
        drains = propose_concept(OPERATOR, "Storm drains")
        kept = save_profile(house.nadia, 'unit:Drainage OR source:"City Bulletins" OR topic:"storm drains"')
        assert kept.query == f"unit:drainage OR source:{source.slug} OR topic:{drains.slug}"
        rename_unit(OPERATOR, house.unit, "Water and Sewers")
        change_source(OPERATOR, source, name="Gazette")
        change_concept(OPERATOR, drains, labels={"en": "Gullies"})
    publish(house, "Of the unit", unit=house.unit)
    publish(house, "Of the source", source_slug=source.slug)
    publish(house, "About the topic", drains)
    publish(house, "About nothing")
    house.match()
    assert house.got(house.nadia) == ["Of the unit", "Of the source", "About the topic"]


def test_a_topic_is_merged_into_another(house: House) -> None:
    """Twice, and with a broader one asked for: all that stood under the old topics goes on coming."""
    with house.inside():
        water, sewers, pipes = (propose_concept(OPERATOR, name) for name in ("Water", "Sewers", "Pipes"))
        save_profile(house.ines, "topic:sewers")
        save_profile(house.omar, "topic:pipes")
        merge_concept(OPERATOR, pipes, sewers)
        merge_concept(OPERATOR, sewers, water)
    publish(house, "Of water", water)
    publish(house, "Of nothing")
    house.match()
    assert house.got(house.ines) == house.got(house.omar) == ["Of water"]


def test_older_queries_get_slugs_for_their_names(house: House) -> None:
    with house.inside():
        audience = house.everyone
        profile = save_profile(house.ines, "pump")
        same = save_profile(house.ines, "valve")
        gone = save_profile(house.ines, "tap")
        directive = save_directive(house.nadia, audience, query="culvert", due_days=3)
        need = InformationNeed.objects.create(question="Why?", owner=house.nadia, query='kind:"How-to" unit:Drainage')
        InterestProfile.objects.filter(pk=profile.pk).update(query='pump  unit:"Drainage"')
        InterestProfile.objects.filter(pk=same.pk).update(query="title:valve  OR unit:drainage")
        InterestProfile.objects.filter(pk=gone.pk).update(query='unit:"Office of Yore"')
        Directive.objects.filter(pk=directive.pk).update(query='kind:"Lesson learned"')
    for _twice in range(2):
        put_slugs(apps, SimpleNamespace(connection=connection))
    with house.inside():
        for row, query in (
            (profile, "pump unit:drainage"),
            (same, "title:valve  OR unit:drainage"),
            (gone, 'unit:"Office of Yore"'),
            (directive, "kind:lesson"),
            (need, "kind:howto unit:drainage"),
        ):
            row.refresh_from_db()
            assert row.query == query
