"""Every everyday command is a verb of `do`, with the same values."""

import re
from pathlib import Path

import pytest

from headwater.cli.arguments import commands_by_name, parse
from headwater.cli.errors import CommandFailed
from headwater.cli.short_names import SHORT_NAMES, ShortName

VERBS_PAGE = Path(__file__).parents[2] / "docs" / "verbs.md"
EVERY_COMMAND_HAS = {"run", "json", "person", "organisation"}


def given(short: ShortName) -> list[str]:
    return [f"{name}={'yes' if name in short.switches else '7'}" for name in short.values]


def test_only_what_needs_a_name_itself_has_no_verb() -> None:
    assert set(commands_by_name()) - {short.command for short in SHORT_NAMES.values()} == {"do", "read", "serve"}


@pytest.mark.parametrize("verb", SHORT_NAMES)
def test_a_verb_and_its_short_name_take_the_same_values(verb: str) -> None:
    short = SHORT_NAMES[verb]
    by_verb, by_short_name = vars(parse(["do", verb, *given(short)])), vars(parse(["do", short.command, *given(short)]))
    assert set(by_verb) - EVERY_COMMAND_HAS == set(short.values)
    assert by_verb | {"run": None} == by_short_name | {"run": None}
    for name in short.values:
        assert by_verb[name] in ([True] if name in short.switches else [7, "7", ["7"]])


def test_what_is_said_no_to_is_not_done() -> None:
    assert not parse(["do", "restore_installation", "file=x.tar", "replace=no"]).replace
    with pytest.raises(CommandFailed, match="replace='perhaps' is not yes or no"):
        parse(["do", "restore_installation", "file=x.tar", "replace=perhaps"])


def test_options_and_plain_words_stand_as_in_the_short_command() -> None:
    options = parse(["do", "--as", "ines", "gather", "--audience", "everyone", "/srv/a=b", "--json", "--replace"])
    assert (options.person, options.audience, options.place) == ("ines", "everyone", "/srv/a=b")
    assert options.json
    assert options.replace
    assert parse(["do", "search", "culvert", "AND", "scour"]).query == ["culvert", "AND", "scour"]


def test_a_value_may_begin_with_a_dash() -> None:
    options = parse(["do", "search_entries", "query=-draft", "limit=3"])
    assert (options.query, options.limit) == (["-draft"], 3)
    assert parse(["do", "search", "--", "weir", "-draft"]).query == ["weir", "-draft"]
    assert parse(["do", "search", "query=--json", "--limit", "3"]).query == ["--json"]
    restored = parse(["do", "restore", "file=--replace"])
    assert (restored.file, restored.replace) == ("--replace", False)
    assert parse(["do", "gather_place", "audience=-a", "place=-b"]).place == "-b"
    with pytest.raises(CommandFailed, match="unrecognised: -draft"):
        parse(["do", "search", "weir", "-draft"])


def test_values_may_stand_behind_options() -> None:
    options = parse(["do", "search_entries", "--json", "limit=3", "--as", "ines", "query=weir"])
    assert (options.json, options.limit, options.person, options.query) == (True, 3, "ines", ["weir"])
    options = parse(["do", "gather", "--audience", "everyone", "place=/srv/a", "replace=yes"])
    assert (options.audience, options.place, options.replace) == ("everyone", "/srv/a", True)


def test_the_docs_say_which_verb_a_short_name_stands_for() -> None:
    lines = re.findall(r"\| `(\w+)` \| `(\w+)` \| (.+) \|", VERBS_PAGE.read_text())
    descriptions = commands_by_name()
    expected = [(verb, short.command, descriptions[short.command].description) for verb, short in SHORT_NAMES.items()]
    assert lines == expected
