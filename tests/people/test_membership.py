"""The kept membership: always what the rules select, with the date of those who stay."""

import threading
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.people import membership
from headwater.people.models import Audience, AudienceMember, Person
from tests.people.conftest import World


def names(audience: Audience) -> set[str]:
    return set(audience.members.values_list("name", flat=True))


def test_refresh_fills_and_empties(world: World) -> None:
    water = Audience.objects.create(slug="water", name="Water", rule={"unit": "water", "below": True})
    duty = Audience.objects.create(slug="duty", name="Duty", rule={"tag": "duty"})
    change = membership.refresh()
    assert names(water) == {"Ana", "Ben", "Cal", "Dee", "Fay", "Ida", "Jan"}
    assert names(duty) == {"Cal", "Gus"}
    assert len(change.missing) == 9
    assert not membership.refresh()
    Person.objects.filter(name="Cal").update(left_on=timezone.now().date())
    assert sorted(membership.refresh().surplus) == sorted((a.pk, world.people["Cal"].pk) for a in (water, duty))
    assert names(duty) == {"Gus"}


def test_those_who_stay_keep_their_date(world: World) -> None:
    audience = Audience.objects.create(slug="water", name="Water", rule={"unit": "water", "below": True})
    membership.refresh()
    long_ago = timezone.now() - timedelta(days=90)
    AudienceMember.objects.update(since=long_ago)
    audience.rule = {"any": [audience.rule, {"tag": "duty"}]}
    audience.save()
    membership.refresh([audience])
    since = dict(audience.member_links.values_list("person__name", "since"))
    assert since.pop("Gus") > timezone.now() - timedelta(minutes=5)
    assert set(since.values()) == {long_ago}


def test_only_those_audiences_and_people_are_touched(world: World) -> None:
    one, other = (Audience.objects.create(slug=slug, name=slug, rule={"everyone": True}) for slug in "ab")
    membership.refresh([one], [world.people["Ana"]])
    assert names(one) == {"Ana"}
    assert names(other) == set()


def test_more_audiences_than_one_statement_holds(world: World) -> None:
    Audience.objects.bulk_create(
        Audience(slug=f"a{n}", name=f"A{n}", rule={"any": [{"tag": "duty"}, {"person": n}]}) for n in range(95)
    )
    membership.refresh()
    assert AudienceMember.objects.filter(person__name="Gus").count() == 95
    assert not membership.difference()


def test_doctor_sees_what_went_astray(world: World) -> None:
    audience = Audience.objects.create(slug="duty", name="Duty", rule={"tag": "duty"})
    membership.refresh()
    assert membership.faults() == []
    audience.member_links.filter(person__name="Gus").delete()
    AudienceMember.objects.create(audience=audience, person=world.people["Ana"])
    (fault,) = membership.faults()
    assert "lack 1 people" in fault
    assert "hold 1" in fault


def test_two_transactions_at_once_miss_nothing(committed: None) -> None:
    """One makes the tag, the other the audience; whichever commits later sees the other's work."""
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        gus = Person.objects.create(name="Gus")
    together = threading.Barrier(2)

    def tag_him() -> None:
        with organisation_context(organisation.pk):
            gus.tags.create(tag="duty")
            together.wait(10)
            membership.refresh(people=[gus])
        connection.close()

    def make_audience() -> None:
        with organisation_context(organisation.pk):
            audience = Audience.objects.create(slug="duty", name="Duty", rule={"tag": "duty"})
            together.wait(10)
            membership.refresh([audience])
        connection.close()

    threads = [threading.Thread(target=work) for work in (tag_him, make_audience)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with organisation_context(organisation.pk):
        assert names(Audience.objects.get()) == {"Gus"}
