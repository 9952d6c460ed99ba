"""Order, counts and boundaries of a search in the index."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse
from headwater.search.language.searchable import Searchable
from headwater.search.lexical import near
from headwater.search.lexical.index import LexicalIndex
from headwater.search.lexical.schema import Indexed
from headwater.search.lexical.searching import Asker, Search

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
ASKER = Asker(("a1",), 1, ("en",))
Put = Callable[..., None]


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    return LexicalIndex(tmp_path)


@pytest.fixture
def put(index: LexicalIndex) -> Put:
    def add(
        entry_id: int, title: str, text: str = "", kind: str = "procedure", days: int = 0, standing: str = ""
    ) -> None:
        when = WHEN + timedelta(days=days)
        version = Searchable(entry_id, entry_id, title, text, "en", kind, "", (), (), "", when)
        with index.writing() as writer:
            writer.replace([Indexed(version, ("a1",), 0, standing=standing)])

    return add


def order(index: LexicalIndex, query: str, **options: object) -> list[int]:
    return [hit.entry_id for hit in Search(index, parse(query), ASKER).found(**options).hits]


def test_titles_and_typed_forms_come_first(index: LexicalIndex, put: Put) -> None:
    put(1, "Weekly notes", "The pump was cleaned and the crew left.")
    put(2, "The pump", "It was cleaned and then the crew left early.")
    put(3, "Weekly notes", "The pumps were cleaned and the crew left.")
    assert order(index, "pump") == [2, 1, 3]
    assert order(index, "pumps") == [2, 3, 1]


def test_words_that_stand_together_come_first(index: LexicalIndex, put: Put) -> None:
    put(1, "Notes", "water in the old main pipe was cold")
    put(2, "Notes", "the water main in the old pipe was cold")
    assert order(index, "water main")[0] == 2


def test_a_boost_changes_the_order_and_nothing_else(index: LexicalIndex, put: Put) -> None:
    put(1, "Notes", "pump pump pump")
    put(2, "Notes", "valve valve valve")
    assert order(index, "pump OR valve^5") == [2, 1]
    assert order(index, "pump^5 OR valve") == [1, 2]


def test_conditions_do_not_change_the_order(index: LexicalIndex, put: Put) -> None:
    put(1, "Pump", kind="lesson")
    put(2, "A pump of the north station with a very long name", kind="lesson")
    plain = order(index, "pump")
    assert order(index, "pump kind:lesson published:2026 NOT valve path:*") == []
    assert order(index, "pump kind:lesson published:2026 NOT valve") == plain


def test_newest_first_and_pages(index: LexicalIndex, put: Put) -> None:
    for entry_id in range(1, 6):
        put(entry_id, "Pump", days=(entry_id * 3) % 5)
    assert order(index, "pump", sort="newest") == [3, 1, 4, 2, 5]
    assert order(index, "pump", sort="newest", offset=2, limit=2) == [4, 2]


def test_title_and_text_are_not_neighbours(index: LexicalIndex, put: Put) -> None:
    put(1, "Near the rescue", "line of the crew")
    assert order(index, '"rescue line"') == []
    for distance in (0, 5, 20, 50):
        assert order(index, f"rescue NEAR/{distance} line") == []
    assert order(index, "line NEAR/2 crew") == order(index, "title:(near NEAR/1 rescue)") == [1]
    assert order(index, "res* NEAR/50 crew") == []


def test_counts_of_facets(index: LexicalIndex, put: Put) -> None:
    put(1, "Pump", kind="lesson", standing="verified")
    put(2, "Pump", kind="lesson", days=-400)
    put(3, "Pump", kind="policy")
    put(4, "Valve", kind="howto")
    search = Search(index, parse("pump kind:lesson"), ASKER)
    found = search.found(facets=("kind", "standing", "year"))
    assert [(one.key, one.count, one.excluded) for one in found.facets["kind"]] == [
        ("lesson", 2, False),
        ("policy", 1, True),
    ]
    assert [(one.key, one.count) for one in found.facets["standing"]] == [("verified", 1)]
    assert {(one.key, one.count) for one in found.facets["year"]} == {("2026", 1), ("2025", 1)}
    narrowed = Search(index, parse("pump"), ASKER, {"standing": ["verified"]})
    assert narrowed.count() == 1
    (verified,) = narrowed.found(facets=("standing",)).facets["standing"]
    assert (verified.count, verified.excluded) == (1, False)


def test_some_of_the_words(index: LexicalIndex, put: Put) -> None:
    put(1, "Pump", "the old valve", kind="lesson")
    put(2, "Pump", "new", kind="policy")
    put(3, "Gate")

    def wider(query: str) -> list[int]:
        return [hit.entry_id for hit in Search(index, parse(query), ASKER).wider()]

    assert wider("pump valve absent") == [1, 2]
    assert wider("pump valve kind:policy") == [2]
    assert wider("old-valve pump") == [1, 2]
    assert wider("pump") == wider('"pump valve"') == wider("pump OR valve") == []


def test_words_that_begin_so(index: LexicalIndex, put: Put) -> None:
    put(1, "Pumping station")
    put(2, "Pump")
    search = Search(index, parse("x"), ASKER)
    assert dict(search.terms_like("pum", 10)) == {"pump": 1, "pumping": 1}
    assert Search(index, parse("x"), Asker(("a2",), 1, ())).terms_like("pum", 10) == []


def test_long_paths_and_patterns(index: LexicalIndex) -> None:
    long = "/".join(["a folder with quite a long name"] * 20) + "/report.md"
    other = long.replace("report", "letter")
    with index.writing() as writer:
        for entry_id, path in enumerate((long, other), start=1):
            version = Searchable(entry_id, entry_id, "Pump", "", "en", "procedure", "", (), (), path, WHEN)
            writer.replace([Indexed(version, ("a1",), 0)])
    assert order(index, f'path:"{long}"') == [1]
    assert order(index, f'path:"{"*a*" * 40}" pump') == []
    assert sorted(order(index, f'path:"{"?*" * 40}"')) == []
    assert sorted(order(index, f'NOT path:"{long}"')) == [2]


def test_near_in_too_many_texts_is_refused_with_its_place(
    index: LexicalIndex, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(1, "Notes", "water in the pump")
    put(2, "Notes", "water in the old pump")
    query = parse("water (wat* NEAR/2 pump)")
    assert Search(index, query, ASKER).count() == 1
    monkeypatch.setattr(near, "MOST_READ", 10)
    with pytest.raises(QueryError, match="position 8") as refused:
        Search(index, query, ASKER).count()
    assert refused.value.code == "near_work"


def test_what_was_looked_for_is_not_looked_for_again(index: LexicalIndex, put: Put) -> None:
    put(1, "Notes", "water in the pump")
    looked = near.Looked()
    for text in ("wat* NEAR/2 pump", "the wat* NEAR/2 pump"):
        assert Search(index, parse(text), ASKER, looked=looked).count() == 1
    assert looked.read == 5
