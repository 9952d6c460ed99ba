"""What the oracle of reasons expects to be quoted."""

from bench.expected import LANGUAGE, Query
from bench.match_reasons import Quoting

TEXT = "inspections of roads after the road was laid and inspected"


def test_all_and_any_are_quoted_word_by_word_and_what_must_be_absent_is_not() -> None:
    assert Quoting(TEXT, "").expected(Query("A", ("road", "laid"))) == ["road", "laid"]
    assert Quoting(TEXT, "").expected(Query("O", ("bridge", "laid"))) == ["laid"]
    assert Quoting(TEXT, "").expected(Query("N", ("road", "laid", "bridge"))) == ["road", "laid"]


def test_what_is_there_as_it_was_asked_for_is_quoted_before_what_has_the_same_stem() -> None:
    assert Quoting(TEXT, LANGUAGE).expected(Query("A", ("road", "inspection"))) == ["road", "inspections"]


def test_a_phrase_is_quoted_as_it_is_written() -> None:
    assert Quoting(TEXT, LANGUAGE).expected(Query("P", ("inspection", "of", "road"))) == ["inspections of roads"]


def test_what_is_quoted_once_is_not_quoted_again() -> None:
    assert Quoting(TEXT, LANGUAGE).expected(Query("O", ("inspection", "inspections"))) == ["inspections"]
