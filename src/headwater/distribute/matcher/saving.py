"""What the parts of the engine need to put themselves into arrays with names, and to find themselves there again."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headwater.distribute.matcher.lists import Saved


class Savable(Protocol):
    """A part of the engine that can be kept."""

    def saved(self) -> Saved: ...


def joined(parts: Mapping[str, Savable]) -> Saved:
    """The arrays of several parts, each name with its part's before it."""
    return {f"{name}.{key}": array for name, part in parts.items() for key, array in part.saved().items()}


def below(saved: Saved, name: str) -> Saved:
    """The arrays of one part, under their own names."""
    return {key.removeprefix(f"{name}."): array for key, array in saved.items() if key.startswith(f"{name}.")}


def as_array(value: object) -> NDArray[np.uint8]:
    """Anything JSON can say, as an array."""
    return np.frombuffer(json.dumps(value, ensure_ascii=False).encode(), np.uint8)


def from_array(array: NDArray[np.uint8]) -> Any:
    """What `as_array` was given; tuples come back as lists."""
    return json.loads(array.tobytes())


@contextmanager
def kept_all() -> Iterator[None]:
    """While very many objects are made that all stay: looking among them for garbage takes longer than making them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
