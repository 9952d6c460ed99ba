"""match_latency: one document at a time against 1,000,000 profiles, by the clock on the wall.

Besides, texts that no reader would call one (bench/odd_texts.py), of unknown language. None may take longer than an
ordinary text of as many bytes takes in the same call: to look at each byte is what any text costs. Short ones may take
what one of 2,000 words may: they have no more, and below that it is what others would have to wait for.

Bars are for documents whose words have all been met before; what the first lap took stands beside.
"""

import gc
import time
from collections.abc import Iterator

from bench.expected import stories
from bench.figures import Figure, at_most, percentile, plain
from bench.million import NOW, lines, loaded, version
from bench.odd_texts import odd_texts
from headwater.distribute.matcher.engine import Matcher

LONG = 2_000
LONG_DOCUMENTS = 100
ODD, ORDINARY = 50, 5  # of each kind


def run() -> Iterator[Figure]:
    """Median and 99th percentile for stories, for documents of 2,000 words, for odd texts; then with stemming."""
    for name, language in lines("match_latency"):
        yield from _line(name, language)


def _line(name: str, language: str) -> Iterator[Figure]:
    matcher, texts = loaded(language=language), stories()
    _times(matcher, texts[-1:], language)  # the compiled loops are there
    first, short, long = (_times(matcher, given, language) for given in (texts, texts, _long(texts)))
    yield at_most(f"{name}_median", percentile(short, 0.5), "ms", 0.25)
    yield at_most(f"{name}_p99", percentile(short, 0.99), "ms", 2)
    # The bar is one for words as they are: by stems a document matches three times as many profiles.
    longest = f"{name}_2000_words", percentile(long, 0.99), "ms (99th percentile)"
    yield plain(*longest) if language else at_most(*longest, 5)
    yield plain(f"{name}_2000_words_median", percentile(long, 0.5), "ms")
    yield from _reported(f"{name}_first_seen", first)
    for kind, odd in odd_texts(name, ODD):
        first, times = _times(matcher, odd, ""), _times(matcher, odd, "")
        bar = _bar(matcher, odd[0], language)
        yield at_most(f"{name}_{kind}", percentile(times, 0.99), "ms (99th percentile)", bar)
        yield from _reported(f"{name}_{kind}_first_seen", first)


def _bar(matcher: Matcher, text: str, language: str) -> float:
    """Milliseconds that an ordinary text of as many bytes takes, and never less than one of 2,000 words may take."""
    told, size = " ".join(stories()), len(text.encode())
    ordinary = (told * (1 + size // len(told)))[:size]
    return max(5.0, round(percentile(_times(matcher, [ordinary] * ORDINARY, language), 0.5), 1))


def _reported(name: str, times: list[float]) -> Iterator[Figure]:
    yield plain(f"{name}_median", percentile(times, 0.5), "ms")
    yield plain(f"{name}_p99", percentile(times, 0.99), "ms")


def _long(texts: list[str]) -> list[str]:
    """Documents of 2,000 words: stories one after the other."""
    words = [word for text in texts for word in text.split()]
    starts = range(0, min(len(words) - LONG, LONG * LONG_DOCUMENTS), LONG)
    return [" ".join(words[start : start + LONG]) for start in starts]


def _times(matcher: Matcher, texts: list[str], language: str) -> list[float]:
    """Milliseconds for each, from text to scored matches."""
    versions = [version(text, language) for text in texts]
    times = []
    gc.collect()
    for each in versions:
        started = time.perf_counter()
        matcher.match(each, NOW)
        times.append((time.perf_counter() - started) * 1000)
    return times
