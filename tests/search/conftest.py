"""Entries to search, made through the same doors as real ones."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import settings

from headwater.core.models import Organisation
from headwater.people.models import Audience, Person
from headwater.search.actions import publish_version
from headwater.search.indexing import mend_index
from headwater.search.models import Entry, Kind

# How long an example takes says more of the machine than of the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
Shelve = Callable[..., Entry]


@pytest.fixture
def shelve(organisation: Organisation, everyone: Audience, otto: Person) -> Shelve:
    """Make an entry that everyone may read, with a text; fields and version fields as keywords."""

    def make(title: str, text: str = "", published_at: datetime = WHEN, language: str = "en", **fields: Any) -> Entry:
        given = {"kind": Kind.PROCEDURE, "owner": otto, "audience": everyone} | fields
        entry = Entry.objects.create(title=title, **given)
        publish_version(entry, title=title, text=text, language=language, author="", published_at=published_at)
        return entry

    return make


@pytest.fixture
def index(organisation: Organisation) -> Callable[[], int]:
    """Bring the index up to date inside the test's own transaction (the follower waits for it to commit)."""
    return lambda: mend_index(organisation.pk)
