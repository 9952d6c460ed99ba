"""Articles in their states, for every test of the library."""

from collections.abc import Callable
from typing import Any

import pytest

from headwater.core.actions import OPERATOR
from headwater.library.actions import create_article, publish_article, save_article, set_library
from headwater.library.models import Article
from headwater.people.models import Audience, Person, Unit
from headwater.search.models import EntryVersion, Kind
from tests.conftest import enrol

BODY = "## Before entry\n\nTest the air.\n\nRig the tripod.\n"


@pytest.fixture
def cast(ines: Person, otto: Person, hadia: Person, nadia: Person, ada: Person, everyone: Audience) -> Audience:
    """The whole cast in one audience."""
    enrol(everyone)
    return everyone


@pytest.fixture
def draft(otto: Person, unit: Unit, cast: Audience) -> Article:
    """An article that Otto has begun for everyone, not yet published."""
    return create_article(otto, Kind.PROCEDURE, "Confined spaces", BODY, unit=unit, audience=cast, reference="SAF-014")


@pytest.fixture
def unreviewed(unit: Unit) -> None:
    """The organisation publishes without a second person."""
    set_library(OPERATOR, needs_review=False, allows_self_approval=False)


@pytest.fixture
def article(draft: Article, unreviewed: None, otto: Person) -> Article:
    """The same article, published as revision 1."""
    publish_article(otto, draft)
    draft.refresh_from_db()
    draft.entry.refresh_from_db()
    return draft


Publish = Callable[..., EntryVersion]


@pytest.fixture
def publish(otto: Person) -> Publish:
    """Save a text over an article's newest revision and publish it."""

    def publish(
        article: Article, body: str, summary: str = "Air is tested all the time.", **values: Any
    ) -> EntryVersion:
        article.refresh_from_db()
        assert article.latest is not None
        actor = values.get("actor", otto)
        save_article(actor, article, values.get("title", article.latest.title), body, article.latest)
        version = publish_article(actor, article, summary)
        article.refresh_from_db()
        article.entry.refresh_from_db()
        return version

    return publish
