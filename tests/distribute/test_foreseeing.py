"""Whom would this reach: asked in the web, answered where the standing queries are held, telling on nobody."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from headwater.core.actions import OPERATOR, Refused
from headwater.core.display.dates import when_words
from headwater.core.models import Classification, Event
from headwater.distribute import forecasting
from headwater.distribute.actions import forecast_reach, issue_directive, save_directive, save_profile
from headwater.distribute.actions.looking import MOST_A_DAY
from headwater.distribute.following import current_tx
from headwater.distribute.forecasting import (
    Answered,
    Asked,
    ReachForecast,
    Tally,
    UnitReach,
    answered,
    counted,
    forecast_for,
    scope_for,
    told_together,
)
from headwater.distribute.foreseeing import CannotAnswer, answer_forecasts, forget_forecasts, leave_unanswered
from headwater.distribute.matching import forget_standing, match_new_versions
from headwater.distribute.models import (
    Channel,
    Delivery,
    Forecast,
    ForecastAnswer,
    InterestProfile,
    LearnedInterest,
)
from headwater.distribute.proof import EVERYBODY, Scope
from headwater.distribute.rules import FEWEST_TOGETHER
from headwater.distribute.standing import Standing
from headwater.distribute.telling import STEP
from headwater.library.actions import create_article, save_article
from headwater.people.actions import remove_audience
from headwater.people.days import today
from headwater.people.models import Absence, Audience, Grant, Permission, Person, Unit
from headwater.search.models import Entry, EntryVersion
from tests.asked import MOST_QUERIES, queries
from tests.conftest import enrol, make_person
from tests.distribute.conftest import make_version
from tests.distribute.test_matching import House

SignIn = Callable[[Person], Client]
ROOT = "/o/waterworks/distribute/"
API = "/o/waterworks/api/v1/distribute/"


@pytest.fixture
def staff(unit: Unit, nadia: Person, everyone: Audience) -> list[Person]:
    """Twelve people of Drainage besides Nadia; the first three follow pumps by themselves."""
    people = [make_person(f"Reader {number}", unit=unit) for number in range(12)]
    enrol(everyone)
    for person in people[:3]:
        InterestProfile.objects.create(person=person, name="Pumps", query="pump*")
    return people


def admit_only_to_public(person: Person) -> None:
    """Where everybody is cleared for a text there is nothing to tell, and nothing to keep back."""
    Person.objects.filter(pk=person.pk).update(clearance=Classification.PUBLIC)


def found_for(forecast: Forecast) -> Answered:
    """What the worker does."""
    standing = Standing()
    standing.follow(2**60)
    answer_forecasts(standing)
    found = answered(forecast)
    assert found is not None
    return found


def answer_all(forecast: Forecast, scope: Scope = EVERYBODY) -> ReachForecast:
    """And what the asker's page makes of it."""
    return forecast_for(forecast, found_for(forecast), scope)


def about(nadia: Person, text: str, audience: Audience, **fields: Any) -> ReachForecast:
    return answer_all(forecast_reach(nadia, title="A draft", text=text, audience=audience, **fields))


def exact(nadia: Person, text: str, audience: Audience) -> Tally:
    """The counts before they are told."""
    return exactly(forecast_reach(nadia, title="A draft", text=text, audience=audience))


def exactly(forecast: Forecast) -> Tally:
    return sum((unit.tally for unit in counted(forecast, found_for(forecast), EVERYBODY)), Tally())


# --- Who is reached, and who is missed --------------------------------------------------------------------------------


def test_people_are_counted_once_by_the_strongest_reason(
    staff: list[Person], nadia: Person, everyone: Audience, version: EntryVersion
) -> None:
    divers = Audience.objects.create(slug="divers", name="Divers", rule={"unit": "divers"})
    for person in staff[2:5]:
        divers.member_links.create(person=person)
    save_profile(nadia, "pumps OR valves", audience=divers, name="Pumps and valves")
    answer = about(nadia, "The pumps were greased.", everyone)
    tally = exact(nadia, "The pumps were greased.", everyone)
    assert (tally.people, tally.must, tally.group, tally.own, tally.unmatched) == (13, 0, 3, 2, 8)
    assert tally.reached == 5
    assert [(each.name, each.people) for each in answer.groups] == [("Pumps and valves", 3)]
    standing = save_directive(nadia, divers, query="greased", name="Grease", due_days=3)
    issue_directive(nadia, standing)
    tally = exact(nadia, "The pumps were greased.", everyone)
    assert (tally.must, tally.group, tally.own) == (3, 0, 2)


def test_what_was_learned_of_people_counts_as_their_own_interests(
    staff: list[Person], nadia: Person, everyone: Audience
) -> None:
    for person in staff[2:5]:
        profile = InterestProfile.objects.create(person=person, name="Learned", query="")
        LearnedInterest.objects.create(person=person, profile=profile, edits={"pump": 10.0})
    assert exact(nadia, "Pumps, pumps.", everyone).own == 5


def test_a_must_read_of_the_entry_itself_reaches(
    staff: list[Person], nadia: Person, everyone: Audience, version: EntryVersion
) -> None:
    issue_directive(nadia, save_directive(nadia, everyone, entry=version.entry, due_days=3))
    forecast = forecast_reach(nadia, entry=version.entry)
    answer, tally = answer_all(forecast), exactly(forecast)
    assert (tally.must, tally.reached) == (13, 13)
    assert [each.name for each in answer.must_reads] == ["Working in confined spaces"]


def test_who_may_not_read_it_and_who_cannot_be_told_are_counted_apart(
    staff: list[Person], nadia: Person, everyone: Audience
) -> None:
    Person.objects.filter(pk=staff[11].pk).update(clearance=Classification.PUBLIC)
    Person.objects.filter(pk=staff[10].pk).update(user=None, email="")
    tally = exact(nadia, "pumps", everyone)
    assert (tally.blind, tally.uncleared, tally.cut_off, tally.open, tally.own) == (1, 1, 1, 11, 3)
    few = Audience.objects.create(slug="few", name="Few", rule={"unit": "few"})
    few.member_links.create(person=nadia)
    closed = make_version("Pumps", "pump", few, nadia)
    tally = answer_all(forecast_reach(nadia, entry=closed.entry, audience=everyone)).tally
    assert (tally.people, tally.closed, tally.uncleared) == (13, 12, 0), "it is closed to them, cleared or not"


def test_who_would_hear_of_it_later_is_said(staff: list[Person], nadia: Person, everyone: Audience) -> None:
    today = timezone.localdate()
    Absence.objects.create(person=staff[5], since=today, until=today)
    Channel.objects.create(person=staff[6], kind="mail", address=staff[6].email, state=Channel.State.SUSPENDED)
    Delivery.objects.create(person=staff[7], version=make_version("Old", "old", everyone, nadia), rolled=True)
    tally = exact(nadia, "pumps", everyone)
    assert (tally.away, tally.refused, tally.full) == (1, 1, 1)


def test_the_day_is_the_organisations_whatever_clock_the_asker_has(
    staff: list[Person], nadia: Person, everyone: Audience
) -> None:
    """Another day is another chance, and other people are away: nobody sets it by their own time zone."""
    Absence.objects.create(person=staff[5], since=today(), until=today())
    forecast = forecast_reach(nadia, title="pumps", audience=everyone)
    for zone in ("Etc/GMT+12", "UTC", "Etc/GMT-14"):
        with timezone.override(zone):
            assert (exactly(forecast).away, forecasting._asked(forecast).on) == (1, today())


def test_the_newest_draft_of_an_article_is_asked_about(staff: list[Person], nadia: Person, everyone: Audience) -> None:
    article = create_article(nadia, "procedure", "Cleaning", body="Nothing yet", audience=everyone)
    assert article.latest is not None
    save_article(nadia, article, "Cleaning", "The pump is cleaned first.", article.latest)
    article.refresh_from_db()
    forecast = forecast_reach(nadia, article=article)
    assert forecast.revision == article.latest
    assert exactly(forecast).own == 3


# --- Nobody is told on ------------------------------------------------------------------------------------------------


def group_of(people: Iterable[Person], slug: str = "some") -> Audience:
    audience = Audience.objects.create(slug=slug, name=slug, rule={"unit": slug})
    for person in people:
        audience.member_links.create(person=person)
    return audience


def test_of_fewer_than_eight_people_nothing_is_told(staff: list[Person], nadia: Person, sign_in: SignIn) -> None:
    for number in (1, FEWEST_TOGETHER - 1):
        answer = about(nadia, "pumps", group_of(staff[:number], f"few{number}"))
        assert (answer.is_few, answer.tally, answer.by_unit) == (True, Tally(people=number), [])
    browser, forecast = sign_in(nadia), Forecast.objects.order_by("pk").last()
    assert forecast is not None
    page = browser.get(f"{ROOT}forecasts/{forecast.pk}/").content.decode()
    assert "Of fewer than eight people nothing is told" in page
    assert "Reader" not in page
    api = browser.get(f"{API}forecasts/{forecast.pk}").json()
    assert (api["is_answered"], api["is_few"], api["total"], api["by_unit"]) == (True, True, None, [])


def test_where_few_are_reached_by_nothing_else_their_own_interests_are_not_told(
    staff: list[Person], nadia: Person, everyone: Audience
) -> None:
    save_profile(nadia, "pumps", audience=group_of(staff[5:]), name="Pumps")
    tally = about(nadia, "pumps", everyone).tally
    assert (tally.open, tally.tells_own, tally.unmatched, tally.reached) == (6, False, None, 7)


@pytest.mark.parametrize("left_out", [1, FEWEST_TOGETHER - 1])
def test_of_nearly_everybody_nothing_is_told_that_would_tell_of_the_rest(
    staff: list[Person], nadia: Person, unit: Unit, left_out: int
) -> None:
    most = [*staff, *(make_person(f"More {number}", unit=unit) for number in range(10))]
    Absence.objects.create(person=most[5], since=timezone.localdate(), until=timezone.localdate())
    tally = about(nadia, "pumps", group_of([nadia, *most[left_out:]])).tally
    assert (tally.tells_own, tally.own, tally.away, tally.open_key) == (False, 0, 0, 0)


def test_what_is_private_is_told_in_steps(staff: list[Person], nadia: Person, everyone: Audience) -> None:
    first, again = (about(nadia, "pumps", everyone) for _ in range(2))
    assert first == again, "asking again brings nothing"
    for line in (first.tally, *(unit.tally for unit in first.by_unit)):
        assert {line.own, line.away, line.full, line.refused} <= {0, 8}
        assert (line.open_key, line.group_key, line.must_key, line.cut_off_key) == (0, 0, 0, 0)


def test_what_one_person_is_cleared_for_is_not_told(
    staff: list[Person], nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    """Whoever lacks the clearance, by must-read, group or neither: the counts of two classifications are the same."""
    save_profile(nadia, "pumps", audience=group_of(staff[:4]), name="Pumps")
    issue_directive(nadia, save_directive(nadia, group_of(staff[4:8], "must"), query="pump*", name="P", due_days=3))
    Person.objects.filter(pk=staff[11].pk).update(user=None, email="")
    Person.objects.update(clearance=Classification.CONFIDENTIAL)
    admit_only_to_public(staff[10])
    api = sign_in(nadia)

    def told() -> list[Any]:
        forecast = forecast_reach(nadia, title="pumps", audience=everyone, classification=Classification.RESTRICTED)
        answer_all(forecast)
        found = api.get(f"{API}forecasts/{forecast.pk}").json()
        assert found["is_clearance_told"] is False
        return [
            {**line, "own": None, "reached": None, "unmatched": None} for line in (found["total"], *found["by_unit"])
        ]

    before = told()
    assert [before[0][name] for name in ("must_read", "group", "cut_off", "uncleared")] == [4, 4, 1, 0]
    for number in (0, 5, 9, 11):
        Person.objects.filter(pk=staff[number].pk).update(clearance=Classification.PUBLIC)
        assert told() == before, number
        Person.objects.filter(pk=staff[number].pk).update(clearance=Classification.CONFIDENTIAL)


def test_many_who_lack_the_clearance_are_told_in_steps(unit: Unit, nadia: Person, everyone: Audience) -> None:
    for number in range(60):
        make_person(f"Reader {number}", unit=unit, clearance=Classification.PUBLIC)
    enrol(everyone)
    Person.objects.filter(pk=nadia.pk).update(clearance=Classification.CONFIDENTIAL)
    first, again = (about(nadia, "pumps", everyone).tally for _ in range(2))
    assert first == again
    assert first.uncleared in range(48, 73, STEP), "less than a step and a half from 60"
    assert (first.people, first.blind, first.open) == (61, first.uncleared, 61 - first.uncleared)


def test_who_manages_them_all_is_told_exactly_and_everybody_of_what_is_public(
    staff: list[Person], nadia: Person, ines: Person, unit: Unit, everyone: Audience
) -> None:
    Person.objects.filter(pk__in=[person.pk for person in staff[:3]]).update(clearance=Classification.PUBLIC)
    told = about(nadia, "pumps", everyone, classification=Classification.PUBLIC)
    assert (told.is_clearance_told, told.tally.uncleared) == (True, 0)
    assert not about(nadia, "pumps", everyone).is_clearance_told
    Grant.objects.create(person=nadia, permission=Permission.ADMINISTRATOR, unit=unit)
    assert not about(Person.objects.get(pk=nadia.pk), "pumps", everyone).is_clearance_told
    own = forecast_reach(Person.objects.get(pk=nadia.pk), title="pumps", audience=everyone)
    exactly_told = answer_all(own, Scope((unit.path,)))
    assert (exactly_told.is_clearance_told, exactly_told.tally.uncleared) == (True, 3)
    Grant.objects.create(person=nadia, permission=Permission.ADMINISTRATOR)
    tally = about(Person.objects.get(pk=nadia.pk), "pumps", everyone).tally
    assert (tally.uncleared, tally.blind, tally.open) == (3, 3, 10)


@pytest.mark.parametrize(
    ("values", "told_exactly", "signs"),
    [
        ({"must": 9}, True, ("", "")),
        ({"must": 9}, False, ("≈", "")),
        ({"open": 9}, False, ("≥", "≤")),
        ({"open": 20, "own": 8}, True, ("≈", "≈")),
        ({"open": 20, "open_lacking": 8}, False, ("≥", "≈")),
        ({"open": 20, "open_lacking": 8}, True, ("≥", "≤")),
        ({"open": 20, "group": 3}, False, ("≈", "≤")),
    ],
)
def test_what_is_not_exact_says_so(values: dict[str, Any], told_exactly: bool, signs: tuple[str, str]) -> None:
    tally = Tally(people=40, **values, is_clearance_told=told_exactly)
    assert (tally.reached_sign, tally.unmatched_sign) == signs


@given(
    counts=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 2**50)), min_size=4, max_size=4),
    withheld=st.booleans(),
    known=st.booleans(),
)
def test_what_is_told_adds_up(counts: list[tuple[int, int, int]], withheld: bool, known: bool) -> None:
    """Whatever is lacking: of each kind as many are told as there are, and as many people in all."""
    values = {}
    for kind, (cleared, lacking, key) in zip(("cut_off", "must", "group", "open"), counts, strict=True):
        values |= {kind: cleared, f"{kind}_lacking": lacking, f"{kind}_key": key}
    tally = Tally(people=sum(cleared + lacking for cleared, lacking, _key in counts), **values)
    told = tally.told(Asked("a text"), withheld, known)
    for kind in ("cut_off", "must", "group", "open"):
        assert told.named(kind) == tally.named(kind)
        assert getattr(told, kind) >= 0
    assert told.blind + told.cut_off + told.known + told.open == told.people == tally.people
    assert known is False or told.uncleared == tally.uncleared
    assert not withheld or known or told.uncleared == 0


def test_a_units_knowledge_manager_is_told_no_other_units_interests(
    staff: list[Person], nadia: Person, unit: Unit, everyone: Audience
) -> None:
    keeper, outsider = staff[0], make_person("Of another unit")
    Grant.objects.create(person=keeper, permission=Permission.KNOWLEDGE_MANAGER, unit=unit)
    for name, people in {"Ours": staff, "Mine": [keeper, outsider], "Inquiry": [outsider, staff[1]]}.items():
        save_profile(nadia, "pumps", audience=group_of(people, name.lower()), name=name)
    answer = answer_all(forecast_reach(keeper, title="pumps", audience=everyone), Scope((unit.path,)))
    assert {each.name for each in answer.groups} == {"Ours", "Mine"}
    assert {each.name for each in about(nadia, "pumps", everyone).groups} == {"Ours", "Mine", "Inquiry"}


def test_small_units_are_counted_together(staff: list[Person], nadia: Person, everyone: Audience) -> None:
    small = Unit.objects.create(slug="small", name="Small", path="/900/")
    Person.objects.filter(pk__in=[staff[0].pk, staff[1].pk]).update(unit=small)
    answer = about(nadia, "pumps", everyone)
    [together] = answer.by_unit
    assert (together.name, together.units, together.tally.named("open")) == ("", 2, 13)


units = st.lists(st.integers(min_value=0, max_value=20), max_size=8)


@given(sizes=units)
def test_no_line_and_no_difference_of_lines_tells_of_few(sizes: list[int]) -> None:
    given_units = [UnitReach(f"u{at}", Tally(people=size, open=size)) for at, size in enumerate(sizes)]
    lines = told_together(given_units)
    assert sum(line.tally.open for line in lines) == sum(sizes)
    kept_back = sum(line.tally.open for line in lines if not line.tally.tells_own)
    if sum(sizes) >= FEWEST_TOGETHER:
        assert kept_back == 0
    else:
        assert kept_back == sum(sizes)


def test_what_is_kept_and_logged_holds_no_words(staff: list[Person], nadia: Person, everyone: Audience) -> None:
    about(nadia, "pumps", everyone)
    answer = ForecastAnswer.objects.get()
    assert sorted(answer.profiles) == sorted(InterestProfile.objects.values_list("pk", flat=True))
    assert Event.objects.get(verb="forecast_reach").details == {"entry": None, "audience": everyone.pk}


def test_a_units_knowledge_manager_counts_their_own_people(staff: list[Person], unit: Unit, everyone: Audience) -> None:
    other = Unit.objects.create(slug="roads", name="Roads", path="/901/")
    keeper = make_person("Keeper", unit=other)
    Grant.objects.create(person=keeper, permission=Permission.KNOWLEDGE_MANAGER, unit=other)
    enrol(everyone)
    forecast = forecast_reach(keeper, title="pump", audience=everyone)
    assert answer_all(forecast, Scope(("/901/",))).tally.people == 1


def test_nobody_asks_more_often_in_a_day_than_tells_nothing(nadia: Person, everyone: Audience, sign_in: SignIn) -> None:
    """And who did is told when they may again, at page and API."""
    used_up(nadia, until=timezone.now())
    first = Event.objects.order_by("at").first()
    assert first is not None
    again = when_words(first.at + timedelta(days=1))
    with pytest.raises(ValidationError, match=f"Ask again after {again}"):
        forecast_reach(nadia, title="pump", audience=everyone)
    browser = sign_in(nadia)
    values = {"title": "Pumps", "text": "pump", "classification": 1, "audience": everyone.pk}
    page = browser.post(f"{ROOT}forecasts/new/", values)
    assert (page.status_code, "You have looked ahead 50 times in a day" in page.content.decode()) == (400, True)
    api = browser.post(f"{API}forecasts", json.dumps({"title": "P", "audience": "everyone"}), "application/json")
    assert (api.status_code, "Ask again after" in api.content.decode()) == (400, True)
    assert forecast_reach(OPERATOR, title="pump", audience=everyone).pk


def used_up(person: Person, until: datetime, times: int = MOST_A_DAY) -> None:
    """They have asked as often as anybody may (or so many `times`), every twenty minutes, and last at `until`."""
    for number in range(times):
        at = until - timedelta(minutes=20 * number)
        Event.objects.create(actor_id=person.actor_id, door="web", verb="forecast_reach", at=at)


def test_a_day_later_they_ask_again(nadia: Person, everyone: Audience) -> None:
    used_up(nadia, until=timezone.now() - timedelta(hours=8))
    assert forecast_reach(nadia, title="pump", audience=everyone).asked_by == nadia


def test_removing_what_was_asked_about_gives_no_asking_back(staff: list[Person], nadia: Person) -> None:
    probe, version = group_of(staff), make_version("Pumps", "pump", group_of(staff, "readers"), nadia)
    forecast_reach(nadia, title="pump", audience=probe)
    forecast_reach(nadia, entry=version.entry, audience=probe)
    used_up(nadia, timezone.now(), times=MOST_A_DAY - 2)
    remove_audience(nadia, probe)
    assert not Forecast.objects.exists()
    with pytest.raises(ValidationError, match="You have looked ahead 50 times"):
        forecast_reach(nadia, title="pump", audience=group_of(staff, "again"))


def test_an_answer_is_given_once_whatever_becomes_of_its_audience(
    unit: Unit, nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    """Looking again after changing the audience, or a group in it, is no other asking."""
    staff = [make_person(f"Reader {number}", unit=unit, clearance=number % 4) for number in range(40)]
    save_profile(nadia, "pumps", audience=group_of(staff[:15]), name="Pumps")
    probe, browser = group_of(staff[5:30], "probe"), sign_in(nadia)
    forecast = forecast_reach(nadia, title="pumps", audience=probe, classification=Classification.RESTRICTED)
    found_for(forecast)
    first = browser.get(f"{API}forecasts/{forecast.pk}").json()
    assert (first["total"]["people"], first["total"]["group"] > 0) == (25, True)
    for people in (staff[3:], staff[:9], staff[:3], []):
        probe.member_links.all().delete()
        for person in people:
            probe.member_links.create(person=person)
        Audience.objects.get(slug="some").member_links.filter(person__in=people).delete()
        again = browser.get(f"{API}forecasts/{forecast.pk}").json()
        assert (again["total"], again["by_unit"]) == (first["total"], first["by_unit"])
    assert f"of {first['total']['people']}" in browser.get(f"{ROOT}forecasts/{forecast.pk}/").content.decode()


def test_where_all_are_cleared_nobody_is_guessed_to_lack_it(
    staff: list[Person], nadia: Person, everyone: Audience
) -> None:
    tally = about(nadia, "pumps", everyone).tally
    assert (tally.is_clearance_told, tally.uncleared, tally.open) == (True, 0, 13)
    admit_only_to_public(staff[10])
    assert not about(nadia, "pumps", everyone).tally.is_clearance_told


def test_who_may_know_more_since_is_told_anew(staff: list[Person], nadia: Person, everyone: Audience) -> None:
    admit_only_to_public(staff[10])
    forecast = forecast_reach(nadia, title="pumps", audience=everyone)
    assert answer_all(forecast).is_clearance_told is False
    Grant.objects.create(person=nadia, permission=Permission.ADMINISTRATOR)
    asked = Forecast.objects.get(pk=forecast.pk)
    assert answer_all(asked).is_clearance_told is True
    assert answer_all(asked, Scope(("/none/",))).tally.people == 0


def test_rights_that_go_to_and_fro_bring_no_second_answer(
    staff: list[Person], nadia: Person, everyone: Audience
) -> None:
    """Whoever looks after others since, or knows more of them, was told once as who they were, and once as they are."""
    admit_only_to_public(staff[10])
    forecast, told = forecast_reach(nadia, title="pumps", audience=everyone), []
    found = found_for(forecast)

    def look() -> tuple[int, bool]:
        asked = Forecast.objects.get(pk=forecast.pk)
        assert asked.asked_by is not None
        tally = forecast_for(asked, found, scope_for(asked.asked_by)).tally
        return tally.people, tally.is_clearance_told

    for gone in staff[:4]:
        everyone.member_links.filter(person=gone).delete()
        told.append(look())
        granted = Grant.objects.create(person=nadia, permission=Permission.ADMINISTRATOR)
        told.append(look())
        granted.delete()
    assert told == [(12, False), (12, True)] * 4


# --- Two at once, each in a transaction of its own --------------------------------------------------------------------


def while_open(house: House, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """What both say (or why they refuse): the second begins when the first has acted and is not committed yet."""
    said, at = [], []

    def run() -> None:
        with house.inside(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            at.extend(cursor.fetchone())
            try:
                said.append(second())
            except ValidationError as refused:
                said.append(refused)
        connections.close_all()

    thread = threading.Thread(target=run)
    with house.inside(), connection.cursor() as cursor:
        early = first()
        thread.start()
        while thread.is_alive() and not (at and is_waiting(cursor, at[0])):
            time.sleep(0.01)
    thread.join(timeout=20)
    return early, said[0]


def is_waiting(cursor: CursorWrapper, pid: int) -> bool:
    cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
    return bool(cursor.fetchone()[0])


def test_of_two_who_look_at_once_both_see_the_first_answer(house: House) -> None:
    with house.inside():
        for number in range(9):
            make_person(f"Reader {number}", unit=house.unit)
        enrol(house.everyone)
        forecast = forecast_reach(house.nadia, title="pumps", audience=house.everyone)
        found = found_for(forecast)

    def after_one_left() -> ReachForecast:
        house.everyone.member_links.filter(person=house.ines).delete()
        return forecast_for(forecast, found, EVERYBODY)

    first, second = while_open(house, lambda: forecast_for(forecast, found, EVERYBODY), after_one_left)
    assert (first.tally.people, second) == (12, first)


def test_of_two_who_ask_at_once_the_later_counts_the_earlier(house: House) -> None:
    with house.inside():
        used_up(house.nadia, timezone.now(), times=MOST_A_DAY - 1)

    def ask() -> Forecast:
        return forecast_reach(house.nadia, title="pump", audience=house.everyone)

    first, second = while_open(house, ask, ask)
    assert (type(first), type(second)) == (Forecast, ValidationError)


# --- Who may ask, and what --------------------------------------------------------------------------------------------


def test_only_knowledge_managers_ask(
    ines: Person, ada: Person, nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    for person in (ines, ada):
        with pytest.raises(Refused):
            forecast_reach(person, title="pump", audience=everyone)
        for path in ("forecasts/new/", "quiet/", "quiet/?format=csv"):
            assert sign_in(person).get(ROOT + path).status_code == 403
        for path in ("quiet", "quiet/units"):
            assert sign_in(person).get(API + path).status_code == 403
    asked = forecast_reach(nadia, title="pump", audience=everyone)
    Grant.objects.create(person=ines, permission=Permission.KNOWLEDGE_MANAGER)
    assert sign_in(ines).get(f"{ROOT}forecasts/{asked.pk}/").status_code == 404


def test_nobody_asks_about_what_they_may_not_read(nadia: Person, ines: Person, otto: Person, sign_in: SignIn) -> None:
    closed = make_version("A secret", "pump", None, ines)
    with pytest.raises(Refused):
        forecast_reach(nadia, entry=closed.entry)
    draft = create_article(otto, "procedure", "Otto's own", body="pump")
    with pytest.raises(Refused):
        forecast_reach(nadia, article=draft)
    browser = sign_in(nadia)
    assert browser.get(f"{ROOT}forecasts/new/", {"entry": closed.entry_id}).status_code == 404
    assert browser.get(f"{ROOT}forecasts/new/", {"article": draft.pk}).status_code == 404


def test_an_answer_goes_when_the_entry_may_no_longer_be_read(
    staff: list[Person], nadia: Person, ines: Person, version: EntryVersion, sign_in: SignIn
) -> None:
    forecast = forecast_reach(nadia, entry=version.entry)
    answer_all(forecast)
    version.entry.audience, version.entry.owner = None, ines
    version.entry.save()
    assert sign_in(nadia).get(f"{ROOT}forecasts/{forecast.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "entry"),
        ({"title": "  ", "text": "\n"}, "entry"),
        ({"title": "pump"}, "audience"),
        ({"text": "x" * 1_000_001, "audience": True}, "text"),
        ({"title": "pump", "audience": True, "classification": 7}, "classification"),
        ({"title": "pump", "audience": True, "language": "a language"}, "language"),
    ],
)
def test_a_question_without_a_subject_or_an_audience_is_refused(
    nadia: Person, everyone: Audience, values: dict[str, Any], field: str
) -> None:
    if values.get("audience"):
        values = {**values, "audience": everyone}
    with pytest.raises(ValidationError) as error:
        forecast_reach(nadia, **values)
    assert list(error.value.message_dict) == [field]


def test_questions_are_forgotten_after_a_day(staff: list[Person], nadia: Person, everyone: Audience) -> None:
    about(nadia, "pumps", everyone)
    forget_forecasts(everyone.organisation_id)
    assert Forecast.objects.count() == 1
    Forecast.objects.update(asked_at=timezone.now() - timedelta(days=1, minutes=1))
    forget_forecasts(everyone.organisation_id)
    assert not ForecastAnswer.objects.exists()


def test_all_parts_of_one_division_answer_together(nadia: Person, everyone: Audience) -> None:
    forecast = forecast_reach(nadia, title="pump", audience=everyone)
    ForecastAnswer.objects.create(forecast=forecast, number=0, of=2, profiles=[3], directives=[])
    assert answered(forecast) is None
    ForecastAnswer.objects.create(forecast=forecast, number=0, of=3, profiles=[9], directives=[])
    assert answered(forecast) is None
    ForecastAnswer.objects.create(forecast=forecast, number=1, of=2, profiles=[4], directives=[5])
    found = answered(forecast)
    assert found is not None
    assert (found.profiles, found.directives) == ({3, 4}, {5})


# --- At every door ----------------------------------------------------------------------------------------------------


def test_the_page_asks_waits_and_shows(
    staff: list[Person], nadia: Person, everyone: Audience, version: EntryVersion, sign_in: SignIn
) -> None:
    browser = sign_in(nadia)
    Entry.objects.filter(pk=version.entry_id).update(classification=Classification.PUBLIC)
    asking = browser.get(f"{ROOT}forecasts/new/?entry={version.entry_id}").content.decode()
    assert "Working in confined spaces" in asking
    shown = browser.post(f"{ROOT}forecasts/new/?entry={version.entry_id}", {}, follow=True)
    assert "Asking those who hold" in shown.content.decode()
    forecast = Forecast.objects.get()
    Forecast.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    assert "No worker has answered" in browser.get(f"{ROOT}forecasts/{forecast.pk}/").content.decode()
    answer_all(forecast)
    page = browser.get(f"{ROOT}forecasts/{forecast.pk}/").content.decode()
    assert re.search("It would reach (at least 0|about 8) of 13", page), "nobody may be told as some"
    assert re.search("(Up to 13|About 5) follow nothing that matches", page)
    assert f"directives/new/?entry={version.entry_id}" in page


def test_a_text_needs_an_audience_on_the_page(nadia: Person, everyone: Audience, sign_in: SignIn) -> None:
    browser = sign_in(nadia)
    refused = browser.post(f"{ROOT}forecasts/new/", {"title": "Pumps", "classification": 1})
    assert refused.status_code == 400
    values = {"title": "Pumps", "text": "pump", "classification": 1, "audience": everyone.pk}
    assert browser.post(f"{ROOT}forecasts/new/", values).status_code == 302


def test_programs_ask_too(staff: list[Person], nadia: Person, everyone: Audience, sign_in: SignIn) -> None:
    browser = sign_in(nadia)
    body = {"title": "Pumps", "audience": "everyone", "classification": Classification.PUBLIC}
    asked = browser.post(f"{API}forecasts", json.dumps(body), content_type="application/json").json()
    assert browser.get(f"{API}forecasts/{asked['id']}").json()["is_answered"] is False
    answer_all(Forecast.objects.get())
    answer = browser.get(f"{API}forecasts/{asked['id']}").json()
    assert (answer["total"]["own"], answer["total"]["unmatched"]) in ((0, 13), (8, 5))
    assert [(each["name"], each["people"]) for each in answer["by_unit"]] == [("Drainage", 13)]


def test_the_operator_may_ask(everyone: Audience) -> None:
    assert forecast_reach(OPERATOR, title="pump", audience=everyone).asked_by is None


def test_few_questions_are_asked_however_many_units_there_are(
    nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    browser = sign_in(nadia)
    counts = []
    for many in (1, 30):
        for number in range(many):
            unit = Unit.objects.create(
                slug=f"u{many}-{number}", name=f"Unit {number}", path=f"/{1000 * many + number}/"
            )
            for at in range(8):
                make_person(f"P {many} {number} {at}", unit=unit)
        enrol(everyone)
        forecast = forecast_reach(nadia, title="pump", audience=everyone)
        answer_all(forecast)
        counts.append(queries(browser, f"{ROOT}forecasts/{forecast.pk}/"))
    assert counts[0] == counts[1] <= MOST_QUERIES


# --- As the worker does it --------------------------------------------------------------------------------------------


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    forget_standing()
    yield House()
    forget_standing()


def test_a_matching_step_answers_what_was_asked_once(house: House) -> None:
    with house.inside():
        profile = save_profile(house.ines, "pump")
        forecast = forecast_reach(house.nadia, title="The pump", audience=house.everyone)
    house.match()
    house.match()
    with house.inside():
        answer = ForecastAnswer.objects.get(forecast=forecast)
        assert (answer.profiles, answer.number, answer.of) == ([profile.pk], 0, 1)
        assert not Delivery.objects.exists()
    assert match_new_versions(house.organisation.pk) is False


def test_a_paused_profile_reaches_nobody(house: House) -> None:
    with house.inside():
        profile = save_profile(house.ines, "pump")
        forecast = forecast_reach(house.nadia, title="The pump", audience=house.everyone)
    house.match()
    with house.inside():
        found = answered(forecast)
        assert found is not None
        assert list(found.personal) == [{"person": house.ines.pk}]
        InterestProfile.objects.filter(pk=profile.pk).update(is_active=False)
        paused = answered(forecast)
        assert paused is not None
        assert not paused.personal.exists()


def test_a_question_that_cannot_be_answered_holds_nothing_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once and no more, says so to who waits, and what was gathered reaches its readers."""
    tried: list[object] = []
    with house.inside():
        save_profile(house.ines, "pump")
        forecast = forecast_reach(house.nadia, title="Unlucky", text="A pump.", audience=house.everyone)

    def unlucky(_standing: Standing, searchable: object) -> list[int]:
        tried.append(searchable)
        raise ZeroDivisionError

    monkeypatch.setattr(Standing, "keys_of", unlucky)
    house.publish("The pump")
    house.match()
    house.match()
    with house.inside():
        forecast.refresh_from_db()
        assert (forecast.taken_back_at is not None, answered(forecast), len(tried)) == (True, None, 1)
        assert house.got(house.ines) == ["The pump"]


def test_who_waits_for_what_was_taken_back_is_told_at_every_door(
    nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    """The command line reads what the API answers."""
    forecast = forecast_reach(nadia, title="Unlucky", audience=everyone)
    leave_unanswered(everyone.organisation_id, CannotAnswer(forecast))
    browser = sign_in(nadia)
    page = browser.get(f"{ROOT}forecasts/{forecast.pk}/")
    assert page.status_code == 200
    for said in ("This could not be answered", "Nobody was told anything", "Ask again", f"forecast {forecast.pk}"):
        assert said in page.content.decode()
    assert 'id="waiting"' not in page.content.decode()
    found = browser.get(f"{API}forecasts/{forecast.pk}").json()
    assert (found["is_answered"], found["total"]) == (False, None)
    assert "could not be held against what people follow" in found["taken_back"]


def test_an_entry_that_is_out_may_be_asked_about(house: House) -> None:
    version = house.publish("The pump")
    with house.inside():
        forecast = forecast_reach(house.nadia, entry=version.entry)
        profile = save_profile(house.ines, "pump")
        # Whatever else is open in the same PostgreSQL: it is for later versions only.
        InterestProfile.objects.filter(pk=profile.pk).update(since_tx=current_tx() + 1)
    house.match()
    with house.inside():
        found = answered(forecast)
        assert found is not None
        assert found.profiles == {profile.pk}
        assert house.got(house.ines) == []
