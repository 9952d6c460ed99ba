"""One sentence says what changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.gather.differences import _shared, one_sentence

LONG = "The first sentence stays as it is. " * 12


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("a\nb", "a\nb", ""),
        ("a\n\nb", "a\nb\n", ""),
        ("The level is two.", "The level is three.", "The level is three."),
        ("# One\n\nA", "# One\n\n## **New** [part](http://x)\n\nA", "New part"),
        ("Stay.\nGo.", "Stay.", "[Go.]"),
        (LONG + "It ends on Monday.", LONG + "It ends on Friday.", "It ends on Friday."),
        ("", "All new", "All new"),
    ],
)
def test_what_is_new_is_said_first(before: str, after: str, said: str) -> None:
    assert one_sentence(before, after) == said


@given(st.text("ab", max_size=12), st.text("ab", max_size=12))
def test_how_many_characters_two_lines_share(one: str, other: str) -> None:
    assert _shared(one, other) == max(n for n in range(len(one) + 1) if other.startswith(one[:n]))


@given(st.text(), st.text())
def test_it_fits_its_column_and_is_one_line(before: str, after: str) -> None:
    said = one_sentence(before, after)
    assert len(said) <= 300
    assert "\n" not in said


@given(st.text())
def test_the_same_text_has_no_difference(text: str) -> None:
    assert one_sentence(text, text) == ""
