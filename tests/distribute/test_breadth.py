"""A standing query that takes everything is kept only by who says so twice, at every door."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import given

from headwater.core.actions import OPERATOR
from headwater.core.models import Event
from headwater.distribute.actions import save_directive, save_profile
from headwater.distribute.breadth import FEWEST, takes_all
from headwater.distribute.models import Directive, InterestProfile
from headwater.people.models import Audience, Person
from headwater.search.indexing import mend_index
from headwater.search.language.oracle import matches
from headwater.search.language.parser import parse
from headwater.search.language.query import Query
from headwater.search.lexical import near
from tests.conftest import enrol
from tests.distribute.conftest import make_version
from tests.search.language.strategies import queries, versions

SignIn = Callable[[Person], Client]
ROOT = "/o/waterworks/"


@pytest.fixture
def library(ines: Person, nadia: Person, everyone: Audience) -> None:
    """Twenty-four texts that Ines may read: each speaks of pumps, three of valves, one of tenders."""
    enrol(everyone)
    for number in range(FEWEST + 4):
        more = "valve" if number < 3 else "tender" if number == 3 else "other"
        version = make_version(f"Text {number}", f"A pump and {more}", everyone, nadia)
    mend_index(version.organisation_id)


@pytest.mark.parametrize(
    "query",
    [
        *("*", "pump OR *", "pump OR NOT pump", "NOT (pump AND NOT pump)", "(* OR pump)^2", "NOT NOT *", "* AND *"),
        *(
            "pump OR NOT PUMP",
            '"pump" OR NOT pump',
            "pump^2 OR NOT pump",
            "a OR NOT (a AND a)",
            "(a OR b) OR NOT (b OR a)",
        ),
        *("pump OR NOT (pump culvert)", "a OR (NOT a AND b) OR (NOT a AND NOT b)", "Café OR NOT cafe"),
        *(
            "published:>1900",
            "published:<2999",
            "published:36500d OR published:<2000",
            "published:5d OR NOT published:5d",
        ),
        *("published:>2010 OR published:<2020", "path:* OR NOT path:**", "kind:how-to OR NOT kind:How-To"),
        *(
            "pum* OR NOT pump*",
            "pump OR NOT title:pump",
            "pu* OR NOT title:pump*",
            "weir OR pump* OR NOT pumps*",
        ),
        *('pump OR NOT "old pump"', '"a b" OR NOT "x a b"', 'a OR NOT title:"a b"', "NOT pump* OR pum* OR weir"),
    ],
)
def test_what_holds_of_anything_is_seen(query: str) -> None:
    assert takes_all(parse(query))


@pytest.mark.parametrize(
    "query",
    [
        *("pump", "NOT pump", "* AND pump", "NOT *", "pump AND NOT pump", "pump OR NOT valve", "path:*"),
        *("published:30d", "published:>2010 OR published:<2009", "published:>2010 AND published:<2020"),
        *("title:pump OR NOT pump", "pump* OR NOT pump", "(a OR b) OR NOT (b OR c)"),
        *("pump* OR NOT pum*", '"old pump" OR NOT pump', "title:pum* OR NOT pump*", "pum* AND NOT pump*"),
        *("fli* OR NOT flies", '"a b" OR NOT "a x b"', "pump OR NOT pump*"),
        " OR ".join(f"NOT word{n}" for n in range(300)),
    ],
)
def test_what_something_escapes_is_let_through(query: str) -> None:
    assert not takes_all(parse(query))


@given(query=queries, version=versions())
def test_what_takes_all_matches_whatever_comes(query: Query, version: Any) -> None:
    if takes_all(query):
        assert matches(query, version, ("en",))


@pytest.mark.parametrize(
    ("query", "said"),
    [("*", "asks for everything"), ("NOT tender", "23 of the 24"), ("pump", "24 of the 24"), ("pu*", "24 of the 24")],
)
def test_it_is_refused_until_it_is_confirmed(library: None, ines: Person, query: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as error:
        save_profile(ines, query)
    assert list(error.value.message_dict) == ["confirmed"]
    assert "Nothing was changed" in str(error.value)
    profile = save_profile(ines, query, confirmed=True)
    assert Event.objects.get(verb="save_profile", subject_id=profile.pk).details["confirmed"] is True


def test_what_cannot_be_counted_is_confirmed(
    library: None, ines: Person, nadia: Person, everyone: Audience, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NEAR that would have to be looked for in too many texts may take them all: page, API and must-reads ask."""
    monkeypatch.setattr(near, "MOST_READ", 3)
    query = "pu* NEAR/2 and"
    with pytest.raises(ValidationError, match="cannot be counted") as error:
        save_profile(ines, query)
    assert list(error.value.message_dict) == ["confirmed"]
    with pytest.raises(ValidationError, match="cannot be counted"):
        save_directive(nadia, everyone, query=query, due_days=3)
    browser, values = sign_in(ines), {"query": query, "when": "digest"}
    refused = browser.post(f"{ROOT}distribute/profiles/new/", values)
    page = refused.content.decode()
    assert refused.status_code == 400
    assert "would have to be looked for in too many texts" in page
    assert "How much this takes cannot be counted" in page
    assert 'name="confirmed" value="on" form="profile"' in page
    looked = browser.get(f"{ROOT}api/v1/distribute/preview", {"query": query}).json()
    assert (looked["takes_everything"], "too many texts" in looked["error"]) == (True, True)
    unread = browser.get(f"{ROOT}distribute/profiles/preview/", {"query": "(pump"}).content.decode()
    assert 'name="confirmed"' not in unread, "what cannot be read is not kept by a tick"
    directive = sign_in(nadia).post(f"{ROOT}distribute/directives/new/", {"query": query, "audience": everyone.pk})
    assert 'name="confirmed"' in directive.content.decode()
    assert not InterestProfile.objects.exists()
    assert browser.post(f"{ROOT}distribute/profiles/new/", {**values, "confirmed": "on"}).status_code == 302
    assert InterestProfile.objects.get().query == query


def test_a_refused_change_keeps_the_old_one(library: None, ines: Person) -> None:
    profile = save_profile(ines, "valve")
    with pytest.raises(ValidationError):
        save_profile(ines, "*", profile=profile)
    profile.refresh_from_db()
    assert profile.query == "valve"


def test_what_was_confirmed_is_renamed_without_asking_again(library: None, ines: Person) -> None:
    profile = save_profile(ines, "*", confirmed=True)
    assert save_profile(ines, "*", name="All of it", profile=profile).name == "All of it"


def test_few_texts_say_nothing_about_breadth(ines: Person, nadia: Person, everyone: Audience) -> None:
    enrol(everyone)
    mend_index(make_version("A text", "A pump", everyone, nadia).organisation_id)
    assert save_profile(ines, "pump").query == "pump"


@pytest.mark.parametrize("code", ["xx", "not a language", "fr-" + "x" * 60, "de_DE_x"])
def test_a_language_that_is_none_is_refused_at_the_door(ines: Person, sign_in: SignIn, code: str) -> None:
    body = json.dumps({"query": "valve", "language": code})
    answer = sign_in(ines).post(f"{ROOT}api/v1/distribute/profiles", body, content_type="application/json")
    assert answer.status_code == 400
    assert b"language" in answer.content
    assert not InterestProfile.objects.exists()
    assert save_profile(ines, "valve", language="pt-br").language == "pt-br"


def test_the_operator_is_asked_too(library: None, everyone: Audience, ines: Person) -> None:
    for holder in ({"audience": everyone}, {"person": ines}):
        with pytest.raises(ValidationError, match="24 of the 24"):
            save_profile(OPERATOR, "pump", **holder)
    with pytest.raises(ValidationError, match="24 of the 24"):
        save_directive(OPERATOR, everyone, query="pump", due_days=3)


def test_a_standing_must_read_of_everything_is_confirmed(library: None, nadia: Person, everyone: Audience) -> None:
    with pytest.raises(ValidationError, match="asks for everything"):
        save_directive(nadia, everyone, query="*", due_days=3)
    assert not Directive.objects.exists()
    draft = save_directive(nadia, everyone, query="*", due_days=3, confirmed=True)
    assert save_directive(nadia, everyone, query="*", due_days=4, directive=draft).due_days == 4


def test_the_page_says_so_and_takes_a_tick(library: None, ines: Person, sign_in: SignIn) -> None:
    browser = sign_in(ines)
    values = {"query": "NOT tender", "when": "digest"}
    refused = browser.post(f"{ROOT}distribute/profiles/new/", values)
    assert refused.status_code == 400
    text = refused.content.decode()
    assert "23 of the 24" in text
    assert '<input type="checkbox" name="confirmed"' in text
    assert not InterestProfile.objects.exists()
    drawn = browser.get(
        f"{ROOT}distribute/profiles/preview/", values, headers={"HX-Request": "true", "HX-Target": "preview"}
    )
    while_typing = drawn.content.decode()
    assert 'name="confirmed" value="on" form="profile"' in while_typing
    browser.post(f"{ROOT}distribute/profiles/new/", {**values, "confirmed": "on"})
    assert InterestProfile.objects.get().query == "NOT tender"


def test_the_must_reads_page_says_so_and_takes_a_tick(
    library: None, nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    browser = sign_in(nadia)
    values = {"query": "*", "audience": everyone.pk, "due_days": 3, "acknowledge": "on"}
    refused = browser.post(f"{ROOT}distribute/directives/new/", values)
    assert refused.status_code == 400
    assert '<input type="checkbox" name="confirmed"' in refused.content.decode()
    browser.post(f"{ROOT}distribute/directives/new/", {**values, "confirmed": "on"})
    assert Directive.objects.get().query == "*"


def test_programs_confirm_it_too(library: None, ines: Person, sign_in: SignIn) -> None:
    browser = sign_in(ines)

    def send(status: int, method: str, path: str, **body: Any) -> Any:
        call = getattr(browser, method)
        answer = call(f"{ROOT}api/v1/distribute/{path}", json.dumps(body), content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    assert "confirmed" in json.dumps(send(400, "post", "profiles", query="*"))
    kept = send(200, "post", "profiles", query="valve")["id"]
    assert "asks for everything" in json.dumps(send(400, "put", f"profiles/{kept}", query="*"))
    assert "position 11" in json.dumps(send(400, "put", f"profiles/{kept}", query="valve AND ("))
    assert InterestProfile.objects.get().query == "valve"
    assert send(200, "put", f"profiles/{kept}", query="*", confirmed=True)["query"] == "*"
