"""Snippets: the right passage, the right marks, nothing lost and nothing that is HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.search.language.oracle import matches
from headwater.search.language.parser import parse
from headwater.search.language.plain import hidden_marks
from headwater.search.language.query import Not, Query
from headwater.search.language.searchable import Searchable
from headwater.search.language.snippet import Pieces, highlighted, marker, snippet
from tests.search.language.strategies import NOW, versions, word_leaves

FILLER = "The office is open from nine to five on every working day of the year. " * 40


def cut(text: str, query: str, language: str = "en", width: int = 200) -> Pieces:
    return snippet(text, marker(parse(query), language, ("en",)), width)


def plain(pieces: Pieces) -> str:
    return "".join(text for text, _ in pieces)


def marked(pieces: Pieces) -> list[str]:
    return [text for text, is_match in pieces if is_match]


def test_the_passage_with_the_most_of_it() -> None:
    text = FILLER + "A line was cut. " + FILLER + "The rescue line was on the van. Nobody was hurt. " + FILLER
    pieces = cut(text, "rescue line")
    assert plain(pieces).startswith("…The rescue line was on the van. Nobody was hurt.")
    assert plain(pieces).endswith("…")
    assert marked(pieces) == ["rescue", "line"]


def test_phrases_prefixes_and_stems_are_marked() -> None:
    text = "Working in confined spaces: the rescuer holds the line."
    assert marked(cut(text, '"confined space" resc*')) == ["confined spaces", "rescuer"]
    assert marked(cut(text, "spacing", language="fr")) == []
    assert marked(cut(text, "spaces NEAR/3 line", language="fr")) == ["spaces", "line"]


def test_what_must_not_be_there_is_not_marked() -> None:
    assert marked(cut("A rescue line.", "line NOT rescue")) == ["line"]


def test_chinese() -> None:
    assert marked(cut("下水道的安全管理很重要。", "安全管理", language="zh")) == ["安全管理"]
    assert marked(cut("下水道的安全管理很重要。", "水", language="zh")) == ["水"]


def test_without_a_match_it_is_the_beginning() -> None:
    pieces = cut(FILLER, "kind:lesson")
    assert plain(pieces).startswith("The office is open")
    assert plain(pieces).endswith("…")
    assert len(plain(pieces)) <= 201
    assert cut("", "rescue") == []


def test_a_match_far_down_is_still_shown() -> None:
    assert marked(cut("x " * 20_000 + "rescue", "rescue")) == ["rescue"]


def test_white_space_is_one_space() -> None:
    assert plain(cut("a\n\n  b\tc", "zzz")) == "a b c"


def test_a_title_is_shown_whole() -> None:
    assert highlighted("Rescue line", marker(parse("line"), "en", ("en",))) == [("Rescue ", False), ("line", True)]


@given(st.text(alphabet="ab résc.\n水道 ", max_size=200), st.integers(20, 80))
def test_pieces_are_the_text(text: str, width: int) -> None:
    pieces = cut(text, "rés* OR 水 OR a", width=width)
    inside = plain(pieces).strip("…").strip()
    assert inside in " ".join(text.split()) or inside in plain(cut(text, "rés* OR 水 OR a", width=10_000))
    assert all(piece for piece, _ in pieces)


@given(word_leaves, versions())
def test_what_matches_is_marked_somewhere(query: Query, version: Searchable) -> None:
    by = marker(query, version.language, ("en",))
    both = marked(highlighted(version.title, by)) + marked(highlighted(version.text, by))
    in_title_only = getattr(query, "field", None) == "title"
    found = matches(query, version, ("en",), NOW)
    assert bool(both) if found else (not both or in_title_only)
    assert not marker(Not(query), version.language, ("en",)).asked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("## Before entry\n\nTest the **air**.", "Before entry Test the air."),
        ("- [ ] Rig the *tripod*\n- [x] Sign the _permit_", "Rig the tripod Sign the permit"),
        ("> Quoted `code` and ~~old~~ new", "Quoted code and old new"),
        ('See [the guide](https://x.example/a_(b) "T") and ![plan](attachment:4).', "See the guide and plan."),
        ("Use [[Entry permit]] or [[SAF-009|the form]].", "Use Entry permit or the form."),
        ("| Pump | Hours |\n|---|:--:|\n| A | 4 |", "Pump Hours A 4"),
        ("Title\n=====\n\n---\n```sh\nrun it\n```", "Title run it"),
        ("A <b>bold</b> word<!-- not this --> \\*here\\*", "A bold word *here*"),
        ("snake_case_name, 2 * 3 * 4, C#, #5, a|b, 5 > 4 and x < y", None),
        ("1. First\n2. Second", "1. First 2. Second"),
    ],
)
def test_marks_of_markdown_are_left_out(text: str, shown: str | None) -> None:
    by = marker(parse("nothing"), "en", ("en",))
    assert "".join(piece for piece, _ in snippet(text, by)).strip() == (shown or text)


def test_a_match_inside_marks_is_marked_without_them() -> None:
    by = marker(parse("culvert guide"), "en", ("en",))
    pieces = snippet("See the [**culvert** guide](https://x.example/culvert) first.", by)
    assert pieces == [("See the ", False), ("culvert", True), (" ", False), ("guide", True), (" first.", False)]


@given(st.text("ab*_`[]()#>|!~\n -", max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_hidden_marks_lie_in_order_inside_the_text(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    spans = hidden_marks(text, start, end)
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(text) for edge in edges)
