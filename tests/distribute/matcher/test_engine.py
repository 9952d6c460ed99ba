"""The engine against the definition of the language, and in its own right."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from headwater.distribute.matcher import engine, features, globs, lists, slots, times
from headwater.distribute.matcher import nears as near_index
from headwater.distribute.matcher.engine import Matcher, Profile
from headwater.distribute.matcher.features import Features
from headwater.distribute.matcher.kernels import LONG_AGO, weigh_features
from headwater.distribute.matcher.lists import Ints
from headwater.distribute.matcher.parts import CutPart, WholePart, cut
from headwater.distribute.matcher.plan import ALWAYS, MAX_DEPTH, MAX_LEAVES, Any, TooLarge, Tree, Weighed, tree_of
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.reasons import Evidence
from headwater.distribute.matcher.words import WordSpec
from headwater.search.language import oracle, paths
from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse
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
    all_of,
    any_of,
    leaves,
)
from headwater.search.language.searchable import Searchable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = (
    "road",
    "roads",
    "bridge",
    "bridges",
    "co-operate",
    "école",
    "sécurité",
    "安全管理",
    "安",
    "Straße",
    "42",
    "½",
    "ﷺ",
    "㈠",
)
TOPICS = ("Site Safety", "asphalt", "site-safety")
PATHS = ("pages/18f/a.md", "pages/a.md", "a.md", "pages/18f/deep/b.md", "")
GLOBS = ("pages/18f/*", "*", "/a.md", "a.md", "pages/", "pages/**/b.md", "18f", "pages/*/a.md", "*.md", "[ap]*")
TAGS = ("en", "fr", "de", "pt-BR", "ja", "")


def version(title: str = "", text: str = "", **fields: object) -> Searchable:
    """A version with what a test does not care about filled in."""
    given_fields = {
        "entry_id": 1,
        "version_id": 1,
        "language": "en",
        "kind": "document",
        "source": "circulars",
        "topics": (),
        "unit": (),
        "path": "",
        "published_at": NOW,
    } | fields
    return Searchable(title=title, text=text, **given_fields)  # type: ignore[arg-type]


def matched(matcher: Matcher, seen: Searchable | Reading, now: datetime) -> list[int]:
    """The numbers of the profiles that match, ascending."""
    return sorted(matcher.match(seen, now).ids.tolist())


fields = st.sampled_from([None, "title"])
words = st.sampled_from(WORDS)


def _same_field(field: str | None) -> st.SearchStrategy[Word | Prefix | Phrase]:
    return (
        st.builds(Word, words, st.just(field))
        | st.builds(Prefix, st.sampled_from(["ro", "brid", "sec", "安", "安全", "co-op"]), st.just(field))
        | st.builds(Phrase, st.lists(words, min_size=1, max_size=4).map(tuple), st.just(field))
    )


nears = fields.flatmap(
    lambda field: st.builds(Near, st.lists(_same_field(field), min_size=2, max_size=3).map(tuple), st.integers(0, 4))
)
days = st.none() | st.dates(date(2026, 1, 1), date(2026, 3, 1))
facets = (
    st.builds(Facet, st.just("topic"), st.sampled_from(TOPICS))
    | st.builds(Facet, st.just("kind"), st.sampled_from(["document", "policy"]))
    | st.builds(Facet, st.just("lang"), st.sampled_from(["en", "pt", "pt-BR"]))
    | st.builds(Facet, st.just("unit"), st.sampled_from(["works", "roads-office"]))
    | st.builds(Facet, st.just("source"), st.just("Circulars"))
)
leaf_queries = (
    fields.flatmap(_same_field)
    | nears
    | facets
    | st.builds(PathGlob, st.sampled_from(GLOBS))
    | st.builds(Dated, days, days)
    | st.builds(Recent, st.integers(1, 60))
    | st.just(Everything())
)


def _combined(inner: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    several = st.lists(inner, min_size=2, max_size=5).map(tuple)
    return (
        st.builds(And, several)
        | st.builds(Or, several)
        | st.builds(Not, inner)
        | st.builds(Boost, inner, st.floats(0.5, 4))
    )


queries: st.SearchStrategy[Query] = st.recursive(leaf_queries, _combined, max_leaves=8)
texts = st.lists(words | st.sampled_from(["the", "water", "安全", "理"]), max_size=12).map(" ".join)
versions = st.builds(
    version,
    title=texts,
    text=texts,
    language=st.sampled_from(TAGS),
    kind=st.sampled_from(["document", "policy"]),
    topics=st.lists(st.sampled_from(TOPICS), max_size=2).map(tuple),
    unit=st.sampled_from([(), ("works",), ("works", "roads-office")]),
    path=st.sampled_from(PATHS),
    published_at=st.datetimes(datetime(2025, 12, 1), datetime(2026, 3, 1)).map(lambda at: at.replace(tzinfo=UTC)),
)
languages = st.lists(st.sampled_from(TAGS), max_size=3).map(tuple)
changes = st.tuples(st.integers(0, 9), st.none() | st.tuples(queries, languages))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=queries, seen=versions, reader=languages)
def test_matches_exactly_what_the_oracle_says(query: Query, seen: Searchable, reader: tuple[str, ...]) -> None:
    matcher = Matcher()
    matcher.put(7, query, reader)
    expected = oracle.matches(query, seen, reader, NOW)
    assert matched(matcher, seen, NOW) == ([7] if expected else [])
    reasons = matcher.explain([7], seen, NOW)
    assert (reasons[7] is not None) == expected
    assert matcher.explain([7], seen, NOW, matcher.match(seen, NOW).features) == reasons
    beforehand = Reading(seen)
    beforehand.take(cut(seen.text, seen.language))
    assert matched(matcher, beforehand, NOW) == ([7] if expected else [])
    assert matcher.explain([7], beforehand, NOW) == reasons


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.lists(changes, max_size=12) | versions, max_size=12))
def test_profiles_put_changed_and_removed_between_versions(steps: list) -> None:
    matcher = Matcher()
    held: dict[int, tuple[Query, tuple[str, ...]]] = {}
    for step in steps:
        if isinstance(step, Searchable):
            expected = [i for i, (query, reader) in sorted(held.items()) if oracle.matches(query, step, reader, NOW)]
            assert matched(matcher, step, NOW) == expected
            continue
        for profile_id, profile in step:
            if profile is None:
                assert matcher.remove(profile_id) == (held.pop(profile_id, None) is not None)
            else:
                matcher.put(profile_id, *profile)
                held[profile_id] = profile
    assert len(matcher) == len(held)


taught = st.lists(st.tuples(versions, st.integers(1, 200)), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    profiles=st.lists(st.tuples(queries, languages), max_size=25),
    lessons=taught,
    steps=st.lists(changes),
    seen=versions,
)
def test_posted_anew_all_match_as_before(profiles: list, lessons: list, steps: list, seen: Searchable) -> None:
    """The same profiles, scores and reasons, whatever versions taught it, and profiles put and removed in between."""
    matcher, held = Matcher(), dict(enumerate(profiles))
    for profile_id, profile in held.items():
        matcher.put(profile_id, *profile)
    for lesson, laps in lessons:
        for _ in range(laps):
            matcher.learn(lesson, NOW)
        for profile_id, profile in steps:
            matcher.remove(profile_id)
            held.pop(profile_id, None)
            if profile is not None:
                matcher.put(profile_id, *profile)
                held[profile_id] = profile
        before, reasons = matcher.look(seen, NOW), matcher.explain(sorted(held), seen, NOW)
        matcher.repost()
        after = matcher.look(seen, NOW)
        scores, were = (dict(zip(one.ids.tolist(), one.scores.tolist(), strict=True)) for one in (after, before))
        assert scores == pytest.approx(were, rel=1e-5, abs=1e-5)
        assert sorted(scores) == [i for i, each in sorted(held.items()) if oracle.matches(each[0], seen, each[1], NOW)]
        assert matcher.explain(sorted(held), seen, NOW) == reasons
    for profile_id in held:
        matcher.remove(profile_id)
    assert matcher.look(seen, NOW).ids.tolist() == []
    assert (len(matcher), matcher.feature_count(), matcher.postings_of(seen, NOW)) == (0, 0, 0)


def misled(number: int = 1_000) -> Matcher:
    """Profiles that lie under a word of every version, since very many ask for the other one."""
    matcher = Matcher()
    for other in range(300 * 7):
        matcher.put(other, f"rare{other % 7}")
    for profile_id in range(10_000, 10_000 + number):
        matcher.put(profile_id, f"the rare{profile_id % 7}")
    assert matcher.postings_of(version("the"), NOW) == number
    return matcher


def test_versions_teach_where_a_profile_costs_least() -> None:
    matcher = misled()
    found = sorted(matcher.look(version("the rare3"), NOW).ids.tolist())
    for _ in range(64):
        matcher.learn(version("the"), NOW)
    matcher.repost()
    assert matcher.postings_of(version("the"), NOW) == 0
    assert sorted(matcher.look(version("the rare3"), NOW).ids.tolist()) == found
    matcher.put(1, "the rare3")
    assert matcher.postings_of(version("the"), NOW) == 0


def test_versions_that_pass_teach_it_without_anybody_asking() -> None:
    matcher = misled()
    looked_at = 0
    while matcher.postings_of(version("the"), NOW):
        matcher.match(version("the"), NOW)
        looked_at += 1
        assert looked_at < 4_000
    assert matcher.postings_of(version("the rare3"), NOW) == 300 + len(
        [n for n in range(1_000) if (n + 10_000) % 7 == 3]
    )
    for profile_id in range(10_000, 11_000):
        assert matcher.remove(profile_id)
    assert matcher.postings_of(version("the rare3"), NOW) == 300


def test_a_profile_that_would_cost_little_less_elsewhere_stays() -> None:
    matcher = Matcher()
    matcher.put(1, "road bridge")
    for number in range(300):
        matcher.learn(version("road" if number % 5 < 2 else "bridge" if number % 5 < 4 else "water"), NOW)
    matcher.learn(version("road"), NOW)
    costs = [matcher.postings_of(version(word), NOW) for word in ("road", "bridge")]
    matcher.repost()
    assert [matcher.postings_of(version(word), NOW) for word in ("road", "bridge")] == costs


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(profiles=st.lists(st.tuples(queries, languages), max_size=20), seen=versions)
def test_nothing_is_left_behind_by_profiles_that_went(profiles: list, seen: Searchable) -> None:
    matcher = Matcher()
    for profile_id, profile in enumerate(profiles):
        matcher.put(profile_id, *profile)
    matched(matcher, seen, NOW)
    for profile_id in range(len(profiles)):
        matcher.remove(profile_id)
    assert matched(matcher, seen, NOW) == []
    assert matcher.feature_count() == 0


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batches=st.lists(st.lists(st.tuples(st.integers(0, 9), queries, languages), max_size=12), max_size=4), seen=versions
)
def test_profiles_put_together_ask_for_no_more_than_those_put_one_by_one(batches: list, seen: Searchable) -> None:
    together, alone = Matcher(), Matcher()
    held: dict[int, tuple[Query, tuple[str, ...]]] = {}
    for batch in batches:
        assert together.put_all(Profile(*each) for each in batch) == {}
        for profile_id, *profile in batch:
            alone.put(profile_id, *profile)
            held[profile_id] = tuple(profile)
        assert together.feature_count() == alone.feature_count()
    expected = [i for i, (query, reader) in sorted(held.items()) if oracle.matches(query, seen, reader, NOW)]
    assert matched(together, seen, NOW) == matched(alone, seen, NOW) == expected
    for profile_id in held:
        together.remove(profile_id)
    assert together.feature_count() == 0
    assert matched(together, seen, NOW) == []


def test_a_phrase_refused_in_the_middle_of_many_is_not_looked_for() -> None:
    matcher = Matcher()
    deep: Query = Phrase(("wet", "road"))
    for _ in range(300):
        deep = And((Not(deep), Phrase(("dry", "road"))))
    phrase = Phrase(("dry", "road"))
    refused = matcher.put_all([Profile(1, phrase), Profile(2, deep), Profile(3, "road ("), Profile(4, phrase)])
    assert sorted(refused) == [2, 3]
    assert matcher.feature_count() == 1
    assert matched(matcher, version("a dry road"), NOW) == [1, 4]


@pytest.mark.parametrize("alternatives", [2, 3, 5, 9, 17, 40])
def test_many_postings_under_one_feature_stay_within_the_tables(alternatives: int) -> None:
    """A list that grows several times for one profile takes more room than one that grows once."""
    matcher = Matcher()
    common = [f"common{number}" for number in range(alternatives)]
    matcher.put_all(Profile(number, word) for number, word in enumerate(common))
    for _ in range(40):
        matcher.learn(version(" ".join(common)), NOW)
    for at in range(200):
        matcher.put(1_000 + at, " OR ".join(f"rare{at} {word}" for word in common))
        for each in (matcher._plain, matcher._checked, matcher._trees):
            used = each.arrays().state[32]
            assert used <= len(each.data)
    assert matched(matcher, version(f"rare7 {common[-1]}"), NOW) == [alternatives - 1, 1_007]


def test_many_profiles_at_once_grow_the_tables() -> None:
    matcher = Matcher()
    for number in range(3000):
        matcher.put(number, parse(f'w{number % 700} (v{number % 13} OR "a w{number % 700}")'), ("en",))
    seen = version(text="a w5 and v5")
    expected = [n for n in range(3000) if n % 700 == 5]
    assert matched(matcher, seen, NOW) == expected
    for number in range(0, 3000, 2):
        matcher.remove(number)
    assert matched(matcher, seen, NOW) == [n for n in expected if n % 2]


def test_a_reason_shows_the_words_of_the_version() -> None:
    matcher = Matcher()
    matcher.put(1, parse('bridge (inspection OR tunnel) "load test" topic:"Site Safety" -draft'), ("en",))
    seen = version("Bridges", "Inspections: the Load-Test of 2026", topics=("site safety",))
    assert matcher.explain([1], seen, NOW)[1] == (
        Evidence("word", "Bridges"),
        Evidence("word", "Inspections"),
        Evidence("phrase", "Load-Test"),
        Evidence("topic", "site-safety"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("asph*", Evidence("prefix", "Asphalt")),
        ("asphalt NEAR/3 laid", Evidence("near", "Asphalt is laid")),
        ("path:pages/*", Evidence("path", "pages/*")),
        ("lang:en", Evidence("lang", "en")),
        ("published:2026-03", Evidence("published", "2026-03-01")),
    ],
)
def test_a_reason_names_what_else_it_was(text: str, expected: Evidence) -> None:
    matcher = Matcher()
    matcher.put(1, parse(text), ("en",))
    seen = version("How Asphalt is laid", path="pages/a.md")
    assert matcher.explain([1], seen, NOW)[1] == (expected,)


def test_only_the_branches_that_hold_are_reasons() -> None:
    matcher = Matcher()
    matcher.put(1, parse("(road bridge) OR (road tunnel)"), ("en",))
    assert matcher.explain([1], version("road tunnel"), NOW)[1] == (
        Evidence("word", "road"),
        Evidence("word", "tunnel"),
    )


def test_everything_and_absences_match_without_a_reason() -> None:
    matcher = Matcher()
    matcher.put(1, parse(""))
    matcher.put(2, parse("NOT road"))
    assert matched(matcher, version("water"), NOW) == [1, 2]
    assert matcher.explain([1, 2, 3], version("water"), NOW) == {1: (), 2: (), 3: None}
    assert matcher.takes_all(1)
    assert not matcher.takes_all(2)


def test_what_was_found_is_put_into_words_as_it_is_taken_whatever_becomes_of_the_profiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matcher = Matcher()
    for number, text in enumerate(("road", "bridge road", "tunnel", "")):
        matcher.put(number, text, ("en",))
    reading, sought = Reading(version("Roads and bridges")), list[tuple[str, ...]]()
    passage = reading.passage

    def passage_told(channel: tuple[str, str], words: list[str]) -> str | None:
        sought.append(tuple(words))
        return passage(channel, words)

    monkeypatch.setattr(reading, "passage", passage_told)
    taken = matcher.grounds([1, 0, 2, 9, 3], reading, NOW).in_words(reading)
    for number in range(4):
        matcher.remove(number)
    matcher.put(5, "quite another thing")
    road, bridge = Evidence("word", "Roads"), Evidence("word", "bridges")
    assert next(taken) == (1, (bridge, road))
    assert sought
    sought.clear()
    assert list(taken) == [(0, (road,)), (2, None), (9, None), (3, ())]
    assert sought == []  # each is looked for once


def test_a_reading_serves_after_profiles_have_changed() -> None:
    matcher = Matcher()
    reading = Reading(version("Road works"))
    assert matched(matcher, reading, NOW) == []
    matcher.put(1, parse("works"), ("en",))
    assert matched(matcher, reading, NOW) == [1]


def test_rarer_words_score_higher() -> None:
    matcher = Matcher()
    matcher.put(1, parse("common"), ())
    matcher.put(2, parse("rare"), ())
    for _ in range(20):
        matcher.match(version("common"), NOW)
    matches = matcher.match(version("common rare"), NOW)
    scores = dict(zip(matches.ids.tolist(), matches.scores.tolist(), strict=True))
    assert scores.keys() == {1, 2}
    assert scores[2] > scores[1] > 0


def test_what_is_only_looked_at_or_postings_counted_of_moves_no_score() -> None:
    """And scores of one that passed are the same each time it is looked at, until another passes."""
    matcher = Matcher()
    matcher.put(1, parse("common"), ())
    for _ in range(5):
        matcher.match(version("common"), NOW)
    first = matcher.match(version("rare common"), NOW).scores.tolist()
    for _ in range(3):
        assert matcher.look(version("rare common"), NOW).scores.tolist() == first
        matcher.postings_of(version("common"), NOW)
        matcher.explain([1], version("common"), NOW)
    matcher.put(2, parse("common"), ())
    assert matcher.look(version("common"), NOW, upto=0).scores.tolist() == first * 2
    assert matcher.match(version("common"), NOW).scores.tolist() != first * 2


def test_what_it_learned_from_scores_as_if_it_had_passed() -> None:
    learned, passed = Matcher(), Matcher()
    for one in (learned, passed):
        one.put_all([Profile(1, "common"), Profile(2, "rare"), Profile(3, "common rare")])
    for number in range(40):
        seen = version(f"common {'rare' * (number % 8 == 0)}")
        learned.learn(seen, NOW)
        passed.match(seen, NOW)
    ours, theirs = (one.match(version("common rare"), NOW) for one in (learned, passed))
    assert sorted(ours.ids) == [1, 2, 3]
    assert sorted(zip(ours.ids, ours.scores, strict=True)) == sorted(zip(theirs.ids, theirs.scores, strict=True))


def test_what_was_counted_long_ago_counts_for_half_and_shares_stay() -> None:
    """A word of every version, and one of every fourth, after more versions than a count of one by one can hold."""
    features = Features()
    always, fourth, young = (features.number(WordSpec(("", ()), ((word,),))) for word in ("road", "bridge", "late"))
    arrays, marked = features.arrays(), np.array([always], np.int32)
    arrays.state[0], arrays.seen[always], arrays.seen[fourth] = LONG_AGO, LONG_AGO, LONG_AGO / 4
    arrays.born[young], arrays.seen[young] = LONG_AGO - 100, 100
    before = [features.share(feature) for feature in (always, fourth, young)]
    weigh_features(marked, arrays.seen, arrays.born, arrays.weights, arrays.state, 1)
    assert arrays.state[0] == LONG_AGO // 2 + 1
    after = [features.share(feature) for feature in (always, fourth, young)]
    assert after == pytest.approx(before, abs=0.02)
    assert arrays.weights[always] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("asked", ["road NEAR/5 rare{}", "rare{} NEAR/5 road"])
def test_a_near_is_judged_only_where_all_its_parts_are(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []

    def counted(asked: Ints, *others: object) -> None:
        judged.extend(asked.tolist())
        judge_all(asked, *others)

    judge_all = near_index._judge_all
    monkeypatch.setattr(near_index, "_judge_all", counted)
    matcher: Matcher = Matcher()
    for number in range(20):
        matcher.put(number, parse(asked.format(number)), ("en",))
    assert matched(matcher, version(text="road to the rare7 stone, rare8"), NOW) == [7, 8]
    assert len(judged) == 2
    for number in range(20):
        matcher.remove(number)
    assert len(matcher) == 0


def worth(tree: Tree, weights: dict[int, float]) -> float | None:
    """The score by its definition: the sum over the features that hold a tree up, boosted; None when it does not match.

    `weights` has the features that are present.
    """
    if isinstance(tree, int):
        return weights.get(tree) if tree > 0 else (None if -tree in weights else 0.0)
    if isinstance(tree, Weighed):
        below = worth(tree.part, weights)
        return None if below is None else below * tree.factor
    parts = [worth(part, weights) for part in tree.parts]
    held = [part for part in parts if part is not None]
    return sum(held) if len(held) == len(parts) or (held and isinstance(tree, Any)) else None


plain_words = st.sampled_from([Word(word) for word in ("road", "water", "bridge", "42", "the", "sand", "lime")])
plain_queries: st.SearchStrategy[Query] = st.recursive(
    plain_words | plain_words.map(Not),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=6, unique=True).map(lambda parts: all_of(parts))
        | st.lists(inner, min_size=2, max_size=4, unique=True).map(lambda parts: any_of(parts))
        | st.builds(Boost, inner, st.floats(0.5, 4))
    ),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(queries=st.lists(plain_queries, min_size=1, max_size=6), texts=st.lists(texts, min_size=1, max_size=4))
def test_the_score_is_the_sum_over_what_holds_a_match_up(queries: list[Query], texts: list[str]) -> None:
    matcher = Matcher()
    for profile_id, query in enumerate(queries):
        matcher.put(profile_id, query)
    alone = {word: Matcher() for word in {leaf for query in queries for leaf in leaves(query)}}
    for word, one in alone.items():
        one.put(0, word)
    for text in texts:
        seen = version(text=text)
        weights = {word: float(one.match(seen, NOW).scores.sum()) for word, one in alone.items()}
        numbers = {word: 2 + at for at, word in enumerate(weights)}
        present = {ALWAYS: 0.0} | {numbers[word]: weight for word, weight in weights.items() if weight}
        matches = matcher.match(seen, NOW)
        scores = dict(zip(matches.ids.tolist(), matches.scores.tolist(), strict=True))
        for profile_id, query in enumerate(queries):
            expected = worth(tree_of(query, numbers.__getitem__), present)
            assert (profile_id in scores) == (expected is not None)
            assert scores.get(profile_id, 0.0) == pytest.approx(expected or 0.0, rel=1e-4, abs=1e-5)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(profiles=st.lists(st.tuples(queries, languages), max_size=15), seen=versions, gone=st.sets(st.integers(0, 14)))
def test_a_snapshot_goes_on_as_its_matcher_would_have(
    profiles: list[tuple[Query, tuple[str, ...]]], seen: Searchable, gone: set[int]
) -> None:
    matcher, kept = Matcher(), Matcher()
    assert matcher.put_all(Profile(at, *each) for at, each in enumerate(profiles)) == {}
    for profile_id in gone:
        matcher.remove(profile_id)
    matcher.match(seen, NOW)
    kept.restore({name: array.copy() for name, array in matcher.saved().items()})
    for one in (matcher, kept):
        one.put(3, parse("bridge OR road NEAR/2 42"), ("en",))
        one.remove(1)
    assert (len(kept), kept.feature_count()) == (len(matcher), matcher.feature_count())
    ours, theirs = kept.match(seen, NOW), matcher.match(seen, NOW)
    assert (ours.ids.tolist(), ours.scores.tolist()) == (theirs.ids.tolist(), theirs.scores.tolist())
    assert kept.explain(range(15), seen, NOW) == matcher.explain(range(15), seen, NOW)
    for profile_id in range(15):
        kept.remove(profile_id)
    assert (len(kept), kept.feature_count()) == (0, 0)


def test_a_profile_takes_no_version_of_an_older_transaction() -> None:
    matcher = Matcher()
    matcher.put(1, parse("road"), since=10)
    matcher.put(2, parse("road"), since=20)
    assert matcher.match(version("road"), NOW, upto=9).ids.tolist() == []
    assert matcher.match(version("road"), NOW, upto=10).ids.tolist() == [1]
    assert sorted(matcher.match(version("road"), NOW, upto=20).ids.tolist()) == [1, 2]
    assert sorted(matcher.match(version("road"), NOW).ids.tolist()) == [1, 2]
    matcher.put(2, parse("road"), since=5)
    assert matcher.match(version("road"), NOW, upto=9).ids.tolist() == [2]


def test_of_many_put_at_once_the_too_large_and_the_unreadable_are_told_and_the_others_stand() -> None:
    matcher = Matcher()
    large = Or(tuple(Word(f"w{n}") for n in range(MAX_LEAVES + 1)))
    refused = matcher.put_all(
        [Profile(1, parse("road")), Profile(2, large), Profile(3, parse("road water")), Profile(4, "road OR")]
    )
    assert [(number, type(error)) for number, error in refused.items()] == [(2, TooLarge), (4, QueryError)]
    assert matched(matcher, version("road water"), NOW) == [1, 3]
    assert matcher.feature_count() == 2


ASKED = ("road", "water", "gate", "Road", "AND", "OR", "NOT", "NEAR", "NEAR/2", "-water", "-AND", "- gate", "--gate")
ODD = ("title:road", '"road water"', "(road", "gate)", "roa*", "\\gate", "-", "", "安", "école", "x" * 600, "gate^2")
TYPED = st.lists(st.sampled_from(ASKED) | st.sampled_from(ODD), max_size=7).map(" ".join)
SEEN = [" ".join(words) for count in range(4) for words in permutations(("road", "water", "gate"), count)]


@settings(max_examples=500, deadline=None)
@given(TYPED, st.sampled_from([(), ("en",)]))
@example("road NOT AND water", ())
@example("road 安", ())
@example(" ".join(["road"] * 301), ())
def test_a_text_asks_for_what_it_is_read_as_whatever_is_asked_for_already(text: str, reader: tuple[str, ...]) -> None:
    matcher = Matcher()
    known = ("road", "water", "gate", '"安"', "école", "and", "or", "not", "near")
    matcher.put_all(Profile(at, parse(word), reader) for at, word in enumerate(known))
    try:
        query = parse(text)
    except QueryError:
        assert list(matcher.put_all([Profile(10, text, reader)])) == [10]
        return
    matcher.put_all([Profile(10, text, reader), Profile(11, query, reader)])
    for words in (*SEEN, "road 安全", "école"):
        found = matcher.match(version(text=words), NOW)
        scores = dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
        assert scores.get(10) == scores.get(11)


def test_so_many_words_known_as_none_may_ask_for_are_refused() -> None:
    matcher = Matcher()
    names = [f"n{number}" for number in range(301)]
    matcher.put_all(Profile(number, name) for number, name in enumerate(names))
    assert list(matcher.put_all([Profile(301, " ".join(names)), Profile(302, " OR ".join(names))])) == [301, 302]


@pytest.mark.parametrize("text", ["road", "road gate", "road OR water", "gate NOT water", "road AND gate -water"])
def test_plain_words_that_are_asked_for_already_are_not_read_again(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = Matcher()
    matcher.put_all(Profile(at, word, ("en",)) for at, word in enumerate(("road", "water", "gate")))
    monkeypatch.setattr(engine, "parse", None)
    matcher.put(3, text, ("en",))
    assert 3 in matcher.match(version(text="roads at the gates"), NOW).ids


def test_a_lone_character_stays_a_beginning_beside_a_phrase_of_it() -> None:
    matcher = Matcher()
    matcher.put(1, Phrase(("安",)))
    matcher.put(2, Word("安"))
    matcher.put(3, And((Word("安"), Word("管"))))
    seen = version(text="安全管理")
    expected = [
        n
        for n, query in ((1, Phrase(("安",))), (2, Word("安")), (3, And((Word("安"), Word("管")))))
        if oracle.matches(query, seen, (), NOW)
    ]
    assert matched(matcher, seen, NOW) == expected


def test_of_one_given_twice_the_last_counts() -> None:
    matcher = Matcher()
    matcher.put_all([Profile(1, parse("zebra")), Profile(2, parse("road")), Profile(1, parse("ant"))])
    assert matched(matcher, version("ant road"), NOW) == [1, 2]
    assert matched(matcher, version("zebra"), NOW) == []


def test_a_profile_of_many_alternatives_is_judged_whole_once_and_right() -> None:
    matcher = Matcher()
    names = [f"n{number}" for number in range(5_000)]
    matcher.put(1, parse("NOT road"))
    matcher.put(2, And((Not(Word("road")), Or(tuple(map(Word, names))))))
    assert matched(matcher, version(text=" ".join(names)), NOW) == [1, 2]
    assert matched(matcher, version(text=" ".join([*names, "road"])), NOW) == []
    assert matched(matcher, version(text="n77"), NOW) == [1, 2]


def test_too_large_a_query_is_refused_and_the_old_one_kept() -> None:
    matcher = Matcher()
    matcher.put(1, parse("road"), ())
    deep: Query = Word("bridge")
    for _ in range(MAX_DEPTH):
        deep = Not(And((deep, Word("water"))))
    with pytest.raises(TooLarge, match="deep"):
        matcher.put(1, deep)
    with pytest.raises(TooLarge, match="at most"):
        matcher.put(1, Or(tuple(Word(f"w{n}") for n in range(MAX_LEAVES + 1))))
    assert matched(matcher, version("road"), NOW) == [1]


def test_recent_is_judged_at_the_moment_given() -> None:
    matcher = Matcher()
    matcher.put(1, parse("published:30d"))
    assert matcher.match(version("x"), NOW + timedelta(days=29)).ids.tolist() == [1]
    assert matcher.match(version("x"), NOW + timedelta(days=31)).ids.tolist() == []


@pytest.mark.parametrize("text", ["", "\x00\x07", "\ud83d\ude00" * 50, "a" * 100_000, "ꙮ𐤀𒀀 " * 500])
def test_odd_texts_neither_stop_nor_match(text: str) -> None:
    matcher = Matcher()
    matcher.put(1, parse("road"), ("en",))
    text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    assert matched(matcher, version(text, text), NOW) == []


def test_numbers_of_profiles_begin_at_0() -> None:
    matcher = Matcher()
    matcher.put(0, parse("road"))
    with pytest.raises(ValueError, match="-1"):
        matcher.put(-1, parse("road"))
    with pytest.raises(ValueError, match="-2"):
        matcher.put_all([Profile(1, parse("road")), Profile(-2, parse("road"))])
    assert matched(matcher, version(text="road"), NOW) == [0]
    assert -1 not in matcher


@pytest.mark.parametrize("failing", ["match_checked", "collect_hits", "Matches", "weigh_features"])
def test_a_version_in_whose_middle_something_fails_leaves_no_marks(
    failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    matcher = Matcher()
    matcher.put_all([Profile(1, "road"), Profile(2, "road bridge"), Profile(3, "(road OR gate) (bridge OR gate)")])
    before = matched(matcher, version(text="road bridge"), NOW)

    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(engine, failing, fail)
        with pytest.raises(MemoryError):
            matcher.match(version(text="gate road bridge"), NOW)
    assert matched(matcher, version(text="bridge"), NOW) == []
    assert matched(matcher, version(text="road bridge"), NOW) == before == [1, 2, 3]


def test_a_version_that_cannot_be_read_leaves_no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = Matcher()
    matcher.put_all([Profile(1, "road"), Profile(2, "bridge"), Profile(3, "road bridge")])

    def fail(*_: object) -> None:
        raise OverflowError

    with monkeypatch.context() as patched:
        patched.setattr(times.TimeIndex, "mark", fail)
        with pytest.raises(OverflowError):
            matcher.match(version(text="road"), NOW)
    assert matched(matcher, version(text="bridge"), NOW) == [2]


def test_many_that_are_not_read_to_the_end_leave_nothing_behind() -> None:
    """Their words are known before there is a place for them: a version that has them must find nothing there."""
    names = [f"name{number}" for number in range(500)]

    def breaking_off() -> Iterator[Profile]:
        yield from (Profile(1 + number, name) for number, name in enumerate(names))
        raise ConnectionError

    matcher = Matcher()
    matcher.put(0, "road")
    with pytest.raises(ConnectionError):
        matcher.put_all(breaking_off())
    assert matched(matcher, version(text=" ".join(["road", *names])), NOW) == [0]
    assert (len(matcher), matcher.feature_count()) == (1, 1)


def test_a_glob_is_compiled_once_and_only_where_it_could_find_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def compiled(pattern: str) -> re.Pattern[str]:
        seen.append(pattern)
        return paths.compiled(pattern)

    monkeypatch.setattr(globs, "compiled", compiled)
    matcher = Matcher()
    matcher.put_all(Profile(number, PathGlob(f"*{number}*.md")) for number in range(5_000))
    for _ in range(2):
        assert matched(matcher, version(path="docs/a-4321-b.md"), NOW) == [1, 2, 3, 4, 21, 32, 43, 321, 432, 4321]
    assert len(seen) == 10
    matcher.remove(4321)
    assert 4321 not in matched(matcher, version(path="docs/a-4321-b.md"), NOW)
    matcher.put(4321, PathGlob("*c*.md"))
    assert 4321 in matched(matcher, version(path="docs/abc.md"), NOW)
    assert len(seen) == 11


@settings(max_examples=200, deadline=None)
@given(
    words=st.lists(st.sampled_from("abc"), min_size=1, max_size=3),
    text=st.lists(st.sampled_from("abcd"), max_size=12),
)
def test_the_first_place_of_a_phrase(words: list[str], text: list[str]) -> None:
    written = " ".join(text)
    there = [at for at in range(len(text)) if text[at : at + len(words)] == words]
    for part in (WholePart(written, ""), CutPart(written, "", cut(written, ""))):
        assert part.place("", words) == (there[0] if there else None)
        assert part.places("").of(words) == there
        assert part.forms("") == text


def test_profiles_put_one_by_one_have_everything_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room for the next, it is made, and nothing of the first try is left."""
    for module in (lists, slots, features, engine):
        monkeypatch.setattr(module, "_FIRST", 2)
    one_by_one, at_once = Matcher(), Matcher()
    words = [f"w{number}" for number in range(60)]
    asked = [
        f"{word} ({' OR '.join(words[: 1 + at % 7])}) {words[at - 1]} NEAR {words[at - 2]} x{at}*"
        for at, word in enumerate(words)
    ]
    for number, text in enumerate(asked):
        one_by_one.put(number, text)
        one_by_one.put(number, text)
    at_once.put_all(Profile(*each) for each in enumerate(asked))
    seen = version(text=" ".join([*words, *words, *(f"x{number}" for number in range(60))]))
    assert matched(one_by_one, seen, NOW) == matched(at_once, seen, NOW) == list(range(60))
    assert one_by_one.feature_count() == at_once.feature_count()
    for number in range(60):
        one_by_one.remove(number)
    assert one_by_one.feature_count() == 0
    assert not one_by_one._features.arrays().uses.any()


def test_new_words_for_which_there_is_no_memory_leave_the_profile_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = Matcher()
    matcher.put(1, "road")

    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(matcher._features.words._singles, "want", fail)
        with pytest.raises(MemoryError):
            matcher.put(1, "bridge")
    assert matched(matcher, version(text="road bridge"), NOW) == matched(matcher, version(text="road"), NOW) == [1]
    matcher.put(1, "bridge")
    assert matched(matcher, version(text="bridge"), NOW) == [1]
    assert matched(matcher, version(text="road"), NOW) == []
    matcher.remove(1)
    assert matcher.feature_count() == 0
