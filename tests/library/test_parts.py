"""A text that is too long for one page, in parts."""

import pytest

from headwater.library.markdown import Targets, render_markdown
from headwater.library.parts import MOST, Part, part_of

PARAGRAPH = "Every word of it is read. " * 20


def parts(text: str) -> list[Part]:
    first = part_of(text, 1)
    return [part_of(text, number) for number in range(1, first.count + 1)]


def test_nearly_every_text_is_one_part() -> None:
    text = "x" * MOST
    assert part_of(text, 1) == part_of(text, 7) == Part(text)


@pytest.mark.parametrize(
    "unit",
    [
        f"{PARAGRAPH}\n\n",
        f"## A section\n\n{PARAGRAPH}\n\n",
        "| a | b |\n",
        "word ",
        "水",
        "```\ncode\n\ncode\n```\n\n",
    ],
    ids=["paragraphs", "sections", "lines", "words", "signs", "fences"],
)
def test_the_parts_are_the_text_and_none_is_too_long(unit: str) -> None:
    text = unit * (3 * MOST // len(unit) + 1)
    found = parts(text)
    assert "".join(part.text for part in found) == text
    assert [(part.number, part.count) for part in found] == [(n, 4) for n in range(1, 5)]
    assert all(len(part.text) <= MOST for part in found[:-1])
    assert all(part.text.startswith(unit.rstrip("\n ")[:9]) for part in found[1:])


def test_a_number_beyond_is_the_last_part() -> None:
    text = "word " * MOST
    assert part_of(text, 99).number == part_of(text, 1).count == 5
    assert part_of(text, 0).number == 1


def test_a_part_begins_with_a_heading_where_one_is_near() -> None:
    text = (PARAGRAPH + "\n\n") * 370 + "# The second book\n\n" + (PARAGRAPH + "\n\n") * 380
    assert part_of(text, 2).text.startswith("# The second book")


def test_a_long_fence_is_kept_together() -> None:
    fence = "```\n" + "a = 1\n\n" * 2_000 + "```\n\n"
    text = (PARAGRAPH + "\n\n") * 340 + fence + (PARAGRAPH + "\n\n") * 340
    assert part_of(text, 2).text.startswith(fence)


def test_a_part_knows_the_notes_it_names_and_where_the_other_headings_are() -> None:
    first = f"# Scope\n\nSee [the act][act] and a note.[^1] Then [limits](#limits).\n\n{PARAGRAPH}\n\n"
    last = "# Limits\n\nNone.\n\n[act]: https://law.example/act\n[^1]: As amended.\n[other]: https://other.example/\n"
    text = first + f"{PARAGRAPH}\n\n" * (MOST // len(PARAGRAPH)) + last
    part, end = part_of(text, 1), part_of(text, 2)
    assert part.definitions == "[act]: https://law.example/act\n[^1]: As amended."
    assert (part.elsewhere, end.elsewhere) == ({"s-limits": 2}, {"s-scope": 1})
    assert end.definitions == ""


def test_a_link_to_a_heading_leads_to_its_page() -> None:
    html = render_markdown("See [limits](#limits), [here](#scope).", Targets(pages={"s-limits": "?part=2"}))
    assert 'href="?part=2#s-limits"' in html
    assert 'href="#s-scope"' in html
