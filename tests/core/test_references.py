"""How one thing names another: by number or slug; whatever names nothing is refused with its field, never a fault."""

import pytest

from headwater.core.models import Organisation
from headwater.core.references import UnknownReference, referred, referred_all, required
from headwater.people.models import Community, Unit


@pytest.fixture
def pumps(organisation: Organisation) -> Community:
    return Community.objects.create(name="Pumps", slug="pumps")


def test_a_thing_is_named_by_its_slug_or_by_its_number(pumps: Community, unit: Unit) -> None:
    for given in ("pumps", pumps.pk, str(pumps.pk)):
        assert required(Community, given, "community") == pumps
    assert referred_all(Unit, [unit.pk, str(unit.pk)], "units") == [unit, unit]
    assert [referred(Unit, given, "unit") for given in (None, "")] == [None, None]


def test_a_slug_goes_before_the_same_number(pumps: Community) -> None:
    named = Community.objects.create(name="Named like a number", slug=str(pumps.pk))
    assert required(Community, str(pumps.pk), "community") == named
    assert required(Community, pumps.pk, "community") == pumps


@pytest.mark.parametrize("given", ["", "nobody", "-1", "²", 0, "0", 2**63 - 1, "9" * 18, "9" * 19, "9" * 5_000])
def test_what_names_nothing_is_refused_with_its_field(pumps: Community, unit: Unit, given: int | str) -> None:
    """Python itself refuses to read thousands of digits."""
    for rows in (Community, Unit.objects.all()):
        with pytest.raises(UnknownReference) as refused:
            required(rows, given, "parent")
        assert list(refused.value.message_dict) == ["parent"]


def test_what_the_asker_may_not_see_is_nothing(pumps: Community) -> None:
    with pytest.raises(UnknownReference, match="you may refer to"):
        required(Community.objects.exclude(pk=pumps.pk), "pumps", "community")
