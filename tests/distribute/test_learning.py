"""What is learned of a person: only with their consent, from what they may read, in words they change and erase."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from headwater.core.actions import OPERATOR, Refused
from headwater.core.jobs import safe_tx
from headwater.core.models import Organisation
from headwater.distribute.actions import (
    add_example,
    remove_example,
    save_profile,
    start_learning,
    stop_learning,
    weigh_word,
)
from headwater.distribute.actions import learning as learning_actions
from headwater.distribute.function_words import is_function_word
from headwater.distribute.held import forget, of_person
from headwater.distribute.jobs import learn_due
from headwater.distribute.learned import (
    ENOUGH_IGNORED,
    LEAST_SHARING,
    STRENGTHS,
    as_written,
    plan_learning,
    strength_of,
    with_strengths,
    words_of,
)
from headwater.distribute.learning import shared_terms
from headwater.distribute.matcher.weighing import Background
from headwater.distribute.models import Delivery, InterestProfile, LearnedExample, LearnedInterest
from headwater.distribute.preview import preview_learned
from headwater.distribute.standing import Match, Standing
from headwater.people.actions import create_unit
from headwater.people.days import today
from headwater.people.models import Audience, Person, Role, Unit
from headwater.search.models import Entry, EntryVersion
from headwater.search.seen import searchables
from tests.asked import MOST_QUERIES, queries
from tests.conftest import enrol, make_person
from tests.distribute.conftest import make_version

SignIn = Callable[[Person], Client]
PAGE = "/o/waterworks/distribute/learning/"
PUMPS = "The pump and its impeller: a worn seal lets water into the motor. Change the seal of the pump."
PAY = "Salaries and allowances rise in April. The payroll office pays them out with the new table."


@pytest.fixture
def library(everyone: Audience, nadia: Person) -> dict[str, list[EntryVersion]]:
    """Six texts about pumps and six about pay, which everyone may read."""
    made = {
        name: [make_version(f"{name} {n}", f"{text} Number {n}.", everyone, nadia) for n in range(6)]
        for name, text in {"Pumps": PUMPS, "Pay": PAY}.items()
    }
    enrol(everyone)
    return made


def rate(person: Person, versions: list[EntryVersion], useful: bool | None, **fields: object) -> None:
    for version in versions:
        Delivery.objects.create(person=person, version=version, useful=useful, **fields)


def learn(organisation: Organisation) -> None:
    while learn_due(organisation.pk):
        pass


def interest_of(person: Person) -> LearnedInterest:
    return LearnedInterest.objects.get(person=person)


# --- Consent ----------------------------------------------------------------------------------------------------------


def test_nothing_is_learned_before_it_is_switched_on(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]]
) -> None:
    rate(ines, library["Pumps"], True)
    plan_learning(organisation.pk)
    learn(organisation)
    assert not LearnedInterest.objects.exists()


def test_what_was_useful_is_learned_and_told_in_words(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]]
) -> None:
    rate(ines, library["Pumps"][:4], True)
    rate(ines, library["Pay"][:4], False)
    interest = start_learning(ines, ines)
    assert interest.consented_at is not None
    learn(organisation)
    interest = interest_of(ines)
    words = {each.word: each.strength for each in words_of(interest)}
    assert "pump" in words
    assert words["pump"] not in ("against", "never")
    assert (interest.examples_used, interest.due_at) == (4, None)
    assert interest.profile.query == ""
    preview = preview_learned(ines, interest)
    assert preview.count >= 4
    assert all(item.title.startswith("Pumps") for item in preview.items)


def test_function_words_count_and_are_neither_named_nor_offered(
    organisation: Organisation, ines: Person, everyone: Audience, nadia: Person
) -> None:
    """Whoever is written to with “you can” may want just that; but “can” and “your” tell nobody why something came."""
    enrol(everyone)
    said = "If you look before it fails, your pump could be saved: you can do that. "
    rate(ines, [make_version(f"Your pump {n}", f"{said} {PUMPS}", everyone, nadia) for n in range(6)], True)
    rate(ines, [make_version(f"Pay {n}", PAY, everyone, nadia) for n in range(6)], False)
    start_learning(ines, ines)
    learn(organisation)
    interest = interest_of(ines)
    assert {"can", "could", "your", "if", "look"} <= {term for term, _weight in interest.terms}
    silent = [is_function_word(as_written(interest, str(term)), "en") for term, _weight in interest.terms]
    assert silent == sorted(silent)  # they stand last
    assert not any(is_function_word(each.word, "en") for each in words_of(interest))
    assert all(
        not is_function_word(text, "en")
        for item in preview_learned(ines, interest).items
        for text, is_match in [*item.marked, *item.snippet]
        if is_match
    )
    standing = Standing()
    standing.put_profile(interest.profile)
    late = make_version("Another pump", f"{said} {PUMPS}", everyone, nadia)
    (match,) = standing.match(searchables([late])[0], safe_tx())
    assert match.words
    assert not any(is_function_word(word, "en") for word in match.words)


@pytest.mark.parametrize(
    ("word", "language", "is_one"),
    [
        *[("Your", "en", True), ("before", "en-GB", True), ("pump", "en", False), ("mine", "en", False)],
        *[("avec", "fr", True), ("pompe", "fr", False), ("для", "ru", True), ("насос", "ru", False)],
        *[("في", "ar", False), ("x", "zh", False), ("", "fr", False), ("of", "", False)],
    ],
)
def test_function_words_are_known_in_the_languages_that_have_a_list(word: str, language: str, is_one: bool) -> None:
    assert is_function_word(word, language) is is_one


def test_what_stands_in_most_texts_is_not_shown_first(
    organisation: Organisation, ines: Person, everyone: Audience, nadia: Person
) -> None:
    enrol(everyone)
    for number in range(30):
        make_version(f"Roads {number}", f"Ministry ministry: road {number} is repaired.", everyone, nadia)
    pumps = [make_version(f"Pump {n}", f"Ministry ministry ministry: {PUMPS}", everyone, nadia) for n in range(6)]
    for version in pumps:
        add_example(ines, ines, version.entry)
    learn(organisation)
    interest = interest_of(ines)
    places = [term for term, _weight in interest.terms]
    assert places.index("pump") < places.index("ministri")


def test_the_heading_counts_what_was_learned_and_not_what_one_said_oneself(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]], sign_in: SignIn
) -> None:
    weigh_word(ines, ines, "valve", "strong")
    assert "Only words of your own count" in sign_in(ines).get(PAGE).content.decode()
    rate(ines, library["Pumps"], True)
    start_learning(ines, ines)
    learn(organisation)
    count = len(interest_of(ines).terms)
    assert f"{count} words were learned of you" in sign_in(ines).get(PAGE).content.decode()


def test_it_looks_back_a_year_and_the_page_says_so_before_it_is_switched_on(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]], sign_in: SignIn
) -> None:
    page = sign_in(ines).get(PAGE).content.decode()
    assert "It looks back a year, at what you did before you switched it on too." in page
    now = timezone.now()
    rate(ines, library["Pumps"][:3], True, created_at=now - timedelta(days=364))
    rate(ines, library["Pay"], True, created_at=now - timedelta(days=367))
    start_learning(ines, ines)
    learn(organisation)
    assert interest_of(ines).examples_used == 3


def test_shown_first_is_what_brings_most_in_the_examples(
    organisation: Organisation, ines: Person, everyone: Audience, nadia: Person
) -> None:
    enrol(everyone)
    for number in range(8):
        make_version(f"Pay {number}", PAY, everyone, nadia)
    texts = [f"{PUMPS} Seen by Zorn{'abcdef'[number]}." for number in range(6)]
    examples = [make_version(f"Pump {number}", text, everyone, nadia) for number, text in enumerate(texts)]
    for version in examples:
        add_example(ines, ines, version.entry)
    learn(organisation)
    terms = [term for term, _weight in interest_of(ines).terms]
    assert terms.index("pump") < terms.index("zornc"), "a name that stands in one of them comes late"
    assert next(iter(words_of(interest_of(ines)))).word in PUMPS
    LearnedInterest.objects.update(terms=[["l", 9.0], ["pump", 1.0], ["水", 1.0]], edits={"p": 3.0})
    assert {each.term for each in words_of(interest_of(ines))} == {"pump", "水", "p"}


def test_only_the_person_switches_it_on(ines: Person, nadia: Person) -> None:
    for act in (start_learning, stop_learning):
        with pytest.raises(Refused):
            act(nadia, ines)


@pytest.mark.parametrize("keep", [True, False])
def test_switched_off_it_is_kept_or_erased_as_they_choose(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]], keep: bool
) -> None:
    rate(ines, library["Pumps"], True)
    start_learning(ines, ines)
    learn(organisation)
    words = interest_of(ines).effective
    stop_learning(ines, ines, keep=keep)
    rate(ines, library["Pay"], True)
    plan_learning(organisation.pk)
    learn(organisation)
    if keep:
        assert interest_of(ines).effective == words
        assert not interest_of(ines).follows_use
    else:
        assert not LearnedInterest.objects.exists()
        assert InterestProfile.objects.get(name="Learned from you").removed_at is not None
    stop_learning(ines, ines, keep=keep)


def test_at_night_who_did_something_is_learned_anew(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]]
) -> None:
    start_learning(ines, ines)
    learn(organisation)
    assert interest_of(ines).effective == {}
    plan_learning(organisation.pk)
    assert interest_of(ines).due_at is None, "nothing was said"
    rate(ines, library["Pumps"], True)
    plan_learning(organisation.pk)
    learn(organisation)
    assert interest_of(ines).effective


@pytest.mark.parametrize(("number", "is_due"), [(ENOUGH_IGNORED - 1, False), (ENOUGH_IGNORED, True)])
def test_what_lies_unopened_is_learned_from_once_it_is_enough(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]], number: int, is_due: bool
) -> None:
    start_learning(ines, ines)
    learn(organisation)
    rate(ines, [*library["Pay"], *library["Pumps"]][:number], None, created_at=timezone.now() - timedelta(days=15))
    LearnedInterest.objects.update(learned_at=timezone.now() - timedelta(days=5))
    plan_learning(organisation.pk)
    assert (interest_of(ines).due_at is not None) == is_due
    learn(organisation)
    LearnedInterest.objects.update(learned_at=timezone.now() + timedelta(days=1))
    plan_learning(organisation.pk)
    assert interest_of(ines).due_at is None, "once"


def test_what_was_ignored_says_little_and_what_is_closed_nothing(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]]
) -> None:
    old = timezone.now() - timedelta(days=30)
    rate(ines, library["Pay"], None, created_at=old)
    rate(ines, library["Pumps"][:3], None, acknowledged_at=timezone.now())
    rate(ines, library["Pumps"][3:], True)
    Entry.objects.filter(current_version__in=library["Pumps"][3:]).update(audience=None)
    start_learning(ines, ines)
    learn(organisation)
    assert interest_of(ines).examples_used == 3, "those that are closed to her now teach nothing"


# --- Words and examples -----------------------------------------------------------------------------------------------


def test_a_changed_word_outlives_learning(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]]
) -> None:
    rate(ines, library["Pumps"], True)
    start_learning(ines, ines)
    learn(organisation)
    weigh_word(ines, ines, "pump", "never")
    weigh_word(ines, ines, "Salaries", "very_strong")
    start_learning(ines, ines)
    LearnedInterest.objects.update(due_at=timezone.now())
    learn(organisation)
    interest = interest_of(ines)
    shown = {each.word: each for each in words_of(interest)}
    assert "pump" not in {word for word, each in shown.items() if not each.in_title}
    assert (shown["salaries"].strength, shown["salaries"].is_own) == ("very_strong", True)


def test_words_are_refused_that_are_none(ines: Person) -> None:
    for word in ("", "…", "one two three four five six"):
        with pytest.raises(ValidationError):
            weigh_word(ines, ines, word, "strong")
    said = "A strength is one of these: very_strong, strong, some, little, against, never."
    with pytest.raises(ValidationError, match=said):
        weigh_word(ines, ines, "pump", "enormous")


def test_two_hundred_changed_words_are_the_most(ines: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert learning_actions.MOST_EDITS == 200
    monkeypatch.setattr(learning_actions, "MOST_EDITS", 2)
    for word in ("pump", "weir", "pump"):
        weigh_word(ines, ines, word, "strong")
    with pytest.raises(ValidationError, match="You have changed 200 words: that is the most"):
        weigh_word(ines, ines, "sluice", "strong")
    assert set(interest_of(ines).edits) == {"pump", "weir"}


def test_a_text_says_which_example_it_is_like(
    organisation: Organisation,
    ines: Person,
    everyone: Audience,
    nadia: Person,
    library: dict[str, list[EntryVersion]],
    sign_in: SignIn,
) -> None:
    """Of what was named, and once learning follows use of what was found useful; never of what she may not read."""
    for version in (library["Pumps"][0], library["Pay"][0]):
        add_example(ines, ines, version.entry)
    learn(organisation)
    new = make_version("Seals", "A worn seal of the pump lets water in.", everyone, nadia)
    delivery = Delivery.objects.create(person=ines, version=new)
    delivery.reasons.create(profile=interest_of(ines).profile, words=["pump", "seal"], score=1.2)
    browser, page = sign_in(ines), f"/o/waterworks/entries/{new.entry_id}/"
    assert "like your example “Pumps 0”" in browser.get(page).content.decode()
    Entry.objects.filter(pk=library["Pumps"][0].entry_id).update(classification=3)
    assert "like your example" not in browser.get(page).content.decode()
    rate(ines, [library["Pumps"][3]], True)
    assert "like your example" not in browser.get(page).content.decode()
    start_learning(ines, ines)
    assert "like your example “Pumps 3”" in browser.get(page).content.decode()


def test_a_hundred_examples_are_the_most(
    ines: Person, library: dict[str, list[EntryVersion]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert learning_actions.MOST_EXAMPLES == 100
    monkeypatch.setattr(learning_actions, "MOST_EXAMPLES", 1)
    first, second = (version.entry for version in library["Pay"][:2])
    add_example(ines, ines, first)
    with pytest.raises(ValidationError, match=r"A hundred examples are the most\. Take one away first"):
        add_example(ines, ines, second)
    add_example(ines, ines, first, wanted=False)
    remove_example(ines, ines, first)
    add_example(ines, ines, second)
    assert [each.entry for each in interest_of(ines).examples.all()] == [second]


@pytest.fixture
def many(everyone: Audience, nadia: Person, ines: Person) -> None:
    """Twenty texts with "the" in each, three of them about valves."""
    for n in range(20):
        make_version(f"Text {n}", "the the valve" if n < 3 else "the the other", everyone, nadia)
    enrol(everyone)


def test_words_that_bring_half_of_everything_are_refused_until_confirmed(
    many: None, ines: Person, sign_in: SignIn
) -> None:
    with pytest.raises(ValidationError, match="would bring 20 of the newest 20 texts") as error:
        weigh_word(ines, ines, "the", "very_strong")
    assert list(error.value.message_dict) == ["confirmed"]
    assert not LearnedInterest.objects.exclude(edits={}).exists()
    assert weigh_word(ines, ines, "valve", "very_strong").edits == {"valv": 10.0}
    browser, body = sign_in(ines), {"word": "the", "strength": "very_strong"}
    words = "/o/waterworks/api/v1/distribute/learning/words"
    assert browser.post(words, body, content_type="application/json").status_code == 400
    shown = browser.post(f"{PAGE}change/", {"do": "add", **body}, follow=True).content.decode()
    assert "would bring 20 of the newest 20 texts" in shown
    assert 'name="confirmed"' in shown
    assert 'value="the"' in shown
    assert "the" not in interest_of(ines).edits
    browser.post(f"{PAGE}change/", {"do": "add", "confirmed": "on", **body})
    assert interest_of(ines).edits["the"] == 10.0
    assert weigh_word(ines, ines, "the", "some").edits["the"] == 3.0, "less is never refused"
    as_one_chooses = {"HX-Request": "true", "HX-Target": "effect"}
    effect = browser.get(f"{PAGE}effect/", {"strength:the": "very_strong"}, headers=as_one_chooses).content.decode()
    assert 'name="confirmed" value="on" form="words"' in effect
    browser.post(f"{PAGE}change/", {"do": "weigh", "strength:the": "very_strong"})
    assert interest_of(ines).edits["the"] == 3.0
    browser.post(f"{PAGE}change/", {"do": "weigh", "strength:the": "very_strong", "confirmed": "on"})
    assert interest_of(ines).edits["the"] == 10.0
    assert browser.post(words, {**body, "confirmed": True}, content_type="application/json").status_code == 200


def test_a_refused_strength_is_confirmed_by_the_plain_form(many: None, ines: Person, sign_in: SignIn) -> None:
    """Without JavaScript: what was chosen stands in the form again, beside what it would bring and the tick."""
    for word in ("the", "valve"):
        weigh_word(ines, ines, word, "little")
    browser = sign_in(ines)
    chosen = {"do": "weigh", "strength:the": "very_strong", "strength:valv": "never"}
    refused = browser.post(f"{PAGE}change/", chosen)
    page = refused.content.decode()
    assert refused.status_code == 400
    words = page.split('id="words"')[1].split("</form>")[0]
    assert "would bring 20 of the newest 20 texts" in words
    assert '<input type="checkbox" name="confirmed" value="on" form="words">' in words
    assert page.count('name="confirmed"') == 1
    assert {word.term: word.strength for word in refused.context["words"]} == {"the": "very_strong", "valv": "never"}
    assert interest_of(ines).edits == {"the": 1.0, "valv": 1.0}
    assert browser.post(f"{PAGE}change/", {**chosen, "confirmed": "on"}).status_code == 302
    assert interest_of(ines).edits == {"the": 10.0, "valv": 0.0}


def test_too_much_half_way_is_not_too_much(many: None, ines: Person, sign_in: SignIn) -> None:
    """One word weaker and another stronger: it counts what both together bring, in whatever order they are sent."""
    weigh_word(ines, ines, "the", "very_strong", confirmed=True)
    weigh_word(ines, ines, "valve", "little", confirmed=True)
    sent = {"do": "weigh", "strength:valv": "very_strong", "strength:the": "never"}
    assert sign_in(ines).post(f"{PAGE}change/", sent).status_code == 302
    assert interest_of(ines).edits == {"the": 0.0, "valv": 10.0}


def test_examples_teach_without_the_switch_and_go_again(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]]
) -> None:
    first, second = library["Pumps"][:2]
    for version in (first, second):
        add_example(ines, ines, version.entry)
    add_example(ines, ines, library["Pay"][0].entry, wanted=False)
    learn(organisation)
    interest = interest_of(ines)
    assert (interest.follows_use, interest.examples_used) == (False, 2)
    assert "pump" in {each.word for each in words_of(interest)}
    remove_example(ines, ines, first.entry)
    assert interest_of(ines).examples.count() == 2


def test_what_one_may_not_read_is_no_example(ines: Person, library: dict[str, list[EntryVersion]]) -> None:
    entry = library["Pay"][0].entry
    Entry.objects.filter(pk=entry.pk).update(audience=None)
    with pytest.raises(ValidationError):
        add_example(ines, ines, entry)
    assert not LearnedExample.objects.exists()


def test_a_learned_interest_takes_no_query(ines: Person) -> None:
    interest = start_learning(ines, ines)
    with pytest.raises(ValidationError, match="learned"):
        save_profile(ines, "pump", profile=interest.profile)


def test_strengths_and_weights_are_one_scale() -> None:
    for name, (weight, _label) in STRENGTHS.items():
        assert strength_of(weight) == name
    interest = LearnedInterest(terms=[["pump", 9.0], ["seal", 2.5]], edits={"seal": 6.0})
    assert with_strengths(interest, {"pump": "very_strong", "seal": "strong"}) == {"seal": 6.0}, "as it was"
    assert with_strengths(interest, {"pump": "little"}) == {"seal": 6.0, "pump": 1.0}


# --- Matching ---------------------------------------------------------------------------------------------------------


def matched(version: EntryVersion) -> list[Match]:
    standing = Standing()
    standing.follow(safe_tx())
    return standing.match(searchables([version])[0], 2**62)


def test_a_learned_interest_matches_as_a_profile_with_the_words_that_brought_it(
    ines: Person, library: dict[str, list[EntryVersion]]
) -> None:
    interest = weigh_word(ines, ines, "impeller", "very_strong")
    (match,) = matched(library["Pumps"][0])
    assert (match.profile_id, match.words) == (interest.profile_id, ["impeller"])
    assert match.score >= interest.threshold
    assert matched(library["Pay"][0]) == []
    weigh_word(ines, ines, "impeller", "never")
    assert matched(library["Pumps"][0]) == []


def test_what_is_changed_or_erased_counts_at_once(ines: Person, library: dict[str, list[EntryVersion]]) -> None:
    standing = Standing()
    pumps, pay = (searchables([library[name][0]])[0] for name in ("Pumps", "Pay"))
    weigh_word(ines, ines, "impeller", "very_strong")
    standing.follow(safe_tx())
    assert standing.match(pumps, 2**62)
    weigh_word(ines, ines, "impeller", "never")
    weigh_word(ines, ines, "payroll", "very_strong")
    standing.follow(safe_tx())
    assert not standing.match(pumps, 2**62)
    assert standing.match(pay, 2**62)
    stop_learning(ines, ines)
    standing.follow(safe_tx())
    assert not standing.match(pay, 2**62)
    assert len(standing) == 0


# --- Newcomers --------------------------------------------------------------------------------------------------------


def colleagues(
    unit: Unit | None, count: int, terms: list[list[object]], role: Role | None = None, **fields: object
) -> None:
    """So many people who learn from what they do and came to these words, each with one of their own besides."""
    for n in range(count):
        person = make_person(f"{unit or role} {n}", unit=unit)
        person.roles.set([role] if role else [])
        profile = InterestProfile.objects.create(name="Learned", person=person)
        LearnedInterest.objects.create(
            **{"person": person, "profile": profile, "follows_use": True, "examples_used": 3} | fields,
            terms=[*terms, [f"secret{n}", 9.0]],
        )


def test_a_newcomer_begins_with_what_many_of_their_unit_share(
    organisation: Organisation, ines: Person, unit: Unit, library: dict[str, list[EntryVersion]]
) -> None:
    ines.unit = unit
    ines.save()
    colleagues(unit, LEAST_SHARING, [["pump", 4.0], ["codename", 9.0]])
    start_learning(ines, ines)
    learn(organisation)
    interest = interest_of(ines)
    assert interest.effective == {"pump": 4.0}, "nobody's own word, and none of texts that she may not read"
    assert interest.began_with == "Drainage"


def test_too_few_colleagues_give_nothing_away(
    organisation: Organisation, ines: Person, unit: Unit, library: dict[str, list[EntryVersion]]
) -> None:
    ines.unit = unit
    ines.save()
    colleagues(unit, LEAST_SHARING - 1, [["pump", 4.0]])
    start_learning(ines, ines)
    learn(organisation)
    assert interest_of(ines).effective == {}


@pytest.fixture
def inspector(ines: Person, unit: Unit) -> Role:
    """Ines is new as a drainage inspector, in a unit of which nothing is known."""
    role = Role.objects.create(slug="inspector", name="Drainage inspector")
    Person.objects.filter(pk=ines.pk).update(unit=unit)
    ines.refresh_from_db()
    ines.roles.add(role)
    return role


def begun_with(organisation: Organisation, person: Person) -> tuple[str, dict[str, float]]:
    """Whose words the person begins with, and which these are."""
    start_learning(person, person)
    learn(organisation)
    return interest_of(person).began_with, interest_of(person).effective


def test_a_newcomer_begins_with_what_many_of_their_role_share_in_whatever_unit(
    organisation: Organisation, ines: Person, inspector: Role, library: dict[str, list[EntryVersion]], sign_in: SignIn
) -> None:
    colleagues(create_unit(OPERATOR, "Harbour"), 3, [["pump", 4.0], ["codename", 9.0]], inspector)
    colleagues(create_unit(OPERATOR, "Roads"), LEAST_SHARING - 3, [["pump", 2.0], ["seal", 1.0]], inspector)
    assert begun_with(organisation, ines) == ("Drainage inspector", {"pump": 2.8})
    assert "Drainage inspector" in sign_in(ines).get(PAGE).content.decode()


def test_the_unit_goes_before_the_role(
    organisation: Organisation, ines: Person, unit: Unit, inspector: Role, library: dict[str, list[EntryVersion]]
) -> None:
    colleagues(unit, LEAST_SHARING, [["salaries", 4.0], ["pay", 3.0]])
    colleagues(None, LEAST_SHARING, [["pump", 4.0]], inspector)
    began_with, words = begun_with(organisation, ines)
    assert (began_with, "pump" in words, words["pay"]) == ("Drainage", False, 3.0)


@pytest.mark.parametrize(
    "fields", [{"follows_use": False}, {"examples_used": 0}], ids=["learns no more", "has done nothing"]
)
def test_of_a_role_too_only_who_learns_from_what_they_do_is_heard(
    organisation: Organisation,
    ines: Person,
    inspector: Role,
    library: dict[str, list[EntryVersion]],
    fields: dict[str, bool | int],
) -> None:
    colleagues(None, LEAST_SHARING, [["pump", 4.0]], inspector)
    LearnedInterest.objects.filter(person__name=f"{inspector} 0").update(**fields)
    assert begun_with(organisation, ines) == ("", {})


def test_other_roles_and_people_who_left_give_a_newcomer_nothing(
    organisation: Organisation, ines: Person, inspector: Role, library: dict[str, list[EntryVersion]]
) -> None:
    colleagues(None, LEAST_SHARING, [["pay", 4.0]], Role.objects.create(slug="clerk", name="Clerk"))
    colleagues(None, LEAST_SHARING, [["pump", 4.0]], inspector)
    Person.objects.filter(name=f"{inspector} 0").update(left_on=today() - timedelta(days=1))
    assert begun_with(organisation, ines) == ("", {})


def test_of_several_roles_the_first_of_which_many_share_something_counts(
    organisation: Organisation, ines: Person, inspector: Role, library: dict[str, list[EntryVersion]]
) -> None:
    clerk, warden = (Role.objects.create(slug=name, name=name) for name in ("Clerk", "Warden"))
    ines.roles.add(clerk, warden)
    colleagues(None, LEAST_SHARING - 1, [["pay", 4.0]], clerk)
    colleagues(None, LEAST_SHARING, [["pay", 4.0]], warden)
    colleagues(None, LEAST_SHARING, [["pump", 4.0]], inspector)
    assert begun_with(organisation, ines) == ("Drainage inspector", {"pump": 4.0})


def test_shared_words_are_means_and_none_that_somebody_switched_off() -> None:
    background = Background(10, {"pump": 3, "seal": 2})
    many = [LearnedInterest(terms=[["pump", float(n)], ["seal", 1.0]], edits={"seal": 0}) for n in range(1, 9)]
    shared = shared_terms(many, background)
    assert shared is not None
    assert shared.terms == (("pump", 4.5),)
    assert shared_terms(many[:-1], background) is None


# --- Held, erased, shown ----------------------------------------------------------------------------------------------


def test_it_is_told_as_held_and_goes_with_the_person(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]]
) -> None:
    add_example(ines, ines, library["Pumps"][0].entry)
    learn(organisation)
    held = of_person(ines)
    assert held["learned_interest"][0]["terms"]
    assert set(held["learned_interest"][0]) >= {"words", "threshold", "edits"}
    assert held["learned_from_examples"][0]["entry__title"] == "Pumps 0"
    forget(ines)
    assert not LearnedInterest.objects.exists()
    assert not LearnedExample.objects.exists()


def test_the_page_switches_shows_changes_and_erases(
    organisation: Organisation, ines: Person, library: dict[str, list[EntryVersion]], sign_in: SignIn
) -> None:
    browser = sign_in(ines)
    assert "Nothing is learned about you" in browser.get(PAGE).content.decode()
    assert "both forms would have brought the same" in browser.get(f"{PAGE}effect/").content.decode()
    browser.post(f"{PAGE}change/", {"do": "start"})
    found = browser.get(f"{PAGE}?find=pumps 1").context["found"]
    assert [entry.title for entry in found] == ["Pumps 1"]
    browser.post(f"{PAGE}change/", {"do": "more", "entry": found[0].pk})
    learn(organisation)
    page = browser.get(PAGE).content.decode()
    assert "more like this" in page
    assert 'name="strength:pump"' in page
    before = interest_of(ines).effective
    effect = browser.get(f"{PAGE}effect/", {"strength:pump": "never"}).context["preview"]
    assert effect.searched == 12
    assert effect.change is not None
    assert interest_of(ines).effective == before, "looking keeps nothing"
    browser.post(f"{PAGE}change/", {"do": "weigh", "strength:pump": "never"})
    assert "pump" not in interest_of(ines).effective
    browser.post(f"{PAGE}change/", {"do": "add", "word": "culvert", "strength": "strong"})
    assert interest_of(ines).effective["culvert"] == 6.0
    browser.post(f"{PAGE}change/", {"do": "remove", "entry": found[0].pk})
    assert not LearnedExample.objects.exists()
    browser.post(f"{PAGE}change/", {"do": "stop"})
    browser.post(f"{PAGE}change/", {"do": "erase"})
    assert not LearnedInterest.objects.exists()


def test_the_page_does_not_name_an_example_that_was_closed(
    ines: Person, library: dict[str, list[EntryVersion]], sign_in: SignIn
) -> None:
    entry = library["Pumps"][0].entry
    add_example(ines, ines, entry)
    Entry.objects.filter(pk=entry.pk).update(audience=None)
    page = sign_in(ines).get(PAGE).content.decode()
    assert "Pumps 0" not in page
    assert "Something that you may not read" in page


def test_the_page_asks_the_same_of_the_database_for_many_words_and_examples(
    ines: Person, library: dict[str, list[EntryVersion]], sign_in: SignIn
) -> None:
    browser = sign_in(ines)
    add_example(ines, ines, library["Pumps"][0].entry)
    weigh_word(ines, ines, "pump", "strong")
    few = queries(browser, PAGE)
    for version in (*library["Pumps"], *library["Pay"]):
        add_example(ines, ines, version.entry)
    LearnedInterest.objects.update(edits={f"word{n}": 3.0 for n in range(60)})
    assert queries(browser, PAGE) == few <= MOST_QUERIES


def test_by_program_it_is_the_same(ines: Person, library: dict[str, list[EntryVersion]], sign_in: SignIn) -> None:
    browser, root = sign_in(ines), "/o/waterworks/api/v1/distribute/learning"
    assert browser.get(root).json()["learning"] is False
    assert browser.post(root).json()["learning"] is True
    body = {"word": "pump", "strength": "some"}
    said = browser.post(f"{root}/words", body, content_type="application/json").json()
    assert said["words"] == [{"term": "pump", "word": "pump", "in_title": False, "strength": "some", "own": True}]
    entry = library["Pay"][0].entry_id
    browser.post(f"{root}/examples", {"entry": entry, "wanted": False}, content_type="application/json")
    assert browser.delete(f"{root}/examples/{entry}").status_code == 200
    assert browser.delete(f"{root}?keep=true").status_code == 204
    assert browser.get(root).json()["words"] != []
