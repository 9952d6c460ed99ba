"""match_reasons: why each of thousands of profiles matched, in the document's own words, on demand.

The oracle reads the query and the text: all of the words of an "all", those that are there of an "any", the phrase. A
second line has readers and documents in English: the oracle quotes what stands there as it was asked for, and where
nothing does the first that has the same stems.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

from bench.expected import Query, stems_of, stems_of_words, stories
from bench.figures import Figure, at_most, plain
from bench.million import NOW, lines, loaded, standing, version
from headwater.distribute.matcher.engine import Matcher
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.reasons import Reason

DOCUMENTS = 300
LAPS = 3


class Matched(NamedTuple):
    """A text that was read, and the profiles that it matches."""

    text: str
    reading: Reading
    ids: list[int]


def run() -> Iterator[Figure]:
    """Microseconds for one reason (the fastest of the laps), and how many differ from the oracle's."""
    asked, texts = dict(standing()), stories()[:DOCUMENTS]
    for name, language in lines("match_reasons"):
        matcher = loaded(language=language)
        given = [(text, Reading(version(text, language))) for text in texts]
        matched = [Matched(*each, matcher.match(each[1], NOW).ids.tolist()) for each in given]
        count = sum(len(each.ids) for each in matched)
        differing = sum(_differing(matcher, each, asked, language) for each in matched)
        best = min(sum(_explained(matcher, each)[0] for each in matched) for _ in range(LAPS))
        yield at_most(name, best / count * 1e6, "µs each", 5)
        yield plain(f"{name}_compared", count, "reasons")
        yield Figure(f"{name}_unlike_oracle", differing, "reasons", "exactly 0", differing == 0)


def _explained(matcher: Matcher, matched: Matched) -> tuple[float, dict[int, Reason | None]]:
    """The reasons, and the processor's seconds that they took."""
    started = time.process_time()
    reasons = matcher.explain(matched.ids, matched.reading, NOW)
    return time.process_time() - started, reasons


def _differing(matcher: Matcher, matched: Matched, asked: dict[int, Query], language: str) -> int:
    reasons, quoting = _explained(matcher, matched)[1], Quoting(matched.text, language)
    return sum(_said(reason) != quoting.expected(asked[number]) for number, reason in reasons.items())


def _said(reason: Reason | None) -> list[str]:
    return [evidence.value for evidence in reason or ()]


class Quoting:
    """The oracle, for one text."""

    def __init__(self, text: str, language: str) -> None:
        self._words = text.split()
        self._stems = stems_of(text) if language else []
        self._known: dict[tuple[str, ...], str | None] = {}

    def expected(self, query: Query) -> list[str]:
        """What a reason for the query says, without repeats."""
        wanted = query.words[:-1] if query.kind == "N" else query.words
        parts = [wanted] if query.kind == "P" else [(word,) for word in wanted]
        return list(dict.fromkeys(passage for part in parts if (passage := self._passage(part)) is not None))

    def _passage(self, part: tuple[str, ...]) -> str | None:
        if part not in self._known:
            self._known[part] = self._sought(part)
        return self._known[part]

    def _sought(self, part: tuple[str, ...]) -> str | None:
        at = _place(self._words, part)
        if at is None:
            at = _place(self._stems, stems_of_words(part))
        return None if at is None else " ".join(self._words[at : at + len(part)])


def _place(words: list[str], wanted: tuple[str, ...]) -> int | None:
    """Where the wanted first stand side by side."""
    runs = zip(*(words[at:] for at in range(len(wanted))), strict=False)
    return next((at for at, run in enumerate(runs) if run == wanted), None)
