"""A snapshot: arrays with names in one file, so that a worker starts in a second instead of reading every profile.

It is a cache and no more: whoever finds none, or one that another version wrote, or a damaged one, loads the profiles
anew. A file is the arrays as numpy keeps them, each with its checksum, and `about`: whatever JSON can say.
"""

from __future__ import annotations

import json
import os
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from headwater.distribute.matcher import sources_digest
from headwater.distribute.matcher.lists import Saved
from headwater.distribute.matcher.saving import as_array, from_array
from headwater.search import language

_ABOUT = "about"


class Unusable(Exception):
    """A snapshot cannot be used; why, in words that follow “it”."""


def write_snapshot(path: Path, kept: Saved, about: object) -> None:
    """Write a file that only its owner can read, down to the disk. Raises `OSError`; what was there is overwritten."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        np.savez(file, allow_pickle=False, **{_ABOUT: as_array([written_by(), about])}, **kept)
        file.flush()
        os.fsync(file.fileno())


def read_snapshot(path: Path) -> tuple[Any, Saved]:
    """What it is about, and the arrays. Raises `Unusable`."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            harmed = kept.zip.testzip()  # before anything is made of what it says
            if harmed is not None:
                raise Unusable(f"is damaged: {harmed}")
            by, about = from_array(kept[_ABOUT])
            if by != written_by():
                raise Unusable("was written by another version")
            return about, {name: kept[name] for name in kept.files if name != _ABOUT}
    except Unusable:
        raise
    except Exception as error:  # whatever a damaged file, or one that is none, makes the libraries stumble over
        raise Unusable(f"cannot be read: {error}") from error


@cache
def written_by() -> str:
    """Differs whenever the engine does, or what makes words of texts and queries: words are kept by their stems."""
    assert language.__file__ is not None
    sources = sorted(Path(language.__file__).parent.glob("*.py"))
    parts = [sources_digest(), version("tantivy"), *(source.read_text("utf-8") for source in sources)]
    return sha256(json.dumps(parts).encode()).hexdigest()[:16]
