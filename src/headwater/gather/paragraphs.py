"""A gathered text as it is read: lines that were broken to fit a page or terminal run on to the width of the screen."""

import re
from collections.abc import Iterator
from itertools import pairwise

# A writer who breaks lines by hand breaks them about here; shorter lines are verses, addresses and tables.
_NARROWEST, _WIDEST = 45, 120
# What begins a line of its own: an item, a number, a heading, a quotation, a table's cell, or indented words.
_BEGINS = re.compile(r"[-*•–·#>|+]|\(?\w{1,3}[.)]\s|\s|[^\s:]{1,20}:\s")
# Scripts without spaces between words have no first word that could have stood on the line before.
_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0eff\u2e80-\ud7ff\uf900-\ufaff]")
_LONGEST_WORD = 30


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a text, each with its broken lines joined; only spaces and line ends differ from the text."""
    for piece in text.split("\n\n"):
        if piece.strip():
            yield joined(piece.strip("\n").rstrip())


def joined(paragraph: str) -> str:
    """A paragraph without the line ends that are there only because its line was full."""
    lines = paragraph.split("\n")
    width = max(len(line.rstrip()) for line in lines)
    if not _NARROWEST <= width <= _WIDEST:
        return paragraph
    whole = lines[0]
    for before, line in pairwise(lines):
        whole = f"{whole.rstrip()} {line}" if _is_full(before.rstrip(), line, width) else f"{whole}\n{line}"
    return whole


def _is_full(line: str, following: str, width: int) -> bool:
    """Whether the next word would not have fitted on this line, so that it had to end here."""
    word = following.split(" ", 1)[0]
    if not line or not word or len(word) > _LONGEST_WORD or "  " in line.strip():
        return False
    if _BEGINS.match(following) or _WITHOUT_SPACES.match(following):
        return False
    return len(line) + 1 + len(word) > width or (following[0].islower() and _breaks_off(line, width))


def _breaks_off(line: str, width: int) -> bool:
    """Whether a line that is nearly full stops inside a sentence: letters of a printed page differ in their width."""
    return len(line) > 0.7 * width and line[-1] not in ".:;!?"
