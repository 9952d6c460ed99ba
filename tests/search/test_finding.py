"""What a person finds: only what they may read, in good order, with what matched marked."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from headwater.core.models import Classification, Organisation
from headwater.people.models import Audience, Grant, Permission, Person, Unit
from headwater.search.actions import count_use, search_entries, withdraw_entry
from headwater.search.language.errors import QueryError
from headwater.search.lexical import near
from headwater.search.models import Entry, EntryTopic, Kind
from headwater.taxonomy.models import Broader, Concept, ConceptScheme
from tests.conftest import enrol, make_person
from tests.search.conftest import Shelve

Index = Callable[[], int]


def titles(person: Person, text: str, **options: object) -> list[str]:
    return [result.entry.title for result in search_entries(person, text, **options).results]


@pytest.fixture
def rescue(shelve: Shelve) -> Entry:
    return shelve("Working in confined spaces", "The person at the top holds the rescue line and nothing else.")


# --- Who finds what ---------------------------------------------------------------------------------------------------


def test_found_by_its_audience(rescue: Entry, index: Index, everyone: Audience, ines: Person) -> None:
    everyone.member_links.filter(person=ines).delete()
    assert titles(ines, "rescue") == []
    enrol(everyone)
    index()
    assert titles(ines, "rescue") == ["Working in confined spaces"]


@pytest.fixture
def reader(ines: Person, everyone: Audience) -> Person:
    enrol(everyone)
    return ines


def test_nobody_finds_what_has_no_audience(shelve: Shelve, index: Index, reader: Person, ada: Person) -> None:
    shelve("Mine alone", audience=None)
    index()
    assert titles(reader, "mine") == titles(ada, "mine") == []


def test_the_owner_finds_it(shelve: Shelve, index: Index, otto: Person) -> None:
    shelve("Mine alone", audience=None)
    index()
    assert titles(otto, "mine") == ["Mine alone"]


def test_clearance_binds_even_the_owner(
    shelve: Shelve, index: Index, reader: Person, nadia: Person, otto: Person
) -> None:
    shelve("Restricted line", classification=Classification.RESTRICTED, owner=nadia, audience=reader.audiences.get())
    index()
    assert titles(reader, "line") == titles(otto, "line") == []
    assert titles(nadia, "line") == ["Restricted line"]


def test_stewards_find_what_their_units_own(shelve: Shelve, index: Index, unit: Unit) -> None:
    below = Unit.objects.create(slug="pumps", name="Pumps", parent=unit)
    Unit.objects.filter(pk=below.pk).update(path=f"{unit.path}{below.pk}/")
    shelve("Pump log", audience=None, unit=below)
    index()
    steward, other = make_person("Sten"), make_person("Odd")
    Grant.objects.create(person=steward, permission=Permission.STEWARD, unit=unit)
    whole = make_person("Wilma", Permission.STEWARD)
    assert titles(steward, "pump") == titles(whole, "pump") == ["Pump log"]
    assert titles(other, "pump") == []


def test_who_has_left_finds_nothing(rescue: Entry, index: Index, reader: Person) -> None:
    index()
    reader.left_on = date(2020, 1, 1)
    assert titles(reader, "rescue") == []


def test_the_database_has_the_last_word(rescue: Entry, index: Index, reader: Person) -> None:
    index()
    Entry.objects.filter(pk=rescue.pk).update(classification=Classification.CONFIDENTIAL)
    assert titles(reader, "rescue") == []


def test_what_is_withdrawn_is_not_found(rescue: Entry, index: Index, reader: Person) -> None:
    index()
    withdraw_entry(rescue)
    assert titles(reader, "rescue") == []
    index()
    assert search_entries(reader, "rescue").total == 0


# --- What is found ----------------------------------------------------------------------------------------------------


def test_matches_are_marked(rescue: Entry, index: Index, reader: Person) -> None:
    index()
    (result,) = search_entries(reader, '"confined space" rescue').results
    assert result.title == [("Working in ", False), ("confined spaces", True)]
    assert ("rescue", True) in result.snippet
    assert result.url.endswith(f"/entries/{rescue.pk}/")


def test_the_fields_of_an_entry(
    shelve: Shelve, index: Index, reader: Person, unit: Unit, organisation: Organisation
) -> None:
    entry = shelve("Chlorine", kind=Kind.LESSON, source_slug="handbook", path="water/chlorine.md", unit=unit)
    scheme = ConceptScheme.objects.create(slug="own", title="Own")
    broad = Concept.objects.create(scheme=scheme, slug="water", labels={"en": "Water works"})
    narrow = Concept.objects.create(scheme=scheme, slug="chlorination", labels={"en": "Chlorination"})
    Broader.objects.create(narrower=narrow, broader=broad)
    EntryTopic.objects.create(entry=entry, concept=narrow)
    shelve("Other chlorine")
    index()
    for query in (
        "kind:lesson",
        "source:handbook",
        "path:water/*",
        "unit:drainage",
        "topic:chlorination",
        'topic:"water works"',
        "chlorine NOT other",
        "title:chlorine path:**/*.md",
    ):
        assert titles(reader, query) == ["Chlorine"], query


def test_sorted_by_date_and_by_use(shelve: Shelve, index: Index, reader: Person) -> None:
    old = shelve("Valve one", published_at=datetime(2025, 1, 1, tzinfo=UTC))
    shelve("Valve two", published_at=datetime(2026, 1, 1, tzinfo=UTC))
    index()
    assert titles(reader, "valve", sort="newest") == ["Valve two", "Valve one"]
    count_use(old)
    count_use(old)
    assert titles(reader, "valve", sort="used") == ["Valve one", "Valve two"]


def test_near_copies_are_listed_under_the_first(shelve: Shelve, index: Index, reader: Person) -> None:
    text = " ".join(f"the crew checks valve number {number} and writes down the pressure" for number in range(30))
    shelve("Valve round", text)
    shelve("Valve round, copy", text + " Done.")
    index()
    found = search_entries(reader, "valve pressure")
    assert found.total == 2
    assert [(result.entry.title, [copy.title for copy in result.copies]) for result in found.results] == [
        ("Valve round", ["Valve round, copy"])
    ]


def test_pages(shelve: Shelve, index: Index, reader: Person) -> None:
    for number in range(7):
        shelve(f"Valve {number}", published_at=datetime(2026, 1, 1 + number, tzinfo=UTC))
    index()
    first = search_entries(reader, "valve", sort="newest", limit=3)
    assert (first.total, first.next_offset) == (7, 3)
    last = search_entries(reader, "valve", sort="newest", limit=3, offset=6)
    assert ([result.entry.title for result in last.results], last.next_offset) == (["Valve 0"], None)


def test_the_last_word_is_a_beginning_while_typing(rescue: Entry, index: Index, reader: Person) -> None:
    index()
    assert titles(reader, "resc") == []
    assert titles(reader, "resc", is_typing=True) == ["Working in confined spaces"]
    assert titles(reader, "resc ", is_typing=True) == []
    assert titles(reader, "title:conf", is_typing=True) == ["Working in confined spaces"]
    assert titles(reader, "r", is_typing=True) == []


def test_some_of_the_words_follow(rescue: Entry, shelve: Shelve, index: Index, reader: Person) -> None:
    shelve("Rescue from a box girder", "Treat every cell as a tank.")
    index()
    found = search_entries(reader, "rescue girder cell")
    assert [result.entry.title for result in found.results] == ["Rescue from a box girder"]
    assert [result.entry.title for result in found.wider] == ["Working in confined spaces"]


def test_facets_say_what_else_there_is(shelve: Shelve, index: Index, reader: Person) -> None:
    shelve("Valve one", kind=Kind.LESSON, standing="verified")
    shelve("Valve two")
    shelve("Valve three")
    index()
    found = search_entries(reader, "valve kind:lesson", facets=("kind", "standing"))
    assert found.total == 1
    assert {(count.key, count.count, count.excluded) for count in found.facets["kind"]} == {
        ("lesson", 1, False),
        ("procedure", 2, True),
    }
    assert titles(reader, "valve", narrowed={"standing": ["verified"]}) == ["Valve one"]


def test_facets_count_only_what_may_be_read(shelve: Shelve, index: Index, reader: Person) -> None:
    shelve("Valve one", audience=None)
    shelve("Valve two")
    index()
    (count,) = search_entries(reader, "valve", facets=("kind",)).facets["kind"]
    assert count.count == 1


# --- When something is wrong ------------------------------------------------------------------------------------------


def test_a_query_that_cannot_be_read_finds_what_its_beginning_does(rescue: Entry, index: Index, reader: Person) -> None:
    index()
    found = search_entries(reader, "rescue OR")
    assert found.error is not None
    assert (found.error.position, found.error.cut, found.total) == (9, 7, 1)
    with pytest.raises(QueryError):
        search_entries(reader, "rescue OR", strict=True)


def test_what_would_take_too_long_is_said_in_place_of_results(
    rescue: Entry, index: Index, reader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    index()
    monkeypatch.setattr(near, "MOST_READ", 1)
    found = search_entries(reader, "rescue resc* NEAR/9 line", facets=("kind",))
    assert found.error is not None
    assert (found.error.code, found.error.position, found.total, found.results) == ("near_work", 7, 0, [])
    with pytest.raises(QueryError, match="too many texts"):
        search_entries(reader, "rescue resc* NEAR/9 line", strict=True)


def test_suggestions_find_something(rescue: Entry, index: Index, reader: Person) -> None:
    index()
    found = search_entries(reader, "resceu")
    assert [(one.text, one.total) for one in found.suggestions] == [("rescue", 1)]
    wider = search_entries(reader, "rescue kind:lesson").suggestions
    assert [(one.text, one.total) for one in wider] == [("rescue", 1)]
    apart = search_entries(reader, '"line rescue"').suggestions
    assert [one.text for one in apart] == ["line rescue", "line OR rescue"]


def test_suggestions_do_not_tell_what_may_not_be_read(shelve: Shelve, index: Index, reader: Person) -> None:
    shelve("Wirlwind", audience=None)
    index()
    assert search_entries(reader, "wirlwnd").suggestions == []
