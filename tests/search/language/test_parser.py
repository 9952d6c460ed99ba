"""The query language: what is read, what is refused and with which words, and that it can be written back."""

from datetime import date
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.search.language import parser
from headwater.search.language.errors import MESSAGES, QueryError
from headwater.search.language.parser import parse, parse_partial
from headwater.search.language.query import (
    And,
    Boost,
    Dated,
    Everything,
    Facet,
    Near,
    Not,
    Or,
    PathGlob,
    Phrase,
    Prefix,
    Query,
    Recent,
    Word,
    any_of,
    leaves,
)
from headwater.search.language.writing import to_text
from tests.search.language.strategies import is_normal, queries

READ = [
    ("", Everything()),
    ("   ", Everything()),
    ("*", Everything()),
    ("rescue", Word("rescue")),
    ("rescue line", And((Word("rescue"), Word("line")))),
    ("rescue AND line", And((Word("rescue"), Word("line")))),
    ("a OR b c", Or((Word("a"), And((Word("b"), Word("c")))))),
    ("(a OR b) c", And((Or((Word("a"), Word("b"))), Word("c")))),
    ("and or not", And((Word("and"), Word("or"), Word("not")))),
    (r"\OR", Word("OR")),
    ("-x", Not(Word("x"))),
    ("NOT x", Not(Word("x"))),
    ("NOT (x y)", Not(And((Word("x"), Word("y"))))),
    ("co-operate", Word("co-operate")),
    ("“confined space”", Phrase(("confined", "space"))),
    ("«eau usée»", Phrase(("eau", "usée"))),
    (r'"a \"b\" c"', Phrase(("a", '"b"', "c"))),
    ("title:pump", Word("pump", "title")),
    ("TITLE:pump", Word("pump", "title")),
    ('title:"wet well"', Phrase(("wet", "well"), "title")),
    ("title:(pump OR well*)", Or((Word("pump", "title"), Prefix("well", "title")))),
    ("!!! pump 😀", Word("pump")),
    (r'"rescue lin\*"', Phrase(("rescue", "lin*"))),
    ("a NEAR/007 b", Near((Word("a"), Word("b")), 7)),
    (r"a \NEAR/x b", And((Word("a"), Word("NEAR/x"), Word("b")))),
    ("pump*", Prefix("pump")),
    ("安*", Prefix("安")),
    ("word^2", Boost(Word("word"), 2.0)),
    ("(a b)^0.5", Boost(And((Word("a"), Word("b"))), 0.5)),
    ("a NEAR/3 b", Near((Word("a"), Word("b")), 3)),
    ("a NEAR b", Near((Word("a"), Word("b")), parser.DEFAULT_DISTANCE)),
    ('a NEAR/3 "b c" NEAR/3 dd*', Near((Word("a"), Phrase(("b", "c")), Prefix("dd")), 3)),
    ("kind:procedure,lesson", Or((Facet("kind", "procedure"), Facet("kind", "lesson")))),
    ("kind:(procedure, lesson)", Or((Facet("kind", "procedure"), Facet("kind", "lesson")))),
    ("kind:(procedure OR lesson)", Or((Facet("kind", "procedure"), Facet("kind", "lesson")))),
    ("topic:(site safety)", Facet("topic", "site safety")),
    ('topic:"site safety"', Facet("topic", "site safety")),
    ("-unit:roads", Not(Facet("unit", "roads"))),
    ("path:docs/**/*.md", PathGlob("docs/**/*.md")),
    ('path:"a b/*.md"', PathGlob("a b/*.md")),
    ("(path:docs/*)", PathGlob("docs/*")),
    ("published:2026", Dated(date(2026, 1, 1), date(2026, 12, 31))),
    ("published:2024-02", Dated(date(2024, 2, 1), date(2024, 2, 29))),
    ("published:2026-01..2026-03", Dated(date(2026, 1, 1), date(2026, 3, 31))),
    ("published:2026-01-05..", Dated(date(2026, 1, 5), None)),
    ("published:..2026-01", Dated(None, date(2026, 1, 31))),
    ("published:>2026-01-01", Dated(date(2026, 1, 2), None)),
    ("published:>=2026-01", Dated(date(2026, 1, 1), None)),
    ("published:<2026", Dated(None, date(2025, 12, 31))),
    ("published:<=2026", Dated(None, date(2026, 12, 31))),
    ("published:30d", Recent(30)),
    ("published:2w", Recent(14)),
    ("health & safety", And((Word("health"), Word("safety")))),
    ("http://example.org/a", Word("http://example.org/a")),
    ("at 12:30", And((Word("at"), Word("12:30")))),
    ("std::vector", Word("std::vector")),
    ("a ^2", And((Word("a"), Word("2")))),
]

REFUSED = [
    ("rescue OR", "missing_after", 9),
    ("a AND", "missing_after", 5),
    ("a NEAR/2", "missing_after", 8),
    ("a NEAR OR b", "missing_after", 7),
    ("a OR OR b", "missing_after", 5),
    ("NOT", "missing_after", 3),
    ("(a OR )", "missing_after", 6),
    ("culvert AND (scour OR )", "missing_after", 22),
    ("OR a", "missing_before", 0),
    ("AND", "missing_before", 0),
    ("(^2)", "missing_before", 1),
    ("x (a", "unclosed_parenthesis", 2),
    ("kind:(a", "unclosed_parenthesis", 5),
    ("(", "unclosed_parenthesis", 0),
    ("a) b", "unopened_parenthesis", 1),
    (")", "unopened_parenthesis", 0),
    ("a ()", "empty_parentheses", 2),
    ('x "abc', "unclosed_quotation", 2),
    ('x "-"', "empty_quotation", 2),
    ("titel:x", "unknown_field", 0),
    ("a author:smith", "unknown_field", 2),
    ("kind:", "missing_value", 0),
    ("kind: x", "missing_value", 0),
    ("kind:()", "missing_value", 0),
    ("kind:a,,b", "missing_value", 0),
    ("title:", "missing_value", 0),
    ("title:kind:x", "missing_value", 0),
    ("published:soon", "unclear_date", 10),
    ("published:2026-13", "unclear_date", 10),
    ("published:2026-02-30", "unclear_date", 10),
    ("published:..", "unclear_date", 10),
    ("published:0d", "unclear_date", 10),
    ("published:>9999-12-31", "unclear_date", 10),
    ("published:2026-03..2026-01", "backward_dates", 10),
    ("wo*rd", "star_inside", 2),
    ("w*", "short_prefix", 0),
    ("co-op*", "prefix_words", 0),
    ("-- --*", "prefix_words", 3),
    ("a NEAR/2 kind:x", "near_parts", 14),
    ("a NEAR/2 (b c)", "near_parts", 10),
    ("a^2 NEAR/2 b", "near_parts", 0),
    ("a NEAR/2 title:b", "near_fields", 15),
    ("a NEAR/2 b NEAR/3 c", "near_distances", 11),
    (" NEAR ".join("abcdef"), "near_many", 35),
    ("a NEAR/51 b", "near_distance", 2),
    ("culvert NEAR/99999 pump", "near_distance", 8),
    ("a NEAR/" + "9" * 5000 + " b", "near_distance", 2),
    ("a NEAR/-1 b", "near_distance", 2),
    ("a NEAR/ b", "near_distance", 2),
    ("a NEAR/two b", "near_distance", 2),
    ("😀", "no_term", 0),
    ("  !!!", "no_term", 2),
    ("- & -", "no_term", 0),
    (r"\-", "no_term", 0),
    ("- 😀", "no_term", 0),
    ('"rescue lin*"', "star_in_phrase", 11),
    (r'a "b\\*"', "star_in_phrase", 6),
    ('title:"wet * well"', "star_in_phrase", 11),
    ("a^0", "boost", 1),
    ("a^21", "boost", 1),
    ("a^x", "boost", 1),
    ("path:**/a/**/b/**/c/**/d/**", "path_stars", 5),
    ("title:(a kind:b)", "field_inside_field", 14),
    ("x" * 10_001, "too_long", 10_000),
    ("(" * 21 + "a" + ")" * 21, "too_deep", 20),
    ("-" + "NOT " * 30 + "a", "too_deep", 77),
    (" ".join(["ab"] * 301), "too_many", 900),
]


@pytest.mark.parametrize(("text", "query"), READ)
def test_read(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(("text", "code", "position"), REFUSED)
def test_refused_with_its_place(text: str, code: str, position: int) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert (refused.value.code, refused.value.position) == (code, position)
    assert "{" not in refused.value.message
    assert f"position {position + 1}" in refused.value.message


def test_every_refusal_is_tested() -> None:
    when_asked = {"unknown_value", "no_such_value", "near_work"}  # by those who know values, and who look through texts
    assert {code for _, code, _ in REFUSED} == set(MESSAGES) - when_asked


def test_message_counts_from_one() -> None:
    with pytest.raises(QueryError, match=r"A word is missing after OR, at position 10\."):
        parse("rescue OR")


def test_leaf_knows_its_position() -> None:
    query = parse('a "b c" OR kind:x')
    assert isinstance(query, Or)
    both, kind = query.parts
    assert isinstance(both, And)
    assert [part.position for part in both.parts] == [0, 2]
    assert kind.position == 16


@given(queries)
def test_written_and_read_again_is_the_same(query: Query) -> None:
    assert is_normal(query)
    assert parse(to_text(query)) == query


@pytest.mark.parametrize(
    ("plain", "full"),
    [
        ("topic:site-safety road", 'topic:"site-safety" road'),
        ("path:/a/*.pdf road", 'path:"/a/*.pdf" road'),
        ("published:2024-05..2025 road", 'published:"2024-05..2025" road'),
        ("title:road gate", "TITLE:road gate"),
        ("title:road* gate", "title:ro\\ad* gate"),
        ("road NEAR/5 gate", "road NEAR/5 ga\\te"),
        ("kind:report", "KIND:report"),
    ],
)
def test_what_is_plain_reads_as_what_is_looked_at_closely(plain: str, full: str) -> None:
    assert parse(plain) == parse(full)


@given(st.text(alphabet=st.sampled_from('ab :"()*^-\\,.“”ORNTAD/安kindtle2'), max_size=40))
def test_any_text_is_a_query_or_an_error_inside_it(text: str) -> None:
    query, error = parse_partial(text)
    assert error is None or 0 <= error.position <= len(text)
    assert parse(to_text(query)) == query


@given(st.lists(st.text("abcxyz019", min_size=1, max_size=50), min_size=1, max_size=9))
def test_words_in_small_letters_are_read_as_any_others_are(words: list[str]) -> None:
    short, other = parse(" ".join(words)), parse("  ".join(words))
    assert short == other
    places = list(accumulate((len(word) + 1 for word in words[:-1]), initial=0))
    assert [leaf.position for leaf in leaves(short)] == places
    either, other = parse(" OR ".join(words)), parse(" OR  ".join(words))
    assert either == other
    places = list(accumulate((len(word) + 4 for word in words[:-1]), initial=0))
    assert [leaf.position for leaf in leaves(either)] == places
    assert parse(f'"{" ".join(words)}"') == parse(f'"{"  ".join(words)}"') == Phrase(tuple(words))


@given(st.text(max_size=60))
def test_partial_reading_always_gives_a_query(text: str) -> None:
    query, error = parse_partial(text)
    assert parse(to_text(query)) == query
    if error is None:
        assert query == parse(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("confined OR", "confined"),
        ('a "confined sp', 'a "confined sp"'),
        ("(a OR b", "a OR b"),
        ("(a OR titel:x", "a"),
        ("rescue published:soon line", "rescue"),
        ("titel:x", "*"),
    ],
)
def test_partial_reading_keeps_what_comes_before(text: str, part: str) -> None:
    query, error = parse_partial(text)
    assert error is not None
    assert to_text(query) == part


def test_names_that_stand_for_many_values_count_as_all_of_them() -> None:
    def many(leaf: Facet) -> Query:
        return any_of(Facet(leaf.name, f"{leaf.value}-{number}", position=leaf.position) for number in range(40))

    with pytest.raises(QueryError) as refused:
        parse(" ".join(f"unit:u{number}" for number in range(10)), many)
    assert refused.value.code == "too_many"
