"""match_reasons: why each of thousands of profiles matched, in the document's own words, on demand.

The oracle reads the query and the text: all of the words of an "all", those that are there of an "any", the phrase.
"""

import time
from collections.abc import Iterator

from bench.expected import Query, stories
from bench.figures import Figure, at_most, plain
from bench.million import NOW, loaded, standing, version
from headwater.distribute.matcher.reading import Reading

DOCUMENTS = 300


def run() -> Iterator[Figure]:
    """Microseconds for one reason (the fastest of three laps), and how many differ from the oracle's."""
    matcher, asked = loaded(), dict(standing())
    given = [(Reading(version(text)), text) for text in stories()[:DOCUMENTS]]
    matches = [(reading, text, matcher.match(reading, NOW).ids.tolist()) for reading, text in given]
    best, count, differing = float("inf"), sum(len(ids) for _, _, ids in matches), 0
    for lap in range(3):
        taken = 0.0
        for reading, text, ids in matches:
            started = time.process_time()
            reasons = matcher.explain(ids, reading, NOW)
            taken += time.process_time() - started
            if lap == 0:
                words = set(text.split())
                differing += sum(_said(reasons[number]) != _expected(asked[number], words) for number in ids)
        best = min(best, taken)
    yield at_most("match_reasons", best / count * 1e6, "µs each", 5)
    yield plain("match_reasons_compared", count, "reasons")
    yield Figure("match_reasons_unlike_oracle", differing, "reasons", "exactly 0", differing == 0)


def _said(reason: tuple[object, ...] | None) -> list[str]:
    return [evidence.value for evidence in reason or ()]  # type: ignore[attr-defined]  # a reason is evidence


def _expected(query: Query, there: set[str]) -> list[str]:
    if query.kind == "P":
        return [" ".join(query.words)]
    wanted = query.words[:-1] if query.kind == "N" else query.words
    return list(dict.fromkeys(word for word in wanted if word in there))
