"""learned_rate: 100,000 learned interests of 100 terms each, and a stream of versions, on one core.

Times are the processor's, so that what else the machine does is not counted. Words are made up and follow
Zipf's law, as in text; interests are on what is left when the hundred commonest words are taken away, as learning
leaves them. Every hundredth version is compared with plain sums over all interests.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from bench.figures import Figure, at_most, percentile, plain
from headwater.distribute.matcher.learning import Learned
from headwater.distribute.matcher.linear import LinearProfiles
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.weighing import terms_of
from headwater.search.language.searchable import Searchable

INTERESTS = 100_000
TERMS = 100
VERSIONS = 500
LENGTH = 200
VOCABULARY = 50_000
COMMONEST = 100
CHANGES = 1_000


def run() -> Iterator[Figure]:
    """Versions a second from text to scored matches, the time of a change, and whether the oracle agrees."""
    rng = np.random.default_rng(21578)
    words = [f"w{number}" for number in range(VOCABULARY)]
    shares = 1.0 / np.arange(1, VOCABULARY + 1)
    interests = [_interest(rng, words, shares) for _ in range(INTERESTS)]
    linear = LinearProfiles()
    started = time.process_time()
    for number, learned in enumerate(interests):
        linear.put(number, learned)
    yield plain("learned_load", time.process_time() - started, f"s for {INTERESTS} interests of {TERMS} terms")
    versions = [_version(rng, words, shares) for _ in range(VERSIONS)]
    linear.match(terms_of(versions[0]))
    times, matches = list[float](), 0
    for version in (_fresh(version) for version in versions):
        began = time.process_time()
        matches += len(linear.match(terms_of(version))[0])
        times.append(time.process_time() - began)
    yield plain("learned_rate", VERSIONS / sum(times), "versions/s")
    yield plain("learned_latency_p99", 1000 * percentile(times, 0.99), "ms")
    yield plain("learned_matches", matches / VERSIONS, "matches a version")
    yield plain("learned_change", _change(linear, interests), "ms to change one interest")
    yield at_most("learned_wrong", float(_wrong(linear, interests, versions[::100])), "versions unlike the oracle", 0)


def _interest(rng: np.random.Generator, words: list[str], shares: np.ndarray) -> Learned:
    likely = shares[COMMONEST:] / shares[COMMONEST:].sum()
    drawn = np.unique(COMMONEST + rng.choice(VOCABULARY - COMMONEST, 2 * TERMS, p=likely))
    chosen = rng.permutation(drawn)[:TERMS]
    weights = rng.normal(1.0, 1.0, len(chosen)).round(3).tolist()
    return Learned(tuple((words[at], weight) for at, weight in zip(chosen, weights, strict=True)), 1.0)


def _version(rng: np.random.Generator, words: list[str], shares: np.ndarray) -> Reading:
    drawn = rng.choice(VOCABULARY, LENGTH, p=shares / shares.sum()).tolist()
    return _reading(" ".join(words[at] for at in drawn[:8]), " ".join(words[at] for at in drawn))


def _reading(title: str, text: str) -> Reading:
    return Reading(
        Searchable(1, 1, title, text, "en", "document", "news", (), (), "", datetime(2026, 1, 1, tzinfo=UTC))
    )


def _fresh(version: Reading) -> Reading:
    """The same text, not yet cut into words."""
    return _reading(version.searchable.title, version.searchable.text)


def _change(linear: LinearProfiles, interests: list[Learned]) -> float:
    started = time.process_time()
    for number in range(CHANGES):
        linear.put(number, interests[number])
    return 1000 * (time.process_time() - started) / CHANGES


def _wrong(linear: LinearProfiles, interests: list[Learned], versions: list[Reading]) -> int:
    wrong = 0
    for version in versions:
        terms = terms_of(version)
        shares = terms.shares
        expected = dict[int, float]()
        for number, learned in enumerate(interests):
            weights = {term: float(np.float32(weight)) for term, weight in learned.terms if term in shares}
            score = 0.0
            for term in shares if weights else ():
                score += weights.get(term, 0.0) * shares[term]
            if score >= learned.threshold:
                expected[number] = score
        ids, scores = linear.match(terms)
        wrong += dict(zip(ids.tolist(), scores.tolist(), strict=True)) != expected
    return wrong
