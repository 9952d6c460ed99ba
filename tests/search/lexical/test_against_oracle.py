"""The index finds exactly what the oracle says, for any query over any versions."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from headwater.search.language.oracle import matches
from headwater.search.language.query import Near, Query
from headwater.search.language.searchable import Searchable
from headwater.search.lexical.index import LexicalIndex
from headwater.search.lexical.schema import Indexed
from headwater.search.lexical.searching import Asker, Search
from tests.search.language.strategies import NOW, nears, queries, versions, word_leaves

EVERYBODY = ("a1",)


def _many(draw: st.DrawFn, count: int) -> list[Searchable]:
    return [draw(versions(entry_id)) for entry_id in range(1, count + 1)]


@st.composite
def shelves(draw: st.DrawFn) -> list[Searchable]:
    return _many(draw, 25)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    return LexicalIndex(tmp_path_factory.mktemp("index"))


def fill(index: LexicalIndex, shelf: list[Searchable]) -> None:
    with index.writing() as writer:
        writer.clear()
        writer.replace(Indexed(version, EVERYBODY, 0) for version in shelf)


def agree(index: LexicalIndex, shelf: list[Searchable], query: Query, languages: tuple[str, ...]) -> None:
    found = Search(index, query, Asker(EVERYBODY, 3, languages), now=NOW).found(limit=100)
    expected = {version.entry_id for version in shelf if matches(query, version, languages, NOW)}
    assert {hit.entry_id for hit in found.hits} == expected, (query, languages)
    assert found.total == len(expected)


# No shrinking: what fails is printed small enough, and shrinking a shelf of versions takes minutes.
slow = settings(deadline=None, max_examples=25, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
reader_languages = st.sampled_from((("en",), ("en-GB", "fr"), (), ("zh", "fr"), ("en", "")))


@slow
@given(shelf=shelves(), asked=st.lists(st.tuples(queries, reader_languages), min_size=12, max_size=12))
def test_index_and_oracle_agree(
    index: LexicalIndex, shelf: list[Searchable], asked: list[tuple[Query, tuple[str, ...]]]
) -> None:
    fill(index, shelf)
    for query, languages in asked:
        agree(index, shelf, query, languages)


@slow
@given(
    shelf=shelves(), asked=st.lists(st.one_of(nears, word_leaves), min_size=20, max_size=20), languages=reader_languages
)
def test_words_and_nearness_agree(
    index: LexicalIndex, shelf: list[Searchable], asked: list[Near], languages: tuple[str, ...]
) -> None:
    fill(index, shelf)
    for query in asked:
        agree(index, shelf, query, languages)
