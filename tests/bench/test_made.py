"""Where the real data are missing, what is made in their place is like them, and all who match it agree."""

from collections.abc import Iterator
from itertools import islice

import pytest
from bench.expected import LANGUAGE, Query, queries, stemmed, stems_of, stories
from bench.million import NOW, version
from bench.peers import mokaccino_peer

from headwater.distribute.matcher.engine import Matcher


@pytest.fixture(autouse=True, scope="module")
def _no_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWATER_DATA", str(tmp_path_factory.mktemp("no-data")))
        yield


@pytest.fixture(scope="module")
def asked(_no_data: None) -> list[Query]:
    return list(islice(queries(), 20_000))


def _found(asked: list[Query], texts: list[str], language: str = "") -> list[set[int]]:
    matcher = Matcher()
    for number, query in enumerate(asked):
        matcher.put(number, str(query), (language,) if language else ())
    return [set(matcher.match(version(text, language), NOW).ids.tolist()) for text in texts]


def test_three_made_queries_in_a_thousand_match_a_made_story_as_of_the_real_ones(asked: list[Query]) -> None:
    texts = stories()[:200]
    matches = sum(map(len, _found(asked, texts)))
    assert 0.0025 < matches / len(asked) / len(texts) < 0.004


def test_made_stories_are_as_long_as_the_real_ones_and_repeat_as_many_words() -> None:
    words = [story.split() for story in stories()]
    assert len(words) == 2_000
    assert 130 < sum(map(len, words)) / 2_000 < 155  # really 142
    assert 75 < sum(len(set(each)) for each in words) / 2_000 < 90  # really 82


def test_made_queries_have_the_kinds_and_lengths_of_the_real_ones(asked: list[Query]) -> None:
    sizes = {kind: {len(query.words) for query in asked if query.kind == kind} for kind in "AONP"}
    assert sizes == {"A": {2, 3, 4}, "O": {2, 3, 4}, "N": {3}, "P": {2, 3}}
    assert 0.45 < sum(query.kind == "A" for query in asked) / len(asked) < 0.52


def test_they_are_the_same_each_time(asked: list[Query]) -> None:
    assert stories() == stories()
    assert list(islice(queries(), 100)) == asked[:100]


def test_a_peer_finds_the_same_profiles_for_what_is_made(asked: list[Query]) -> None:
    asked, texts = asked[:5_000], stories()[:40]
    found = _found(asked, texts)
    assert any(found)
    assert mokaccino_peer(enumerate(asked), texts)[1] == found


def test_a_peer_that_gets_stems_finds_what_readers_of_english_do(asked: list[Query]) -> None:
    asked, texts = asked[:5_000], stories()[:40]
    found = _found(asked, texts, LANGUAGE)
    assert sum(map(len, found)) > sum(map(len, _found(asked, texts)))
    assert mokaccino_peer(enumerate(map(stemmed, asked)), [" ".join(stems_of(text)) for text in texts])[1] == found
