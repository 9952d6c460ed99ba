"""Interests learned from examples: what they find, what they refuse, and how they grow."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from headwater.distribute.matcher.fitting import Plane, fit
from headwater.distribute.matcher.learning import ACKNOWLEDGED, IGNORED, MOST_TERMS, USEFUL, Learned, learn
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.rows import Rows
from headwater.distribute.matcher.weighing import Background, Terms, terms_of
from headwater.search.language.searchable import Searchable

COMMON = [f"common{number}" for number in range(60)]
SUBJECTS = {
    "drainage": ["culvert", "drain", "gutter", "storm", "pipe", "overflow", "basin", "sluice"],
    "payroll": ["salary", "payslip", "overtime", "pension", "allowance", "bonus", "leave", "deduction"],
    "libraries": ["shelf", "lending", "catalogue", "reader", "archive", "binding", "journal", "loan"],
}


def terms(title: str, text: str, weight: float = 1.0, language: str = "en") -> Terms:
    """A version's terms."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return terms_of(Reading(Searchable(1, 1, title, text, language, "document", "news", (), (), "", now)), weight)


def stories(subject: str, count: int, seed: int) -> list[Terms]:
    """Versions about a subject: four of its words among forty others."""
    rng = random.Random(f"{subject} {seed}")
    return [
        terms(rng.choice(SUBJECTS[subject]), " ".join(rng.sample(SUBJECTS[subject], 4) + rng.choices(COMMON, k=40)))
        for _ in range(count)
    ]


SUBJECTS |= {f"subject{number}": [f"s{number}w{word}" for word in range(8)] for number in range(12)}


def mixed(count: int, seed: int) -> list[Terms]:
    """Versions about everything, in turn."""
    groups = [stories(subject, count, seed) for subject in SUBJECTS]
    return [story for group in zip(*groups, strict=True) for story in group]


BACKGROUND = Background.gather(mixed(40, 1))


def score(learned: Learned, story: Terms) -> float:
    """Σ weight · share."""
    return sum(weight * story.shares.get(term, 0.0) for term, weight in learned.terms)


def share_found(learned: Learned, stories: Sequence[Terms]) -> float:
    """The share of the stories that the interest matches."""
    return sum(score(learned, story) >= learned.threshold for story in stories) / len(stories)


@pytest.mark.parametrize("examples", [1, 5, 10, 40])
def test_more_like_these_finds_more_like_them_and_little_else(examples: int) -> None:
    learned = learn(stories("drainage", examples, 2), [], BACKGROUND)
    assert share_found(learned, stories("drainage", 50, 3)) > (0.3 if examples == 1 else 0.9)
    for other in ("payroll", "libraries"):
        assert share_found(learned, stories(other, 50, 3)) < 0.1


def test_what_it_learned_reads_like_the_subject() -> None:
    learned = learn(stories("drainage", 10, 2), [], BACKGROUND)
    heaviest = {term.removeprefix("title:") for term, _ in learned.terms[:8]}
    assert heaviest <= {"culvert", "drain", "gutter", "storm", "pipe", "overflow", "basin", "sluic"}
    assert [weight for _, weight in learned.terms] == sorted((weight for _, weight in learned.terms), reverse=True)
    assert learned.threshold == 1.0


def test_the_same_examples_give_the_same_interest() -> None:
    wanted, unwanted = stories("drainage", 12, 2), stories("payroll", 12, 2)
    assert learn(wanted, unwanted, BACKGROUND) == learn(list(wanted), tuple(unwanted), BACKGROUND)


def test_what_was_not_useful_is_kept_away() -> None:
    drainage, payroll = stories("drainage", 10, 2), stories("payroll", 10, 2)
    before = learn(drainage + payroll, [], BACKGROUND)
    after = learn(drainage + payroll[:1], payroll[1:], BACKGROUND)
    assert share_found(before, stories("payroll", 50, 3)) > 0.5
    assert share_found(after, stories("payroll", 50, 3)) < 0.1
    assert share_found(after, stories("drainage", 50, 3)) > 0.8


def test_what_is_only_guessed_counts_less_than_what_was_said() -> None:
    assert USEFUL > ACKNOWLEDGED > IGNORED > 0
    wanted = stories("drainage", 10, 2)

    def against(weight: float) -> float:
        ignored = [Terms(story.shares, weight) for story in stories("drainage", 6, 5)]
        learned = learn(wanted, ignored, BACKGROUND)
        return float(np.mean([score(learned, story) for story in stories("drainage", 50, 3)]))

    assert against(USEFUL) < against(IGNORED)


def test_a_newcomer_begins_with_the_interest_of_the_unit_and_moves_away_from_it() -> None:
    unit = learn(stories("payroll", 20, 2), [], BACKGROUND)
    payroll, drainage = stories("payroll", 50, 3), stories("drainage", 50, 3)
    assert learn([], [], BACKGROUND, unit) == unit
    few = learn(stories("drainage", 1, 2), [], BACKGROUND, unit)
    assert share_found(few, payroll) > 0.9
    both = learn(stories("drainage", 20, 2), [], BACKGROUND, unit)
    assert min(share_found(both, payroll), share_found(both, drainage)) > 0.8
    many = learn(stories("drainage", 20, 2), stories("payroll", 20, 4), BACKGROUND, unit)
    assert share_found(many, drainage) > 0.8
    assert share_found(many, payroll) < 0.1


def test_without_wanted_examples_the_unwanted_only_narrow_what_one_began_with() -> None:
    unit = Learned((("culvert", 5.0), ("drain", 5.0)), 1.0)
    narrowed = dict(learn([], stories("drainage", 5, 2), BACKGROUND, unit).terms)
    assert narrowed["culvert"] < 5.0
    assert learn([], stories("drainage", 5, 2), BACKGROUND) == Learned((), 1.0)


def test_nothing_to_learn_from_gives_an_interest_that_matches_nothing() -> None:
    empty = Learned((), 1.0)
    assert learn([], [], BACKGROUND) == empty
    assert learn([terms("", "")], [], BACKGROUND) == empty
    assert learn([terms("Culvert", "", weight=0.0)], [], BACKGROUND) == empty


def test_a_first_example_in_an_empty_organisation_finds_its_like() -> None:
    nothing_known = Background.gather([])
    learned = learn([terms("Culvert", "inspection of the culvert")], [], nothing_known)
    assert score(learned, terms("Culvert", "inspection of the culvert")) >= learned.threshold
    assert score(learned, terms("Payroll", "a payslip")) < learned.threshold


def test_the_same_version_wanted_and_unwanted_does_no_harm() -> None:
    story = stories("drainage", 1, 2)
    learned = learn(story, story, BACKGROUND)
    assert all(math.isfinite(weight) for _, weight in learned.terms)
    assert share_found(learned, stories("payroll", 20, 3)) == 0.0


def test_an_interest_has_at_most_500_terms() -> None:
    long = terms("", " ".join(f"word{number}x" for number in range(2_000)))
    assert len(learn([long], [], BACKGROUND).terms) == MOST_TERMS


def test_the_sample_leaves_out_what_is_an_example_and_what_looks_wanted() -> None:
    drainage = stories("drainage", 30, 2)
    crowded = Background.gather(drainage + stories("payroll", 60, 2))
    learned = learn(drainage[:10], [], crowded)
    assert share_found(learned, stories("drainage", 50, 3)) > 0.8


def test_an_interest_that_would_match_everything_or_makes_no_sense_is_refused() -> None:
    for terms_, threshold, says in (
        ((("flood", 1.0),), 0.0, "everything"),
        ((("flood", 1.0),), math.nan, "threshold"),
        ((("flood", math.inf),), 1.0, "finite"),
        ((("flood", 1.0), ("flood", 2.0)), 1.0, "twice"),
        (tuple((f"t{number}", 1.0) for number in range(501)), 1.0, "500"),
    ):
        with pytest.raises(ValueError, match=says):
            Learned(terms_, threshold)


def test_terms_are_stems_of_words_with_title_words_apart_and_without_numbers() -> None:
    found = terms("Culverts 2026", "Inspecting culverts; culverts inspected 42 times").shares
    assert set(found) == {"title:culvert", "culvert", "inspect", "time"}
    assert math.isclose(sum(share * share for share in found.values()), 1.0)
    assert math.isclose(found["culvert"] / found["time"], 1 + math.log(3))
    assert set(terms("", "roads", language="").shares) == {"roads"}


def test_the_background_counts_versions_and_keeps_a_fair_sample() -> None:
    versions = [terms("", f"word{number}x common") for number in range(1_000)]
    background = Background.gather(versions, keep=10)
    assert background.documents == 1_000
    assert background.frequencies["common"] == 1_000
    kept = [versions.index(story) for story in background.sample]
    assert len(kept) == 10
    assert kept == sorted(kept)
    assert max(np.diff([0, *kept, 1_000])) <= 200
    assert background.rarity("never seen") > background.rarity("word7x") > background.rarity("common") > 0
    assert Background.gather(versions, keep=0).sample == ()


def test_the_plane_found_is_the_best_there_is() -> None:
    rng = np.random.default_rng(3)
    points, signs, costs = rng.normal(size=(40, 3)), rng.choice([-1.0, 1.0], 40), rng.uniform(0.1, 1.0, 40)
    start = Plane(np.array([0.5, 0.0, -0.5]), 0.2)
    rows = Rows(np.arange(0, 121, 3), np.tile(np.arange(3, dtype=np.int32), 40), points.ravel(), 3)
    found = fit(rows, np.arange(40), signs, costs, start)

    def loss(weights: np.ndarray, offset: float) -> float:
        short = np.maximum(0.0, 1 - signs * (points @ weights + offset))
        moved = ((weights - start.weights) ** 2).sum() + (offset - start.offset) ** 2
        return float(moved / 2 + (costs * short**2).sum())

    best = loss(found.weights, found.offset)
    for _ in range(300):
        step = rng.normal(scale=0.05, size=4)
        assert loss(found.weights + step[:3], found.offset + step[3]) > best - 1e-3
