"""Three texts made into one: what two people made of the same base, and where they disagree. Plain Python.

merge("a\\n\\nb\\n", "A\\n\\nb\\n", "a\\n\\nB\\n").text       ->  "A\\n\\nB\\n"
"""

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.library.aligning import aligned
from headwater.library.difference import Block, blocks


@dataclass(frozen=True)
class Piece:
    """A stretch that is settled (`text`), or a conflict: both changed the same place, each in their own way."""

    text: str = ""
    is_conflict: bool = False
    base: str = ""
    mine: str = ""
    theirs: str = ""
    section: str = ""


@dataclass(frozen=True)
class Merge:
    """The pieces in order."""

    pieces: tuple[Piece, ...]

    @property
    def conflicts(self) -> list[Piece]:
        """Where a person must decide."""
        return [piece for piece in self.pieces if piece.is_conflict]

    @property
    def text(self) -> str:
        """The merged text; at a conflict both, theirs first, so that nothing is lost whoever saves it unseen."""
        return self.resolved(["both"] * len(self.conflicts))

    def resolved(self, choices: Sequence[str]) -> str:
        """The text with each conflict decided in order by "mine", "theirs" or "both". Raises `ValueError` otherwise."""
        if len(choices) != len(self.conflicts) or not set(choices) <= {"mine", "theirs", "both"}:
            raise ValueError("one choice for each conflict: mine, theirs or both")
        left = iter(choices)
        return "".join(_chosen(piece, next(left)) if piece.is_conflict else piece.text for piece in self.pieces)


def merge(base: str, mine: str, theirs: str) -> Merge:
    """Put two descendants of `base` together, block by block."""
    source, one, other = blocks(base), blocks(mine), blocks(theirs)
    match_one, match_other = _matches(source, one), _matches(source, other)
    pieces: list[Piece] = []
    at = at_one = at_other = 0
    anchors = [n for n in range(len(source)) if n in match_one and n in match_other]
    for anchor in [*anchors, len(source)]:
        to_one = match_one.get(anchor, len(one))
        to_other = match_other.get(anchor, len(other))
        section = source[min(at, len(source) - 1)].section if source else ""
        pieces += _settled(source[at:anchor], one[at_one:to_one], other[at_other:to_other], section)
        if anchor < len(source):
            pieces.append(Piece(_spaced(source[anchor].text, one[to_one].text, other[to_other].text)))
        at, at_one, at_other = anchor + 1, to_one + 1, to_other + 1
    return Merge(tuple(pieces))


def _matches(old: Sequence[Block], new: Sequence[Block]) -> dict[int, int]:
    """Which block of the new text each unchanged block of the old one became; both run upwards."""
    found = aligned([block.key for block in old], [block.key for block in new])
    return {a + n: c + n for tag, a, b, c, _d in found if tag == "equal" for n in range(b - a)}


def _spaced(was: str, one: str, other: str) -> str:
    """A block all three have: with the blank lines of whoever changed them, or the more of them."""
    if one == was:
        return other
    return one if other == was else max(one, other, key=len)


def _settled(base: Sequence[Block], mine: Sequence[Block], theirs: Sequence[Block], section: str) -> list[Piece]:
    was, one, other = ("".join(block.text for block in side) for side in (base, mine, theirs))
    if one == other or other == was:
        return [Piece(one)] if one else []
    if one == was:
        return [Piece(other)] if other else []
    return [Piece("", True, was, one, other, section)]


def _chosen(piece: Piece, choice: str) -> str:
    if choice == "both" and piece.theirs and piece.mine:
        gap = "\n\n" if not piece.theirs.endswith("\n") else "\n" if not piece.theirs.endswith("\n\n") else ""
        return f"{piece.theirs}{gap}{piece.mine}"
    return {"mine": piece.mine, "theirs": piece.theirs, "both": piece.theirs + piece.mine}[choice]
