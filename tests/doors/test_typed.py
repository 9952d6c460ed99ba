"""What is typed into an address or a form is never a fault of ours: on each page that reads a number or a moment."""

from collections.abc import Callable

import pytest
from django.test import Client

from headwater.core.models import Organisation
from headwater.people.models import Person

ROOT = "/o/waterworks/"
NUMBERS = ("9" * 18, "9" * 30, "9" * 5_000, "-1", "²", "٣", "1e3", "")

LOOKED_AT = [
    ("distribute/forecasts/new/", "article"),
    ("distribute/forecasts/new/", "entry"),
    ("distribute/quiet/", "unit"),
]


@pytest.mark.parametrize(("page", "field"), LOOKED_AT)
def test_no_number_in_an_address_is_a_fault(
    organisation: Organisation, nadia: Person, sign_in: Callable[[Person], Client], page: str, field: str
) -> None:
    browser = sign_in(nadia)
    answers = {typed[:40]: browser.get(ROOT + page, {field: typed}).status_code for typed in NUMBERS}
    assert set(answers.values()) <= {200, 404}, answers
