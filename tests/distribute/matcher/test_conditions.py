"""What is asked for besides words, many at once: found as tried one by one, while profiles come and go."""

import gc
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.distribute.matcher import conditions
from headwater.distribute.matcher.cutting import MOST_WORDS
from headwater.distribute.matcher.engine import Matcher, Profile
from headwater.distribute.matcher.globs import PathIndex
from headwater.distribute.matcher.parts import cut
from headwater.distribute.matcher.reading import Reading
from headwater.search.language import oracle
from headwater.search.language.nearness import WordPlaces, near_in
from headwater.search.language.query import (
    And,
    Dated,
    Near,
    Not,
    PathGlob,
    Phrase,
    Prefix,
    Query,
    Recent,
    Word,
)
from headwater.search.language.searchable import Searchable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Asked = dict[int, tuple[Query, tuple[str, ...]]]


PLAIN = Searchable(1, 1, "", "road", "en", "", "", (), (), "", NOW)


def version(**given: Any) -> Searchable:
    """A version with what is given, and nothing else of interest."""
    return replace(PLAIN, **given)


def restored(matcher: Matcher) -> Matcher:
    """Another that was told what the first one keeps."""
    other = Matcher()
    other.restore({name: array.copy() for name, array in matcher.saved().items()})
    return other


def hold_together(matcher: Matcher, asked: Asked, versions: list[Searchable]) -> None:
    """Each version finds what the definition says."""
    for each in versions:
        found = sorted(matcher.match(each, NOW).ids.tolist())
        assert found == sorted(
            number for number, (query, languages) in asked.items() if oracle.matches(query, each, languages, NOW)
        )


def come_and_go(
    chance: random.Random, make: Callable[[random.Random], Query], versions: Callable[[], list[Searchable]]
) -> None:
    """Profiles are put, changed and removed; versions, and another matcher that was restored, agree with the oracle."""
    matcher = Matcher()
    asked: Asked = {}
    for _ in range(3):
        for number in range(40):
            if number in asked and chance.random() < 0.4:
                matcher.remove(number)
                del asked[number]
            else:
                asked[number] = make(chance), tuple(chance.sample(("en", "fr"), chance.randrange(3)))
                matcher.put(number, *asked[number])
        hold_together(matcher, asked, versions())
        matcher = restored(matcher)
        hold_together(matcher, asked, versions())
    for number in asked:
        matcher.remove(number)
    assert_nothing_is_left(matcher)


def assert_nothing_is_left(matcher: Matcher) -> None:
    """All that was ever asked for is forgotten, and counted by nobody."""
    assert matcher.feature_count() == 0
    assert not matcher._features.arrays().uses.any()


ends = st.none() | st.dates(NOW.date() - 8 * DAY, NOW.date() + 2 * DAY)
dates = st.builds(Dated, ends, ends) | st.integers(1, 9).map(Recent)
dated = (
    dates
    | dates.map(Not)
    | dates.map(lambda asked: And((Word("road"), asked)))
    | st.lists(dates, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
)
moments = st.builds(
    lambda seconds, hours: (NOW - timedelta(seconds=seconds)).astimezone(timezone(timedelta(hours=hours))),
    st.integers(-86_400, 864_000) | st.integers(0, 9).map((86_400).__mul__),
    st.integers(-12, 12),
)


@settings(max_examples=40, deadline=None)
@given(chance=st.randoms(use_true_random=False), made=st.lists(dated, min_size=5, max_size=40), times=st.data())
def test_dates_come_and_go(chance: random.Random, made: list[Query], times: st.DataObject) -> None:
    def versions() -> list[Searchable]:
        return [version(published_at=each) for each in times.draw(st.lists(moments, min_size=1, max_size=5))]

    come_and_go(chance, lambda chance: chance.choice(made), versions)


def test_stretches_of_days_cost_no_more_than_there_are_days() -> None:
    matcher = Matcher()
    first = date(2020, 1, 1)
    for number in range(2_000):
        since = first + (number % 50) * DAY
        matcher.put(number, Dated(since, since + (number // 50) * DAY))
    assert matcher.feature_count() < 50 + 50 + 40
    found = matcher.match(version(published_at=datetime(2020, 1, 31, tzinfo=UTC)), NOW)
    assert len(found.ids) == sum(number % 50 <= 30 <= number % 50 + number // 50 for number in range(2_000))


@pytest.mark.parametrize("query", [Dated(None, None), Dated(date.min, None), Dated(None, date.max), Recent(10**12)])
def test_dates_without_an_end(query: Query) -> None:
    matcher = Matcher()
    matcher.put(1, query)
    assert matcher.match(version(), NOW).ids.tolist() == [1]


names = st.sampled_from(["a", "b", "ab", "report-2026-03", "report-2026-04", "x.md", "x.pdf", "*[", "\n"])
wild = st.sampled_from(["*", "**", "*.md", "?", "[ab]", "[!a]*", "*rep*-0?", "report*", "*2026*.", "\\*\\[", "b*b*"])
globs = st.builds(
    lambda start, segments, end: PathGlob(start + "/".join(segments) + end),
    st.sampled_from(["", "", "/"]),
    st.lists(names | wild, min_size=1, max_size=4),
    st.sampled_from(["", "", "/"]),
)
paths = st.lists(names, max_size=5).map("/".join) | st.just("//a/b/") | st.just("/")


@settings(max_examples=60, deadline=None)
@given(chance=st.randoms(use_true_random=False), made=st.lists(globs, min_size=5, max_size=40), where=st.data())
def test_globs_come_and_go(chance: random.Random, made: list[Query], where: st.DataObject) -> None:
    def versions() -> list[Searchable]:
        return [version(path=each) for each in where.draw(st.lists(paths, min_size=1, max_size=5))]

    come_and_go(chance, lambda chance: chance.choice(made), versions)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("*-{}-*.pdf", "x/y-{}-z.pdf"), ("**/f{}/*.pdf", "a/f{}/b.pdf"), ("/a/b/*.x{}", "a/b/c.x{}"), ("{}*", "a/{}b")],
)
def test_a_path_is_held_against_few_of_many_globs(pattern: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they begin, and if all lie below one folder: what is tried has one of its pieces."""
    matcher = Matcher()
    matcher.put_all(Profile(number, PathGlob(pattern.format(number))) for number in range(1_000, 4_000))
    tried: list[int] = []
    find = PathIndex._could_find

    def counting(index: PathIndex, text: str) -> Iterator[dict[int, tuple[str, list[str]]]]:
        for held in find(index, text):
            tried.extend(held)
            yield held

    monkeypatch.setattr(PathIndex, "_could_find", counting)
    assert matcher.match(version(path=path.format(2_345)), NOW).ids.tolist() == [2_345]
    assert 2 <= 1 + len(tried) < 300


spoken = st.sampled_from(["a", "b", "c", "road", "roads", "co-op", "eau", "\u5b89\u5168"])
said = st.lists(spoken, max_size=9).map(" ".join)


def parts_in(field: str | None) -> st.SearchStrategy[Word | Phrase | Prefix]:
    """Parts of a NEAR, few of them beginnings of words."""
    phrases = st.lists(spoken, min_size=1, max_size=3).map(lambda words: Phrase(tuple(words), field))
    some = spoken.map(lambda word: Word(word, field))
    return some | some | some | phrases | st.sampled_from(["ro", "co-op"]).map(lambda word: Prefix(word, field))


nears = st.sampled_from([None, None, "title"]).flatmap(
    lambda field: st.builds(
        Near, st.lists(parts_in(field), min_size=2, max_size=6).map(tuple), st.integers(0, 4) | st.just(10**10)
    )
)


@pytest.mark.parametrize("asked", ["a NEAR a", "a NEAR b NEAR c NEAR d NEAR a", "a NEAR b NEAR c NEAR a NEAR b"])
def test_a_near_with_a_part_twice_counts_it_once(asked: str) -> None:
    matcher = Matcher()
    matcher.put(1, asked)
    matcher.remove(1)
    assert_nothing_is_left(matcher)
    matcher.put(2, "a")
    matcher.put(3, "a")
    matcher.remove(3)
    assert matcher.match(version(text="a b"), NOW).ids.tolist() == [2]


@pytest.mark.parametrize("lists", ["_shapes", "_watched"])
def test_a_near_for_which_there_is_no_memory_leaves_what_was_there(lists: str, monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = Matcher()
    matcher.put_all([Profile(1, "a NEAR b"), Profile(2, "c d")])

    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(getattr(matcher._features._judged, lists), "want", fail)
        with pytest.raises(MemoryError):
            matcher.put(2, "c NEAR d")
    assert matcher.match(version(text="a b"), NOW).ids.tolist() == [1]
    assert matcher.match(version(text="c d"), NOW).ids.tolist() == [2]
    matcher.put(2, "c NEAR d")
    assert sorted(matcher.match(version(text="a b c d"), NOW).ids.tolist()) == [1, 2]


@settings(max_examples=60, deadline=None)
@given(chance=st.randoms(use_true_random=False), made=st.lists(nears, min_size=10, max_size=40), where=st.data())
def test_nears_come_and_go(chance: random.Random, made: list[Query], where: st.DataObject) -> None:
    """In titles and texts, in and out of the reader's languages, with parts that are alike or overlap."""
    tags = st.sampled_from(["en", "en-GB", "fr", "ja", ""])
    each = st.builds(lambda title, text, tag: version(title=title, text=text, language=tag), said, said, tags)

    def versions() -> list[Searchable]:
        return where.draw(st.lists(each, min_size=2, max_size=5))

    come_and_go(chance, lambda chance: chance.choice(made), versions)


@settings(max_examples=200, deadline=None)
@given(
    text=st.lists(st.sampled_from("abcde"), max_size=40).map(" ".join),
    asked=st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3), min_size=2, max_size=10).map(
        lambda parts: tuple(Phrase(tuple(words)) if len(words) > 1 else Word(words[0]) for words in parts)
    ),
    distance=st.integers(0, 12),
)
def test_a_near_of_many_parts(text: str, asked: tuple[Word | Phrase, ...], distance: int) -> None:
    matcher, near = Matcher(), Near(asked, distance)
    matcher.put(1, near)
    expected = near_in(near, WordPlaces(text.split()), WordPlaces(text.split()), "") is not None
    assert (len(matcher.match(version(text=text, language=""), NOW).ids) == 1) == expected


def test_no_near_lies_in_title_and_text() -> None:
    matcher = Matcher()
    matcher.put(1, Near((Word("road"), Word("bridge")), 50))
    assert not len(matcher.match(version(title="road", text="bridge"), NOW).ids)
    assert not len(matcher.match(version(title="bridge", text="road"), NOW).ids)
    assert len(matcher.match(version(title="bridge", text="bridge road"), NOW).ids) == 1


def test_words_near_each_other_are_judged_without_reading_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words and phrases are; only the beginning of a word is not."""
    read: list[Near] = []
    passage_near = Reading.passage_near

    def counted(reading: Reading, near: Near, languages: tuple[str, ...]) -> str | None:
        read.append(near)
        return passage_near(reading, near, languages)

    monkeypatch.setattr(Reading, "passage_near", counted)
    matcher = Matcher()
    for number, asked in enumerate(("old NEAR/2 bridges", 'bridge NEAR/1 "the old" NEAR/1 stone', "ol* NEAR bridge")):
        matcher.put(number, asked, ("en",))
    found = matcher.match(version(text="the old stone bridge"), NOW).ids.tolist()
    assert sorted(found) == [0, 1, 2]
    assert [near.parts[0] for near in read] == [Prefix("ol")]


beginnings = st.builds(
    Prefix,
    st.text("abr", min_size=1, max_size=4) | st.sampled_from(["road", "roads", "\u5b89", "eau"]),
    st.sampled_from([None, None, "title"]),
)


@settings(max_examples=40, deadline=None)
@given(chance=st.randoms(use_true_random=False), made=st.lists(beginnings, min_size=5, max_size=40), where=st.data())
def test_beginnings_of_words_come_and_go(chance: random.Random, made: list[Query], where: st.DataObject) -> None:
    words = st.lists(spoken | st.text("abr", min_size=1, max_size=5), max_size=6).map(" ".join)
    each = st.builds(lambda title, text: version(title=title, text=text), words, words)

    def versions() -> list[Searchable]:
        return where.draw(st.lists(each, min_size=1, max_size=5))

    come_and_go(chance, lambda chance: chance.choice(made), versions)


def test_what_words_begin_with_is_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "_MOST_WORDS", 50)
    matcher = Matcher()
    matcher.put(1, "wo*")
    for number in range(0, 500, 20):
        text = " ".join(f"word{number + k}" for k in range(20))
        assert matcher.match(version(text=text), NOW).ids.tolist() == [1]
    (known,) = matcher._features._prefixes._fields.values()
    assert len(known) <= 70


def test_what_is_restored_leaves_the_collector_as_it_was() -> None:
    matcher = Matcher()
    matcher.put(1, PathGlob("*.md"))
    assert gc.isenabled()
    assert len(restored(matcher)) == 1
    assert gc.isenabled()
    gc.disable()
    try:
        assert len(restored(matcher)) == 1
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("filling", ["stone", "pavé"])
def test_a_near_in_a_long_text_however_it_was_cut(filling: str) -> None:
    """Too long for the loop that cuts texts; cut here, or elsewhere."""
    matcher = Matcher()
    asked = ("road NEAR/1 bridges", "road NEAR/2 bridges", 'gate NEAR/3 "old road" NEAR/3 bridge', "road NEAR/5 tower")
    for number, query in enumerate(asked):
        matcher.put(number, query, ("en",))
    text = f"{30_000 * f'{filling} '}the gate, the old road with a bridge, {30_000 * f'{filling} '}tower"
    assert len(text) > MOST_WORDS
    reading = Reading(version(text=text))
    reading.take(cut(text, "en"))
    for each in (version(text=text), reading):
        assert sorted(matcher.match(each, NOW).ids.tolist()) == [1, 2]
