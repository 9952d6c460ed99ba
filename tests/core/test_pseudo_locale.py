"""Every string that people see goes through gettext: in a pseudo-locale, nothing is left in plain words.

The pseudo-locale puts brackets around whatever was translated; the organisation's own words hold no Latin letters, so
that any Latin letter outside the brackets is a string that somebody forgot.
"""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import trans_real

from headwater.core.models import Organisation
from headwater.people.models import Grant, Permission, Person
from headwater.people.zones import zone_choices
from tests.browser.pages import addresses, is_page

SignIn = Callable[[Person], Client]
# Time zones are called by their places, which the standard names in one spelling.
PLACES = {place for _continent, zones in zone_choices() for _name, place in zones}
SPOKEN = ("aria-label", "title", "placeholder", "alt")
# Names, keys, units and marks that are the same in every language.
ALIKE = frozenset(
    [
        "Headwater",
        "Ctrl",
        "K",
        "Shift",
        "Enter",
        "CSV",
        "SKOS",
        "IMAP",
        "RSS",
        "Atom",
        "URL",
        "API",
        "HTTP",
        "Markdown",
        "JSON",
        "AND",
        "OR",
        "NOT",
        "NEAR",
        "kB",
        "MB",
        "GB",
        "B",
        "UTC",
        "English",
        "French",
        "Spanish",
        "Arabic",
        "Chinese",
        "Russian",
    ]
)
# What is held about a person is shown as it is stored.
STORED = {"people:held"}
NAMES = sorted({name for name, arguments in addresses() if is_page(name) and arguments <= {"organisation"}} - STORED)
KEY = re.compile(r"^[a-z?/]$|^g [a-z]$")


class Pseudo(trans_real.DjangoTranslation):
    """A translation of everything into itself, in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧" if message else ""

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return f"⟦{singular if number == 1 else plural}⟧"


class Words(HTMLParser):
    """The words people see or hear on a page, with what they stand in."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0
        self.depth = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style", "code", "textarea", "kbd")
        self.found += [value for name, value in attributes if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style", "code", "textarea", "kbd")

    def handle_data(self, data: str) -> None:
        """Keep what stands outside the brackets; a translated sentence may hold markup, and so span several pieces."""
        outside = ""
        for sign in data:
            self.depth += sign == "⟦"
            outside += sign if not self.depth else ""
            self.depth -= sign == "⟧"
        if not self.silent:
            self.found.append(outside)


def forgotten(html: str) -> list[str]:
    """The pieces of text with Latin letters outside the brackets."""
    words = Words()
    words.feed(html.replace("<wbr>", ""))  # a place to break a line breaks no word
    left = []
    for text in words.found:
        if text.strip() in PLACES:
            continue
        plain = text
        while (inner := re.sub(r"⟦[^⟦⟧]*⟧", " ", plain)) != plain:
            plain = inner
        unknown = [word for word in re.findall(r"[A-Za-z][A-Za-z'’-]*", plain) if word not in ALIKE]
        if unknown and not KEY.match(plain.strip()) and "@" not in plain and ":" not in plain.strip()[:20]:
            left.append(text.strip()[:100])
    return left


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every language speaks in brackets."""
    spoken = Pseudo("en")
    monkeypatch.setattr(trans_real, "translation", lambda _language: spoken)
    monkeypatch.setattr(trans_real, "_default", spoken)
    with translation.override("en"):
        yield
    translation.deactivate()  # what override puts back on leaving is still the pseudo-locale


@pytest.fixture
def everything(organisation: Organisation) -> Person:
    """Somebody with every permission whose own words hold no Latin letter."""
    from tests.conftest import make_person

    Organisation.objects.filter(pk=organisation.pk).update(name="Ωμέγα")
    person = make_person("Λ", *Permission, clearance=3)
    assert Grant.objects.count() == len(Permission)
    return person


def test_the_pseudo_locale_catches_what_was_forgotten() -> None:
    assert forgotten("<p>⟦Today⟧ · 3</p>") == []
    assert forgotten("<p>Today</p>") == ["Today"]
    assert forgotten('<a title="Close">⟦x⟧</a>') == ["Close"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_on_a_page_is_left_in_plain_words(
    name: str, everything: Person, organisation: Organisation, sign_in: SignIn, pseudo: None
) -> None:
    answer = sign_in(everything).get(reverse(name, kwargs={"organisation": organisation.slug}))
    if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
        pytest.skip("no page to read")
    assert forgotten(answer.content.decode()) == []
