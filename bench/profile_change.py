"""profile_change: one profile added, changed or removed among 1,000,000, and seen by the next match.

Queries like those there are ask for words that others ask for already; NEW are what comes besides: words that nobody
has asked for yet, and everything a query can be made of. All of it once for words as they are, and once by stems.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from bench.expected import queries, stories
from bench.figures import Figure, at_most, percentile, plain
from bench.million import MANY, NOW, loaded, version
from headwater.distribute.matcher.engine import Matcher
from headwater.search.language.parser import parse
from headwater.search.language.searchable import Searchable

CHANGES = 10_000
SEEN = 500
FROM_TEXT, PARSED = 100.0, 50.0  # µs
# {a} and {b} are words that others ask for, {n} to {q} ones that nobody does.
NEW = {
    "one_new": "{a} {b} {n}",
    "all_new": "{n} {o} {p}",
    "any_new": "{n} OR {o} OR {p} OR {q}",
    "phrase": '"{n} {a} {o}"',
    "mixed": "{n}* title:{o} NOT {p}",
    "near": "{n} NEAR/5 {a}",
    "facets": "source:{n} path:{o}/*.pdf published:2025 {a}",
}


class Times(NamedTuple):
    """Mean microseconds of each change, and what one in a hundred adds takes."""

    add: float
    change: float
    remove: float
    parsed: float
    change_parsed: float
    add_p99: float


def run() -> Iterator[Figure]:
    """Mean microseconds of each change, from text, as the product makes it, and of adding what was read already.

    And how often the next match missed a change.
    """
    for suffix, language in (("", ""), ("_stemmed", "en")):
        matcher = loaded(MANY, language)
        yield from _judged(suffix, _usual(matcher, language))
        for name, texts in _new().items():
            yield from _judged(f"_{name}{suffix}", _timed(matcher, texts, language))
        changes = [*_met_by_words(), *_met_by_new()]
        missed = sum(not _is_seen(matcher, *change, language) for change in changes)
        yield Figure(f"profile_change_missed{suffix}", missed, f"of {len(changes)} changes", "exactly 0", missed == 0)
        for name, times in _next_matches(matcher, language).items():
            yield plain(f"profile_change_match{name}{suffix}", percentile(times, 0.5), "ms (median)")
        del matcher


def _judged(name: str, times: Times) -> Iterator[Figure]:
    yield at_most(f"profile_change_add{name}", times.add, "µs (mean)", FROM_TEXT)
    yield at_most(f"profile_change_change{name}", times.change, "µs (mean)", FROM_TEXT)
    yield at_most(f"profile_change_remove{name}", times.remove, "µs (mean)", PARSED)
    yield at_most(f"profile_change_parsed{name}", times.parsed, "µs (mean)", PARSED)
    yield at_most(f"profile_change_change_parsed{name}", times.change_parsed, "µs (mean)", PARSED)
    yield plain(f"profile_change_add{name}_p99", times.add_p99, "µs")


def _usual(matcher: Matcher, language: str) -> Times:
    return _timed(matcher, [str(query) for query in islice(queries(), 7, 7 + CHANGES)], language)


def _new() -> dict[str, list[str]]:
    """For each sort, as many queries as there are changes; no two have a new word in common."""
    known = [query.words[0] for query in islice(queries(), 7, 7 + CHANGES)]
    return {
        name: [
            form.format(a=known[at], b=known[at - 1], **{new: f"zq{name[:2]}{new}{at}" for new in "nopq"})
            for at in range(CHANGES)
        ]
        for name, form in NEW.items()
    }


def _timed(matcher: Matcher, texts: Sequence[str], language: str) -> Times:
    reader = (language,) if language else ()
    ids = range(2 * MANY, 2 * MANY + CHANGES)
    matcher.put(ids[0], texts[0], reader)
    matcher.remove(ids[0])  # the compiled loops are there
    add = _times(lambda at: matcher.put(ids[at], texts[at], reader))
    change = _times(lambda at: matcher.put(ids[at], texts[at - 1], reader))
    remove = _times(lambda at: matcher.remove(ids[at]))
    forms = [parse(text) for text in texts]
    parsed = _times(lambda at: matcher.put(ids[at], forms[at], reader))
    change_parsed = _times(lambda at: matcher.put(ids[at], forms[at - 1], reader))
    for each in ids:
        matcher.remove(each)
    kinds = add, change, remove, parsed, change_parsed
    return Times(*(sum(times) / len(times) for times in kinds), percentile(add, 0.99))


def _times(work: Callable[[int], object]) -> list[float]:
    """Microseconds of each."""
    times = []
    for at in range(CHANGES):
        started = time.perf_counter()
        work(at)
        times.append((time.perf_counter() - started) * 1e6)
    return times


def _next_matches(matcher: Matcher, language: str) -> dict[str, list[float]]:
    """Milliseconds that a story takes whose words are known, and right after a new profile of each sort was put."""
    known = [version(text, language) for text in stories()[:SEEN]]
    for each in known:
        matcher.match(each, NOW)
    found = {"": [_matched(matcher, each) for each in known]}
    for name, texts in _new().items():
        found[f"_after_{name}"] = times = []
        for text, each in zip(texts, known, strict=False):
            matcher.put(4 * MANY, text, (language,) if language else ())
            times.append(_matched(matcher, each))
    matcher.remove(4 * MANY)
    return found


def _matched(matcher: Matcher, story: Searchable) -> float:
    started = time.perf_counter()
    matcher.match(story, NOW)
    return (time.perf_counter() - started) * 1000


def _met_by_words() -> Iterator[tuple[str, str]]:
    """Queries like those there are, each with a text that it finds."""
    for query in islice(queries(), 7, 7 + SEEN):
        yield str(query), " ".join(query.words[:-1] if query.kind == "N" else query.words)


def _met_by_new() -> Iterator[tuple[str, str]]:
    """The same of what is made of words, with words that nobody has asked for."""
    for at in range(SEEN):
        words = {name: f"zs{name}{at}" for name in "abnopq"}
        for name in ("one_new", "all_new", "any_new", "phrase", "near"):
            yield NEW[name].format(**words), "{n} {a} {o} {b} {p}".format(**words)


def _is_seen(matcher: Matcher, query: str, text: str, language: str) -> bool:
    """Whether the next version meets a profile that was put just now, and no longer once it went."""
    seen = version(text, language)
    matcher.put(4 * MANY, query, (language,) if language else ())
    met = 4 * MANY in matcher.match(seen, NOW).ids
    matcher.remove(4 * MANY)
    return met and 4 * MANY not in matcher.match(seen, NOW).ids
