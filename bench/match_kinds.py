"""match_kinds: 100,000 different profiles of one kind on top of 1,000,000, for each kind that is no plain words.

Dates, globs, NEAR and beginnings of words: what the standing queries of the other measurements do not have. Documents
are the stories, with paths and days of their own; most are of this month, the others of the last ten years.
"""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from random import Random

from bench.expected import stories
from bench.figures import Figure, at_most, percentile, plain
from bench.million import MANY, NOW, loaded, version
from headwater.distribute.matcher.engine import Matcher, Profile
from headwater.search.language.parser import parse
from headwater.search.language.searchable import Searchable

OF_A_KIND = 100_000
CHANGES = 10_000
WORDS = slice(50, 2_050)  # of the most common: those few that are in most stories say nothing
YEARS = 20
FOLDERS = ("safety", "circulars", "minutes", "drawings")
FROM_TEXT, PARSED = 100.0, 50.0  # µs
Make = Callable[[Random, list[str]], str]


def run() -> Iterator[Figure]:
    """For each kind: median and 99th percentile of a document, what it matches, and what it costs to add one more."""
    matcher, texts = loaded(), stories()
    matcher.remove(0)  # the compiled loops are there
    counts = Counter(word for text in texts for word in set(text.split()))
    words = [word for word, _ in counts.most_common(WORDS.stop) if len(word) > 2][WORDS.start :]
    chance = Random(2026)
    documents = [_document(chance, text) for text in texts]
    for name, make in _KINDS.items():
        asked = list(islice(_different(make, chance, words), OF_A_KIND + 2 * CHANGES))
        yield from _judged(name, matcher, asked, documents)


def _judged(name: str, matcher: Matcher, asked: list[str], documents: list[Searchable]) -> Iterator[Figure]:
    ids = range(2 * MANY, 2 * MANY + len(asked))
    profiles = zip(ids, asked, strict=True)
    refused = matcher.put_all(Profile(*each) for each in islice(profiles, OF_A_KIND))
    assert not refused
    _matched(matcher, documents)  # every word is known, and every loop is there
    times, matches = _matched(matcher, documents)
    parsed = [(number, parse(text)) for number, text in islice(profiles, CHANGES)]
    adding = _mean(lambda: [matcher.put(*each) for each in parsed])
    texts = list(profiles)
    adding_text = _mean(lambda: [matcher.put(*each) for each in texts])
    removing = _mean(lambda: [matcher.remove(number) for number in ids[OF_A_KIND : OF_A_KIND + CHANGES]])
    yield at_most(f"match_kinds_{name}_median", percentile(times, 0.5), "ms", 0.25)
    yield at_most(f"match_kinds_{name}_p99", percentile(times, 0.99), "ms", 2)
    yield plain(f"match_kinds_{name}_matches", matches / len(documents), "matches/document")
    yield at_most(f"match_kinds_{name}_parsed", adding, "µs (mean)", PARSED)
    yield at_most(f"match_kinds_{name}_add", adding_text, "µs (mean)", FROM_TEXT)
    yield at_most(f"match_kinds_{name}_remove", removing, "µs (mean)", PARSED)
    for number in ids:
        matcher.remove(number)


def _matched(matcher: Matcher, documents: list[Searchable]) -> tuple[list[float], int]:
    """Milliseconds for each document, and how many profiles of the kind all documents match."""
    times, matches = [], 0
    gc.collect()
    for each in documents:
        started = time.perf_counter()
        found = matcher.match(each, NOW)
        times.append((time.perf_counter() - started) * 1000)
        matches += int((found.ids >= 2 * MANY).sum())
    return times, matches


def _mean(work: Callable[[], object]) -> float:
    """Microseconds of one of the changes."""
    gc.collect()
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) / CHANGES * 1e6


def _different(make: Make, chance: Random, words: list[str]) -> Iterator[str]:
    seen = set()
    while True:
        text = make(chance, words)
        if text not in seen:
            seen.add(text)
            yield text


def _document(chance: Random, text: str) -> Searchable:
    age = timedelta(minutes=chance.randrange(30 * 1_440 if chance.random() < 0.7 else 3_650 * 1_440))
    path = f"{chance.choice(FOLDERS)}/{2026 - age.days // 365}/reports/note-{chance.randrange(OF_A_KIND)}.pdf"
    return replace(version(text), path=path, published_at=NOW - age)


def _dates(chance: Random, words: list[str]) -> str:
    """A word in a stretch of days; of three, one has no end."""
    since = NOW.date() - timedelta(days=chance.randrange(YEARS * 365))
    if chance.random() < 0.3:
        return f"{chance.choice(words)} published:>={since}"
    return f"{chance.choice(words)} published:{since}..{since + timedelta(days=chance.randrange(1, 1_000))}"


def _recent(chance: Random, words: list[str]) -> str:
    return f"{chance.choice(words)} {chance.choice(words)} published:{chance.randrange(1, 3_650)}d"


def _wild_globs(chance: Random, _words: list[str]) -> str:
    number = chance.randrange(10 * OF_A_KIND)
    return f"path:{chance.choice(('**/reports/note-{}.pdf', '*-{}.pdf', '*note-{}*', '**/f{}/*.pdf')).format(number)}"


def _folder_globs(chance: Random, _words: list[str]) -> str:
    return f"path:/safety/2026/reports/*-{chance.randrange(10 * OF_A_KIND)}.{chance.choice(('pdf', 'doc'))}"


def _near(chance: Random, words: list[str]) -> str:
    return " NEAR/5 ".join(chance.sample(words, 2))


def _prefixes(chance: Random, words: list[str]) -> str:
    return f"{chance.choice(words)[: chance.randrange(3, 7)]}* {chance.choice(words)}"


_KINDS: dict[str, Make] = {
    "dates": _dates,
    "recent": _recent,
    "wild_globs": _wild_globs,
    "folder_globs": _folder_globs,
    "near": _near,
    "prefixes": _prefixes,
}
