"""Lines that were broken only because they were full are joined; all others stay as they were written."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.gather.paragraphs import joined, paragraphs

TOLD = (
    "The driver saw him in the mirror and stopped the excavator at once, because the banksman had stepped behind the "
    "counterweight to pick up a shackle that had fallen from the sling during the lift before noon."
)


@pytest.mark.parametrize("width", [50, 60, 72, 79, 100])
def test_a_paragraph_broken_at_any_width_reads_as_it_was_written(width: int) -> None:
    assert joined(textwrap.fill(TOLD, width)) == TOLD
    assert list(paragraphs(f"{textwrap.fill(TOLD, width)}\n\n\n{textwrap.fill(TOLD, width)}\n")) == [TOLD, TOLD]


@pytest.mark.parametrize(
    "text",
    [
        "Flood Centre\n12 Quay Street\nPort Oxbow",
        "Present: Hadia Sorun, Otto Lindqvist, Nadia Brandt, Ines Vega\nApologies: none of those who were asked",
        "- close the sluice gate before the water comes to the mark\n- tell the control room when it is closed",
        "1. Close the sluice gate before the water comes to the mark\n2. Tell the control room who closed it",
        "Gate       Level at which it is closed      Closed by\nNorth      2.1 m above the sill            the warden",
        "This line is far shorter than the next\nwhich is a good deal longer and so shows that it was not full",
        "各单位应当在收到本通知之日起十五日内完成检查并且将结果报送水务处各单位应当在收到本通知之日起十五日内完成\n第二段从这里开始并且没有空格",
        "x" * 300 + "\nAnd then a line of its own",
    ],
)
def test_lines_that_mean_something_stay(text: str) -> None:
    assert joined(text) == text


@given(st.text(alphabet="ab -*1.\n:", max_size=400))
def test_no_word_is_lost_or_moved(text: str) -> None:
    assert [word for piece in paragraphs(text) for word in piece.split()] == text.split()


def test_a_line_of_a_printed_page_that_stops_inside_a_sentence_runs_on() -> None:
    page = (
        "Trenches within ten metres of a stream, a pond or a leaking main are supported from the\n"
        "first metre, whatever the soil looks like.\n"
        "4. A look after every rain, every night and every lorry that stopped beside it, written on the board."
    )
    assert (
        next(paragraphs(page)).split("\n")[0].endswith("supported from the first metre, whatever the soil looks like.")
    )
