"""The text form and the lines of rules: read back to the same meaning, refused with the position."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.people.rule import Line, Rule, RuleError, from_lines, parse_rule, to_lines, write_rule
from headwater.people.rule.language import walk
from headwater.people.rule.lines import prefixes

ATOMS = ("a", "b", "c", "d e", 'quo"te', "back\\slash", "not", "x:y")


def leaves() -> st.SearchStrategy[Rule]:
    return st.one_of(
        st.just({"everyone": True}),
        st.builds(
            lambda kind, value: {kind: value}, st.sampled_from(["role", "tag", "location"]), st.sampled_from(ATOMS)
        ),
        st.builds(lambda slug: {"unit": slug, "below": True}, st.sampled_from(ATOMS)),
        st.builds(lambda slug: {"unit": slug}, st.sampled_from(ATOMS)),
        st.builds(lambda number: {"person": number}, st.integers(0, 5)),
    )


def rules() -> st.SearchStrategy[Rule]:
    return st.recursive(
        leaves(),
        lambda inner: st.one_of(
            st.builds(
                lambda kind, parts: {kind: parts},
                st.sampled_from(["all", "any"]),
                st.lists(inner, min_size=1, max_size=3),
            ),
            st.builds(lambda part: {"not": part}, inner),
        ),
        max_leaves=7,
    )


def holds(rule: Rule, true: frozenset[str]) -> bool:
    """Whether the rule holds when exactly the conditions in `true` do."""
    if "all" in rule:
        return all(holds(part, true) for part in rule["all"])
    if "any" in rule:
        return any(holds(part, true) for part in rule["any"])
    if "not" in rule:
        return not holds(rule["not"], true)
    return repr(sorted(rule.items())) in true


def conditions(rule: Rule) -> list[str]:
    return sorted({repr(sorted(leaf.items())) for _place, leaf in walk(rule)})


def same_meaning(one: Rule, other: Rule) -> bool:
    """Both hold for the same worlds (every combination of up to seven conditions)."""
    names = conditions(one)
    assert conditions(other) == names
    worlds = [frozenset(name for bit, name in enumerate(names) if n >> bit & 1) for n in range(2 ** len(names))]
    return all(holds(one, world) == holds(other, world) for world in worlds)


@settings(max_examples=150, deadline=None)
@given(rules())
def test_the_text_form_means_the_same(rule: Rule) -> None:
    assert same_meaning(rule, parse_rule(write_rule(rule)))


@settings(max_examples=150, deadline=None)
@given(rules())
def test_lines_mean_the_same_or_there_are_none(rule: Rule) -> None:
    lines = to_lines(rule)
    if lines is not None:
        again = from_lines(lines)
        assert again is not None
        assert same_meaning(rule, again)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.builds(Line, st.sampled_from(["and", "not", "or"]), st.lists(leaves(), min_size=1, max_size=3).map(tuple)),
        min_size=1,
        max_size=5,
    )
)
def test_what_lines_mean_can_be_shown_as_lines_again(lines: list[Line]) -> None:
    rule = from_lines(lines)
    assert rule is not None
    again = to_lines(rule)
    assert again is not None
    back = from_lines(again)
    assert back is not None
    assert same_meaning(rule, back)


def test_a_single_part_keeps_its_brackets() -> None:
    both = {"all": [{"role": "a"}, {"role": "b"}]}
    assert write_rule({"not": {"any": [both]}}) == "not (role:a and role:b)"


def test_reading_by_hand() -> None:
    assert parse_rule('unit:water AND (role:a or role:b) and not location:"Head office"') == {
        "all": [
            {"unit": "water", "below": True},
            {"any": [{"role": "a"}, {"role": "b"}]},
            {"not": {"location": "Head office"}},
        ]
    }
    assert parse_rule("everyone") == {"everyone": True}
    assert parse_rule("unit-only:water or person:7") == {"any": [{"unit": "water"}, {"person": 7}]}


@pytest.mark.parametrize(
    "text, position, message",
    [
        ("", 1, "missing at the end"),
        ("unit:roads and", 15, "missing at the end"),
        ("unit:roads role:x", 12, "“and” or “or” is missing"),
        ("unit:roads and (role:x", 16, "never closed"),
        ("unit:roads)", 11, "“and” or “or” is missing"),
        ("or role:x", 1, "a condition is missing here"),
        ("roads", 1, "is no condition"),
        ("unit:roads and colour:red", 16, "“colour:” is not known"),
        ("person:ana", 1, "number"),
        ('role:"open', 1, "cannot be read"),
        ('role:""', 1, "a name is missing"),
        ("role:", 1, "cannot be read"),
        ("not " * 20 + "everyone", 53, "too deeply"),
    ],
)
def test_a_faulty_text_is_refused_with_its_position(text: str, position: int, message: str) -> None:
    with pytest.raises(RuleError, match=message) as refused:
        parse_rule(text)
    assert refused.value.place == position
    assert f"Position {position}:" in refused.value.message_dict["rule"][0]


def test_a_rule_after_each_line() -> None:
    lines = [
        Line("", ({"unit": "a", "below": True}, {"unit": "b"})),
        Line("and", ({"role": "c"},)),
        Line("not", ({"location": "d"},)),
        Line("or", ({"community": "e"},)),
    ]
    assert prefixes(lines)[-1] == {
        "any": [
            {
                "all": [
                    {"any": [{"unit": "a", "below": True}, {"unit": "b"}]},
                    {"role": "c"},
                    {"not": {"location": "d"}},
                ]
            },
            {"community": "e"},
        ]
    }
    assert to_lines(prefixes(lines)[-1] or {}) == lines


def test_a_rule_too_nested_for_lines() -> None:
    nested = {"all": [{"any": [{"all": [{"role": "a"}, {"role": "b"}]}, {"all": [{"role": "c"}, {"role": "d"}]}]}]}
    assert to_lines(nested) is None
