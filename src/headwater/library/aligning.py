"""What two sequences have in common, in order: the words of two paragraphs, the blocks of two texts. Plain Python."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

MOST_AT_ONCE = 2_000
"""Of more, difflib takes minutes where much differs; they are divided first."""

Step = tuple[str, int, int, int, int]
"""As difflib's opcodes: tag, from and to in the old sequence, from and to in the new one."""


def steps(old: Sequence[str], new: Sequence[str]) -> list[Step]:
    """difflib's steps, with the equal ends taken off first: most versions differ in little."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    inner = SequenceMatcher(None, old[start : len(old) - end], new[start : len(new) - end], autojunk=len(old) > 2000)
    found: list[Step] = [(tag, a + start, b + start, c + start, d + start) for tag, a, b, c, d in inner.get_opcodes()]
    if start:
        found.insert(0, ("equal", 0, start, 0, start))
    if end:
        found.append(("equal", len(old) - end, len(old), len(new) - end, len(new)))
    return found


def aligned(old: Sequence[str], new: Sequence[str]) -> list[Step]:
    """The steps of sequences of any length.

    Long ones are divided where the same stands once in each ("patience diff", by Bram Cohen); what is still long after
    that has nothing to hold on to, and counts as replaced.
    """
    if max(len(old), len(new)) <= MOST_AT_ONCE:
        return steps(old, new)
    found: list[Step] = []
    a = c = 0
    for b, d in [*_anchors(old, new), (len(old), len(new))]:
        found += _between(old, new, a, b, c, d)
        if b < len(old):
            found.append(("equal", b, b + 1, d, d + 1))
        a, c = b + 1, d + 1
    return found


def _between(old: Sequence[str], new: Sequence[str], a: int, b: int, c: int, d: int) -> Iterator[Step]:
    if max(b - a, d - c) > MOST_AT_ONCE:
        yield "replace", a, b, c, d
    elif a < b or c < d:
        yield from ((tag, a + p, a + q, c + r, c + s) for tag, p, q, r, s in steps(old[a:b], new[c:d]))


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Places in both of what stands once in each, as many as follow one another in both."""
    here, there = _once(old), _once(new)
    return _rising([(here[item], at) for item, at in there.items() if item in here])


def _once(items: Sequence[str]) -> dict[str, int]:
    counts = Counter(items)
    return {item: at for at, item in enumerate(items) if counts[item] == 1}


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs, of which the second numbers rise, in which the first ones do too."""
    lowest: list[int] = []  # by the length of a run: the lowest number that one so long ends with, and whose it is
    whose: list[int] = []
    before: list[int] = []
    for number, (first, _second) in enumerate(pairs):
        at = bisect_left(lowest, first)
        before.append(whose[at - 1] if at else -1)
        lowest[at : at + 1], whose[at : at + 1] = [first], [number]
    run, number = list[tuple[int, int]](), whose[-1] if whose else -1
    while number >= 0:
        run.append(pairs[number])
        number = before[number]
    return run[::-1]
