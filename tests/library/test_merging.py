"""Merging: what only one changed is taken, what both changed alike is taken once, and the rest is for people."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.library.merging import merge

PARTS = st.lists(st.sampled_from(["# One", "a", "b", "c", "- d", "- e", "", "f g h"]), max_size=12).map(
    lambda lines: "\n\n".join(lines) + "\n"
)


@settings(max_examples=200)
@given(PARTS, PARTS)
def test_what_one_wrote_alone_is_taken_whole(base: str, text: str) -> None:
    assert merge(base, base, text).text == text
    assert merge(base, text, base).text == text
    assert merge(base, text, text).text == text


@settings(max_examples=200)
@given(PARTS, PARTS, PARTS)
def test_choosing_one_side_or_the_other_is_mirrored(base: str, mine: str, theirs: str) -> None:
    one, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert len(one.conflicts) == len(other.conflicts)
    count = len(one.conflicts)
    assert one.resolved(["mine"] * count) == other.resolved(["theirs"] * count)


@settings(max_examples=200)
@given(PARTS, PARTS, PARTS)
def test_nothing_new_that_anybody_wrote_is_lost(base: str, mine: str, theirs: str) -> None:
    kept = merge(base, mine, theirs).text.split()
    for text in (mine, theirs):
        for word in set(text.split()) - set(base.split()):
            assert word in kept


def test_changes_in_different_places_need_nobody() -> None:
    merged = merge("One.\n\nTwo.\n\nThree.\n", "One, mine.\n\nTwo.\n\nThree.\n", "One.\n\nTwo.\n\nThree, theirs.\n")
    assert merged.conflicts == []
    assert merged.text == "One, mine.\n\nTwo.\n\nThree, theirs.\n"


def test_both_adding_at_the_end_is_one_conflict_and_both_can_stay() -> None:
    merged = merge("Rig.\n", "Rig.\n\nHis.\n", "Rig.\n\nHers.\n")
    (conflict,) = merged.conflicts
    assert (conflict.mine, conflict.theirs) == ("His.\n", "Hers.\n")
    assert merged.resolved(["both"]) == "Rig.\n\nHers.\n\nHis.\n"
    assert merged.resolved(["mine"]) == "Rig.\n\nHis.\n"


def test_a_conflict_knows_its_section() -> None:
    merged = merge("# Air\n\nTest.\n", "# Air\n\nTest once.\n", "# Air\n\nTest twice.\n")
    assert [conflict.section for conflict in merged.conflicts] == ["Air"]


@pytest.mark.parametrize("choices", [[], ["neither"], ["mine", "mine"]])
def test_each_conflict_wants_one_choice(choices: list[str]) -> None:
    with pytest.raises(ValueError, match="one choice"):
        merge("a\n", "b\n", "c\n").resolved(choices)
