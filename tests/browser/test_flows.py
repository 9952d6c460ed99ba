"""The main flows, driven by keyboard and mouse as a person would."""

import re

import pytest
from playwright.sync_api import Page, expect

from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.distribute.models import Acknowledgement
from headwater.library.models import Article
from headwater.people.models import Person
from tests.browser.conftest import OpenPage

HOME = "/o/works/"
INES = "ines.marlow"
NADIA = "nadia.brandt"


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_must_read_is_opened_read_and_signed_without_a_mouse(
    open_page: OpenPage, demonstration: Organisation
) -> None:
    page = open_page(INES, HOME)
    first = page.locator("#must-read .item-title").first.inner_text()
    press(page, "j", "Enter")
    expect(page.locator("h1")).to_have_text(first)
    button = page.locator("[data-sign]")
    for change in page.locator("[data-change]").all():
        change.scroll_into_view_if_needed()
    expect(button).to_be_enabled()
    press(page, "a", "Enter")
    expect(page.locator(".toast-line").first).to_contain_text("Acknowledged")
    expect(page.locator("#must-read .item-title").filter(has_text=first)).to_have_count(0)
    with organisation_context(demonstration.pk):
        ines = Person.objects.get(email=f"{INES}@works.example")
        assert Acknowledgement.objects.filter(person=ines, version__title=first).exists()


def test_the_palette_goes_anywhere(open_page: OpenPage) -> None:
    page = open_page(NADIA, HOME)
    press(page, "Control+k")
    expect(page.locator("#palette-input")).to_be_focused()
    page.keyboard.type("cock")
    expect(page.locator("#palette-list [aria-selected=true]")).to_contain_text("Cockpit")
    press(page, "Enter")
    page.wait_for_url(re.compile("/cockpit/"))
    press(page, "Control+k", "Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_letters_lead_to_places_and_never_while_typing(open_page: OpenPage) -> None:
    page = open_page(NADIA, HOME)
    press(page, "/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("gi?")
    expect(page.locator("#search")).to_have_value("gi?")
    page.locator("#search").blur()
    press(page, "g", "i")
    page.wait_for_url(re.compile("/inbox/"))
    press(page, "?")
    expect(page.locator("#help")).to_be_visible()
    expect(page.locator("#help-page")).to_contain_text("Inbox")


def test_single_keys_can_be_switched_off(open_page: OpenPage) -> None:
    page = open_page(NADIA, HOME)
    press(page, "?")
    page.locator("[data-keys-switch]").uncheck()
    press(page, "Escape", "g", "i")
    page.wait_for_timeout(300)
    assert page.url.endswith(HOME)
    press(page, "Control+k")
    expect(page.locator("#palette-input")).to_be_focused()


def test_a_chart_is_a_table_one_key_away(open_page: OpenPage) -> None:
    page = open_page(NADIA, f"{HOME}cockpit/")
    page.get_by_text("As a Sankey").click()
    table = page.locator(".chart-table table").first
    expect(table).to_be_hidden()
    press(page, "t")
    expect(table).to_be_visible()


def test_every_number_opens_its_list(open_page: OpenPage) -> None:
    page = open_page(NADIA, f"{HOME}cockpit/")
    figure = page.locator(".figures .figure-big > a.fig").nth(1)
    shown = figure.locator("bdi").inner_text()
    figure.click()
    expect(page.locator("h1")).to_contain_text(shown)


def test_the_theme_is_chosen_and_kept(open_page: OpenPage) -> None:
    page = open_page(NADIA, HOME)
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator(".who summary").click()
    page.locator("[data-theme-switch]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.locator(".who summary").click()
    page.locator("[data-theme-switch]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_search_finds_as_one_types(open_page: OpenPage) -> None:
    page = open_page(NADIA, f"{HOME}search/?q=culvert")
    expect(page.locator("main")).to_contain_text(re.compile("culvert", re.IGNORECASE))


def test_an_article_is_written_with_the_editor(open_page: OpenPage, demonstration: Organisation) -> None:
    page = open_page(INES, f"{HOME}library/new/")
    page.locator("[name=title]").fill("How to read a gauge in the rain")
    page.locator("form button.btn-primary").first.click()
    page.wait_for_load_state()
    editor = page.locator(".editor.is-markdown .cm-content")
    if editor.count():
        editor.click()
        page.keyboard.type("## Before\n\nWipe the glass.")
        expect(page.locator("textarea[data-editor]").first).to_have_value(re.compile("Wipe the glass"))
    with organisation_context(demonstration.pk):
        assert Article.objects.filter(entry__title="How to read a gauge in the rain").exists()


@pytest.mark.parametrize("width", [320, 700, 1280])
def test_the_frame_folds(width: int, open_page: OpenPage) -> None:
    page = open_page(NADIA, HOME, width=width)
    assert page.locator(".tabs-bottom").is_visible() == (width < 640)
    assert page.locator(".rail").is_visible() == (width >= 640)
    assert page.locator(".rail-word").first.is_visible() == (width >= 640)


def test_the_skip_link_comes_first(open_page: OpenPage) -> None:
    page = open_page(NADIA, HOME)
    press(page, "Tab")
    expect(page.locator(".skip")).to_be_focused()
    press(page, "Enter")
    expect(page.locator("#content")).to_be_focused()


def test_a_person_is_chosen_by_typing_a_name(open_page: OpenPage, demonstration: Organisation) -> None:
    page = open_page(NADIA, f"{HOME}gather/needs/new/", width=320)
    owner = page.get_by_label("Owner")
    expect(owner).to_have_value(re.compile("^Nadia"))
    owner.fill("")
    owner.press_sequentially("marl")
    offered = page.locator("#id_owner_offered option")
    expect(offered).to_have_count(1)
    label = offered.get_attribute("value") or ""
    assert label.startswith("Ines Marlow · ")
    owner.fill(label)
    expect(offered).to_have_count(0)
    page.get_by_label("Question").fill("Which culverts were cleaned?")
    press(page, "Enter")
    expect(page.locator("h1")).to_have_text("Which culverts were cleaned?")
    expect(page.locator(".lede.facts, .facts").first).to_contain_text("Ines Marlow")
