"""profile_change: one profile added, changed or removed among 1,000,000, and seen by the next match."""

import time
from collections.abc import Callable, Iterator
from itertools import islice

from bench.expected import Query, queries
from bench.figures import Figure, at_most, percentile, plain
from bench.million import MANY, NOW, loaded, version
from headwater.distribute.matcher.engine import Matcher
from headwater.search.language.parser import parse

CHANGES = 10_000
SEEN = 500


def run() -> Iterator[Figure]:
    """Mean microseconds of each change from text, as the product makes it, and of adding what was read already.

    And how often the next match missed a change.
    """
    matcher = loaded()
    new = list(islice(queries(), 7, 7 + CHANGES))
    texts = [str(query) for query in new]
    ids = range(2 * MANY, 2 * MANY + CHANGES)
    others = [*texts[1:], texts[0]]
    matcher.put(ids[0], texts[0])
    matcher.remove(ids[0])  # the compiled loops are there
    add = _times(lambda at: matcher.put(ids[at], texts[at]))
    change = _times(lambda at: matcher.put(ids[at], others[at]))
    remove = _times(lambda at: matcher.remove(ids[at]))
    forms = [parse(text) for text in texts]
    parsed = _times(lambda at: matcher.put(ids[at], forms[at]))
    for name, times in (("add", add), ("change", change), ("remove", remove), ("parsed", parsed)):
        yield at_most(f"profile_change_{name}", sum(times) / len(times), "µs (mean)", 50)
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
    matcher.put(4 * MANY, str(query))
    met = 4 * MANY in matcher.match(text, NOW).ids
    matcher.remove(4 * MANY)
    return met and 4 * MANY not in matcher.match(text, NOW).ids
