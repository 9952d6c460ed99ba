"""A text that is too long for one page, in parts: a book of a thousand pages is read chapter by chapter.

    part_of(text, 3)  -> its third part; of nearly every text there is one, the whole

Parts end where the text breaks off by itself: before a heading, else at an empty line, a line's end, a space. A fence
is not torn apart, unless it is as long as a tenth of a part. No database.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.core.paginator import Page, Paginator

from headwater.library.markdown import ANCHOR, slug

MOST = 200_000
"""Letters of a part: some seventy printed pages, which a browser lays out at once. Of a million words it makes thirty
parts; as one page they are megabytes, over which a browser stands still for many seconds."""
_ROOM = 20_000  # letters before the even border in which a better one is looked for
_BREAKS = tuple(map(re.compile, (r"\n(?=#{1,6}[ \t])", r"\n[ \t]*\n", r"\n", r"\s")))
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*)$", re.MULTILINE)
_LINKED = re.compile(r"\[[^\[\]\n]{1,200}\]")
_DEFINITION = re.compile(r"^ {0,3}(\[[^\]\n]{1,200}\]):[ \t]*\S.*$", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """A stretch of a text, its number from 1 on, and how many there are.

    `definitions` are those lines of other parts that say what its `[links]` and `[^notes]` mean; `elsewhere` says of
    the anchors of other parts' headings in which part they are, of equal ones the first.
    """

    text: str
    number: int = 1
    count: int = 1
    definitions: str = ""
    elsewhere: Mapping[str, int] = field(default_factory=dict)

    @property
    def page(self) -> Page[int]:
        """The part among all, as lists are paged."""
        return Paginator(range(1, self.count + 1), 1).page(self.number)


def part_of(text: str, number: int) -> Part:
    """That part of the text; the nearest one that there is."""
    if len(text) <= MOST:
        return Part(text)
    edges = _edges(text)
    number = min(max(number, 1), len(edges) - 1)
    start, end = edges[number - 1], edges[number]
    return Part(
        text[start:end], number, len(edges) - 1, _definitions(text, start, end), _elsewhere(text, edges, number)
    )


def _edges(text: str) -> list[int]:
    """Where the parts begin, about equally long, and where the last one ends."""
    count = -(-len(text) // MOST)
    fences = [found.start() for found in _FENCE.finditer(text)]
    return [0, *(_edge(text, at * len(text) // count, fences) for at in range(1, count)), len(text)]


def _edge(text: str, at: int, fences: list[int]) -> int:
    before = bisect_left(fences, at)
    if before % 2 and at - fences[before - 1] < _ROOM:  # inside a fence: before it
        return fences[before - 1]
    room = text[at - _ROOM : at]
    for sign in _BREAKS:
        if found := list(sign.finditer(room)):
            return at - _ROOM + found[-1].end()
    return at


def _definitions(text: str, start: int, end: int) -> str:
    here = set(_LINKED.findall(text, start, end))
    others = (found for found in _DEFINITION.finditer(text) if not start <= found.start() < end)
    return "\n".join(found.group() for found in others if found.group(1) in here)


def _elsewhere(text: str, edges: list[int], here: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for heading in _HEADING.finditer(text):
        found.setdefault(ANCHOR + slug(heading.group(1).rstrip(" \t#")), bisect_right(edges, heading.start()))
    return {anchor: number for anchor, number in found.items() if number != here}
