"""Names to slugs: which value is meant, which is offered instead, and that what is kept stays as it is."""

import pytest
from hypothesis import given

from headwater.search.language.errors import QueryError
from headwater.search.language.naming import meant, values_of
from headwater.search.language.parser import parse, parse_partial
from headwater.search.language.query import Facet, Not, Or, Query
from headwater.search.language.writing import to_text
from tests.search.language.strategies import queries

UNITS = values_of(
    [
        ("water", ["Water and Drainage"]),
        ("office-1", ["Office"]),
        ("office-2", ["Office"]),
        ("roads", ["Highways"]),
        ("rail", ["Roads"]),
    ]
)


def unit(leaf: Facet) -> Query:
    """Knows units; leaves everything else as it is."""
    return meant(leaf, UNITS) if leaf.name == "unit" else leaf


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("unit:water", Facet("unit", "water")),
        ('unit:"water AND drainage"', Facet("unit", "water")),
        ("unit:Water-And_Drainage", Facet("unit", "water")),
        ("unit:office", Or((Facet("unit", "office-1"), Facet("unit", "office-2")))),
        ("-unit:Highways", Not(Facet("unit", "roads"))),
        ("unit:roads", Facet("unit", "roads")),
        ("kind:anything", Facet("kind", "anything")),
    ],
)
def test_a_slug_or_a_name_is_read_as_the_slug(text: str, query: Query) -> None:
    assert parse(text, unit) == query


@pytest.mark.parametrize(
    ("text", "code", "position", "said"),
    [
        ('pump unit:"Water and Drainag"', "unknown_value", 10, "Did you mean “unit:water-and-drainage”"),
        ("pump unit:roads,rods", "unknown_value", 16, "unit:roads"),
        ("unit:nowhere", "no_such_value", 5, "at position 6"),
        ("unit:!", "no_such_value", 5, "at position 6"),
    ],
)
def test_an_unknown_value_is_an_error_with_its_place(text: str, code: str, position: int, said: str) -> None:
    with pytest.raises(QueryError, match=said) as refused:
        parse(text, unit)
    assert (refused.value.code, refused.value.position) == (code, position)


def test_what_comes_before_an_unknown_value_is_read() -> None:
    query, error = parse_partial("pump unit:rods valve", unit)
    assert to_text(query) == "pump"
    assert error is not None
    assert error.position == 10


@given(queries)
def test_values_that_are_slugs_stay(query: Query) -> None:
    def same(leaf: Facet) -> Query:
        return meant(leaf, values_of([(leaf.value, [])]))

    assert parse(to_text(query), same) == query
