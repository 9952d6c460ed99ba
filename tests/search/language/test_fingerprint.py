"""Fingerprints: stable, near for near-copies, far for others."""

import random

import numpy as np

from headwater.search.language.fingerprint import NEAR_BITS, fingerprint, nearest

CHANCE = random.Random(3)
WORDS = [f"word{number}" for number in range(4000)]


def text(count: int = 400) -> list[str]:
    return CHANCE.choices(WORDS, k=count)


def apart(one: list[str], other: list[str]) -> int:
    left, right = fingerprint(" ".join(one)), fingerprint(" ".join(other))
    assert left is not None
    assert right is not None
    return ((left ^ right) & (2**64 - 1)).bit_count()


def test_it_is_the_same_in_every_process() -> None:
    assert fingerprint(" ".join(f"word{number}" for number in range(60))) == -8057064646578776944


def test_short_texts_have_none() -> None:
    assert fingerprint("a few words only") is None


def test_a_changed_word_is_a_near_copy() -> None:
    differences = []
    for _ in range(20):
        original = text(2000)
        differences.append(apart(original, [*original[:200], "other", *original[201:]]))
    assert sorted(differences)[18] <= NEAR_BITS


def test_another_text_is_not() -> None:
    assert min(apart(text(), text()) for _ in range(50)) > 3 * NEAR_BITS


def test_the_first_near_one_is_found() -> None:
    prints = np.array([0b1111111, 0b11, 0b1], dtype=np.int64)
    assert nearest(0, prints) == 1
    assert nearest(-1, prints) is None
    assert nearest(0, np.array([], dtype=np.int64)) is None
