"""Fingerprints of texts: 64 bits of which near-copies share nearly all (simhash over runs of three words)."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from headwater.search.language.analyzer import surfaces

# Two texts whose fingerprints differ in at most so many bits are near-copies; unrelated ones differ in about 32.
NEAR_BITS = 3
# A form letter's few words say too little: with fewer, every short note would be a near-copy of another.
LEAST_WORDS = 40
_RUN = 3


class _Hashes(dict[str, int]):
    """Words to 64 bits that are the same in every process."""

    def __missing__(self, word: str) -> int:
        if len(self) >= 400_000:
            self.clear()
        data = word.encode("utf-8", "replace")
        value = self[word] = zlib.crc32(data) << 32 | zlib.crc32(data, 0x9E3779B9)
        return value


_hashes = _Hashes()


def fingerprint(text: str) -> int | None:
    """The fingerprint of a text as a signed 64-bit number; None for a text too short to tell copies by."""
    words = surfaces(text)
    if len(words) < LEAST_WORDS:
        return None
    hashed = np.fromiter(map(_hashes.__getitem__, words), dtype=np.uint64, count=len(words))
    runs = hashed[: len(words) - _RUN + 1].copy()
    for step in range(1, _RUN):
        runs = _mixed(runs * np.uint64(0x9E3779B97F4A7C15) + hashed[step : len(words) - _RUN + 1 + step])
    ones = np.unpackbits(runs.view(np.uint8).reshape(-1, 8), axis=1, bitorder="little").sum(axis=0)
    bits = np.packbits(ones * 2 > len(runs), bitorder="little")
    return int(bits.view(np.int64)[0])


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the input spread over the whole number."""
    values ^= values >> np.uint64(33)
    values *= np.uint64(0xFF51AFD7ED558CCD)
    values ^= values >> np.uint64(33)
    return values


def nearest(wanted: int, among: NDArray[np.int64]) -> int | None:
    """The index of the first fingerprint of which `wanted` is a near-copy; None when there is none."""
    different = np.bitwise_count((among ^ np.int64(wanted)).view(np.uint64))
    found = np.flatnonzero(different <= NEAR_BITS)
    return int(found[0]) if len(found) else None
