"""Counts told in steps: what many numbers, told of people one chooses, say about a single person."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.core.models import Classification
from headwater.distribute import telling
from headwater.distribute.actions import forecast_reach
from headwater.distribute.actions.looking import MOST_A_DAY
from headwater.distribute.forecasting import Answered, Asked, Tally, forecast_for, scope_for
from headwater.distribute.models import InterestProfile
from headwater.distribute.quiet import Silence
from headwater.distribute.telling import STEP, in_steps
from headwater.people.models import Audience, AudienceMember, Person, Unit
from tests.conftest import make_person
from tests.distribute.test_foreseeing import found_for

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def known_secret(settings: Any) -> Iterator[None]:
    """So that the chance is the same in every run."""
    settings.SECRET_KEY = "of no installation"
    telling._secret.cache_clear()
    yield
    telling._secret.cache_clear()


@given(count=st.integers(0, 200), key=st.integers(0, 2**60), most=st.integers(0, 200))
def test_a_step_is_no_further_than_a_step(count: int, key: int, most: int) -> None:
    told = in_steps(count, max(count, most), key)
    assert told % STEP == 0
    assert abs(told - count) < 1.5 * STEP
    assert told <= max(count, most)
    assert told == in_steps(count, max(count, most), key), "asking again brings nothing"


def test_nobody_may_be_told_as_some() -> None:
    told = Counter(in_steps(0, 40, key) for key in range(4_000))
    assert told.keys() == {0, STEP}
    assert 900 < told[STEP] < 1_100


def test_what_is_asked_is_part_of_the_chance() -> None:
    """One number of many people does not tell how far another of the same people is moved."""
    same = sum(in_steps(20, 60, key, "own") == in_steps(20, 60, key, "away") for key in range(1_000))
    assert 300 < same < 700


@given(
    key=st.integers(1, 2**50),
    counts=st.tuples(*[st.integers(0, 30)] * 4),
    lacking=st.tuples(*[st.integers(0, 30)] * 4),
)
def test_chance_depends_on_whom_was_asked_about_and_on_nothing_private(
    key: int, counts: tuple[int, ...], lacking: tuple[int, ...]
) -> None:
    """How far a number is moved is the same whoever of these people is counted."""
    kinds = ("cut_off", "must", "group", "open")
    named = dict.fromkeys(kinds, 40)
    values = {f"{kind}_key": key + at for at, kind in enumerate(kinds)}
    for kind, lack in zip(kinds, lacking, strict=True):
        values |= {kind: named[kind] - lack, f"{kind}_lacking": lack}
    tally = Tally(people=160, **values, own=counts[0], away=counts[1], full=counts[2], refused=counts[3])
    asked = Asked("a text", on=NOON.date())
    told = tally.told(asked)
    for at, (kind, lack) in enumerate(zip(kinds, lacking, strict=True)):
        drawn_from = (key + at, f"{kind} lacking", asked.classification, asked.on)
        assert getattr(told, f"{kind}_lacking") == in_steps(lack, 40, *drawn_from)
    assert told.own == in_steps(counts[0], told.open, key + 3, "own", asked)
    other_text = tally.told(replace(asked, about="another text"))
    assert (other_text.uncleared, other_text.away) == (told.uncleared, told.away), "the text is nothing to these"


def test_no_difference_of_two_numbers_tells_of_one_person() -> None:
    """Whatever two numbers are told of many and of the same but one, both whether and whether not are likely."""
    chance = random.Random(1)

    def told(count: int) -> int:
        return in_steps(count, 100, chance.getrandbits(40))

    for count in range(1, 30):
        counted_in = Counter((told(count), told(count - 1)) for _ in range(4_000))
        left_out = Counter((told(count), told(count)) for _ in range(4_000))
        likely = {pair for pair, times in counted_in.items() if times > 400}
        assert all(left_out[pair] > 0 for pair in likely), count
    assert 11.8 < sum(told(12) for _ in range(4_000)) / 4_000 < 12.2, "right in the mean"


# --- Whoever uses the whole day's askings on it -----------------------------------------------------------------------

ROUNDS, TARGETS = 4, 11  # 4 × (1 + 11) askings: a day's


def right_by_change(told: Sequence[tuple[int, Sequence[int]]], truth: Sequence[bool]) -> int:
    """How many are rightly said to be counted because a number of theirs differs from the one without them."""
    guesses = [any(numbers[at] != base for base, numbers in told) for at in range(len(truth))]
    return sum(guess == counted for guess, counted in zip(guesses, truth, strict=True))


def right_by_mean(told: Sequence[tuple[int, Sequence[int]]], truth: Sequence[bool]) -> int:
    """How many are rightly said to be counted because with them it is more than half a person more, in the mean."""
    means = [sum(numbers[at] - base for base, numbers in told) / len(told) for at in range(len(truth))]
    return sum((mean > 0.5) == counted for mean, counted in zip(means, truth, strict=True))


@pytest.mark.parametrize("what", ["own", "clearance"])
def test_a_days_askings_do_not_name_who_is_counted(unit: Unit, nadia: Person, everyone: Audience, what: str) -> None:
    """Of four sets of people, with and without each of eleven: no better than to say the same of all eleven."""
    assert ROUNDS * (1 + TARGETS) <= MOST_A_DAY
    truth = [number % 3 == 0 for number in range(60)]
    staff = [
        make_person(f"Reader {number}", unit=unit, pk=7_000_000 + number, clearance=clearance_of(what, counted))
        for number, counted in enumerate(truth)
    ]
    if what == "own":
        for person in (person for person, counted in zip(staff, truth, strict=True) if counted):
            InterestProfile.objects.create(person=person, name="P", query="strike")
    chance, told, asking = random.Random(3), [], Asking(nadia, what)
    for _ in range(ROUNDS):
        some = chance.sample(staff[TARGETS:], 34)
        told.append((asking.told(some), [asking.told([*some, target]) for target in staff[:TARGETS]]))
    same_of_all = max(sum(truth[:TARGETS]), TARGETS - sum(truth[:TARGETS]))
    assert right_by_change(told, truth[:TARGETS]) <= same_of_all
    assert right_by_mean(told, truth[:TARGETS]) <= same_of_all
    differs = {at for base, numbers in told for at, number in enumerate(numbers) if number != base}
    assert any(truth[at] for at in differs)
    assert any(not truth[at] for at in differs), "a number that changes proves nothing"


def clearance_of(what: str, counted: bool) -> int:
    lacks = what == "clearance" and counted
    return Classification.INTERNAL if lacks else Classification.RESTRICTED


class Asking:
    """Nadia's, on one day: how many of these people follow strikes by themselves, or lack a clearance."""

    def __init__(self, nadia: Person, what: str) -> None:
        self.nadia, self.what, self.number = nadia, what, 0
        self.found: Answered | None = None

    def told(self, people: Iterable[Person]) -> int:
        self.number += 1
        audience = Audience.objects.create(slug=f"p{self.number}", name="P", rule={"unit": f"p{self.number}"})
        AudienceMember.objects.bulk_create(AudienceMember(audience=audience, person=person) for person in people)
        level = Classification.INTERNAL if self.what == "own" else Classification.RESTRICTED
        forecast = forecast_reach(self.nadia, title="strike", audience=audience, classification=level)
        self.found = self.found or found_for(forecast)
        forecast.asked_at = NOON
        tally = forecast_for(forecast, self.found, scope_for(self.nadia)).tally
        return tally.own if self.what == "own" else tally.uncleared


def test_a_days_askings_tell_of_many_people_little_more_than_a_coin() -> None:
    """The same of 2,200 people, in numbers alone: what the guide says of a day."""
    chance, by_change, by_mean = random.Random(5), 0, 0
    for _ in range(200):
        truth = [chance.random() < 0.5 for _ in range(TARGETS)]
        keys = [chance.getrandbits(40) for _ in range(TARGETS)]
        told = []
        for _ in range(ROUNDS):
            count, key = chance.randrange(5, 30), chance.getrandbits(45)
            numbers = [in_steps(count + one, 60, key + other) for one, other in zip(truth, keys, strict=True)]
            told.append((in_steps(count, 60, key), numbers))
        by_change, by_mean = by_change + right_by_change(told, truth), by_mean + right_by_mean(told, truth)
    assert by_change < 0.55 * 200 * TARGETS
    assert by_mean < 0.60 * 200 * TARGETS


def test_a_whole_day_on_one_person_is_right_seven_times_in_ten() -> None:
    """25 sets of people with them and 25 without, two numbers of each (all, and their unit): the guide says so."""

    def right(days: int, trials: int) -> float:
        chance, times = random.Random(7), 0
        for _ in range(trials):
            counted, target, more = chance.random() < 0.5, chance.getrandbits(40), 0
            for _ in range(2 * 25 * days):
                count, key = 20, chance.getrandbits(45)
                more += in_steps(count + counted, 60, key + target) - in_steps(count, 60, key)
            times += (more > 25 * days) == counted
        return times / trials

    assert 0.64 < right(1, 600) < 0.76
    assert 0.90 < right(10, 100) < 1


# --- To whom nothing comes --------------------------------------------------------------------------------------------


def test_how_many_find_something_themselves_is_told_of_two_periods_and_of_few_people_not_at_all() -> None:
    assert Silence(people=7, nothing=7, own=7, silent_key=5).told(30) == Silence(people=7, nothing=7)
    many = Silence(people=90, nothing=50, own=40, silent_key=7)
    assert (many.told(30).own % STEP, many.told(30).silent_key) == (0, 0)
    assert 28 < many.told(90).own < 52
    assert many.told(31).own == 0
