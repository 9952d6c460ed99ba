"""What two sequences have in common, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.library import aligning
from headwater.library.aligning import Step, aligned

ITEMS = st.lists(st.sampled_from("abcdefghijkl"), max_size=30)


def check(found: list[Step], old: list[str], new: list[str]) -> None:
    """The steps go through both sequences once, and what is said to be equal is."""
    a = c = 0
    for tag, start, end, first, last in found:
        assert (start, first) == (a, c)
        assert (old[start:end] == new[first:last]) or tag != "equal"
        a, c = end, last
    assert (a, c) == (len(old), len(new))


@given(ITEMS, ITEMS, st.integers(0, 8))
def test_steps_lead_from_one_to_the_other(old: list[str], new: list[str], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aligning, "MOST_AT_ONCE", most)
        check(aligned(old, new), old, new)


def test_long_sequences_are_divided_where_the_same_stands_once_in_each() -> None:
    old = [str(n) for n in range(3 * aligning.MOST_AT_ONCE)]
    new = ["new", *old[:4_000], "also new", *old[4_000:]]
    kept = sum(end - start for tag, start, end, _first, _last in aligned(old, new) if tag == "equal")
    assert kept == len(old)


def test_what_has_nothing_to_hold_on_to_counts_as_replaced() -> None:
    count = aligning.MOST_AT_ONCE + 1
    assert aligned(["a", "b"] * count, ["b", "c"] * count) == [("replace", 0, 2 * count, 0, 2 * count)]
