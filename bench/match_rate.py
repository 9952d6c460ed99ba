"""match_rate: documents a second of one core against 1,000,000 standing queries, from text to scored matches.

The peers get the same queries and documents in the same call: mokaccino (a percolator in Rust, phrases given to it as
runs of words), and PostgreSQL with a b-tree on a pivot term and a recheck, which is the oracle: all three must find the
same profiles for every document they are given. They are slow and get the first documents only; the ratio is to our own
time for exactly these, the first time that we see them too, after the others.

The rates are of documents whose words have all been met before. The lap in which most are new has a line of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from bench.expected import stories
from bench.figures import Figure, at_least, plain
from bench.million import NOW, loaded, seconds, standing, version
from bench.peers import Found, mokaccino_peer, postgres_peer
from headwater.distribute.matcher.engine import Matcher

LAPS = 3
PEER_DOCUMENTS = 300


@dataclass(frozen=True)
class Ours:
    """What we found, and documents a second: best lap, first lap, and for those that peers get when they are new."""

    found: Found
    best: float
    first: float
    beside: float


def run() -> Iterator[Figure]:
    """Our rate, the peers', their ratios, how many documents were compared; then our rate with stemming."""
    texts = stories()
    shared, ours = texts[:PEER_DOCUMENTS], _ours(texts, "")
    yield at_least("match_rate", ours.best, "documents/s", 4_000)
    yield from _besides("match_rate", ours)
    yield plain("match_rate_beside_peers", ours.beside, f"documents/s, {len(shared)} documents")
    yield from _compared("mokaccino", 40, ours, mokaccino_peer(standing(), shared))
    yield from _compared("postgres", 15, ours, postgres_peer(standing(), shared))
    stemmed = _ours(texts, "en")
    yield plain("match_rate_stemmed", stemmed.best, "documents/s")
    yield from _besides("match_rate_stemmed", stemmed)


def _ours(texts: list[str], language: str) -> Ours:
    matcher = loaded(language=language)
    _match(matcher, texts[-1:], language)  # the compiled loops are there
    shared, others = texts[:PEER_DOCUMENTS], texts[PEER_DOCUMENTS:]
    first = seconds(partial(_match, matcher, others, language))
    beside = seconds(partial(_match, matcher, shared, language))
    best = min(seconds(partial(_match, matcher, texts, language)) for _ in range(LAPS))
    found = [set(matcher.match(version(text, language), NOW).ids.tolist()) for text in texts]
    return Ours(found, len(texts) / best, len(texts) / (first + beside), len(shared) / beside)


def _match(matcher: Matcher, texts: list[str], language: str) -> None:
    for text in texts:
        matcher.match(version(text, language), NOW)


def _besides(name: str, ours: Ours) -> Iterator[Figure]:
    yield plain(f"{name}_first_seen", ours.first, "documents/s")
    yield plain(f"{name}_matches", sum(map(len, ours.found)) / len(ours.found), "matches/document")


def _compared(name: str, bar: float, ours: Ours, peer: tuple[float, Found]) -> Iterator[Figure]:
    theirs, found = peer
    yield plain(f"match_rate_{name}", theirs, "documents/s")
    yield at_least(f"match_rate_to_{name}", ours.beside / theirs, "times", bar)
    differing = sum(one != other for one, other in zip(ours.found[: len(found)], found, strict=True))
    yield Figure(f"match_rate_unlike_{name}", differing, f"of {len(found)} documents", "exactly 0", differing == 0)
