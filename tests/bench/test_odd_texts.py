"""Odd texts are what they are called."""

import unicodedata

import pytest
from bench.odd_texts import CONTROLS, LETTERS, WORDS, odd_texts

from headwater.search.language.analyzer import surfaces

MADE = dict(odd_texts("seed", 2))


def test_a_word_of_a_million_letters_is_one_word() -> None:
    assert [(len(text), len(surfaces(text))) for text in MADE["long_word"]] == [(LETTERS, 1)] * 2


def test_five_scripts_have_as_many_words_as_the_texts_that_the_bar_is_for() -> None:
    text = MADE["five_scripts"][0]
    assert len(surfaces(text)) == WORDS
    assert {unicodedata.name(char).split()[0] for char in text if char != " "} == {
        "GREEK",
        "CYRILLIC",
        "ARABIC",
        "DEVANAGARI",
        "CJK",
    }


def test_control_characters_are_nothing_else() -> None:
    text = MADE["control_characters"][0]
    assert len(text) == CONTROLS
    assert {unicodedata.category(char) for char in text} == {"Cc"}


@pytest.mark.parametrize("kind", ["control_characters", "empty", "emoji"])
def test_there_is_no_word_in(kind: str) -> None:
    assert surfaces(MADE[kind][0]) == []


@pytest.mark.parametrize("kind", sorted(MADE.keys() - {"empty"}))
def test_each_is_another(kind: str) -> None:
    first, second = MADE[kind]
    assert first != second
