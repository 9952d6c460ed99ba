"""Stories and standing queries where the real data are missing: made by chance, but alike in all that matching costs.

The figures here are those of the real ones. Few words are very frequent and most are rare; half of a story's words are
some that it had before, and what a query asks for is taken from other stories than those it is held against.
"""

import math
import random
from collections import Counter
from collections.abc import Iterator

_STEMS, _ENDINGS = 8_000, ("", "s", "ing")
_WORDS, _EVEN = _STEMS * len(_ENDINGS), 1.7  # how many there are; the most frequent are rarer than by Zipf's law
_LENGTH, _SPREAD, _SHORTEST, _LONGEST = 107, 0.8, 20, 1_000  # words of a story: median, deviation of the logarithm
_AGAIN = 0.25  # of a story's words are drawn from those it has
_FROM = 4_000  # stories that queries are drawn from
_KINDS = {"A": 0.485, "O": 0.260, "P": 0.147, "N": 0.108}
_SIZES = {"A": (2, 3, 4), "O": (2, 3, 4), "P": (2, 2, 2, 3, 3), "N": (3,)}
_MOST = {"A": 0.13, "N": 0.13, "O": 0.0125}  # share of the stories: what is in more is not asked for


def stories(seed: int, wanted: int) -> list[str]:
    """So many stories, always the same."""
    chance = random.Random(seed)
    return [" ".join(_story(chance)) for _ in range(wanted)]


def _story(chance: random.Random) -> list[str]:
    length = int(chance.lognormvariate(math.log(_LENGTH), _SPREAD))
    words: list[str] = []
    for _ in range(min(max(length, _SHORTEST), _LONGEST)):
        words.append(chance.choice(words) if words and chance.random() < _AGAIN else _word(_rank(chance)))
    return words


def _rank(chance: random.Random) -> int:
    """How many words are more frequent than the one drawn."""
    return int(_EVEN * ((_WORDS / _EVEN + 1) ** chance.random() - 1))


def _word(rank: int) -> str:
    """A short one for a frequent word; rare ones are forms of others."""
    stem, ending = rank % _STEMS, _ENDINGS[rank // _STEMS]
    syllables = ""
    while stem or not syllables:
        stem, syllable = divmod(stem, 100)
        syllables += "bcdfghklmnprstvwxzjq"[syllable // 5] + "aeiou"[syllable % 5]
    return f"{syllables}n{ending}"


def queries() -> Iterator[tuple[str, tuple[str, ...]]]:
    """The kind of each, and its words: neighbours for a phrase, else any, the oftener they stand there the likelier."""
    chance, texts = random.Random(2), [text.split() for text in stories(3, _FROM)]
    within = Counter(word for text in texts for word in set(text))
    while True:
        kind, text = chance.choices(list(_KINDS), list(_KINDS.values()))[0], chance.choice(texts)
        size = chance.choice(_SIZES[kind])
        if kind == "P":
            start = chance.randrange(len(text) - size + 1)
            words = text[start : start + size]
        else:
            rare = [word for word in text if within[word] <= _MOST[kind] * _FROM]
            words = chance.choices(rare, k=size) if rare else []
        if len(set(words)) == size:
            yield kind, tuple(words)
