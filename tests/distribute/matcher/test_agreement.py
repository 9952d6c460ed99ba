"""One query over the same versions: the definition, the matcher and the index find the same ones."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from headwater.distribute.matcher.engine import Matcher
from headwater.search.language.oracle import matches
from headwater.search.language.parser import parse
from headwater.search.language.query import Query
from headwater.search.language.searchable import Searchable
from headwater.search.lexical.index import LexicalIndex
from headwater.search.lexical.schema import Indexed
from headwater.search.lexical.searching import Asker, Search
from tests.search.language.strategies import NOW, queries, versions

EVERYBODY = ("a1",)
SHELF = 12
LANGUAGES = (("en",), ("en-GB", "fr"), (), ("zh", "ar"), ("en", ""))

Asked = tuple[Query, tuple[str, ...]]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    return LexicalIndex(tmp_path_factory.mktemp("index"))


def agree(index: LexicalIndex, shelf: list[Searchable], asked: list[Asked]) -> None:
    """Put all in, ask for all, and hold the three answers together."""
    with index.writing() as writer:
        writer.clear()
        writer.replace(Indexed(version, EVERYBODY, 0) for version in shelf)
    matcher = Matcher()
    for number, (query, languages) in enumerate(asked):
        matcher.put(number, query, languages)
    matched = {version.entry_id: set(matcher.match(version, NOW).ids.tolist()) for version in shelf}
    for number, (query, languages) in enumerate(asked):
        defined = {version.entry_id for version in shelf if matches(query, version, languages, NOW)}
        search = Search(index, query, Asker(EVERYBODY, 3, languages), now=NOW)
        assert {hit.entry_id for hit in search.found(limit=SHELF).hits} == defined, (query, languages)
        assert {entry for entry, numbers in matched.items() if number in numbers} == defined, (query, languages)


@settings(max_examples=60, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(
    shelf=st.tuples(*(versions(entry_id) for entry_id in range(1, SHELF + 1))).map(list),
    asked=st.lists(st.tuples(queries, st.sampled_from(LANGUAGES)), min_size=16, max_size=16),
)
def test_definition_matcher_and_index_agree(index: LexicalIndex, shelf: list[Searchable], asked: list[Asked]) -> None:
    agree(index, shelf, asked)


@pytest.mark.parametrize(
    "query",
    [
        "ﷺ",
        "NOT ﷺ",
        "alpha NEAR/3 beta",
        "alpha NEAR/4 beta",
        "alpha* NEAR/1 ﷺ",
        '"said ﷺ"',
        "وسلم",
        "1b*",
        "⑴",
        "1",
        "㈠*",
        "x" * 63 + "⑴",
    ],
)
def test_characters_that_stand_for_several_words(index: LexicalIndex, query: str) -> None:
    texts = ("The Prophet said ﷺ so", "1bc item", "⑴ item", "alpha ﷺ beta", "1. alpha", "(一) beta", "一二")
    shelf = [
        Searchable(number, number, "", text, "ar", "document", "feed", (), (), "", NOW)
        for number, text in enumerate(texts, start=1)
    ]
    agree(index, shelf, [(parse(query), ("ar", "en"))])
