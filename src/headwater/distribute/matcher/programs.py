"""Checks that do not fit beside a posting: programs, numbered, each in a list of its own."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.distribute.matcher.lists import Ints, Lists
from headwater.distribute.matcher.plan import PROGRAM, All, Tree, program_of

_INLINE = 3


class Programs:
    """Keeps the programs of all profiles for the kernels."""

    def __init__(self) -> None:
        self._code = Lists(3)
        self._rows = 0
        self._free: list[int] = []

    def checks(self, wanted: Sequence[Tree]) -> list[int]:
        """Three numbers that check the same as the trees do: features, absences, and at most one new program."""
        fits = len(wanted) <= _INLINE and all(isinstance(tree, int) for tree in wanted)
        inline = [tree for tree in wanted[: _INLINE if fits else _INLINE - 1] if isinstance(tree, int)]
        rest = tuple(wanted[len(inline) :])
        numbers = [*inline, self._new(rest[0] if len(rest) == 1 else All(rest))] if rest else inline
        return numbers + [0] * (_INLINE - len(numbers))

    def drop(self, checks: Sequence[int]) -> None:
        """Forget the program among these numbers, if there is one."""
        for check in checks:
            if check >= PROGRAM:
                self._code.clear(check - PROGRAM)
                self._free.append(check - PROGRAM)

    def arrays(self) -> tuple[Ints, Ints]:
        """Where each program begins, and the instructions, for the kernels."""
        return self._code.start, self._code.data

    def _new(self, tree: Tree) -> int:
        if self._free:
            row = self._free.pop()
        else:
            row, self._rows = self._rows, self._rows + 1
        self._code.fill(row, program_of(tree))
        return PROGRAM + row
