"""A snapshot: all of a matcher in one file, so that a worker starts in a second instead of reading every profile.

It is a cache and no more: whoever finds none, or one that another version of the engine wrote, or a damaged one, loads
the profiles anew. A snapshot stands for a transaction; what came later is followed from there.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from headwater.distribute.matcher import sources_digest
from headwater.distribute.matcher.engine import Matcher
from headwater.distribute.matcher.saving import as_array, from_array

_ABOUT = "about"


def save_snapshot(matcher: Matcher, path: Path, tx: int) -> None:
    """Write all of a matcher that has followed up to `tx`. The file is there whole or not at all. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, **{_ABOUT: as_array([sources_digest(), tx])}, **matcher.saved())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load_snapshot(path: Path) -> tuple[Matcher, int] | None:
    """The matcher that was written there, and the transaction it had followed up to; None when it cannot be used."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            digest, tx = from_array(kept[_ABOUT])
            if digest != sources_digest():
                return None
            matcher = Matcher()
            matcher.restore({name: kept[name] for name in kept.files if name != _ABOUT})
            return matcher, int(tx)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
