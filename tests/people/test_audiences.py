"""What rules select, against a slow reading in Python; what is refused, and where; rules in words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.core.models import Organisation
from headwater.people.audiences import check_rule, counts, describe, name_for, own_doing, select, using
from headwater.people.days import today
from headwater.people.models import Audience, Community, Person
from headwater.people.rule import Rule, RuleError
from tests.people.conftest import World

UNITS = ("water", "pumps", "drains", "roads", "nowhere")


def leaves() -> st.SearchStrategy[Rule]:
    """Every kind of condition, with names that exist and names that do not."""
    named = {
        "role": ("inspector", "clerk", "nobody"),
        "community": ("rescue", "culverts", "none"),
        "language": ("en", "fr", "fr-CA", "ar", "zh"),
        "location": ("Depot", "hall", "Nowhere"),
        "tag": ("duty", "head", "none"),
    }
    return st.one_of(
        st.just({"everyone": True}),
        st.builds(lambda slug, below: {"unit": slug, "below": below}, st.sampled_from(UNITS), st.booleans()),
        st.builds(lambda slug: {"unit": slug}, st.sampled_from(UNITS)),
        *(st.builds(lambda value, kind=kind: {kind: value}, st.sampled_from(values)) for kind, values in named.items()),
        st.builds(lambda number: {"person": number}, st.integers(1, 40)),
    )


def rules() -> st.SearchStrategy[Rule]:
    """Rules of any shape, up to about a dozen conditions."""
    return st.recursive(
        leaves(),
        lambda inner: st.one_of(
            st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda part: {"not": part}, inner),
        ),
        max_leaves=8,
    )


@dataclass
class Facts:
    """What there is to know of one person."""

    pk: int
    units: dict[str, set[str]]
    values: dict[str, set[str]]


def facts_of(person: Person) -> Facts:
    """Read the slow way, person by person."""
    own = [person.unit] if person.unit else []
    exact, below = set(), set()
    for unit in [*own, *person.other_units.all()]:
        exact.add(unit.slug)
        while unit:
            below.add(unit.slug)
            unit = unit.parent
    return Facts(
        person.pk,
        {"exact": exact, "below": below},
        {
            "role": set(person.roles.values_list("slug", flat=True)),
            "community": set(person.communities.values_list("slug", flat=True)),
            "tag": set(person.tags.values_list("tag", flat=True)),
            "location": {person.location.lower()},
            "language": {person.language.lower(), person.language.split("-")[0].lower()},
        },
    )


def oracle(rule: Rule, facts: Facts) -> bool:
    """Whether the rule means this person: Python's own and, or, not."""
    if "all" in rule:
        return all(oracle(part, facts) for part in rule["all"])
    if "any" in rule:
        return any(oracle(part, facts) for part in rule["any"])
    if "not" in rule:
        return not oracle(rule["not"], facts)
    if "everyone" in rule:
        return True
    if "unit" in rule:
        return rule["unit"] in facts.units["below" if rule.get("below") else "exact"]
    if "person" in rule:
        return rule["person"] == facts.pk
    ((kind, value),) = rule.items()
    wanted = value.lower() if kind in ("location", "language") else value
    return wanted in facts.values[kind]


def test_rules_select_whom_a_slow_reader_would(world: World) -> None:
    facts = [facts_of(person) for person in Person.objects.all()]

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rules())
    def check(rule: Rule) -> None:
        assert set(select(rule).values_list("pk", flat=True)) == {each.pk for each in facts if oracle(rule, each)}

    check()


def test_only_active_people_are_selected(world: World) -> None:
    from datetime import timedelta

    from django.utils import timezone

    today = timezone.now().date()
    Person.objects.filter(name="Ana").update(left_on=today)
    Person.objects.filter(name="Ben").update(left_on=today + timedelta(days=1))
    Person.objects.filter(name="Cal").update(joined_on=today + timedelta(days=1))
    Person.objects.filter(name="Dee").update(erased_at=timezone.now())
    names = set(select({"everyone": True}).values_list("name", flat=True))
    assert names == {"Ben", "Eli", "Fay", "Gus", "Hal", "Ida", "Jan"}


REFUSED: list[tuple[Any, str, str]] = [
    ("roads", "", "an object"),
    ({}, "", "exactly one of"),
    ({"unit": "roads", "role": "clerk"}, "", "exactly one of"),
    ({"colour": "red"}, "", "exactly one of"),
    ({"role": "clerk", "below": True}, "", "“below” stands beside “unit”"),
    ({"unit": "roads", "below": "yes"}, "", "“below” stands beside “unit”"),
    ({"all": []}, "all", "at least one condition"),
    ({"any": {"unit": "roads"}}, "any", "at least one condition"),
    ({"all": [{"everyone": True}, {"unit": ""}]}, "all[1].unit", "not empty"),
    ({"not": {"any": [{"everyone": False}]}}, "not.any[0].everyone", "true"),
    ({"person": "Ana"}, "person", "number"),
    ({"person": True}, "person", "number"),
    ({"all": [{"unit": "water"}, {"not": {"unit": "atlantis"}}]}, "all[1].not.unit", "no unit “atlantis”"),
    ({"role": "wizard"}, "role", "no role “wizard”"),
    ({"any": [{"community": "rescue"}, {"community": "chess"}]}, "any[1].community", "no community “chess”"),
    ({"person": 999999}, "person", "no person"),
]


@pytest.mark.parametrize("rule, place, message", REFUSED)
def test_a_faulty_rule_is_refused_with_its_place(world: World, rule: Any, place: str, message: str) -> None:
    with pytest.raises(RuleError, match=message) as refused:
        check_rule(rule)
    assert refused.value.place == place
    assert list(refused.value.message_dict) == ["rule"]
    assert place in refused.value.message_dict["rule"][0]


def test_depth_and_number_of_conditions_have_an_end(organisation: Organisation) -> None:
    deep: Rule = {"everyone": True}
    for _ in range(14):
        deep = {"not": deep}
    with pytest.raises(RuleError, match="at most 12 deep"):
        check_rule(deep)
    with pytest.raises(RuleError, match="at most 300 conditions"):
        check_rule({"any": [{"everyone": True}] * 301})


def test_a_rule_in_words(world: World) -> None:
    rule = {
        "all": [
            {"any": [{"unit": "water", "below": True}, {"unit": "roads"}]},
            {"role": "inspector"},
            {"not": {"location": "Hall"}},
        ]
    }
    words = "(in Water or in Roads itself) and with the role Inspector, but not at Hall"
    assert describe(rule) == words
    assert describe({"not": {"all": [{"tag": "duty"}, {"language": "fr"}]}}) == "not (marked duty and reading French)"
    assert describe({"not": {"any": [{"all": [{"tag": "a"}, {"tag": "b"}]}]}}) == "not (marked a and marked b)"
    assert describe({"any": [{"person": world.people["Ana"].pk}, {"community": "rescue"}]}) == (
        "Ana or in the community Rescue"
    )


def test_an_audience_that_nobody_named_has_a_name_that_fits_into_a_sentence(world: World) -> None:
    either = {"any": [{"unit": "water", "below": True}, {"unit": "roads", "below": True}, {"community": "rescue"}]}
    assert name_for(either) == "People in Water, in Roads or in the community Rescue"
    assert name_for({"everyone": True}) == "Everyone"
    assert name_for({"person": world.people["Ana"].pk}) == "Ana"
    assert len(name_for({"any": [{"tag": f"mark-{n}"} for n in range(60)]})) == 200


def test_counts_of_several_rules_at_once(world: World, django_assert_num_queries: Callable[..., Any]) -> None:
    today()  # the organisation's time zone is looked up once a process
    with django_assert_num_queries(3):
        assert counts([{"everyone": True}, None, {"unit": "water", "below": True}]) == [10, 0, 7]


def test_which_audiences_name_a_unit(world: World) -> None:
    audience = Audience.objects.create(slug="a", name="A", rule={"not": {"any": [{"unit": "roads"}, {"tag": "duty"}]}})
    assert using("unit", "roads") == [audience]
    assert using("unit", "water") == []
    assert using("role", "roads") == []


def test_a_rule_that_people_can_change_themselves_is_said(world: World) -> None:
    assert own_doing({"unit": "water"}) == []
    assert own_doing({"not": {"community": "rescue"}}) == []
    Community.objects.filter(slug="rescue").update(is_open=True)
    assert "Anybody joins the community" in own_doing({"all": [{"community": "rescue"}, {"unit": "water"}]})[0]
    assert own_doing({"not": {"community": "rescue"}}) == []
    Audience.objects.create(slug="others", name="Others", rule={"not": {"community": "rescue"}})
    assert own_doing({"community": "rescue"}) == []
