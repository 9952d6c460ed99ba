"""Texts that no reader would call one, each different from the one before."""

import random
from collections.abc import Callable, Iterator

WORDS = 2_000
LETTERS = 1_000_000
CONTROLS = 100_000
_ROMAN = "abcdefghijklmnopqrstuvwxyz"
_CONTROL = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
_EMOJI = "".join(map(chr, range(0x1F600, 0x1F650)))
_SPACED = tuple(
    "".join(map(chr, range(first, last)))
    for first, last in ((0x3B1, 0x3CA), (0x430, 0x450), (0x627, 0x63B), (0x905, 0x93A))
)
_CHINESE = "".join(map(chr, range(0x4E00, 0x9000)))


def odd_texts(seed: str, laps: int) -> Iterator[tuple[str, list[str]]]:
    """The name of each kind, and so many of it."""
    chance = random.Random(seed)
    for name, make in _KINDS.items():
        yield name, [make(chance) for _ in range(laps)]


def _long_word(chance: random.Random) -> str:
    """Words are told apart by what they begin with."""
    beginning = _drawn(chance, _ROMAN, 100)
    return beginning + "a" * (LETTERS - len(beginning))


def _five_scripts(chance: random.Random) -> str:
    """Greek, Cyrillic, Arabic, Devanagari, and Chinese, of which each character begins a word."""
    runs, words = [], 0
    while words < WORDS:
        length = chance.randint(3, 9)
        for letters in _SPACED:
            runs.append(_drawn(chance, letters, length))
        words += len(_SPACED)
        rest = WORDS - words
        runs.append(_drawn(chance, _CHINESE, length if rest - length > len(_SPACED) else rest))
        words += len(runs[-1])
    return " ".join(runs)


def _drawn(chance: random.Random, letters: str, length: int) -> str:
    return "".join(chance.choices(letters, k=length))


_KINDS: dict[str, Callable[[random.Random], str]] = {
    "long_word": _long_word,
    "control_characters": lambda chance: _drawn(chance, _CONTROL, CONTROLS),
    "five_scripts": _five_scripts,
    "empty": lambda _chance: "",
    "emoji": lambda chance: _drawn(chance, _EMOJI, WORDS),
}
