"""match_rate: documents a second of one core against 1,000,000 standing queries, from text to scored matches.

The peers get the same queries and documents in the same call: mokaccino (a percolator in Rust, phrases given to it as
runs of words), and PostgreSQL with a b-tree on a pivot term and a recheck, which is the oracle: all three must find the
same profiles for every document they are given. They are slow and get the first documents only; the ratio is to our own
time for exactly these, the first time that we see them too, after the others.

The first line takes words as they are. The second has readers and documents in English, which match by stems. The peers
cannot stem: they get queries and documents as stems that were made before their clock runs, and ours includes them.

The rates are of documents whose words have all been met before. The lap in which most are new has a line of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bench.expected import stemmed, stems_of, stories
from bench.figures import Figure, at_least, plain
from bench.million import NOW, Numbered, lines, loaded, seconds, standing, version
from bench.peers import Found, mokaccino_peer, postgres_peer
from bench.stage import django_stage
from headwater.distribute.matcher.engine import Matcher

LAPS = 3
PEER_DOCUMENTS = 300


@dataclass(frozen=True)
class Ours:
    """What we found in the peers' documents and how much in one of all; and documents a second.

    Best lap, first lap, and for those that peers get when they are new.
    """

    found: list[NDArray[np.int64]]
    matches: float
    best: float
    first: float
    beside: float


def run() -> Iterator[Figure]:
    """Our rate, the peers', their ratios, how many documents were compared: by words, then by stems."""
    texts, found = stories(), {}
    for name, language in lines("match_rate"):
        ours = found[name] = _ours(texts, language)
        # The bar is one for words as they are: by stems a document matches three times as many profiles.
        rate = name, ours.best, "documents/s"
        yield plain(*rate) if language else at_least(*rate, 4_000)
        yield plain(f"{name}_first_seen", ours.first, "documents/s")
        yield plain(f"{name}_matches", ours.matches, "matches/document")
        yield plain(f"{name}_beside_peers", ours.beside, f"documents/s, {len(ours.found)} documents")
        yield from _compared(name, "mokaccino", 40, ours, mokaccino_peer(*_given(texts, language)))
    with django_stage():
        for name, language in lines("match_rate"):
            yield from _compared(name, "postgres", 15, found[name], postgres_peer(*_given(texts, language)))


def _ours(texts: list[str], language: str) -> Ours:
    matcher = loaded(language=language)
    _match(matcher, texts[-1:], language)  # the compiled loops are there
    shared, others = texts[:PEER_DOCUMENTS], texts[PEER_DOCUMENTS:]
    first = seconds(partial(_match, matcher, others, language))
    beside = seconds(partial(_match, matcher, shared, language))
    best = min(seconds(partial(_match, matcher, texts, language)) for _ in range(LAPS))
    found = [matcher.match(version(text, language), NOW).ids for text in texts]
    matches = sum(map(len, found)) / len(texts)
    return Ours(found[: len(shared)], matches, len(texts) / best, len(texts) / (first + beside), len(shared) / beside)


def _match(matcher: Matcher, texts: list[str], language: str) -> None:
    for text in texts:
        matcher.match(version(text, language), NOW)


def _given(texts: list[str], language: str) -> tuple[Numbered, list[str]]:
    """What the peers get: queries and documents as they are, or as stems."""
    shared = texts[:PEER_DOCUMENTS]
    if not language:
        return standing(), shared
    return ((number, stemmed(asked)) for number, asked in standing()), [" ".join(stems_of(text)) for text in shared]


def _compared(name: str, peer: str, bar: float, ours: Ours, theirs: tuple[float, Found]) -> Iterator[Figure]:
    rate, found = theirs
    yield plain(f"{name}_{peer}", rate, "documents/s")
    yield at_least(f"{name}_to_{peer}", ours.beside / rate, "times", bar)
    differing = sum(set(one.tolist()) != other for one, other in zip(ours.found, found, strict=True))
    yield Figure(f"{name}_unlike_{peer}", differing, f"of {len(found)} documents", "exactly 0", differing == 0)
