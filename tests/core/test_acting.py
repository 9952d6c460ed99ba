"""What an action refuses is said in the form or on the page."""

from typing import Any

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from headwater.core.acting import attempt, complain, filled, pressed, tried
from headwater.core.actions import Refused


class NameForm(forms.Form):
    name = forms.CharField(label="Name")


@pytest.fixture
def request_(rf: Any) -> HttpRequest:
    request: HttpRequest = rf.post("/")
    request.session = SessionStore()
    MessageMiddleware(lambda request: HttpResponse()).process_request(request)
    return request


def refuse(error: Exception) -> Any:
    raise error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValidationError({"name": ["Taken."]}), {"name": ["Taken."]}),
        (ValidationError({"slug": ["Taken."]}), {"__all__": ["Taken."]}),
        (ValidationError(["One.", "Two."]), {"__all__": ["One.", "Two."]}),
        (Refused("Only stewards."), {"__all__": ["Only stewards."]}),
    ],
)
def test_a_refusal_stands_beside_its_field_or_over_the_form(error: Any, said: dict[str, list[str]]) -> None:
    form = NameForm({"name": "Ana"})
    complain(form, error)
    assert form.errors == said


def test_what_an_action_gives_is_handed_on() -> None:
    form = NameForm({"name": "Ana"})
    assert filled(form, lambda values: values["name"].upper()) == "ANA"
    assert tried(form, lambda: refuse(ValidationError("No."))) is None
    assert form.non_field_errors() == ["No."]
    assert filled(form, lambda values: values) is None, "a form that holds a complaint is run no more"
    assert filled(NameForm(), lambda values: values) is None, "nor one that nobody sent"


def test_a_button_says_what_came_of_it(request_: HttpRequest) -> None:
    assert attempt(request_, lambda: 7, "Done.", "/undo/") == 7
    assert attempt(request_, lambda: refuse(ValidationError("Too late."))) is None
    assert pressed(request_, NameForm({}), lambda values: values) is None
    said = [(message.message, message.level_tag, message.extra_tags) for message in get_messages(request_)]
    assert said == [
        ("Done.", "success", "/undo/"),
        ("Too late.", "error", ""),
        ("Name: This field is required.", "error", ""),
    ]
