"""Pages speak what they were translated into; people read in what they like."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as installed
from django.test import Client
from django.urls import reverse
from django.utils import translation

from headwater.core.languages import reading, speaking, spoken
from headwater.people.models import Person


@pytest.mark.parametrize(
    ("code", "heard"), [("en", "en"), ("fr", "fr"), ("fr-ca", "fr"), ("ar", "en"), ("zh-hans", "en"), ("", "en")]
)
def test_a_language_without_a_catalogue_is_read_and_not_spoken(settings: Any, code: str, heard: str) -> None:
    settings.SPOKEN_LANGUAGES = ["en", "fr"]
    assert spoken(code) == heard
    with speaking(code) as language:
        assert language == heard == translation.get_language()
        assert reading() == (code or "en")


def test_what_is_spoken_has_a_catalogue() -> None:
    for code in set(installed.SPOKEN_LANGUAGES) - {installed.LANGUAGE_CODE}:
        folder = installed.LOCALE_PATHS[0] / translation.to_locale(code)
        assert (folder / "LC_MESSAGES" / "django.mo").exists()


@pytest.mark.parametrize(("spoken_ones", "direction"), [(["en"], "ltr"), (["en", "ar"], "rtl")])
def test_english_words_are_not_mirrored(
    ines: Person, sign_in: Callable[[Person], Client], settings: Any, spoken_ones: list[str], direction: str
) -> None:
    settings.SPOKEN_LANGUAGES = spoken_ones
    Person.objects.filter(pk=ines.pk).update(chosen_language="ar")
    response = sign_in(ines).get("/o/waterworks/people/me/")
    assert f'<html lang="{spoken_ones[-1]}" dir="{direction}"' in response.content.decode()
    assert response.headers["Content-Language"] == spoken_ones[-1]


def test_the_door_too(db: None, settings: Any) -> None:
    settings.SPOKEN_LANGUAGES = ["en"]
    page = Client(HTTP_ACCEPT_LANGUAGE="ar").get(reverse("account_login")).content.decode()
    assert 'dir="rtl"' not in page
