"""Globs, by what is literal in them: a path is tried against those alone that could find it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headwater.distribute.matcher.conditions import PathSpec
from headwater.distribute.matcher.reading import Reading
from headwater.search.language.paths import compiled, framed, literals

_SIZES = (8, 4, 2, 1)
_Held = dict[int, tuple[str, list[str]]]


class PathIndex:
    """Each glob lies under one piece of what is literal in it, of those there are the one that fewest lie under.

    A path is cut into its pieces of these sizes and looks where they lead, so what tells globs apart may stand anywhere
    in them. Each is compiled when it is first tried, and stays so as long as it is asked for.
    """

    def __init__(self) -> None:
        self._held: dict[int, dict[str, _Held]] = {size: {} for size in _SIZES}
        self._anywhere: _Held = {}
        self._pieces: dict[int, str] = {}
        self._compiled: dict[int, re.Pattern[str]] = {}

    def add(self, feature: int, spec: PathSpec) -> None:
        """Let paths that match bring the feature."""
        wanted = sorted(literals(spec.pattern), key=len, reverse=True)
        piece = self._pieces[feature] = self._piece(wanted)
        if not piece:
            self._anywhere[feature] = spec.pattern, wanted
            return
        held = self._held[len(piece)]
        held.setdefault(piece, {})[feature] = spec.pattern, wanted

    def drop(self, feature: int, spec: PathSpec) -> None:
        """Undo `add`."""
        self._compiled.pop(feature, None)
        piece = self._pieces.pop(feature)
        if not piece:
            del self._anywhere[feature]
            return
        held = self._held[len(piece)]
        del held[piece][feature]
        if not held[piece]:
            del held[piece]

    def find(self, reading: Reading) -> Iterator[int]:
        """The features present."""
        path = reading.searchable.path.lstrip("/")
        if not path or not self._pieces:
            return
        text = framed(path)
        for held in self._could_find(text):
            for feature, (pattern, wanted) in held.items():
                for stretch in wanted:
                    if stretch not in text:
                        break
                else:
                    if self._expression(feature, pattern).fullmatch(path):
                        yield feature

    def _could_find(self, text: str) -> Iterator[_Held]:
        if self._anywhere:
            yield self._anywhere
        for size, held in self._held.items():
            if held:
                pieces = {text[at : at + size] for at in range(len(text) - size + 1)}
                for piece in held.keys() & pieces:
                    yield held[piece]

    def _piece(self, wanted: list[str]) -> str:
        """The piece to lie under: the largest there are, so that few paths have it; "" if nothing is literal."""
        if not wanted:
            return ""
        size = next(size for size in _SIZES if size <= len(wanted[0]))
        held = self._held[size]
        pieces = (run[at : at + size] for run in wanted for at in range(len(run) - size + 1))
        return min(pieces, key=lambda piece: len(held.get(piece, ())))

    def _expression(self, feature: int, pattern: str) -> re.Pattern[str]:
        found = self._compiled.get(feature)
        if found is None:
            found = self._compiled[feature] = compiled(pattern)
        return found
