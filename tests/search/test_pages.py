"""The search page, the list of gaps, and the API: what they show, record and refuse."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headwater.core.addresses import address
from headwater.core.models import Event, Organisation
from headwater.people.models import Audience, Notice, Person
from headwater.search import actions
from headwater.search.gaps import record_gap, tell_answered
from headwater.search.language.parser import parse
from headwater.search.models import GapAsker, SearchGap
from tests.conftest import enrol, make_person
from tests.search.conftest import Shelve

SignIn = Callable[[Person], Client]
Index = Callable[[], int]


@pytest.fixture
def reader(ines: Person, everyone: Audience) -> Person:
    enrol(everyone)
    return ines


@pytest.fixture
def browser(reader: Person, sign_in: SignIn) -> Client:
    return sign_in(reader)


def get(client: Client, **query: Any) -> str:
    response = client.get(address("search:results"), query)
    assert response.status_code == 200
    return response.content.decode()


def typed(client: Client, **query: Any) -> str:
    headers = {"HX-Request": "true", "HX-Trigger-Name": "q"}
    return client.get(address("search:results"), query, headers=headers).content.decode()


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_page_marks_what_matched(browser: Client, shelve: Shelve, index: Index) -> None:
    shelve("Working in confined spaces", "The person at the top holds the rescue line.", standing="verified")
    index()
    page = get(browser, q="“confined space” rescue")
    assert "<mark>confined spaces</mark>" in page
    assert "<mark>rescue</mark>" in page
    assert "Verified" in page


def test_texts_are_escaped(browser: Client, shelve: Shelve, index: Index) -> None:
    shelve("<script>alert(1)</script> valve", "<img src=x onerror=alert(1)> valve")
    index()
    page = get(browser, q="valve")
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_typing_gets_only_the_results(browser: Client, shelve: Shelve, index: Index) -> None:
    shelve("Rescue line")
    index()
    part = typed(browser, q="resc")
    assert "<html" not in part
    assert "Rescue" in part
    assert 'id="query"' not in part


def test_an_error_shows_its_place_and_what_comes_before(browser: Client, shelve: Shelve, index: Index) -> None:
    shelve("Rescue line")
    index()
    page = get(browser, q="rescue OR")
    assert '<span class="query-mark">\u00a0</span>' in page
    assert "A word is missing after OR, at position 10." in page
    assert "Rescue</mark> line" in page


def test_boxes_lead_to_narrower_searches(browser: Client, shelve: Shelve, index: Index) -> None:
    shelve("Valve one", kind="lesson", standing="disputed")
    shelve("Valve two")
    index()
    page = get(browser, q="valve")
    assert "q=valve+kind%3Alesson" in page
    assert "standing=disputed" in page
    ticked = get(browser, q="valve kind:lesson")
    assert "Valve</mark> two" not in ticked
    assert "+1" in ticked


def test_what_is_ticked_can_be_unticked_even_where_nothing_has_it(
    browser: Client, shelve: Shelve, index: Index
) -> None:
    shelve("Valve one")
    index()
    page = get(browser, q="valve kind:lesson,policy")
    assert 'id="f-kind-lesson" checked' in page
    assert 'id="f-kind-policy" checked' in page
    assert "q=valve+kind%3Alesson&" in page


def test_ticking_keeps_what_is_being_typed(browser: Client, shelve: Shelve, index: Index) -> None:
    shelve("Valve one")
    shelve("Valve two", kind="lesson")
    index()
    assert "q=valv%2A+kind%3Alesson" in typed(browser, q="valv")


def test_nonsense_in_the_address_is_ordinary(browser: Client, shelve: Shelve, index: Index) -> None:
    shelve("Valve one")
    index()
    assert "Valve</mark> one" in get(browser, q="valve", sort="sideways", limit="many", standing="odd")


@pytest.mark.parametrize("sort", ["best", "newest", "used"])
def test_query_counts_do_not_grow(
    browser: Client, shelve: Shelve, index: Index, sort: str, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    shelve("Valve 0", "turn the valve")
    index()

    def counted() -> int:
        with django_assert_max_num_queries(15) as queries:
            get(browser, q="valve", sort=sort)
        captured: CaptureQueriesContext = queries
        return len(captured)

    counted()
    one = counted()
    for number in range(1, 30):
        shelve(f"Valve {number}", "turn the valve")
    index()
    assert counted() == one


# --- Gaps -------------------------------------------------------------------------------------------------------------


def test_a_search_in_vain_is_counted_without_the_person(browser: Client, index: Index) -> None:
    index()
    get(browser, q="  unobtainium   valve ")
    get(browser, q="unobtainium valve")
    gap = SearchGap.objects.get()
    assert (gap.query, gap.times, gap.askers.count()) == ("unobtainium valve", 2, 0)


@pytest.mark.parametrize("text", ["", "kind:lesson", "valve OR", "published:30d"])
def test_what_asks_for_no_words_is_no_gap(browser: Client, index: Index, text: str) -> None:
    index()
    get(browser, q=text)
    assert not SearchGap.objects.exists()


def test_odd_characters_do_no_harm(browser: Client, index: Index) -> None:
    index()
    get(browser, q="odd \x01 \u202e unobtainium")
    assert SearchGap.objects.get().query.endswith("unobtainium")


def test_a_gap_keeps_what_can_be_stored(organisation: Organisation) -> None:
    text = "zero\x00 \ud800 unobtainium"
    gap = record_gap(text, parse(text), "en")
    assert gap is not None
    assert gap.query == "zero ? unobtainium"


def test_everything_comes_newest_first(browser: Client, shelve: Shelve, index: Index) -> None:
    shelve("Old valve", published_at=datetime(2020, 1, 1, tzinfo=UTC))
    shelve("New valve", published_at=datetime(2026, 1, 1, tzinfo=UTC))
    index()
    page = get(browser)
    assert page.index("New valve") < page.index("Old valve")


def test_typing_records_nothing(browser: Client, index: Index) -> None:
    index()
    typed(browser, q="unobt")
    assert not SearchGap.objects.exists()


def test_told_when_there_is_an_answer(browser: Client, shelve: Shelve, index: Index, reader: Person) -> None:
    index()
    get(browser, q="unobtainium")
    gap = SearchGap.objects.get()
    answer = browser.post(
        address("search:gap-wait", pk=gap.pk), {"tell": "1", "query": gap.query}, headers={"HX-Request": "true"}
    )
    assert "You will be told" in answer.content.decode()
    assert tell_answered(gap.organisation_id) == 0
    shelve("Where unobtainium is kept")
    index()
    assert tell_answered(gap.organisation_id) == 1
    assert tell_answered(gap.organisation_id) == 0
    notice = Notice.objects.get(person=reader)
    assert "unobtainium" in notice.text
    assert notice.url.endswith("?q=unobtainium")


def test_not_told_of_what_may_not_be_read(browser: Client, shelve: Shelve, index: Index) -> None:
    index()
    get(browser, q="unobtainium")
    gap = SearchGap.objects.get()
    browser.post(address("search:gap-wait", pk=gap.pk), {"tell": "1", "query": gap.query})
    shelve("Where unobtainium is kept", audience=None)
    index()
    assert tell_answered(gap.organisation_id) == 0


def test_no_longer_waiting_leaves_no_name(browser: Client, reader: Person) -> None:
    gap = SearchGap.objects.create(query="x")
    browser.post(address("search:gap-wait", pk=gap.pk), {"tell": "1", "query": gap.query})
    browser.post(address("search:gap-wait", pk=gap.pk))
    assert not GapAsker.objects.exists()


def test_nobody_learns_what_others_searched_for(browser: Client, nadia: Person, index: Index) -> None:
    """Only who knows the words waits for their answer; the number of a gap tells nothing, at no door."""
    index()
    words = "zzqxonk  secretplan"
    gap = api(browser, "entries", q=words)[1]["gap"]
    kept, page = SearchGap.objects.get(), address("search:gap-wait", pk=gap)
    for query in ("", "pump", "*", "zzqxonk", "secretplan OR"):
        status, answer = api(browser, f"gaps/{gap}/wait", "post", query=query)
        assert (status, "zzqxonk" in str(answer)) == (403, False), query
        assert browser.post(page, {"tell": "1", "query": query}).status_code == 403
    assert api(browser, f"gaps/{gap}/wait", "delete")[0] == 403
    assert browser.post(page).status_code == 403
    assert not GapAsker.objects.exists()
    assert f'name="query" value="{kept.query}"' in get(browser, q=words)
    assert browser.post(page, {"tell": "1", "query": words}).status_code == 302
    assert api(browser, f"gaps/{gap}/wait", "post", query=kept.query)[1]["query"] == kept.query
    assert actions.await_answer(nadia, kept).person == nadia


def test_a_settled_gap_cannot_be_awaited(browser: Client) -> None:
    gap = SearchGap.objects.create(query="x", state=SearchGap.State.DISMISSED)
    assert browser.post(address("search:gap-wait", pk=gap.pk), {"tell": "1"}).status_code == 403


def test_gaps_are_for_those_who_can_fill_them(browser: Client, sign_in: SignIn, nadia: Person) -> None:
    gap = SearchGap.objects.create(query="unobtainium", times=3)
    assert browser.get(address("search:gaps")).status_code == 403
    for verb in ("answer", "dismiss", "reopen"):
        response = browser.post(address("search:gap", pk=gap.pk), {"do": verb, "entry": "1"})
        assert response.status_code in (302, 403)
    gap.refresh_from_db()
    assert gap.state == SearchGap.State.OPEN
    assert "unobtainium" in sign_in(nadia).get(address("search:gaps")).content.decode()


def test_answering_tells_those_who_may_read_it(
    shelve: Shelve, sign_in: SignIn, reader: Person, nadia: Person, everyone: Audience
) -> None:
    enrol(everyone)
    gap = SearchGap.objects.create(query="unobtainium")
    outsider = make_person("Odd")
    for person in (reader, outsider):
        GapAsker.objects.create(gap=gap, person=person)
    entry = shelve("Substitutes")
    manager = sign_in(nadia)
    manager.post(address("search:gap", pk=gap.pk), {"do": "answer", "entry": address("home:entry", pk=entry.pk)})
    gap.refresh_from_db()
    assert (gap.state, gap.answer) == (SearchGap.State.ANSWERED, entry)
    assert [notice.person for notice in Notice.objects.all()] == [reader]
    manager.post(address("search:gap", pk=gap.pk))
    gap.refresh_from_db()
    assert (gap.state, gap.answer) == (SearchGap.State.OPEN, None)
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True))[-2:] == ["answer_gap", "reopen_gap"]


def test_an_answer_is_picked_by_its_title(
    shelve: Shelve, index: Index, sign_in: SignIn, nadia: Person, everyone: Audience
) -> None:
    enrol(everyone)
    entry = shelve("Rescue winch", "Hold the line.")
    shelve("Rescue of others", "Not yours.", audience=None)
    index()
    gap = record_gap("unobtainium", parse("unobtainium"), "en")
    assert gap is not None
    manager = sign_in(nadia)
    assert 'list="entries-found"' in manager.get(address("search:gaps")).content.decode()
    offered = manager.get(address("search:offered"), {"entry": "resc"}).content.decode()
    assert "Rescue winch" in offered
    assert "others" not in offered
    assert manager.get(address("search:offered"), {"entry": " "}).content.decode().strip() == ""
    manager.post(address("search:gap", pk=gap.pk), {"do": "answer", "entry": "Rescue winch"})
    gap.refresh_from_db()
    assert gap.answer == entry


def test_one_title_of_several_is_no_answer(shelve: Shelve, sign_in: SignIn, nadia: Person, everyone: Audience) -> None:
    enrol(everyone)
    shelve("Rescue winch", "One")
    shelve("Rescue winch", "Two")
    gap = record_gap("unobtainium", parse("unobtainium"), "en")
    assert gap is not None
    page = sign_in(nadia).post(address("search:gap", pk=gap.pk), {"do": "answer", "entry": "Rescue winch"}, follow=True)
    assert "Several entries have that title" in page.content.decode()
    gap.refresh_from_db()
    assert gap.state == SearchGap.State.OPEN


def test_an_answer_must_be_there_to_read(shelve: Shelve, sign_in: SignIn, nadia: Person) -> None:
    gap = SearchGap.objects.create(query="unobtainium")
    hidden = shelve("Hidden", audience=None)
    manager = sign_in(nadia)
    for entry in ("", "999", str(hidden.pk)):
        manager.post(address("search:gap", pk=gap.pk), {"do": "answer", "entry": entry})
    gap.refresh_from_db()
    assert gap.state == SearchGap.State.OPEN


def test_gap_list_counts_queries_once(
    sign_in: SignIn, nadia: Person, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    manager = sign_in(nadia)
    SearchGap.objects.create(query="0")

    def counted() -> int:
        with django_assert_max_num_queries(15) as queries:
            assert manager.get(address("search:gaps")).status_code == 200
        return len(queries)

    counted()
    one = counted()
    SearchGap.objects.bulk_create(SearchGap(query=str(number)) for number in range(1, 30))
    assert counted() == one


# --- The API ----------------------------------------------------------------------------------------------------------


def api(client: Client, path: str, method: str = "get", **data: Any) -> tuple[int, Any]:
    url = address("home:today") + "api/v1/search/" + path
    if method == "get":
        response = client.get(url, data)
    else:
        response = getattr(client, method)(url, json.dumps(data), content_type="application/json")
    return response.status_code, response.json()


def test_searching_by_api(browser: Client, shelve: Shelve, index: Index) -> None:
    entry = shelve("Rescue line", "Hold the line.", path="a/b.md", source_slug="handbook")
    index()
    status, answer = api(browser, "entries", q="line", facets="true")
    assert status == 200
    assert answer["count"] == 1
    (item,) = answer["items"]
    assert (item["id"], item["title"], item["kind"]) == (entry.pk, "Rescue line", "procedure")
    assert item["snippet"] == "Hold the line."
    assert ["line", True] in item["snippet_parts"]
    assert answer["facets"]["kind"] == [{"key": "procedure", "count": 1, "excluded": False}]


def test_a_bad_query_by_api(browser: Client) -> None:
    status, answer = api(browser, "entries", q="rescue OR")
    assert (status, answer["position"]) == (400, 9)


def test_gaps_by_api(browser: Client, sign_in: SignIn, nadia: Person, shelve: Shelve, index: Index) -> None:
    index()
    status, answer = api(browser, "entries", q="unobtainium")
    assert (status, answer["count"]) == (200, 0)
    gap = answer["gap"]
    assert api(browser, f"gaps/{gap}/wait", "post")[0] == 422
    assert api(browser, f"gaps/{gap}/wait", "post", query="unobtainium")[0] == 200
    assert api(browser, f"gaps/{gap}/wait", "delete")[0] == 200
    assert api(browser, "gaps")[0] == 403
    assert api(browser, f"gaps/{gap}/dismissal", "post")[0] == 403
    manager = sign_in(nadia)
    assert [one["query"] for one in api(manager, "gaps")[1]["items"]] == ["unobtainium"]
    assert api(manager, f"gaps/{gap}/dismissal", "post")[1]["state"] == "dismissed"
    assert api(manager, f"gaps/{gap}/dismissal", "delete")[1]["state"] == "open"
    entry = shelve("Substitutes", owner=nadia)
    assert api(manager, f"gaps/{gap}/answer", "post", entry=entry.pk)[1]["answer_id"] == entry.pk
    assert api(manager, f"gaps/{gap}/answer", "post", entry=0)[0] == 422
