"""match_latency: one document at a time against 1,000,000 profiles, by the clock on the wall."""

import gc
import time
from collections.abc import Iterator

from bench.expected import stories
from bench.figures import Figure, at_most, percentile, plain
from bench.million import NOW, loaded, version
from headwater.distribute.matcher.engine import Matcher

LONG = 2_000
LONG_DOCUMENTS = 100


def run() -> Iterator[Figure]:
    """Median and 99th percentile for stories, the same for documents of 2,000 words; then with stemming.

    The bars are for documents whose words have all been met before; what the first lap took stands beside.
    """
    matcher, texts = loaded(), stories()
    _times(matcher, texts[-1:])  # the compiled loops are there
    first, short, long = _times(matcher, texts), _times(matcher, texts), _times(matcher, _long(texts))
    yield at_most("match_latency_median", percentile(short, 0.5), "ms", 0.25)
    yield at_most("match_latency_p99", percentile(short, 0.99), "ms", 2)
    yield at_most("match_latency_2000_words", percentile(long, 0.99), "ms (99th percentile)", 5)
    yield plain("match_latency_2000_words_median", percentile(long, 0.5), "ms")
    yield from _reported("match_latency_first_seen", first)
    del matcher
    stemming = loaded(language="en")
    _times(stemming, texts[-1:], "en")
    yield from _reported("match_latency_stemmed_first_seen", _times(stemming, texts, "en"))
    yield from _reported("match_latency_stemmed", _times(stemming, texts, "en"))


def _reported(name: str, times: list[float]) -> Iterator[Figure]:
    yield plain(f"{name}_median", percentile(times, 0.5), "ms")
    yield plain(f"{name}_p99", percentile(times, 0.99), "ms")


def _long(texts: list[str]) -> list[str]:
    """Documents of 2,000 words: stories one after the other."""
    words = [word for text in texts for word in text.split()]
    starts = range(0, min(len(words) - LONG, LONG * LONG_DOCUMENTS), LONG)
    return [" ".join(words[start : start + LONG]) for start in starts]


def _times(matcher: Matcher, texts: list[str], language: str = "") -> list[float]:
    """Milliseconds for each, from text to scored matches."""
    versions = [version(text, language) for text in texts]
    times = []
    gc.collect()
    for each in versions:
        started = time.perf_counter()
        matcher.match(each, NOW)
        times.append((time.perf_counter() - started) * 1000)
    return times
