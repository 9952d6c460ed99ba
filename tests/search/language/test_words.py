"""Words: how texts are cut, folded and stemmed, in the languages people write."""

import sys
import unicodedata
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.search.language import folding
from headwater.search.language.analyzer import analyze, asked_surfaces, surfaces
from headwater.search.language.folding import STEMMERS, base_language, facet_key, fold, stems_of, surfaces_of

TEXTS = st.text(alphabet=st.sampled_from("ab É ß'-_.7é́й水道ガーｱ\n हिन्दी ﬁ😀½⑴ﷺͺﹰ㈠"), max_size=40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Confined spaces, again!", ["confined", "spaces", "again"]),
        ("co-operate", ["co", "operate"]),
        ("l'eau", ["l", "eau"]),
        ("snake_case", ["snake", "case"]),
        ("COVID-19", ["covid", "19"]),
        ("Sécurité", ["securite"]),
        ("Straße", ["strasse"]),
        ("ﬁsh", ["fish"]),
        ("Ｆｕｌｌ", ["full"]),
        ("йод", ["йод"]),
        ("ёлка", ["елка"]),
        ("السَّلامة", ["السلامة"]),
        ("أمن", ["امن"]),
        ("हिन्दी", ["हिन्दी"]),
        ("安全管理", ["安全", "全管", "管理", "理"]),
        ("水", ["水"]),
        ("ガイド v2", ["ガイ", "イド", "ド", "v2"]),
        ("½ cup", ["1", "2", "cup"]),
        ("(⑴b ⒈", ["1", "b", "1"]),
        ("paraŀlel", ["paral", "lel"]),
        ("㈠", ["一"]),
        ("said ﷺ so", ["said", *["صلى", "الله", "عليه", "وسلم"], "so"]),
        ("ﹰ", []),
        ("ﹰ ½", ["1", "2"]),
        ("", []),
        ("— & …", []),
    ],
)
def test_surfaces(text: str, words: list[str]) -> None:
    assert surfaces(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("安全管理", ["安全", "全管", "管理"]),
        ("水", ["水"]),
        ("安全 plan", ["安全", "全", "plan"]),
        ("plan 安全", ["plan", "安全"]),
    ],
)
def test_what_is_asked_may_stand_inside_a_longer_run(text: str, words: list[str]) -> None:
    assert asked_surfaces(text) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("procedure", "procedures")),
        ("en-GB", ("space", "spaces")),
        ("fr", ("sécurité", "sécurités", "securite")),
        ("fr", ("routière", "routières", "routiere")),
        ("es", ("capacitación", "capacitaciones", "capacitacion")),
        ("de", ("Haus", "Häuser")),
        ("ru", ("безопасность", "безопасности")),
        ("ar", ("مدرسة", "المدرسة")),
        ("pt", ("ação", "acao")),
    ],
)
def test_forms_of_a_word_have_one_stem(language: str, words: tuple[str, ...]) -> None:
    assert len({stem for word in words for stem in stems_of(surfaces(word), language)}) == 1


def test_a_language_without_a_stemmer_keeps_surfaces() -> None:
    assert stems_of(["kazi", "安全"], "sw") == ["kazi", "安全"]


@given(TEXTS)
def test_offsets_lead_back_to_the_words(text: str) -> None:
    analysis = analyze(text, "en")
    assert analysis.surfaces == surfaces(text)
    for token in analysis.tokens():
        assert token.surface in fold(text[token.start : token.end])
        assert token.stem == analysis.stems[token.position]


def test_every_surface_is_letters_digits_and_marks() -> None:
    for code in range(sys.maxunicode + 1):
        if unicodedata.decomposition(chr(code)):
            pieces = surfaces(f"a{chr(code)}b")
            assert {unicodedata.category(char)[0] for char in "".join(pieces)} <= set("LNM"), hex(code)
            assert pieces == analyze(f"a{chr(code)}b", "").surfaces


def test_the_pieces_of_a_character_stand_where_it_stands() -> None:
    pieces = [(token.surface, token.position, token.start, token.end) for token in analyze("a ½ b", "").tokens()]
    assert pieces == [("a", 0, 0, 1), ("1", 1, 2, 3), ("2", 2, 2, 3), ("b", 3, 4, 5)]


@given(TEXTS)
def test_folding_twice_is_folding_once(text: str) -> None:
    words = [surface for surface in surfaces(text) if unicodedata.category(surface[0])[0] != "M"]
    for surface in words:
        assert surfaces(surface) in ([surface], [surface, surface[1:]])


@given(st.text(st.characters(max_codepoint=0x17F), max_size=30))
def test_latin_letters_fold_by_themselves_as_the_whole_text_does(text: str) -> None:
    """A text with any other letter, which folding leaves as it is, takes the long way."""
    assert fold(text) + "中" == fold(text + "中")


@given(st.sampled_from(sorted(STEMMERS)), st.text(min_size=1, max_size=12))
def test_equal_surfaces_have_equal_stems(language: str, word: str) -> None:
    found = surfaces(word)
    assert stems_of(found, language) == stems_of(surfaces(word.upper().lower()), language) or fold(word) != fold(
        word.upper().lower()
    )
    assert len(stems_of(found, language)) == len(found)


@given(st.sampled_from(sorted(STEMMERS)), st.lists(TEXTS, max_size=8), st.integers(1, 30))
def test_many_words_together_become_what_each_becomes_alone(language: str, texts: list[str], known: int) -> None:
    words = [word for text in texts for word in text.split() if word.isalnum()]
    with patch.multiple(folding, _TOGETHER=3, _CACHED_WORDS=known, _surfaces=folding._Surfaces()):
        together = surfaces_of(words)
    assert together == [surfaces_of([word])[0] for word in words]
    forms = " ".join(together).split()
    with patch.multiple(folding, _TOGETHER=3, _CACHED_WORDS=known, _stems_for=folding._Stems):
        stems = stems_of(forms, language)
    assert stems == [stems_of([form], language)[0] for form in forms]


def test_keys_of_facets() -> None:
    assert {facet_key(value) for value in ("Site Safety", "site_safety", " site--safety ", "Sité safety")} == {
        "site-safety"
    }
    assert (base_language("pt-BR"), base_language("zh_Hans"), base_language("")) == ("pt", "zh", "")
