"""Sources and questions in the query language: by the names people see, and only those they may know of."""

import pytest
from django.core.exceptions import ValidationError

from headwater.core.actions import OPERATOR
from headwater.gather.actions import change_need, change_source, create_need, create_source
from headwater.gather.models import Source
from headwater.people.models import Audience, Person
from headwater.search.language.errors import QueryError
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
