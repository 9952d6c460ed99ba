"""match_rate: documents a second of one core against 1,000,000 standing queries, from text to scored matches.

The peers get the same queries and documents in the same call: mokaccino (a percolator in Rust, phrases given to it as
runs of words), and PostgreSQL with a b-tree on a pivot term and a recheck, which is the oracle: all three must find the
same profiles for every document they are given.
"""

from collections.abc import Iterator

from bench.expected import stories
from bench.figures import Figure, at_least, plain
from bench.million import loaded, seconds, standing, version
from bench.peers import Found, mokaccino_peer, postgres_peer

LAPS = 3
PEER_DOCUMENTS = 300


def run() -> Iterator[Figure]:
    """Our rate, the peers', their ratios, how many documents were compared; then our rate with stemming."""
    texts = stories()
    rate, found = _ours(texts, "")
    yield at_least("match_rate", rate, "documents/s", 4_000)
    yield plain("match_rate_matches", sum(map(len, found)) / len(found), "matches/document")
    yield from _compared("mokaccino", 40, rate, found, mokaccino_peer(standing(), texts[:PEER_DOCUMENTS]))
    yield from _compared("postgres", 15, rate, found, postgres_peer(standing(), texts[:PEER_DOCUMENTS]))
    rate, found = _ours(texts, "en")
    yield plain("match_rate_stemmed", rate, "documents/s")
    yield plain("match_rate_stemmed_matches", sum(map(len, found)) / len(found), "matches/document")


def _ours(texts: list[str], language: str) -> tuple[float, Found]:
    matcher = loaded(language=language)
    found = [set(matcher.match(version(text, language)).ids.tolist()) for text in texts]
    best = min(seconds(lambda: [matcher.match(version(text, language)) for text in texts]) for _ in range(LAPS))
    return len(texts) / best, found


def _compared(name: str, bar: float, rate: float, ours: Found, peer: tuple[float, Found]) -> Iterator[Figure]:
    theirs, found = peer
    yield plain(f"match_rate_{name}", theirs, "documents/s")
    yield at_least(f"match_rate_to_{name}", rate / theirs, "times", bar)
    differing = sum(one != other for one, other in zip(ours[: len(found)], found, strict=True))
    yield Figure(f"match_rate_unlike_{name}", differing, f"of {len(found)} documents", "exactly 0", differing == 0)
