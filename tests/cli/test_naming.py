"""What a verb prints names no title that whoever acts may not read."""

import pytest

from headwater.cli.naming import name_for
from headwater.cli.output import as_data
from headwater.core.actions import OPERATOR
from headwater.distribute import actions as distribute
from headwater.distribute.models import Directive
from headwater.library import actions as library
from headwater.people.actions import grant_permission
from headwater.people.models import Audience, Permission, Person
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol
from tests.distribute.conftest import make_version

TITLE = "Scour at Oxbow"


@pytest.fixture
def closed(everyone: Audience, ada: Person, otto: Person) -> EntryVersion:
    """Something that its owner alone reads."""
    return make_version(TITLE, "The pier stands in the stream.", None, ada)


@pytest.fixture
def asked(closed: EntryVersion, everyone: Audience, nadia: Person) -> Directive:
    """A must-read about it, written by somebody who read it once."""
    enrol(everyone)
    Entry.objects.update(audience=everyone)
    saved = distribute.save_directive(nadia, everyone, name=f"Read: {TITLE}", entry=closed.entry, due_days=3)
    Entry.objects.update(audience=None)
    return saved


def test_a_must_read_that_one_may_not_read(asked: Directive, nadia: Person, ada: Person) -> None:
    ended = distribute.end_directive(nadia, distribute.issue_directive(nadia, asked))
    assert name_for(OPERATOR, ended) == name_for(ada, ended) == f"Read: {TITLE}"
    assert name_for(nadia, ended) == "A must-read that you may not read"
    assert Directive.objects.get().name == f"Read: {TITLE}"


def test_a_version_that_one_may_not_read(closed: EntryVersion, nadia: Person, ada: Person) -> None:
    named = [as_data([closed], lambda record, who=who: name_for(who, record))[0]["name"] for who in (nadia, ada)]
    assert named == ["Something that you may not read", str(closed)]


def test_an_article_that_one_may_not_read(ada: Person, hadia: Person, otto: Person) -> None:
    article = library.create_article(hadia, "howto", TITLE, "Look under the bridge.")
    assert name_for(hadia, article) == TITLE
    assert name_for(hadia, article.revisions.get()) == f"{TITLE} (1)"
    assert name_for(otto, article) == name_for(otto, article.revisions.get()) == "Something that you may not read"


def test_other_records_are_called_what_they_are(nadia: Person, ada: Person) -> None:
    assert name_for(nadia, ada) == "Ada"


def test_what_bears_no_name_is_called_by_its_kind_and_number(nadia: Person) -> None:
    grant = grant_permission(OPERATOR, nadia, Permission.READER)
    assert name_for(nadia, grant) == name_for(OPERATOR, grant) == f"grant {grant.pk}"
