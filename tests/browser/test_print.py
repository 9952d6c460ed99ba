"""On paper: light whatever the theme, nothing to press, and no page that is left empty for what does not fit."""

from pathlib import Path

import pypdfium2
import pytest

from tests.browser.conftest import OpenPage

HOME = "/o/works/"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (HOME, "Must read"),
        (f"{HOME}distribute/inbox/?tab=all", "Your profile"),
        (f"{HOME}distribute/proof/overdue/", "Must-read"),
        (f"{HOME}cockpit/", "Reach"),
    ],
)
def test_pages_print_from_the_first_sheet_on(path: str, said: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("nadia.brandt", path)
    page.pdf(path=tmp_path / "sheet.pdf", format="A4")
    document = pypdfium2.PdfDocument(tmp_path / "sheet.pdf")
    sheets = [sheet.get_textpage().get_text_range() for sheet in document]
    assert said in "".join(sheets)
    assert all(len(text.split()) > 5 for text in sheets)
    assert len(sheets[0].split()) > 30
    assert "Search or jump to" not in "".join(sheets)


def test_the_dark_theme_prints_dark_on_white(open_page: OpenPage) -> None:
    page = open_page("nadia.brandt", HOME)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")
    ink, paper = page.evaluate(
        "[getComputedStyle(document.querySelector('h1')).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert (ink, paper) == ("rgb(20, 35, 42)", "rgb(255, 255, 255)")
    assert page.locator(".rail").is_hidden()


def test_a_dark_device_prints_dark_on_white(open_page: OpenPage) -> None:
    page = open_page("nadia.brandt", HOME, dark=True)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(20, 35, 42)"
