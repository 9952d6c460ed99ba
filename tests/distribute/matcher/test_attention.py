"""Attention: what is picked of a day, against a slow reading of its definition, and what must hold whatever comes."""

from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.distribute.matcher.attention import (
    ANY,
    VARIETY,
    Candidate,
    Picks,
    Usual,
    alike,
    are_copies,
    floor_for,
    liking_of,
    pick,
    strength_of,
    worth,
)

words = st.frozensets(st.sampled_from("abcdef"), max_size=4)
# Few bits, so that near-copies are common and some are copies of a copy only.
prints = st.none() | st.sets(st.integers(0, 7), max_size=7).map(lambda bits: sum(1 << bit for bit in bits))


@st.composite
def things(draw: st.DrawFn, most: int = 6, first: int = 0) -> list[Candidate]:
    count = draw(st.integers(0, most))
    return [
        Candidate(
            first + key,
            draw(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])),
            draw(words),
            draw(words),
            draw(st.sampled_from(["", "north", "south"])),
            draw(prints),
            draw(st.booleans()) and draw(st.booleans()),
        )
        for key in range(count)
    ]


budgets = st.integers(0, 4)
floors = st.sampled_from([ANY, 0.2, 0.5, 0.9])


def slowly(candidates: list[Candidate], budget: int, sent: list[Candidate], floor: float) -> Picks:
    """The definition, by trying every order: of all rows that fit, the one whose gains are largest in turn."""
    ranked = sorted(candidates, key=lambda each: (not each.is_urgent, -each.value, each.key))
    folded: dict[int, int] = {}
    for at, each in enumerate(ranked):
        over = [other for other in sorted(sent, key=lambda s: s.key) if are_copies(each, other)]
        over += [other for other in ranked[:at] if other.key not in folded and are_copies(each, other)]
        if over and not each.is_urgent:
            folded[each.key] = over[0].key
    urgent = [each for each in ranked if each.is_urgent]
    open_ones = [each for each in ranked if not each.is_urgent and each.key not in folded]
    room = max(0, budget - len([each for each in sent if not each.is_urgent]))

    def gains(row: tuple[Candidate, ...]) -> list[tuple[float, int]]:
        told = [*sent, *urgent]
        found = []
        for each in row:
            repeated = max((alike(each, other) for other in told), default=0.0)
            found.append((each.value * (1 - VARIETY * repeated), -each.key))
            told.append(each)
        return found

    rows = [row for size in range(room + 1) for row in permutations(open_ones, size)]
    allowed = [row for row in rows if all(gain >= floor for gain, _key in gains(row))]
    best = max(allowed, key=gains)
    picked = [each.key for each in (*urgent, *best)]
    return Picks(tuple(picked), folded, tuple(e.key for e in ranked if e.key not in folded and e.key not in picked))


@settings(max_examples=60, deadline=None)
@given(things(5), budgets, things(2, first=100), floors)
def test_it_is_what_the_definition_says(
    candidates: list[Candidate], budget: int, sent: list[Candidate], floor: float
) -> None:
    assert pick(candidates, budget, sent, floor) == slowly(candidates, budget, sent, floor)


@given(things(12), budgets, things(3, first=100), floors)
def test_never_more_than_the_budget_and_what_is_urgent_always(
    candidates: list[Candidate], budget: int, sent: list[Candidate], floor: float
) -> None:
    picks = pick(candidates, budget, sent, floor)
    urgent = {each.key for each in candidates if each.is_urgent}
    had = sum(not each.is_urgent for each in sent)
    assert urgent <= set(picks.picked)
    assert len(picks.picked) - len(urgent) <= max(0, budget - had)
    assert sorted([*picks.picked, *picks.folded, *picks.rest]) == sorted(each.key for each in candidates)
    assert not urgent & set(picks.folded)


@given(things(12), budgets, things(3, first=100), floors, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(
    candidates: list[Candidate], budget: int, sent: list[Candidate], floor: float, chance: Random
) -> None:
    shuffled, later = list(candidates), list(sent)
    chance.shuffle(shuffled)
    chance.shuffle(later)
    assert pick(shuffled, budget, later, floor) == pick(candidates, budget, sent, floor)


@given(things(12), budgets, things(3, first=100), floors)
def test_a_larger_budget_keeps_what_a_smaller_one_picks(
    candidates: list[Candidate], budget: int, sent: list[Candidate], floor: float
) -> None:
    smaller, larger = (pick(candidates, size, sent, floor).picked for size in (budget, budget + 1))
    assert larger[: len(smaller)] == smaller


@given(things(12), budgets, floors)
def test_what_lies_under_another_is_its_copy_and_no_two_picked_are(
    candidates: list[Candidate], budget: int, floor: float
) -> None:
    picks = pick(candidates, budget, floor=floor)
    by_key = {each.key: each for each in candidates}
    for copy, over in picks.folded.items():
        assert are_copies(by_key[copy], by_key[over])
        assert over not in picks.folded
        assert by_key[over].is_urgent or by_key[over].value >= by_key[copy].value
    calm = [by_key[key] for key in picks.picked if not by_key[key].is_urgent]
    assert not any(are_copies(one, other) for one in calm for other in calm if one is not other)


def test_the_best_of_the_day_is_picked_not_the_first_that_came() -> None:
    picks = pick([Candidate(1, 0.2), Candidate(2, 0.9), Candidate(3, 0.5)], 2)
    assert (picks.picked, picks.rest) == ((2, 3), (1,))


def test_the_second_of_a_kind_yields_to_something_else() -> None:
    pumps = frozenset({"pump", "seal"})
    same = Candidate(2, 0.8, pumps, source="north")
    picks = pick([Candidate(1, 0.9, pumps, source="north"), same, Candidate(3, 0.5, frozenset({"pay"}))], 2)
    assert picks.picked == (1, 3)


def test_a_copy_of_what_was_sent_today_is_not_sent_again() -> None:
    sent = Candidate(1, 0.4, fingerprint=-1)
    picks = pick([Candidate(2, 0.9, fingerprint=-2)], 5, [sent])
    assert (picks.picked, picks.folded) == ((), {2: 1})


def test_an_urgent_copy_is_sent_and_the_calm_one_lies_under_it() -> None:
    picks = pick([Candidate(1, 0.9, fingerprint=7), Candidate(2, 0.1, fingerprint=7, is_urgent=True)], 0)
    assert (picks.picked, picks.folded) == ((2,), {1: 2})


# --- While the day runs -----------------------------------------------------------------------------------------------

EVEN = Usual([1.0] * 24, [n / 10 for n in range(11)])


def test_the_floor_rises_as_the_budget_is_spent_and_falls_as_the_day_runs_out() -> None:
    morning = EVEN.to_come(8.0)
    assert morning == pytest.approx(16)
    assert floor_for(EVEN, 4, morning) < floor_for(EVEN, 1, morning) < floor_for(EVEN, 0, morning) == 1
    assert floor_for(EVEN, 4, EVEN.to_come(18.5)) < floor_for(EVEN, 4, morning)
    assert floor_for(EVEN, 4, EVEN.to_come(21.5)) == ANY, "all that is expected still fits"


def test_nobody_is_held_back_before_their_days_are_known() -> None:
    assert floor_for(None, 1, 100) == ANY
    assert floor_for(Usual([0.0] * 24, []), 1, 100) == ANY


@given(st.integers(0, 20), st.floats(0, 200), st.floats(0, 200))
def test_more_to_come_never_lowers_the_floor(room: int, one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert floor_for(EVEN, room, low) <= floor_for(EVEN, room, high)
    assert floor_for(EVEN, room + 1, low) <= floor_for(EVEN, room, low)


@given(st.floats(0, 1e6), st.floats(1e-3, 1e6), st.floats(0, 1), st.floats(0, 1000))
def test_worth_lies_between_nothing_and_one(score: float, typical: float, liking: float, age: float) -> None:
    strength = strength_of(score, typical)
    assert 0 <= worth(strength, liking, age) <= 1
    assert worth(strength, liking, age + 1) <= worth(strength, liking, age)
    assert score == 0 or strength <= strength_of(score * 2, typical)


def test_the_middle_score_is_half_and_so_is_none() -> None:
    assert strength_of(7, 7) == strength_of(0, 7) == strength_of(7, 0) == 0.5


def test_what_was_of_use_is_liked_more() -> None:
    assert liking_of(0, 0, 0) == 0.5
    assert liking_of(5, 0, 0) > liking_of(0, 5, 0) >= 0.5 > liking_of(0, 0, 5)
    assert 0 < liking_of(0, 0, 10_000) < liking_of(10_000, 0, 0) < 1
