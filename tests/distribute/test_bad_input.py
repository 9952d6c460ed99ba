"""What nobody meant to type, and texts that nobody meant to write: refused with a place, or matched like any other."""

import json
from collections.abc import Callable, Iterator

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.core.jobs import safe_tx
from headwater.distribute.actions import save_profile
from headwater.distribute.matching import forget_standing
from headwater.distribute.models import InterestProfile
from headwater.distribute.preview import preview_profile
from headwater.distribute.standing import Standing
from headwater.people.models import Audience, Person
from headwater.search.indexing import mend_index
from headwater.search.language.parser import MAX_DEPTH, MAX_LENGTH, MAX_TERMS
from tests.distribute.conftest import make_version
from tests.distribute.test_matching import House

SignIn = Callable[[Person], Client]
API = "/o/waterworks/api/v1/distribute/profiles"

# What is refused, and what is said of it; the place counts from 1.
UNREADABLE = [
    ("pump OR", "at position 8"),
    ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), "nested more than 20 deep, at position 21"),
    ("(" * 5_000, "at position"),
    (" ".join(["ab"] * (MAX_TERMS + 1)), "more than 300 terms; the first one too many is at position 901"),
    (" ".join(f"w{number}" for number in range(100_000)), f"688889 characters; {MAX_LENGTH} are the most"),
    ("p*", "At least 2 letters go before the star, at position 1"),
    (" OR ".join(["pu*"] * 400), "more than 300 terms"),
    ("path:**/a/**/b/**/c/**/d/**", "at most 4 times"),
]
UNKEEPABLE = [("pump\0", 5), ("pump \x07", 6), ("topic:\0a", 7), ("pump \ud800", 6)]
PIECES = ["a", "b ", '"', "(", ")", "*", "^2", "-", " OR ", " NEAR/2 ", "topic:", "unit:", "path:", "title:", "\0"]


@pytest.fixture
def kept(ines: Person) -> InterestProfile:
    return save_profile(ines, "pump")


@pytest.mark.parametrize(("query", "said"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_it_is_refused_with_the_place_and_the_old_one_stays(
    ines: Person, kept: InterestProfile, sign_in: SignIn, query: str, said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        save_profile(ines, query, profile=kept)
    browser = sign_in(ines)
    answer = browser.put(f"{API}/{kept.pk}", json.dumps({"query": query}), content_type="application/json")
    assert answer.status_code in (400, 422)
    assert said in answer.json()["detail"]
    kept.refresh_from_db()
    assert kept.query == "pump"


@pytest.mark.parametrize(("query", "place"), UNKEEPABLE, ids=range(len(UNKEEPABLE)))
def test_what_no_text_can_hold_is_refused_at_every_door(
    ines: Person, kept: InterestProfile, sign_in: SignIn, query: str, place: int
) -> None:
    with pytest.raises(ValidationError, match=f"position {place}"):
        save_profile(ines, query, profile=kept)
    browser = sign_in(ines)
    assert (
        browser.put(f"{API}/{kept.pk}", json.dumps({"query": query}), content_type="application/json").status_code
        == 400
    )
    sent = {"query": query.encode("utf-8", "replace").decode(), "when": "digest"}
    answer = browser.post(f"/o/waterworks/distribute/profiles/{kept.pk}/", sent)
    assert answer.status_code == (302 if "\ud800" in query else 400)
    kept.refresh_from_db()
    assert "\0" not in kept.query


def test_a_kept_query_that_is_read_no_more_keeps_no_other_from_being_loaded(
    ines: Person, kept: InterestProfile, caplog: pytest.LogCaptureFixture
) -> None:
    """The language may grow an operator: what was kept before it came may not be readable then."""
    unreadable = InterestProfile.objects.create(person=ines, query="pump OR")
    last = save_profile(ines, "valve OR pump")
    standing = Standing()
    standing.follow(safe_tx())
    assert sorted(standing.keys().tolist()) == [2 * kept.pk, 2 * last.pk]
    assert f"the key {2 * unreadable.pk} cannot be matched: " in caplog.text


def test_control_characters_are_left_out_of_a_name(ines: Person) -> None:
    assert save_profile(ines, "pump", name="Pu\x07mps").name == "Pumps"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(query=st.lists(st.one_of(st.characters(codec=None), st.sampled_from(PIECES)), max_size=20).map("".join))
def test_whatever_is_typed_is_kept_or_refused(ines: Person, query: str) -> None:
    """And shown beside what it would have brought, or where it cannot be read."""
    preview = preview_profile(ines, query)
    if preview.error or not query.strip():
        with pytest.raises(ValidationError):
            save_profile(ines, query, confirmed=True)
    else:
        assert InterestProfile.objects.filter(pk=save_profile(ines, query, confirmed=True).pk).exists()


def test_as_many_prefixes_as_may_be_are_looked_back_at(ines: Person, nadia: Person, everyone: Audience) -> None:
    version = make_version("Pumps", "The pump was greased.", everyone, nadia)
    mend_index(version.organisation_id)
    letters = "abcdefghijklmnopqrst"
    query = " OR ".join(f"{one}{other}*" for one in letters[:15] for other in letters)
    preview = preview_profile(ines, query)
    assert (preview.error, preview.count) == ("", 1)


# --- The stream -------------------------------------------------------------------------------------------------------

ODD: dict[str, str] = {
    "nothing": "",
    "blanks": " \t\n\r\x0b\x0c\u00a0\u2003\u200b" * 1_000,
    "control characters": "".join(map(chr, (*range(1, 32), *range(127, 160)))) * 100,
    "marks without letters": "\u0301\u0489\u20dd" * 5_000,
    "both directions": "\u202eleak\u202c \u2066pump\u2069 \u200f\u200e" * 500,
    "scripts nobody knows": "\U00013000\U00013001 \U0001d100 \ue000 \U0010fffd \u0378 " * 1_000,
    "one long word": "x" * 1_000_000,
    "unspaced": "安全管理" * 50_000,
    "signs": '!?*()"^-:/\\' * 10_000,
    "emoji": "👩‍🚒🏽 " * 5_000,
    "half a character": "a\u0d4d\u200d" * 5_000,
}
QUERIES = ["pump", "le*", '"pump valve"', "NOT weir", "* OR weir", "title:ordinary", "a NEAR/3 b", "安全", "path:*"]


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    forget_standing()
    yield House()
    forget_standing()


def test_odd_texts_neither_stop_the_stream_nor_are_lost(house: House) -> None:
    with house.inside():
        for query in QUERIES:
            save_profile(house.ines, query, confirmed=True)
    for name, text in ODD.items():
        house.publish(f"Odd: {name}", text)
    house.publish("An ordinary pump", "A pump valve leaks.")
    house.match()
    assert sorted(house.got(house.ines)) == sorted([*(f"Odd: {name}" for name in ODD), "An ordinary pump"])


def test_a_million_words_are_matched_like_any_other(house: House) -> None:
    with house.inside():
        save_profile(house.ines, "pump valve")
        save_profile(house.omar, '"needle in it"')
    house.publish("A long one", "the water of a valley " * 200_000 + "a pump, a valve, a needle in it")
    house.publish("A short one", "a pump valve")
    house.match()
    assert house.got(house.ines) == ["A short one", "A long one"]
    assert house.got(house.omar) == ["A long one"]


def test_the_same_profile_many_times_over_is_one_reason_each(house: House) -> None:
    """Thousands of prefixes and nested conditions among the profiles do not keep a text from anybody."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    deep = "(pump " * (MAX_DEPTH - 1) + "valve" + ")" * (MAX_DEPTH - 1)
    with house.inside():
        InterestProfile.objects.bulk_create(
            InterestProfile(person=house.omar, name="P", query=f"{one}{other}*", since_tx=0)
            for one in letters
            for other in letters
        )
        save_profile(house.ines, deep)
    house.publish("A pump valve")
    house.match()
    assert house.got(house.ines) == house.got(house.omar) == ["A pump valve"]
