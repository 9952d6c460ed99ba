"""Differences: nothing is lost, nothing is invented, and what is shown is what a reader would call the change."""

import random
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.library.difference import MOST_LETTERS, MOST_PAIRED, MOST_SHOWN, Change, blocks, compare, words

LINES = st.sampled_from(
    [
        "# One",
        "## Two",
        "text here.",
        "other text. And more.",
        "",
        "",
        "- item",
        "- other",
        "1. step",
        "```",
        "| a | b |",
        "> q",
        "  ",
        "é 水 x",
    ]
)
TEXTS = st.one_of(st.lists(LINES, max_size=30).map("\n".join), st.text(max_size=200))


@given(TEXTS)
def test_blocks_are_the_text(text: str) -> None:
    assert "".join(block.text for block in blocks(text)) == text


@settings(max_examples=300)
@given(TEXTS, TEXTS)
def test_both_texts_come_back(old: str, new: str) -> None:
    difference = compare(old, new)
    assert difference.old_text == old
    assert difference.new_text == new


@given(st.text(max_size=80), st.text(max_size=80))
def test_both_sides_of_a_block_come_back(old: str, new: str) -> None:
    spans = words(old, new)
    assert "".join(span.text for span in spans if span.kind != "added") == old
    assert "".join(span.text for span in spans if span.kind != "removed") == new


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert compare(text, text).changes == ()
    assert all(row.kind == "same" for row in compare(text, text).rows)


@given(TEXTS, TEXTS)
def test_no_change_means_the_same_words(old: str, new: str) -> None:
    if not compare(old, new).changes:
        assert old.split() == new.split()


@given(TEXTS, TEXTS, st.integers(0, 3))
def test_condensing_loses_no_change(old: str, new: str, around: int) -> None:
    difference = compare(old, new)
    condensed = difference.condensed(around)
    assert [row for row in condensed if row.kind not in ("same", "gap")] == [
        row for row in difference.rows if row.kind != "same"
    ]
    assert sum(row.skipped or 1 for row in condensed) == len(difference.rows)


def shown(change: Change) -> str:
    marks = {"same": "{}", "removed": "[-{}-]", "added": "[+{}+]"}
    return "".join(marks[span.kind].format(span.text) for span in change.spans)


PROCEDURE = """## 3 · Air

The supervisor tests before anyone goes in. Test at the top, then below.

Everyone leaves at once when oxygen is under 19.0 %. Nobody goes back for tools.

## 5 · If something goes wrong

They call first, then **winch**.
"""


@pytest.mark.parametrize(
    "before, after, expected",
    [
        (
            "before anyone goes in.",
            "before anyone goes in and until the last person is out.",
            ["changed 3 · Air: The supervisor tests before anyone goes in[+ and until the last person is out+]."],
        ),
        ("19.0 %", "19.5 %", ["changed 3 · Air: Everyone leaves at once when oxygen is under [-19.0-][+19.5+] %."]),
        (
            "They call first",
            "The person at the top holds the line.\n\nThey call first",
            ["added 5 · If something goes wrong: [+The person at the top holds the line.+]"],
        ),
        (
            "They call first, then **winch**.\n",
            "",
            ["removed 5 · If something goes wrong: [-They call first, then winch.-]"],
        ),
        ("winch", "lift", ["changed 5 · If something goes wrong: They call first, then [-winch-][+lift+]."]),
        ("## 3 · Air", "## 3 · Bad air", ["changed 3 · Bad air: 3 · [-Air-][+Bad air+]"]),
        (
            "first, then **winch**",
            "first, then winch",
            ["changed 5 · If something goes wrong: They call first, then [-**-]winch[-**-]."],
        ),
        ("\n\nEveryone", "\n\n\nEveryone", []),
    ],
)
def test_what_a_reader_is_shown(before: str, after: str, expected: list[str]) -> None:
    difference = compare(PROCEDURE, PROCEDURE.replace(before, after))
    assert [f"{change.kind} {change.section}: {shown(change)}" for change in difference.changes] == expected


def test_changes_are_numbered_and_sections_named_once() -> None:
    difference = compare(
        PROCEDURE, PROCEDURE.replace("19.0", "19.5").replace("before anyone", "until anyone").replace("winch", "lift")
    )
    assert [change.number for change in difference.changes] == [1, 2, 3]
    assert difference.sections == ["3 · Air", "5 · If something goes wrong"]


def test_an_unlike_paragraph_is_one_gone_and_one_come() -> None:
    difference = compare("Pumps are serviced in May.\n", "Nobody enters a culvert alone at night.\n")
    assert sorted(row.kind for row in difference.rows) == ["added", "removed"]


def test_a_fence_is_one_block() -> None:
    assert [block.text for block in blocks("```\na\n\n# b\n```\nafter\n")] == ["```\na\n\n# b\n```\n", "after\n"]


def test_list_items_and_table_rows_are_blocks_of_their_own() -> None:
    assert len(blocks("- a\n- b\n  more b\n\n| x | y |\n|---|---|\n| 1 | 2 |\n")) == 5


def test_a_long_text_is_compared_in_time() -> None:
    chance = random.Random(1)
    lines = [" ".join(chance.choices(["air", "pump", "gate", "crew", "permit", "line"], k=12)) for _ in range(4000)]
    changed = [line if chance.random() > 0.02 else line.replace("pump", "valve") for line in lines]
    started = time.perf_counter()
    difference = compare("\n\n".join(lines), "\n\n".join(changed))
    assert time.perf_counter() - started < 10
    assert difference.new_text == "\n\n".join(changed)


# --- Texts as long as a shelf of books --------------------------------------------------------------------------------

SHELF = [f"Paragraph {n} is about pump {n} and what it lifts in an hour of rain." for n in range(5_000)]


def together(paragraphs: list[str]) -> str:
    return "\n\n".join(paragraphs)


def test_of_a_shelf_every_paragraph_is_aligned() -> None:
    changed = [each.replace("rain", "snow") if n % 1_000 == 7 else each for n, each in enumerate(SHELF)]
    difference = compare(together(SHELF), together([*changed[:2_500], "New in the middle.", *changed[2_500:]]))
    assert [row.kind for row in difference.rows if row.kind != "same"] == [*["changed"] * 3, "added", *["changed"] * 2]
    assert not difference.is_cut


def test_paragraphs_that_moved_are_not_compared_with_all_others() -> None:
    moved = random.Random(3).sample(SHELF, len(SHELF))
    difference = compare(together(SHELF), together(moved))
    assert (difference.old_text, difference.new_text) == (together(SHELF), together(moved))


def test_where_everything_changed_the_words_of_the_first_are_compared() -> None:
    new = [f"{each} Twice." for each in SHELF]
    difference = compare(together(SHELF), together(new))
    kept = [any(span.kind == "same" for span in row.spans) for row in difference.rows]
    compared = kept.index(False)
    assert 0 < compared < len(SHELF) == difference.count
    assert kept == [True] * compared + [False] * (len(SHELF) - compared)
    assert sum(len(block) + 2 for block in new[:compared]) == pytest.approx(MOST_PAIRED, abs=1_000)
    assert difference.new_text == together(new)


def test_of_more_changes_than_anybody_reads_the_first_are_shown() -> None:
    difference = compare("", together(SHELF))
    assert (difference.count, difference.is_cut, len(difference.changes)) == (len(SHELF), True, MOST_SHOWN)
    condensed = difference.condensed()
    assert len([row for row in condensed if row.kind == "added"]) == len(condensed) == MOST_SHOWN


def test_a_paragraph_that_goes_on_for_pages_is_compared_sentence_by_sentence() -> None:
    long = " ".join(SHELF)
    (change,) = compare(long, long.replace("pump 4321 and", "weir 4321 and")).changes
    assert shown(change) == "Paragraph 4321 is about [-pump-][+weir+] 4321 and what it lifts in an hour of rain."
    assert "".join(block.text for block in blocks(long)) == long


def test_of_a_change_without_a_sentence_two_pages_are_shown() -> None:
    (change,) = compare("", "word " * 10_000).changes
    (row,) = compare("", "word " * 10_000).condensed()
    assert {len(span.text) for span in (*change.spans, *row.right)} == {MOST_LETTERS + 2}


def test_real_pages_come_back(data: Path) -> None:
    pages = sorted((data / "handbook-18f" / "pages").rglob("*.md"))[:60]
    texts = [page.read_text(encoding="utf-8", errors="replace") for page in pages]
    for old, new in pairwise(texts):
        difference = compare(old, new)
        assert (difference.old_text, difference.new_text) == (old, new)
