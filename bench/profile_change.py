"""profile_change: one profile added, changed or removed among 1,000,000, and seen by the next match."""

import time
from collections.abc import Callable, Iterator
from itertools import islice

from bench.expected import Query, queries
from bench.figures import Figure, at_most, percentile, plain
from bench.million import MANY, NOW, loaded, parsed, version
from headwater.distribute.matcher.engine import Matcher
from headwater.search.language.parser import parse

CHANGES = 10_000
SEEN = 500


def run() -> Iterator[Figure]:
    """Mean microseconds of each change, from the parsed form and from text, and how often the next match missed it."""
    matcher = loaded()
    new = list(islice(queries(), 7, 7 + CHANGES))
    forms = [parsed(query) for query in new]
    texts = [str(query) for query in new]
    ids = range(2 * MANY, 2 * MANY + CHANGES)
    others = [*forms[1:], forms[0]]
    matcher.put(ids[0], forms[0])
    matcher.remove(ids[0])  # the compiled loops are there
    add = _times(lambda at: matcher.put(ids[at], forms[at]))
    change = _times(lambda at: matcher.put(ids[at], others[at]))
    remove = _times(lambda at: matcher.remove(ids[at]))
    written = _times(lambda at: matcher.put(ids[at], parse(texts[at])))
    for name, times, bar in (("add", add, 50), ("change", change, 50), ("remove", remove, 50), ("text", written, 100)):
        yield at_most(f"profile_change_{name}", sum(times) / len(times), "µs (mean)", bar)
        yield plain(f"profile_change_{name}_p99", percentile(times, 0.99), "µs")
    missed = sum(not _is_seen(matcher, query) for query in new[:SEEN])
    yield Figure("profile_change_missed", missed, f"of {SEEN} changes", "exactly 0", missed == 0)


def _times(work: Callable[[int], object]) -> list[float]:
    """Microseconds of each."""
    times = []
    for at in range(CHANGES):
        started = time.perf_counter()
        work(at)
        times.append((time.perf_counter() - started) * 1e6)
    return times


def _is_seen(matcher: Matcher, query: Query) -> bool:
    """Whether the next version meets a profile that was put just now, and no longer once it went."""
    wanted = query.words[:-1] if query.kind == "N" else query.words
    text = version(" ".join(wanted))
    matcher.put(4 * MANY, parsed(query))
    met = 4 * MANY in matcher.match(text, NOW).ids
    matcher.remove(4 * MANY)
    return met and 4 * MANY not in matcher.match(text, NOW).ids
