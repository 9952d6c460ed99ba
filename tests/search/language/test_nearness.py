"""Where parts stand near each other, against every choice of places there is; and texts that have very many choices."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.search.language.nearness import MANY, WordPlaces, first_near, near_in
from headwater.search.language.parser import parse
from headwater.search.language.query import Near

Found = list[tuple[list[int], int]]

parts = st.tuples(st.lists(st.integers(0, 30), unique=True, max_size=6).map(sorted), st.integers(1, 3))


def _choices(found: Found, distance: int) -> set[tuple[int, int]]:
    """The passages of all choices that do not overlap and leave few enough words between."""
    passages = set()
    for starts in product(*(places for places, _length in found)):
        spans = sorted((start, start + length) for start, (_places, length) in zip(starts, found, strict=True))
        between = [right[0] - left[1] for left, right in pairwise(spans)]
        if min(between) >= 0 and sum(between) <= distance:
            passages.add((spans[0][0], spans[-1][1]))
    return passages


@given(st.lists(parts, min_size=2, max_size=5), st.integers(0, 8))
def test_a_passage_is_found_exactly_when_there_is_one(found: Found, distance: int) -> None:
    passage = first_near(found, distance)
    wanted = _choices(found, distance)
    assert (passage in wanted) if wanted else passage is None


@given(st.lists(parts, min_size=2, max_size=4), st.integers(0, 8), st.integers(40, 200))
def test_company_far_away_changes_nothing(found: Found, distance: int, away: int) -> None:
    """The first part very often, and far from all others: more places than are passed without a look at company."""
    crowd = [1000 + 100 * number + away for number in range(MANY)]
    lonely = [(found[0][0] + crowd, found[0][1]), *found[1:]]
    passage = first_near(lonely, distance)
    wanted = _choices(found, distance)
    assert (passage in wanted) if wanted else passage is None


@pytest.mark.parametrize("count", [10_000])
def test_very_many_choices_without_a_right_one_end(count: int) -> None:
    """Each two of three parts stand side by side ten thousand times, and the third is never there."""
    pairs = ((0, 1), (1, 2), (0, 2))
    places: list[list[int]] = [[], [], []]
    for number in range(count):
        for offset, part in enumerate(pairs[number % 3]):
            places[part].append(number * 60 + offset)
    assert first_near([(at, 1) for at in places], 5) is None
    far = number * 60 + 40
    assert first_near([([*at, far + part], 1) for part, at in enumerate(places)], 5) == (far, far + 3)


def test_a_text_of_one_word_has_no_place_for_two() -> None:
    words = WordPlaces(["a"] * 20_000)
    near = parse("a NEAR/50 a NEAR/50 b NEAR/50 a NEAR/50 a")
    assert isinstance(near, Near)
    assert near_in(near, words, words, "") is None


@pytest.mark.parametrize(
    ("asked", "passage"),
    [
        ("dust NEAR/2 mask", (0, 3)),
        ("dust NEAR/0 mask", None),
        ('"wear a" NEAR/0 mask', (6, 9)),
        ("dus* NEAR/0 stone", (9, 11)),
        ("mask NEAR/9 mask", (2, 9)),
        ("mask NEAR/9 glove", None),
    ],
)
def test_words_phrases_and_prefixes_have_their_places(asked: str, passage: tuple[int, int] | None) -> None:
    words = WordPlaces(["dust", "needs", "mask", "always", "in", "quarries", "wear", "a", "mask", "dusty", "stone"])
    near = parse(asked)
    assert isinstance(near, Near)
    assert near_in(near, words, words, "") == passage
