"""A standing must-read says what it would have asked, before it asks anything."""

from collections.abc import Callable

import pytest
from django.test import Client

from headwater.people.models import Audience, Person
from headwater.search.indexing import mend_index
from headwater.search.models import EntryVersion
from tests.conftest import enrol

SignIn = Callable[[Person], Client]
ROOT = "/o/waterworks/distribute/directives/"


@pytest.fixture
def page(nadia: Person, ines: Person, otto: Person, everyone: Audience, sign_in: SignIn) -> Client:
    """Nadia, who writes must-reads, with two others in the audience of everyone."""
    enrol(everyone)
    return sign_in(nadia)


def test_it_says_how_many_versions_it_would_have_asked_of_how_many(
    page: Client, everyone: Audience, version: EntryVersion
) -> None:
    mend_index(version.organisation_id)
    shown = page.post(f"{ROOT}reach/", {"query": "confined", "audience": everyone.pk})
    assert shown.context["past"].count == 1
    text = shown.content.decode()
    assert "What it would have asked" in text
    assert "last 90 days" in text
    assert "each for 3 people to read" in text
    assert "What it would have asked" in page.get(f"{ROOT}new/?query=confined").content.decode()


def test_a_query_that_cannot_be_read_is_shown_at_its_place(page: Client, everyone: Audience) -> None:
    text = page.post(f"{ROOT}reach/", {"query": "culvert AND (", "audience": everyone.pk}).content.decode()
    assert "query-mark" in text


def test_a_must_read_about_one_text_looks_at_no_past(page: Client, everyone: Audience, version: EntryVersion) -> None:
    shown = page.post(f"{ROOT}reach/", {"entry": version.entry_id, "query": "", "audience": everyone.pk})
    assert shown.context["past"] is None
