"""The description of the API is served where the pages of help say, with addresses that can be called."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from django.test import Client

from headwater.api import api
from headwater.people.models import Person

# Lists that come whole, each with the reason.
WHOLE = {"preview_learned"}  # what a look back found among the newest texts, as the page shows it
# Fields of what is sent that name something with a slug.
NAMED_BY_SLUG = {"unit", "audience", "other_units", "roles", "parent", "topic", "topics", "into", "broader"}


def test_the_description_names_addresses_of_this_organisation(
    ines: Person, sign_in: Callable[[Person], Client]
) -> None:
    response = sign_in(ines).get("/o/waterworks/api/v1/openapi.json")
    assert response.status_code == 200
    assert all(path.startswith("/o/waterworks/api/v1/") for path in response.json()["paths"])


def test_nobody_sees_it_without_signing_in(ines: Person) -> None:
    assert Client().get("/o/waterworks/api/v1/openapi.json").status_code != 200


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """(method, operation) of everything the API does, references to parts resolved one step."""
    for methods in described()["paths"].values():
        yield from methods.items()


@cache
def described() -> dict[str, Any]:
    return api.get_openapi_schema(path_prefix="")


def answer_of(operation: dict[str, Any]) -> dict[str, Any]:
    """The schema of what a good answer holds."""
    good = next((answer for status, answer in operation["responses"].items() if int(status) < 300), {})
    schema: dict[str, Any] = good.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return described()["components"]["schemas"][name] if name else schema


def test_no_answer_is_a_bare_array() -> None:
    bare = [each["operationId"] for _, each in operations() if answer_of(each).get("type") == "array"]
    assert bare == []


def test_every_list_is_paged_in_the_same_way() -> None:
    listed = 0
    for method, operation in operations():
        name, shape = operation["operationId"], answer_of(operation).get("properties", {})
        if method != "get" or not ("items" in shape or name.startswith(("list_", "search_"))) or name in WHOLE:
            continue
        listed += 1
        assert {"items", "count"} <= set(shape), name
        taken = {each["name"]: each["schema"] for each in operation.get("parameters", [])}
        assert (taken["limit"]["minimum"], taken["limit"]["maximum"]) == (1, 200), name
        assert taken["offset"]["minimum"] == 0, name
        assert "maximum" in taken["offset"], name
    assert listed > 15


def test_a_reference_is_taken_by_number_or_slug_everywhere() -> None:
    schemas = described()["components"]["schemas"]
    for name, schema in schemas.items():
        for field, taken in schema.get("properties", {}).items():
            if name.endswith(("In", "Change")) and field in NAMED_BY_SLUG:
                kinds = set(re.findall(r'"type": "(integer|string)"', json.dumps(taken)))
                assert kinds == {"integer", "string"}, f"{name}.{field}"


def objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object with named fields that a schema describes, however deep."""
    if isinstance(schema, list):
        for part in schema:
            yield from objects_in(part)
    elif isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        name = schema.get("$ref", "").rpartition("/")[2]
        yield from objects_in(described()["components"]["schemas"][name] if name else list(schema.values()))


def test_no_body_takes_a_field_that_it_does_not_know() -> None:
    """A permission meant for one unit would otherwise hold everywhere, because the field had another name."""
    walked = 0
    for _method, operation in operations():
        content = operation.get("requestBody", {}).get("content", {})
        for shape in objects_in(content.get("application/json", {})):
            walked += 1
            assert shape.get("additionalProperties") is False, f"{operation['operationId']}: {shape.get('title')}"
    assert walked > 60


def test_answers_name_things_by_number() -> None:
    for name, schema in described()["components"]["schemas"].items():
        if name.endswith("Out"):
            assert not NAMED_BY_SLUG & set(schema.get("properties", {})) - {"topic"}, name
