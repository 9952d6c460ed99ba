"""Each page: axe finds nothing, nothing sticks out at 320 px, in the light, in the dark, and mirrored."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from playwright.sync_api import Page

from headwater.core.models import Organisation, User
from headwater.core.wall import organisation_context
from headwater.people.models import Grant, Permission, Person
from tests.browser.conftest import OpenPage
from tests.browser.pages import SUBJECTS, addresses, is_page

NAMES = sorted({name for name, _arguments in addresses() if is_page(name)})
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
NARROW = {"runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable", "region"]}}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
WHO = "nadia.brandt"
SHOWING_TEXTS = {"home:entry", "library:article", "library:edit", "library:difference", "library:review"}
SHOWING_TEXTS |= {"library:verification", "library:aside"}
WHOLE_TEXT = re.compile(r'(?<!\()"(?:search_entryversion|T\d+)"."text"')
# Heads of columns of the tables for work that are wider than the place they stand in.
CUT_TABLES = """[...document.querySelectorAll("main .table-wrap")]
    .filter((wrap) => wrap.scrollWidth > wrap.clientWidth + 1 && wrap.querySelector(":scope > .table thead"))
    .map((wrap) => wrap.querySelector("thead").textContent.trim())"""


@pytest.fixture(scope="package")
def everything(demonstration: Organisation) -> Person:
    """The knowledge manager, with every permission and clearance, so that every page opens."""
    with organisation_context(demonstration.pk):
        nadia = Person.objects.get(email=f"{WHO}@works.example")
        for permission in Permission:
            Grant.objects.get_or_create(person=nadia, permission=permission, unit=None)
        Person.objects.filter(pk=nadia.pk).update(clearance=3)
    return nadia


def find(name: str, organisation: Organisation) -> str:
    """The address of the page; skips what is no page, because it only takes posts or is about nothing that is there."""
    arguments = dict(addresses())[name]
    with organisation_context(organisation.pk):
        if arguments - {"organisation"} and name not in SUBJECTS:
            kwargs = dict.fromkeys(arguments - {"organisation"}, 0)
        else:
            kwargs = subject(name)
    return reverse(name, kwargs={"organisation": organisation.slug, **kwargs})


def subject(name: str) -> dict[str, Any]:
    """The arguments of a page about a thing; skips when the demonstration has no such thing."""
    try:
        return SUBJECTS[name]() if name in SUBJECTS else {}
    except IndexError:
        pytest.skip("there is no such thing in the demonstration")


def is_read(path: str) -> bool:
    """Whether the address answers to being read; what only takes posts answers 405."""
    client = Client()
    client.force_login(User.objects.get(email=f"{WHO}@works.example"))
    return client.get(path).status_code != 405


def violations(page: Page, options: dict[str, object]) -> list[str]:
    """What axe finds, each with the element."""
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary']}" for each in found for node in each["nodes"][:3]
    ]


def width_of(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_for_everybody(
    name: str, open_page: OpenPage, demonstration: Organisation, everything: Person
) -> None:
    path = find(name, demonstration)
    if not is_read(path):
        pytest.skip("only takes posts")
    page = open_page(WHO, path)
    assert violations(page, RULES) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(200)  # colours change over a moment
    assert violations(page, CONTRAST) == []
    page.set_viewport_size({"width": 320, "height": 800})
    page.wait_for_timeout(100)
    assert width_of(page) <= 320, "something sticks out at 320 px"
    assert page.evaluate(CUT_TABLES) == [], "a table is cut at 320 px"
    assert violations(page, NARROW) == []


@pytest.mark.parametrize("name", sorted({*NAMES, "home:palette", "distribute:profile-preview"} - SHOWING_TEXTS))
def test_a_page_fetches_no_text_that_it_does_not_show(
    name: str, demonstration: Organisation, everything: Person
) -> None:
    """One of them may be as long as a shelf of books; a list would hold fifty. A beginning or a length is no text."""
    client = Client()
    client.force_login(User.objects.get(email=f"{WHO}@works.example"))
    with CaptureQueriesContext(connection) as captured:
        client.get(find(name, demonstration))
    whole = [query["sql"] for query in captured.captured_queries if WHOLE_TEXT.search(query["sql"])]
    assert whole == []


@pytest.mark.parametrize("name", ["home:today", "home:cockpit", "home:entry", "home:design"])
def test_a_page_mirrors(
    name: str, open_page: OpenPage, demonstration: Organisation, everything: Person, settings: Any
) -> None:
    settings.SPOKEN_LANGUAGES = ["en", "ar"]  # as if somebody had translated the pages
    path = find(name, demonstration)
    page = open_page(WHO, path)
    with organisation_context(demonstration.pk):
        Person.objects.filter(pk=everything.pk).update(language="ar")
    try:
        page.goto(path)
        assert page.evaluate("document.documentElement.dir") == "rtl"
        rail, main = page.locator(".rail").bounding_box(), page.locator("main").bounding_box()
        assert rail is not None
        assert main is not None
        assert rail["x"] > main["x"]
        assert violations(page, RULES) == []
        page.set_viewport_size({"width": 320, "height": 800})
        assert width_of(page) <= 320
    finally:
        with organisation_context(demonstration.pk):
            Person.objects.filter(pk=everything.pk).update(language="en")


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/", "/no-such-page/"])
def test_doors_are_for_everybody(path: str, open_page: OpenPage) -> None:
    page = open_page("", "/accounts/login/")
    page.goto(path)
    assert violations(page, RULES) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert width_of(page) <= 320


@pytest.mark.parametrize("name", ["distribute:chain", "distribute:proof-people"])
def test_a_chain_is_seen_whole_at_1280_px(
    name: str, open_page: OpenPage, demonstration: Organisation, everything: Person
) -> None:
    """Long reasons stand under the name, and a moment may take two lines; that it is late is not off the screen."""
    page = open_page(WHO, find(name, demonstration))
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_timeout(100)
    assert page.evaluate(CUT_TABLES) == [], "a table is cut at 1280 px"
    high = page.evaluate(
        "Math.max(...[...document.querySelectorAll('main td time bdi')].map((words) => words.getClientRects().length))"
    )
    assert high <= 2, "a moment takes no more than two lines"
