"""The description of the API is served where the pages of help say, with addresses that can be called."""

from collections.abc import Callable

from django.test import Client

from headwater.people.models import Person


def test_the_description_names_addresses_of_this_organisation(
    ines: Person, sign_in: Callable[[Person], Client]
) -> None:
    response = sign_in(ines).get("/o/waterworks/api/v1/openapi.json")
    assert response.status_code == 200
    assert all(path.startswith("/o/waterworks/api/v1/") for path in response.json()["paths"])


def test_nobody_sees_it_without_signing_in(ines: Person) -> None:
    assert Client().get("/o/waterworks/api/v1/openapi.json").status_code != 200
