"""Everyday commands are short names of verbs: `headwater gather PATH` is `headwater do gather_place place=PATH`.

These verbs are about the installation, gather in transactions of their own, or only show: they stand in no room's
actions. `do` knows them by their verb and by their short name, and hands them to the command.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from headwater.cli.values import read_value


@dataclass(frozen=True)
class ShortName:
    """A command, and how it takes the verb's values: {value: option}, "" for what stands by itself."""

    command: str
    values: Mapping[str, str] = field(default_factory=dict)
    switches: frozenset[str] = frozenset()  # values that are yes or no


SHORT_NAMES = {
    "run_installation": ShortName("up", {"demo": "--demo"}, frozenset({"demo"})),
    "stop_installation": ShortName("down"),
    "run_worker": ShortName("work"),
    "found_organisation": ShortName(
        "init",
        {
            "name": "--name",
            "slug": "--slug",
            "email": "--email",
            "demo": "--demo",
            "unless_founded": "--unless-founded",
        },
        frozenset({"demo", "unless_founded"}),
    ),
    "gather_place": ShortName(
        "gather", {"place": "", "audience": "--audience", "replace": "--replace"}, frozenset({"replace"})
    ),
    "search_entries": ShortName("search", {"query": "", "limit": "--limit"}),
    "list_inbox": ShortName("inbox", {"limit": "--limit"}),
    "examine_installation": ShortName("doctor"),
    "backup_installation": ShortName("backup", {"file": ""}),
    "restore_installation": ShortName("restore", {"file": "", "replace": "--replace"}, frozenset({"replace"})),
}


def verb_of(name: str | None) -> str | None:
    """The everyday verb of that name, or of that short name."""
    commands = {short.command: verb for verb, short in SHORT_NAMES.items()}
    return name if name in SHORT_NAMES else commands.get(name or "")


def as_command(verb: str, options: Namespace, left: Sequence[str]) -> list[str]:
    """The words of the short command for what was said to `do`; what is no value of the verb stays as it is.

    What stands by itself comes last, behind `--` where it begins as an option does: `query=-draft` is no option.
    Raises CommandFailed (2) where a value is yes or no, and something else was said.
    """
    short = SHORT_NAMES[verb]
    words = [short.command]
    for flag, value in (("--organisation", options.organisation), ("--as", options.person)):
        if value is not None:
            words.append(f"{flag}={value}")
    if options.json:
        words.append("--json")
    alone: list[str] = []
    for word in (*options.values, *(word for word in left if _value(short, word))):
        name, text = _value(short, word) or ("", word)
        if option := short.values.get(name):
            words += _option(short, name, option, text)
        else:
            alone.append(text)
    behind = ["--"] if any(word.startswith("-") for word in alone) else []
    return [*words, *(word for word in left if not _value(short, word)), *behind, *alone]


def _value(short: ShortName, word: str) -> tuple[str, str] | None:
    """The name and the text of a value of the verb; None for any other word."""
    name, equals, text = word.partition("=")
    name = name.replace("-", "_")
    return (name, text) if equals and name in short.values else None


def _option(short: ShortName, name: str, option: str, text: str) -> list[str]:
    if name in short.switches:
        return [option] if read_value(name, bool, text) else []
    return [f"{option}={text}"]


def explain_short(verb: str, command: ArgumentParser) -> str:
    """What an everyday verb is for, the values it takes, and its short name."""
    short = SHORT_NAMES[verb]
    values = [f"  {name}=…{'   yes or no' if name in short.switches else ''}" for name in short.values]
    return "\n".join([command.description or "", "", *values, f"Its short name is {short.command}:", ""]) + (
        command.format_usage()
    )


def listed(commands: Mapping[str, ArgumentParser]) -> dict[str, str]:
    """{verb: what it is for, with its short name}."""
    return {
        verb: f"{commands[short.command].description} Short: headwater {short.command}."
        for verb, short in SHORT_NAMES.items()
    }


def epilog() -> str:
    """For `do --help`: which verb each short name stands for."""
    lines = [f"  {short.command:<10} {verb}" for verb, short in SHORT_NAMES.items()]
    return "short names, each a command of its own:\n" + "\n".join(lines)
