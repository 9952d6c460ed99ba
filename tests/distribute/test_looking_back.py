"""Looking back over the last days: what a standing query would have brought, and what changing one would do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from headwater.distribute.actions import pause_profile, save_profile
from headwater.distribute.models import InterestProfile, LearnedInterest, Preference
from headwater.distribute.past import Past
from headwater.distribute.preview import Preview, preview_learned, preview_profile
from headwater.people.models import Audience, Person
from headwater.search.indexing import mend_index
from headwater.search.lexical import near
from headwater.search.models import EntryVersion
from tests.asked import MOST_QUERIES, queries
from tests.conftest import enrol
from tests.distribute.conftest import make_version

SignIn = Callable[[Person], Client]
ROOT = "/o/waterworks/distribute/profiles/"


class Shelf:
    """Texts that everybody may read, published some days ago, and the index that knows them."""

    def __init__(self, audience: Audience, owner: Person) -> None:
        self.audience = audience
        self.owner = owner

    def put(self, title: str, text: str = "", days_ago: int = 0, **fields: Any) -> EntryVersion:
        version = make_version(title, text, fields.pop("audience", self.audience), self.owner, **fields)
        version.published_at = timezone.now() - timedelta(days=days_ago)
        version.save()
        return version

    def index(self) -> None:
        mend_index(self.audience.organisation_id)


@pytest.fixture
def shelf(ines: Person, nadia: Person, everyone: Audience) -> Shelf:
    enrol(everyone)
    return Shelf(everyone, nadia)


def words_of(preview: Preview) -> dict[str, tuple[int, int]]:
    return {each.word: (each.count, each.only) for each in preview.words}


def test_each_word_says_what_it_brings_and_what_would_be_missed_without_it(shelf: Shelf, ines: Person) -> None:
    for title in ("pump", "pump", "pump valve", "valve", "sluice"):
        shelf.put(title)
    shelf.index()
    assert words_of(preview_profile(ines, "pump OR valve OR weir")) == {"pump": (3, 2), "valve": (2, 1), "weir": (0, 0)}
    assert words_of(preview_profile(ines, "pump valve")) == {"pump": (3, 1), "valve": (2, 1)}
    assert words_of(preview_profile(ines, "pump NOT valve")) == {"pump": (3, 2)}


def test_what_matched_is_marked_where_it_stands(shelf: Shelf, ines: Person) -> None:
    shelf.put("The pumps of Nether Cross", "Nothing happened. Each valve was greased.")
    shelf.index()
    [item] = preview_profile(ines, "pump OR valve").items
    assert ("pumps", True) in item.marked
    assert ("valve", True) in item.snippet


def test_what_would_take_too_long_is_said_with_its_place_and_may_be_kept(
    shelf: Shelf, ines: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("The pumps of Nether Cross", "Water in the old pump.")
    shelf.index()
    monkeypatch.setattr(near, "MOST_READ", 3)
    query = "water OR (wat* NEAR/3 pump)"
    preview = preview_profile(ines, query)
    assert (preview.before, preview.count) == ("water OR (", 0)
    assert "too many texts" in preview.error
    assert save_profile(ines, name="Pumps", query=query, confirmed=True).query == query
    assert preview_profile(ines, "water").count == 1


def test_only_the_last_days_and_only_what_one_may_read_counts(shelf: Shelf, ines: Person) -> None:
    shelf.put("pump", days_ago=89)
    shelf.put("pump", days_ago=92)
    shelf.put("pump", audience=None)
    shelf.index()
    preview = preview_profile(ines, "pump")
    assert (preview.count, preview.searched, sum(number for _label, number in preview.weeks)) == (1, 1, 1)


def test_the_other_profiles_and_the_groups_are_laid_beside_it(shelf: Shelf, ines: Person, nadia: Person) -> None:
    Preference.objects.create(person=ines, budget=3)
    save_profile(ines, "valve")
    pause_profile(ines, save_profile(ines, "weir"))
    save_profile(nadia, "sluice", audience=shelf.audience)
    for title in ("pump", "pump valve", "valve", "valve", "sluice", "weir"):
        shelf.put(title, days_ago=2)
    shelf.put("pump", days_ago=30)
    shelf.index()
    preview = preview_profile(ines, "pump")
    assert (preview.others, sum(preview.beside), sum(number for _label, number in preview.weeks)) == (2, 3, 3)
    assert (preview.busiest, preview.together, preview.rolled, preview.fits) == (2, 5, 2, True)
    assert preview.fullest == (timezone.now() - timedelta(days=2)).date()


def test_a_profile_is_not_laid_beside_itself(shelf: Shelf, ines: Person) -> None:
    profile = save_profile(ines, "pump")
    shelf.put("pump")
    shelf.index()
    assert preview_profile(ines, "valve", profile=profile).others == 0
    assert preview_profile(ines, "valve").others == 1


def test_a_change_says_what_it_brings_and_what_it_drops(shelf: Shelf, ines: Person) -> None:
    profile = save_profile(ines, "pump OR weir")
    for title in ("pump", "weir", "pump valve", "valve", "valve sluice"):
        shelf.put(title)
    shelf.index()
    change = preview_profile(ines, "pump OR valve", profile=profile).change
    assert change is not None
    assert (change.before, change.after, change.more, change.fewer) == (3, 4, 2, 1)
    assert {item.title for item in change.more_items} == {"valve", "valve sluice"}
    assert [item.title for item in change.fewer_items] == ["weir"]
    assert (change.a_week_before, change.a_week_after) == (0.2, 0.3)
    assert preview_profile(ines, "(pump) OR weir", profile=profile).change is None


def test_a_kept_query_that_can_no_longer_be_read_is_compared_with_nothing(shelf: Shelf, ines: Person) -> None:
    profile = InterestProfile.objects.create(person=ines, name="Broken", query='"open')
    shelf.index()
    assert preview_profile(ines, "pump", profile=profile).change is None


def test_what_is_too_broad_is_offered_a_word_that_fits(shelf: Shelf, ines: Person) -> None:
    Preference.objects.create(person=ines, budget=2)
    for number in range(8):
        shelf.put(f"A pump with gasket {'leaks' if number < 2 else 'holds'}")
    for _number in range(8):
        shelf.put("About something else")
    shelf.index()
    preview = preview_profile(ines, "pump")
    assert not preview.fits
    [offered] = preview.narrowing
    assert (offered.word, offered.query, offered.count, offered.busiest) == ("leaks", "pump leaks", 2, 2)
    assert preview_profile(ines, offered.query).fits


def test_no_function_word_is_offered(shelf: Shelf, ines: Person) -> None:
    Preference.objects.create(person=ines, budget=2)
    for number in range(8):
        shelf.put(f"A pump {'before noon' if number < 2 else 'holds'}")
    for _number in range(8):
        shelf.put("About something else")
    shelf.index()
    assert [each.word for each in preview_profile(ines, "pump").narrowing] == ["noon"]


def test_of_more_than_are_counted_by_day_the_page_says_so(
    shelf: Shelf, ines: Person, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _number in range(4):
        shelf.put("pump")
    shelf.index()
    said = "Weeks and days are counted of the newest 3 alone."
    page = "/o/waterworks/distribute/profiles/preview/"
    assert said not in sign_in(ines).get(page, {"query": "pump"}).content.decode()
    monkeypatch.setattr(Past.found, "__defaults__", (3,))
    assert said in sign_in(ines).get(page, {"query": "pump"}).content.decode()


def test_while_one_writes_nothing_is_said_to_be_refused_and_the_tick_stands_beside_keep(
    shelf: Shelf, ines: Person, sign_in: SignIn
) -> None:
    shelf.index()
    client, root = sign_in(ines), "/o/waterworks/distribute/profiles/"
    beside = {"HX-Request": "true", "HX-Target": "preview"}
    drawn = client.get(f"{root}preview/", {"query": "*"}, headers=beside).content.decode()
    assert "This asks for everything" in drawn
    assert "Nothing was changed" not in drawn
    assert '<div id="confirm" hx-swap-oob="true"><label' in drawn
    assert "<label" not in client.get(f"{root}preview/", {"query": "pump"}, headers=beside).content.decode()
    elsewhere = client.get(f"{root}preview/", {"query": "*"}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="confirm"' not in elsewhere, "a search has no place for it"
    refused = client.post(f"{root}new/", {"query": "*", "when": "digest"}).content.decode()
    assert "Nothing was changed" in refused
    assert refused.index('name="confirmed"') < refused.index('data-key="s"') < refused.index('id="preview"')


def test_a_value_that_is_not_there_is_not_looked_for_where_there_are_no_results(ines: Person) -> None:
    with pytest.raises(ValidationError, match="stand beside the results of any search"):
        save_profile(ines, "unit:nowhere")
    assert "choose among the values beside" not in preview_profile(ines, "unit:nowhere").error


def test_a_standing_must_read_asks_nothing_about_its_author(shelf: Shelf, nadia: Person) -> None:
    save_profile(nadia, "valve")
    shelf.put("pump valve")
    shelf.index()
    preview = preview_profile(nadia, "pump", is_own=False)
    assert (preview.count, preview.others, preview.narrowing) == (1, 0, [])


def test_the_page_shows_what_a_change_would_do(shelf: Shelf, ines: Person, sign_in: SignIn) -> None:
    profile = save_profile(ines, "pump")
    shelf.put("pump")
    shelf.put("valve")
    shelf.index()
    browser = sign_in(ines)
    shown = browser.get(f"{ROOT}preview/", {"query": "valve", "profile": profile.pk}).content.decode()
    assert "What this change would do" in shown
    assert "It would no longer bring" in shown
    page = browser.get(f"{ROOT}{profile.pk}/", {"query": "pump OR valve"}).content.decode()
    assert "It would also bring" in page
    assert "pump OR valve" in page
    assert "What this change would do" not in browser.get(f"{ROOT}{profile.pk}/").content.decode()


def test_a_bad_change_says_what_goes_on(shelf: Shelf, ines: Person, sign_in: SignIn) -> None:
    profile = save_profile(ines, "pump")
    shown = sign_in(ines).get(f"{ROOT}preview/", {"query": "pump AND", "profile": profile.pk}).content.decode()
    assert "query-mark" in shown
    assert "goes on as it is" in shown


def test_nobody_compares_with_anothers_profile(shelf: Shelf, ines: Person, nadia: Person, sign_in: SignIn) -> None:
    profile = save_profile(ines, "a private matter")
    answer = sign_in(nadia).get(f"{ROOT}preview/", {"query": "pump", "profile": profile.pk})
    assert answer.status_code == 404
    assert b"private matter" not in answer.content


def test_programs_look_back_too(shelf: Shelf, ines: Person, sign_in: SignIn) -> None:
    profile = save_profile(ines, "pump")
    shelf.put("pump")
    shelf.put("valve")
    shelf.index()
    found = sign_in(ines).get(
        "/o/waterworks/api/v1/distribute/preview", {"query": "pump OR valve", "profile": profile.pk}
    )
    answer = found.json()
    assert (answer["count"], answer["budget"], answer["takes_everything"]) == (2, 5, False)
    assert answer["change"]["more"] == 1
    assert [item["title"] for item in answer["change"]["more_items"]] == ["valve"]
    assert {word["word"]: word["count"] for word in answer["words"]} == {"pump": 1, "valve": 1}


@pytest.mark.parametrize("path", ["new/?query=pump", "preview/?query=pump", "?query=pump"])
def test_few_questions_are_asked_however_many_profiles_there_are(
    path: str, shelf: Shelf, ines: Person, sign_in: SignIn
) -> None:
    browser = sign_in(ines)
    counts = []
    for many in (8, 30):
        for number in range(many):
            shelf.put(f"pump {number}")
            InterestProfile.objects.create(person=ines, name="Valves", query=f"valve{number}")
        shelf.index()
        counts.append(queries(browser, ROOT + path))
    assert counts[0] == counts[1] <= MOST_QUERIES


def test_what_was_learned_has_no_query_and_is_not_taken_for_everything(shelf: Shelf, ines: Person) -> None:
    learned = InterestProfile.objects.create(person=ines, name="Learned", query="")
    shelf.put("pump")
    shelf.put("valve")
    shelf.index()
    preview = preview_profile(ines, "pump", profile=learned)
    assert (preview.others, sum(preview.beside), preview.change) == (0, 0, None)
    assert preview_profile(ines, "pump").others == 0


# --- What is learned --------------------------------------------------------------------------------------------------


def learned_of(person: Person, **edits: float) -> LearnedInterest:
    profile = InterestProfile.objects.create(person=person, name="Learned", query="")
    return LearnedInterest.objects.create(person=person, profile=profile, edits=edits)


def test_what_learned_words_would_have_brought_is_marked_and_counted_by_week(shelf: Shelf, ines: Person) -> None:
    shelf.put("New pumps", "The pumps came.", days_ago=8)
    shelf.put("Valves", days_ago=1)
    shelf.put("Old pumps", days_ago=100)
    shelf.put("Secret pumps", audience=Audience.objects.create(slug="two", name="Two", rule={}))
    preview = preview_learned(ines, learned_of(ines, pump=10.0))
    assert (preview.count, preview.searched, sum(number for _label, number in preview.weeks)) == (1, 2, 1)
    [item] = preview.items
    assert item.marked == [("New ", False), ("pumps", True)]
    assert ("pumps", True) in item.snippet
    assert preview.change is None


def test_other_words_say_what_they_would_bring_and_drop(shelf: Shelf, ines: Person) -> None:
    for title in ("pump", "pump house", "weir"):
        shelf.put(title)
    change = preview_learned(ines, learned_of(ines, pump=10.0), {"weir": 10.0}).change
    assert change is not None
    assert (change.before, change.after, change.more, change.fewer) == (2, 1, 1, 2)
    assert [item.title for item in change.more_items] == ["weir"]
    assert {item.title for item in change.fewer_items} == {"pump", "pump house"}


def test_what_is_learned_and_what_is_asked_for_are_laid_beside_each_other_once(shelf: Shelf, ines: Person) -> None:
    for title in ("pump", "pump valve", "valve", "weir"):
        shelf.put(title)
    shelf.index()
    interest = learned_of(ines, pump=10.0)
    asked = preview_profile(ines, "valve")
    assert (asked.count, asked.others, sum(asked.beside), asked.together) == (2, 1, 1, 3)
    save_profile(ines, "valve OR weir")
    learned = preview_learned(ines, interest)
    assert (learned.count, learned.others, sum(learned.beside), learned.together) == (2, 1, 2, 4)
    InterestProfile.objects.filter(pk=interest.profile.pk).update(is_active=False)
    assert preview_profile(ines, "valve").others == 1, "what is paused brings nothing"


def test_programs_look_back_at_what_is_learned(shelf: Shelf, ines: Person, sign_in: SignIn) -> None:
    for title in ("pump", "weir"):
        shelf.put(title)
    browser, url = sign_in(ines), "/o/waterworks/api/v1/distribute/learning/preview"
    assert browser.get(url).json()["count"] == 0
    learned_of(ines, pump=10.0)
    said = browser.get(url).json()
    assert (said["count"], said["searched"], said["change"]) == (1, 2, None)
    said = browser.get(url, {"word": "weirs", "strength": "very_strong"}).json()
    assert [item["title"] for item in said["change"]["more_items"]] == ["weir"]
    assert browser.get(url, {"word": "12"}).status_code == 400
