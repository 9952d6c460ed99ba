"""Sources by their names: in queries, only those one may know of; and beside whatever came from them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from headwater.core.actions import OPERATOR
from headwater.core.addresses import address
from headwater.core.models import Organisation
from headwater.gather.actions import change_need, change_source, create_need, create_source
from headwater.gather.models import Source
from headwater.people.models import Audience, Person
from headwater.search.actions import publish_version
from headwater.search.indexing import mend_index
from headwater.search.language.errors import QueryError
from headwater.search.models import Entry, Kind
from headwater.search.naming import canonical
from tests.conftest import enrol


@pytest.fixture
def bulletins(nadia: Person, ines: Person, everyone: Audience) -> Source:
    """A source that everyone reads, Ines too."""
    enrol(everyone)
    return create_source(OPERATOR, name="Flood Centre bulletins", kind="capture", owner=nadia, audience=everyone)


def test_a_source_is_named_by_what_the_screen_calls_it(bulletins: Source, ines: Person) -> None:
    assert canonical('source:"Flood Centre bulletins"', ines) == f"source:{bulletins.slug}"
    change_source(OPERATOR, bulletins, name="Flood news")
    assert canonical('source:"flood news"', ines) == f"source:{bulletins.slug}"
    assert canonical(f"source:{bulletins.slug}", ines) == f"source:{bulletins.slug}"


def test_a_source_nobody_may_see_is_not_given_away(bulletins: Source, ines: Person, nadia: Person) -> None:
    create_source(OPERATOR, name="Flood inquiry", kind="capture", owner=nadia)
    assert canonical('source:"Flood inquiry"', nadia) == "source:flood-inquiry"
    for text in ('source:"Flood inquiry"', "source:flood-inquiry", "source:flood-inquir"):
        with pytest.raises(QueryError) as refused:
            canonical(text, ines)
        assert refused.value.details.get("nearest") != "flood-inquiry"


def test_a_question_keeps_slugs(bulletins: Source, nadia: Person) -> None:
    need = create_need(nadia, "When does it flood?", nadia, query='level source:"flood centre bulletins" ')
    assert need.query == f"level source:{bulletins.slug}"
    assert change_need(nadia, need, query="kind:how-to").query == "kind:howto"
    with pytest.raises(ValidationError, match="position 6"):
        change_need(nadia, need, query="kind:how-much")


def test_a_question_outlives_what_it_names(nadia: Person) -> None:
    need = create_need(nadia, "When does it flood?", nadia, query="level")
    need.query = "level NOT source:gone"
    need.save()
    assert change_need(nadia, need, why="The gates").query == "level NOT source:gone"


def test_results_and_facets_show_the_name_of_a_source(
    bulletins: Source, ines: Person, sign_in: Callable[[Person], Client], organisation: Organisation
) -> None:
    for number in range(3):
        entry = Entry.objects.create(
            title=f"Gauge {number}", kind=Kind.GATHERED, owner=bulletins.owner, audience=bulletins.audience
        )
        entry.source_slug = bulletins.slug if number else "forgotten"
        entry.save()
        moment = datetime(2026, 3, 1, tzinfo=UTC)
        publish_version(entry, title=entry.title, text="Level", language="en", author="", published_at=moment)
    mend_index(organisation.pk)
    page = sign_in(ines).get(address("search:results"), {"q": "gauge"}).content.decode()
    assert page.count("<bdi>Flood Centre bulletins</bdi>") == 2
    assert "<span>Flood Centre bulletins</span>" in page
    assert page.count("forgotten</") == 2


def test_a_page_asks_for_names_once(bulletins: Source, rf: RequestFactory) -> None:
    lines = Template("{% load search %}{% for slug in slugs %}{% source_name slug %}, {% endfor %}")
    context = Context({"request": rf.get("/"), "slugs": [bulletins.slug, "forgotten"] * 15})
    with CaptureQueriesContext(connection) as asked:
        assert lines.render(context).startswith("Flood Centre bulletins, forgotten, ")
    assert len(asked) == 1
