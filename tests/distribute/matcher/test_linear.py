"""Many learned interests at once, against a slow oracle."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.distribute.matcher.learning import Learned
from headwater.distribute.matcher.linear import LinearProfiles
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.weighing import TITLE, Terms, terms_of
from headwater.search.language.searchable import Searchable

WORDS = ("road", "bridge", "culvert", "école", "安全", "flood", "survey", "42")
TERMS = ("road", "bridg", "culvert", "ecol", "安全", "flood", "survey", "title:road", "title:flood", "nowhere")


def terms(title: str = "", text: str = "", language: str = "en") -> Terms:
    """Those of a version with these words."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return terms_of(Reading(Searchable(1, 1, title, text, language, "document", "news", (), (), "", now)))


def expected(profiles: Mapping[int, Learned], version: Terms) -> dict[int, float]:
    """What should match, by plain sums in the order of the version's terms."""
    scores: dict[int, float] = {}
    for profile, learned in profiles.items():
        weights = {term: float(np.float32(weight)) for term, weight in learned.terms}
        score = 0.0
        for term, share in version.shares.items():
            if term in weights:
                score += weights[term] * share
        if score >= learned.threshold:
            scores[profile] = score
    return scores


def copied(linear: LinearProfiles) -> LinearProfiles:
    """Another that was restored from what this one says of itself."""
    other = LinearProfiles()
    other.restore({name: array.copy() for name, array in linear.saved().items()})
    return other


interests = st.builds(
    Learned,
    st.dictionaries(st.sampled_from(TERMS), st.floats(-4, 8, width=32), max_size=6).map(lambda d: tuple(d.items())),
    st.sampled_from([0.25, 1.0, 2.0]),
)
texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
versions = st.builds(terms, texts, texts, st.sampled_from(["en", "fr", "ja", ""]))
changes = st.one_of(
    st.tuples(st.integers(0, 5), interests), st.tuples(st.integers(0, 5), st.none()), st.tuples(st.none(), versions)
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(changes, max_size=30))
def test_it_finds_what_plain_sums_find_whatever_is_put_and_removed_in_between(
    steps: list[tuple[int | None, Learned | Reading | None]],
) -> None:
    linear, held = LinearProfiles(), dict[int, Learned]()
    for profile, what in steps:
        if isinstance(what, Terms):
            ids, scores = linear.match(what)
            assert dict(zip(ids.tolist(), scores.tolist(), strict=True)) == expected(held, what)
            assert ids.tolist() == sorted(ids.tolist())
        elif what is None:
            linear.remove(profile)
            held.pop(profile, None)
        else:
            linear.put(profile, what)
            held[profile] = what
        assert len(linear) == len(held)
        linear = copied(linear)
        assert sorted(linear.ids().tolist()) == sorted(held)


def test_hundreds_of_interests_are_told_apart_after_many_changes() -> None:
    rng = np.random.default_rng(7)
    words = [f"w{number}" for number in range(300)]
    linear, held = LinearProfiles(), dict[int, Learned]()
    for _ in range(3_000):
        profile = int(rng.integers(1_000))
        chosen = rng.choice(300, int(rng.integers(1, 30)), replace=False)
        held[profile] = Learned(tuple((words[at], float(rng.normal(2, 2))) for at in chosen), 1.0)
        linear.put(profile, held[profile])
        if profile % 3 == 0:
            linear.remove(profile)
            del held[profile]
    version = terms(words[5], " ".join(words[at] for at in rng.integers(0, 300, 80)))
    ids, scores = copied(linear).match(version)
    assert len(ids) > 10
    assert dict(zip(ids.tolist(), scores.tolist(), strict=True)) == expected(held, version)


def test_an_interest_takes_no_version_from_before_it() -> None:
    linear = LinearProfiles()
    for profile, since in ((1, 7), (2, 8), (3, 9)):
        linear.put(profile, Learned((("flood", 1.0),), 0.5), since)
    assert linear.match(terms("", "flood"), upto=8)[0].tolist() == [1, 2]
    assert linear.match(terms("", "flood"))[0].tolist() == [1, 2, 3]
    linear.remove(1)
    linear.put(4, Learned((("flood", 1.0),), 0.5))
    assert linear.match(terms("", "flood"), upto=5)[0].tolist() == [4]


def test_a_word_of_the_title_is_a_term_of_its_own() -> None:
    linear = LinearProfiles()
    linear.put(1, Learned(((TITLE + "flood", 1.0),), 0.1))
    assert linear.match(terms("Floods", "after the storm"))[0].tolist() == [1]
    assert linear.match(terms("After the storm", "floods"))[0].tolist() == []


def test_a_score_at_the_threshold_is_enough() -> None:
    linear = LinearProfiles()
    linear.put(1, Learned((("flood", 1.0),), 1.0))
    assert linear.match(terms("", "flood"))[0].tolist() == [1]


def test_words_that_speak_against_can_undo_a_match() -> None:
    linear = LinearProfiles()
    linear.put(1, Learned((("flood", 2.0), ("survey", -2.0)), 0.5))
    assert linear.match(terms("", "flood"))[0].tolist() == [1]
    assert linear.match(terms("", "flood survey"))[0].tolist() == []


def test_it_explains_what_brought_a_match_and_how_much() -> None:
    linear = LinearProfiles()
    linear.put(1, Learned((("culvert", 2.0), ("flood", 4.0), ("survey", -1.0), ("road", 9.0)), 1.0))
    version = terms("", "flood survey culvert bridge")
    brought = linear.explain(1, version)
    assert brought == [("flood", 2.0), ("culvert", 1.0), ("survey", -0.5)]
    assert sum(share for _, share in brought) == linear.match(version)[1][0]
    with pytest.raises(KeyError):
        linear.explain(2, version)


def test_an_interest_without_terms_and_a_version_without_words_match_nothing() -> None:
    linear = LinearProfiles()
    linear.put(1, Learned((), 1.0))
    linear.put(2, Learned((("flood", 1.0),), 0.1))
    assert 1 in linear
    assert 3 not in linear
    assert linear.match(terms("", "flood"))[0].tolist() == [2]
    for nothing in (terms(), terms("…", "\x00 \u200b !!"), terms("1914", "1918")):
        assert linear.match(nothing)[0].tolist() == []


def test_terms_that_nobody_uses_any_more_make_room_for_others() -> None:
    linear = LinearProfiles()
    for number in range(500):
        linear.put(1, Learned(((f"term{number}", 1.0), ("flood", 1.0)), 0.1))
        assert linear.match(terms("", f"term{number}"))[0].tolist() == [1]
        assert linear.match(terms("", f"term{number - 1}"))[0].tolist() == []
    linear.remove(1)
    assert linear.match(terms("", "flood"))[0].tolist() == []
