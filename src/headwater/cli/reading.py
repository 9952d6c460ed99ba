"""`read NAME`: everything the API lets one read, at the command line, by the same name and with the same values."""

import json
import sys
from argparse import Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from headwater.cli.errors import CommandFailed
from headwater.cli.installation import acting, open_installation, opened, reader
from headwater.cli.output import print_data

if TYPE_CHECKING:
    from headwater.core.models import Organisation
    from headwater.people.models import Person

UNFIT = 422


@dataclass(frozen=True)
class Reading:
    """One thing the API lets one read: its address, what it is for, and {value: (where it stands, needed)}."""

    path: str
    words: str
    values: dict[str, tuple[str, bool]]


def read(options: Namespace) -> None:
    """List what can be read, explain one, or read it."""
    if options.name is None or options.explain:
        with open_installation():
            _tell(options)
        return
    with opened(options) as organisation, acting(organisation, options) as actor:
        reading = _find(options.name)
        _print(ask(organisation, reader(actor), address_of(options.name, reading, options.values)), options.json)


def readings() -> dict[str, Reading]:
    """Every GET operation of the API by its name."""
    from headwater.api import api

    return {
        methods["get"]["operationId"]: Reading(
            path,
            methods["get"].get("description", "").partition("\n")[0],
            {each["name"]: (each["in"], each["required"]) for each in methods["get"].get("parameters", [])},
        )
        for path, methods in api.get_openapi_schema(path_prefix="")["paths"].items()
        if "get" in methods
    }


def _find(name: str) -> Reading:
    found = readings()
    if name not in found:
        close = [each for each in sorted(found) if set(name.split("_")) & set(each.split("_"))]
        hint = f" Similar: {', '.join(close[:8])}." if close else " `headwater read` lists all."
        raise CommandFailed(f"There is nothing to read called {name!r}.{hint}", code=2)
    return found[name]


def _tell(options: Namespace) -> None:
    if options.name is None:
        found = {name: reading.words for name, reading in sorted(readings().items())}
        if options.json:
            print_data(found, as_json=True)
        else:
            sys.stdout.writelines(f"{name:<28} {words}\n" for name, words in found.items())
        return
    reading = _find(options.name)
    lines = [f"  {name}=…   ({'needed' if needed else 'optional'})" for name, (_, needed) in reading.values.items()]
    sys.stdout.write("\n".join([reading.words, "", *lines]) + "\n")


def address_of(name: str, reading: Reading, words: list[str]) -> str:
    """The address under the API, from NAME=VALUE words. Raises CommandFailed (2) for what does not fit."""
    given: dict[str, str] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or key not in reading.values:
            known = ", ".join(f"{each}=…" for each in reading.values) or "nothing"
            raise CommandFailed(f"{word!r} is not one of what {name} takes: {known}.", code=2)
        given[key] = text
    missing = [key for key, (_, needed) in reading.values.items() if needed and key not in given]
    if missing:
        raise CommandFailed(f"{name} also needs {', '.join(f'{key}=…' for key in missing)}.", code=2)
    inside = {key: given.pop(key) for key, (place, _) in reading.values.items() if place == "path"}
    path = reading.path
    for key, text in inside.items():
        path = path.replace(f"{{{key}}}", quote(text, safe=""))
    return f"{path}?{urlencode(given)}"


def ask(organisation: "Organisation", person: "Person", address: str) -> Any:
    """What the API answers that person: plain data of JSON, or the bytes of a file. Raises CommandFailed."""
    from django.test import RequestFactory
    from django.urls import Resolver404, resolve

    request: Any = RequestFactory().get(f"/o/{organisation.slug}/api/v1/{address.lstrip('/')}")
    request.organisation, request.person, request.token, request.user = organisation, person, None, person.user
    try:
        match = resolve(request.path_info)
    except Resolver404 as error:
        raise CommandFailed(f"There is nothing at {request.path_info}.", code=2) from error
    kwargs = {key: value for key, value in match.kwargs.items() if key != "organisation"}
    answer = match.func(request, *match.args, **kwargs)
    content = b"".join(answer) if answer.streaming else answer.content
    if "json" not in answer.headers.get("Content-Type", ""):
        return content
    data = json.loads(content)
    if answer.status_code >= 400:
        is_unreadable = answer.status_code == UNFIT or "position" in data  # of a query: where it cannot be read
        raise CommandFailed(data["detail"], code=2 if is_unreadable else 1)
    return data


def _print(data: Any, as_json: bool) -> None:
    if isinstance(data, bytes):
        sys.stdout.buffer.write(data)
        return
    is_list = isinstance(data, dict) and set(data) == {"items", "count"}
    print_data(data["items"] if is_list and not as_json else data, as_json)
