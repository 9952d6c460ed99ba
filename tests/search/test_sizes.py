"""How long texts are, asked of the database."""

import pytest

from headwater.search.models import EntryVersion
from headwater.search.sizes import letters_of
from tests.search.conftest import Shelve


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("", 0),
        ("Насос", 5),
        ("naïve " * 300, 1_800),
        ("плотина " * 100_000, 800_000),
        ("水泵" * 30_000, 60_000),
        ("Plain words. " * 500_000, 6_500_000),
    ],
    ids=["none", "a word", "two pages", "a shelf in Russian", "a book in Chinese", "a shelf in English"],
)
def test_letters_are_told_in_any_script_without_reading_them(shelve: Shelve, text: str, letters: int) -> None:
    entry = shelve("A text", text)
    versions = EntryVersion.objects.filter(entry=entry).annotate(letters=letters_of("text"))
    assert versions.values_list("letters", flat=True).get() == pytest.approx(letters, rel=0.01)
    assert "LENGTH(LEFT(" in str(versions.query)
