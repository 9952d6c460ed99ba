"""The names people see on the screen work in queries; what nobody may know of is not given away."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from headwater.core.actions import OPERATOR
from headwater.people.models import Audience, Person, Unit
from headwater.search.actions import search_entries
from headwater.search.gaps import record_gap
from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse
from headwater.search.models import Entry, EntryTopic, Kind
from headwater.search.naming import Names, canonical
from headwater.taxonomy.models import Concept, ConceptScheme
from tests.conftest import enrol
from tests.search.conftest import Shelve


@pytest.fixture(autouse=True)
def people(everyone: Audience, ines: Person) -> None:
    """Ines, who may read what is for everyone."""
    enrol(everyone)


@pytest.fixture
def water(unit: Unit) -> Unit:
    return Unit.objects.create(slug="water", name="Water and Drainage", parent=unit, path="/1/2/")


@pytest.fixture
def topics(organisation: object) -> Concept:
    """Drainage, also called dewatering, into which Sewers was merged."""
    scheme = ConceptScheme.objects.create(slug="t", title="Topics")
    labels, others = {"en": "Drainage", "fr": "Assainissement urbain"}, {"en": ["Dewatering"]}
    drainage = Concept.objects.create(scheme=scheme, slug="drainage", labels=labels, alternatives=others)
    Concept.objects.create(scheme=scheme, slug="sewers", labels={"en": "Sewers"}, merged_into=drainage)
    return drainage


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("kind:how-to", "kind:howto"),
        ('kind:"Lesson learned",procedure', "kind:lesson,procedure"),
        ("lang:French", "lang:fr"),
        ("lang:français", "lang:fr"),
        ("lang:Chinese", "lang:zh"),
        ("lang:FR-ca", "lang:FR-ca"),
        ('pump unit:"Water and Drainage"', "pump unit:water"),
        ('topic:"assainissement urbain"', "topic:drainage"),
        ("topic:dewatering", "topic:drainage"),
        ("topic:sewers", "topic:drainage"),
        ("topic:drainage", "topic:drainage"),
        ("pump   OR  unit:water", "pump   OR  unit:water"),
    ],
)
def test_names_are_kept_as_slugs(ines: Person, water: Unit, topics: Concept, typed: str, kept: str) -> None:
    assert canonical(typed, ines) == kept
    assert canonical(kept, ines) == kept
    assert canonical(typed, OPERATOR) == kept


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("kind:procedur", "kind:procedure"),
        ("kind:xyz", ""),
        ("unit:nowhere", ""),
        ("unit:watr", "unit:water"),
        ("lang:frech", "lang:french"),
        ("lang:xx", ""),
        ("topic:drainages", "topic:drainage"),
        ("source:handbook", ""),
    ],
)
def test_unknown_values_are_refused(ines: Person, water: Unit, topics: Concept, text: str, offered: str) -> None:
    with pytest.raises(QueryError, match=offered or "choose among the values") as refused:
        canonical(text, ines)
    assert refused.value.position == text.index(":") + 1


def test_kinds_and_languages_in_the_readers_language(ines: Person) -> None:
    with override("fr"):
        assert canonical("lang:anglais", ines) == "lang:en"
    assert canonical("kind:How-to", ines) == f"kind:{Kind.HOW_TO.value}"


def test_a_search_by_name_finds_what_the_slug_finds(
    shelve: Shelve, index: Callable[[], int], ines: Person, water: Unit
) -> None:
    entry = shelve("Pump notes", unit=water, kind=Kind.HOW_TO)
    index()
    for text in ("kind:how-to", 'unit:"water and drainage"', "lang:English", "kind:howto unit:water"):
        found = search_entries(ines, text, facets=("unit",), strict=True)
        assert [result.entry.pk for result in found.results] == [entry.pk], text
    assert search_entries(ines, "pump unit:watr").error is not None


def test_a_source_that_is_read_can_be_named_and_another_is_not_given_away(
    shelve: Shelve, ines: Person, otto: Person
) -> None:
    shelve("Open", source_slug="bulletins")
    shelve("Closed", source_slug="secret-files", audience=None)
    assert canonical("source:bulletins", ines) == "source:bulletins"
    assert canonical("source:secret-files", otto) == "source:secret-files"
    with pytest.raises(QueryError, match=r"There is no “source:secret-file") as refused:
        canonical("source:secret-files", ines)
    with pytest.raises(QueryError) as unknown:
        canonical("source:nothing-here", ines)
    assert refused.value.code == unknown.value.code


def test_a_language_nobody_named_works_where_a_text_has_it(shelve: Shelve, ines: Person) -> None:
    shelve("Note", language="qaa")
    assert canonical("lang:qaa", ines) == "lang:qaa"


def test_a_kept_query_is_searched_as_it_is(shelve: Shelve, index: Callable[[], int], ines: Person) -> None:
    entry = shelve("Pump notes")
    index()
    found = search_entries(ines, "pump NOT unit:gone", is_kept=True, strict=True)
    assert [result.entry.pk for result in found.results] == [entry.pk]


def test_only_a_query_with_values_asks_the_database_for_names(
    shelve: Shelve, index: Callable[[], int], ines: Person, water: Unit
) -> None:
    shelve("Pump notes", unit=water)
    index()
    assert Entry.objects.count() == 1

    def queries(text: str, is_kept: bool) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            search_entries(ines, text, is_kept=is_kept)
        return len(asked)

    queries("pump", False)
    assert queries("pump kind:procedure lang:en", False) == queries("pump kind:procedure lang:en", True)
    assert queries("pump unit:water,water", False) == queries("pump unit:water,water", True) + 1


def test_a_kept_query_finds_what_its_topic_was_merged_into(
    shelve: Shelve, index: Callable[[], int], ines: Person, topics: Concept
) -> None:
    entry = shelve("Pump notes")
    EntryTopic.objects.create(entry=entry, concept=topics)
    Concept.objects.filter(slug="sewers").update(merged_into=None)
    index()
    assert not search_entries(ines, "topic:sewers", is_kept=True, strict=True).results
    Concept.objects.filter(slug="sewers").update(merged_into=topics)
    assert index() == 1
    found = search_entries(ines, "topic:sewers", is_kept=True, strict=True)
    assert [result.entry.pk for result in found.results] == [entry.pk]


def test_a_gap_is_kept_with_slugs(ines: Person, water: Unit) -> None:
    text = 'unobtainium unit:"Water and Drainage"'
    gap = record_gap(text, parse(text, Names(ines)), "en")
    assert gap is not None
    assert gap.query == "unobtainium unit:water"
