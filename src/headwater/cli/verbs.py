"""`do VERB_NOUN`: every action of every room, at the command line, by its one name."""

import importlib
import inspect
import sys
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from headwater.cli import importing
from headwater.cli.arguments import commands_by_name
from headwater.cli.errors import CommandFailed
from headwater.cli.installation import acting, open_installation, opened
from headwater.cli.naming import name_for
from headwater.cli.output import as_data, print_data
from headwater.cli.short_names import SHORT_NAMES, explain_short, listed, verb_of
from headwater.cli.values import describe, read_value

if TYPE_CHECKING:
    from headwater.core.models import Organisation


def do(options: Namespace) -> None:
    """List the verbs, explain one, or do it. An everyday one comes here only to be explained."""
    if options.verb is None:
        with open_installation():
            _list(options)
    elif everyday := verb_of(options.verb):
        sys.stdout.write(explain_short(everyday, commands_by_name()[SHORT_NAMES[everyday].command]))
    elif options.explain:
        with open_installation():
            sys.stdout.write(explain(find_verb(options.verb)))
    else:
        with opened(options) as organisation:
            _carry_out(organisation, options)


def _carry_out(organisation: "Organisation", options: Namespace) -> None:
    result, lengthy = None, None
    with acting(organisation, options) as actor:
        function = find_verb(options.verb)
        given = read_arguments(function, options.values)
        if importing.is_lengthy(function, given):
            lengthy = importing.begin(function, actor, given)
        else:
            result = as_data(function(actor, **given), partial(name_for, actor))
    if lengthy is not None:
        importing.finish(organisation.pk, lengthy)
    print_data(result, options.json)


def registry() -> dict[str, Callable[..., Any]]:
    """Every action by its name, with every room's actions imported."""
    from django.conf import settings

    from headwater.core.actions import REGISTRY

    for room in settings.ROOMS:
        if find_spec(f"{room}.actions"):
            importlib.import_module(f"{room}.actions")
    return REGISTRY


def find_verb(name: str) -> Callable[..., Any]:
    """The action with that name."""
    verbs = registry()
    if name not in verbs:
        close = [each for each in (*verbs, *SHORT_NAMES) if set(name.split("_")) & set(each.split("_"))]
        hint = f" Similar: {', '.join(sorted(close)[:8])}." if close else " `headwater do` lists all."
        raise CommandFailed(f"There is no verb {name!r}.{hint}", code=2)
    return verbs[name]


def _list(options: Namespace) -> None:
    verbs = {name: first_line(function) for name, function in registry().items()} | listed(commands_by_name())
    verbs = dict(sorted(verbs.items()))
    if options.json:
        print_data(verbs, as_json=True)
    else:
        sys.stdout.writelines(f"{name:<28} {line}\n" for name, line in verbs.items())


def first_line(function: Callable[..., Any]) -> str:
    """What a verb is for."""
    return (inspect.getdoc(function) or "").partition("\n")[0]


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """What a verb takes besides the actor, with its annotations as types."""
    signature = inspect.signature(function, eval_str=True)
    return {name: parameter for name, parameter in signature.parameters.items() if name != "actor"}


def explain(function: Callable[..., Any]) -> str:
    """The verb's own words, and a line for each of its values."""
    lines = [inspect.getdoc(function) or "", ""]
    for name, parameter in parameters(function).items():
        needed = "needed" if parameter.default is parameter.empty else f"default {parameter.default!r}"
        lines.append(f"  {name}=…   {describe(parameter.annotation)} ({needed})")
    return "\n".join(lines) + "\n"


def read_arguments(function: Callable[..., Any], values: list[str]) -> dict[str, Any]:
    """The verb's arguments from NAME=VALUE words. Raises CommandFailed (2) for what does not fit."""
    known = parameters(function)
    given: dict[str, Any] = {}
    for word in values:
        name, equals, text = word.partition("=")
        name = name.replace("-", "_")
        if not equals or name not in known:
            raise CommandFailed(f"{word!r} is not one of: {', '.join(f'{each}=…' for each in known)}.", code=2)
        given[name] = read_value(name, known[name].annotation, text)
    missing = [name for name, parameter in known.items() if parameter.default is parameter.empty and name not in given]
    if missing:
        raise CommandFailed(f"{function.__name__} also needs {', '.join(f'{each}=…' for each in missing)}.", code=2)
    return given
