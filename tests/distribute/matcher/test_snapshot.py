"""A file of a matcher's arrays: it is read as it was written, or refused, whatever happened to it."""

import random
from pathlib import Path

import numpy as np
import pytest

from headwater.distribute.matcher.engine import Matcher
from headwater.distribute.matcher.lists import Saved
from headwater.distribute.matcher.snapshot import Unusable, read_snapshot, write_snapshot
from headwater.search.language.parser import parse

ABOUT = {"tx": 7}
DIRECTORY = b"PK\x01\x02"  # begins an entry of a zip file's directory; eight bytes on is a bit for what is encrypted


@pytest.fixture
def kept() -> Saved:
    matcher = Matcher()
    matcher.put(1, parse("a NEAR b OR path:docs/* topic:x"))
    return matcher.saved()


@pytest.fixture
def file(tmp_path: Path, kept: Saved) -> Path:
    write_snapshot(tmp_path / "kept", kept, ABOUT)
    return tmp_path / "kept"


def agrees_or_is_refused(file: Path, kept: Saved) -> bool:
    """Whether it was read; then it says what it said."""
    try:
        about, read = read_snapshot(file)
    except Unusable:
        return False
    assert about == ABOUT
    assert read.keys() == kept.keys()
    assert all(np.array_equal(read[name], kept[name]) for name in kept)
    return True


def test_it_is_read_as_it_was_written(file: Path, kept: Saved) -> None:
    assert agrees_or_is_refused(file, kept)


def test_whatever_bit_is_wrong(file: Path, kept: Saved) -> None:
    raw, chance = file.read_bytes(), random.Random(5)
    for _ in range(300):
        harmed = bytearray(raw)
        harmed[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        file.write_bytes(harmed)
        agrees_or_is_refused(file, kept)


@pytest.mark.parametrize("length", [0, 1, 30, 400, -1, -30])
def test_cut_off(file: Path, kept: Saved, length: int) -> None:
    file.write_bytes(file.read_bytes()[:length])
    assert not agrees_or_is_refused(file, kept)


def test_marked_as_encrypted(file: Path, kept: Saved) -> None:
    harmed = bytearray(file.read_bytes())
    harmed[harmed.rindex(DIRECTORY) + 8] |= 1
    file.write_bytes(harmed)
    assert not agrees_or_is_refused(file, kept)
