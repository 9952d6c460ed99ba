"""Where the focus is while somebody works without a mouse: never out of sight, never lost, and seen."""

import pytest
from playwright.sync_api import Page, expect

from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.search.models import Entry, Kind
from tests.browser.conftest import OpenPage

HOME = "/o/works/"
INES, NADIA = "ines.marlow", "nadia.brandt"
BARS = ".foot-bar, .tabs-bottom"
# The element that has the focus, when a bar at the foot of the window lies over its lower edge.
HIDDEN = f"""() => {{
    const focused = document.activeElement, place = focused.getBoundingClientRect();
    const seen = document.elementFromPoint(place.left + place.width / 2, place.bottom - 2);
    return !focused.closest("{BARS}") && seen?.closest("{BARS}") ? focused.outerHTML.slice(0, 80) : "";
}}"""
RING = "(box) => getComputedStyle(box).outlineStyle !== 'none' && parseFloat(getComputedStyle(box).outlineWidth) >= 2"


def hidden_on_the_way(page: Page, end: str) -> list[str]:
    """What has the focus and cannot be seen, tabbing from the top of the page until something in `end` has it."""
    hidden = []
    for _ in range(200):
        page.keyboard.press("Tab")
        hidden.append(page.evaluate(HIDDEN))
        if page.evaluate("(end) => !!document.activeElement.closest(end)", end):
            return [element for element in hidden if element]
    raise AssertionError(f"{end} was not reached")


def new_must_read(open_page: OpenPage, demonstration: Organisation) -> Page:
    with organisation_context(demonstration.pk):
        entry = Entry.objects.current().filter(kind=Kind.GATHERED).order_by("pk")[0]
    return open_page(NADIA, f"{HOME}distribute/directives/new/?entry={entry.pk}")


@pytest.mark.parametrize("width", [1280, 700, 320])
def test_the_bar_one_signs_in_hides_nothing_that_has_the_focus(width: int, open_page: OpenPage) -> None:
    page = open_page(INES, HOME)
    page.set_viewport_size({"width": width, "height": 800})
    for must_read in page.locator("#must-read .item-title").evaluate_all("links => links.map((link) => link.href)"):
        page.goto(must_read)
        if page.locator(".foot-bar").count():
            break
    expect(page.locator(".foot-bar")).to_be_visible()
    assert hidden_on_the_way(page, ".foot-bar") == []


def test_the_tabs_of_a_telephone_hide_nothing_that_has_the_focus(open_page: OpenPage) -> None:
    page = open_page(INES, f"{HOME}library/", width=320, height=800)
    assert hidden_on_the_way(page, ".tabs-bottom") == []


def test_a_chosen_deadline_keeps_the_focus_and_is_said(open_page: OpenPage, demonstration: Organisation) -> None:
    page = new_must_read(open_page, demonstration)
    said = page.locator("#deadline-said")
    for words, due in (("In 3 days", "17:00"), ("5 working days", "5 working days")):
        chip = page.get_by_role("button", name=words)
        chip.press("Enter")
        expect(said).to_contain_text(due)
        expect(chip).to_have_attribute("aria-pressed", "true")
        expect(chip).to_be_focused()
    expect(page.locator("[role=status]#deadline-said")).to_have_count(1)


def test_after_a_condition_the_focus_is_where_the_next_one_begins(
    open_page: OpenPage, demonstration: Organisation
) -> None:
    for page in (new_must_read(open_page, demonstration), open_page(NADIA, f"{HOME}people/audiences/new/")):
        page.locator("#rule-add").press("Enter")
        expect(page.locator("#rule .chip")).to_have_count(1)
        expect(page.locator("#rule-joins")).to_be_focused()
        page.locator("#rule .chip button").press("Enter")
        expect(page.locator("#rule .chip")).to_have_count(0)
        expect(page.locator("#rule-joins")).to_be_focused()


def test_a_rule_that_cannot_be_read_keeps_the_focus_in_its_text(open_page: OpenPage) -> None:
    page = open_page(NADIA, f"{HOME}people/audiences/new/")
    page.get_by_text("Edit as text").click()
    page.locator("#id_typed").fill("unit:(")
    page.get_by_role("button", name="Use this text").press("Enter")
    expect(page.locator("#rule [role=alert]")).to_be_visible()
    expect(page.locator("#id_typed")).to_be_focused()
    expect(page.locator("#id_typed")).to_have_value("unit:(")


@pytest.mark.parametrize("width", [1280, 320])
def test_the_palette_shows_its_focus_and_closes_at_once(width: int, open_page: OpenPage) -> None:
    page = open_page(NADIA, HOME, width=width)
    page.locator("#content").focus()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-input")).to_be_focused()
    assert page.locator(".palette-input").evaluate(RING)
    page.keyboard.type("cock")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#content")).to_be_focused()
