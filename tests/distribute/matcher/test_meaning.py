"""The space of meanings: what stands beside the same words is near, and nearness only rescores."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.distribute.matcher.learning import Learned
from headwater.distribute.matcher.linear import LinearProfiles
from headwater.distribute.matcher.meaning import FEWEST, LEAST, Meaning, nearness, rescored
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.weighing import Terms, terms_of
from headwater.search.language.searchable import Searchable

WATER = ("culvert", "drain", "scour", "flood", "weir", "pump")
MONEY = ("salary", "budget", "invoice", "payroll", "tax", "audit")


def terms(*words: str) -> Terms:
    return Terms(dict.fromkeys(words, 1 / len(words) ** 0.5))


@cache
def texts() -> tuple[Terms, ...]:
    """Three words of one subject each; culvert and drain never together."""
    dice = random.Random(7)
    found: list[Terms] = []
    while len(found) < FEWEST:
        words = dice.sample((WATER, MONEY)[len(found) % 2], 3)
        if not {"culvert", "drain"} <= set(words):
            found.append(terms(*words))
    return tuple(found)


@cache
def space() -> Meaning:
    made = Meaning.gather(texts(), dimensions=2)
    assert made is not None
    return made


def likeness(interest: Mapping[str, float], *words: str) -> float:
    return float(space().place(terms(*words)) @ space().direction(interest.items()))


def test_what_stands_beside_the_same_words_is_near() -> None:
    assert likeness({"culvert": 5.0}, "drain", "weir") > 0.5
    assert likeness({"culvert": 5.0}, "salary", "tax") < 0
    assert likeness({"culvert": 5.0, "salary": -5.0}, "drain", "weir") > likeness({"salary": 5.0}, "drain", "weir")


def test_of_too_few_texts_no_space_is_made() -> None:
    assert Meaning.gather(texts()[:-1]) is None


def test_what_no_text_knows_lies_nowhere_near() -> None:
    assert likeness({"unheard": 5.0}, "drain", "weir") == 0.0
    empty = Meaning.gather([Terms({})] * FEWEST)
    assert empty is not None
    assert empty.place(terms("drain")).sum() == empty.direction([("drain", 1.0)]).sum() == 0.0


def test_it_is_the_same_after_it_was_saved_and_for_the_same_texts() -> None:
    kept, again = Meaning.read(space().saved()), Meaning.gather(texts(), dimensions=2)
    assert again is not None
    for other in (kept, again):
        assert np.array_equal(other.place(terms("drain", "tax")), space().place(terms("drain", "tax")))
        assert np.array_equal(other.direction([("weir", 2.0)]), space().direction([("weir", 2.0)]))
    with pytest.raises((ValueError, KeyError)):
        Meaning.read(b"nothing of the kind")


def test_nearness_counts_less_the_more_examples_there_were_and_never_for_words_alone() -> None:
    assert nearness(0) == 0
    assert nearness(1) > nearness(5) > nearness(50) > 0
    assert rescored(0.8, 1.0, 2.0, 0.9) > 1 > rescored(0.8, 1.0, 2.0, 0.4)
    assert rescored(1.1, 1.0, 2.0, 0.0) < 1, "what is far off must bring more words"


def terms_in(words: Sequence[str]) -> Terms:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return terms_of(Reading(Searchable(1, 1, "", " ".join(words), "", "document", "news", (), (), "", now)))


def test_no_text_is_a_candidate_that_has_none_of_the_words() -> None:
    linear = LinearProfiles()
    linear.put(1, Learned((("culvert", 0.1),), 0.01, 3.0))
    linear.lean_on(space())
    assert linear.match(terms_in(["drain", "weir", "flood"]))[0].tolist() == []
    assert linear.match(terms_in(["culvert", "weir", "flood"]))[0].tolist() == [1]


interests = st.builds(
    Learned,
    st.dictionaries(st.sampled_from(WATER + MONEY), st.floats(-2, 4, width=32), max_size=5).map(
        lambda found: tuple(found.items())
    ),
    st.sampled_from([0.5, 1.0]),
    st.sampled_from([0.0, 0.5, 2.5]),
)


@given(
    st.dictionaries(st.integers(0, 5), interests, max_size=6),
    st.lists(st.lists(st.sampled_from(WATER + MONEY), max_size=6), max_size=6),
    st.booleans(),
)
def test_many_at_once_are_rescored_as_each_by_itself(
    held: dict[int, Learned], asked: list[list[str]], leans_first: bool
) -> None:
    linear = LinearProfiles()
    if leans_first:
        linear.lean_on(space())
    for number, learned in held.items():
        linear.put(number, learned)
    if not leans_first:
        linear.lean_on(space())
    for words in asked:
        ids, scores = linear.match(terms_in(words))
        assert dict(zip(ids.tolist(), scores.tolist(), strict=True)) == pytest.approx(expected(held, terms_in(words)))


def expected(held: Mapping[int, Learned], of_text: Terms) -> dict[int, float]:
    found = {}
    for number, learned in held.items():
        weights = {term: float(np.float32(weight)) for term, weight in learned.terms}
        score = sum(weights.get(term, 0.0) * share for term, share in of_text.shares.items())
        met = any(term in weights for term in of_text.shares)
        if learned.near and met and score >= LEAST * learned.threshold:
            like = float(space().place(of_text) @ space().direction(weights.items()))
            score = rescored(score, learned.threshold, learned.near, like)
        if met and score >= learned.threshold:
            found[number] = score
    return found


def test_without_a_space_words_alone_decide() -> None:
    linear = LinearProfiles()
    linear.put(1, Learned((("drain", 0.7), ("weir", 0.7)), 1.0, 3.0))
    linear.lean_on(space())
    assert linear.match(terms_in(["drain", "weir"]))[0].tolist() == [1]
    linear.lean_on(None)
    assert linear.match(terms_in(["drain", "weir"]))[0].tolist() == []
