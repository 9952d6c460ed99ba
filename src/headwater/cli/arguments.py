"""The command line: what can be said, and which function does it."""

import importlib
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from headwater import __version__
from headwater.cli.errors import CommandFailed
from headwater.cli.short_names import as_command, epilog, verb_of
from headwater.core.typed import read_number

EXIT_CODES = """exit codes:
  0  done
  1  refused, not found, or failed; the message says what happened and what to do next
  2  the command line, a query, HEADWATER_PORT or HEADWATER_MAIL_URL could not be understood
  3  doctor found something wrong"""


class _Parser(ArgumentParser):
    """Says how a command is used; what is wrong is said by whoever asked, as JSON where that is wanted."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        raise CommandFailed(message, code=2)


def _at_least_one(text: str) -> int:
    """A number of things to show."""
    number = read_number(text)
    if not number:
        raise ArgumentTypeError(f"{text!r} is no number from 1 on")
    return number


def _gathered(text: str) -> str:
    """A folder, file or address; an address of a kind that nothing here reads is no folder of that name."""
    scheme, mark, rest = text.partition("://")
    if not mark or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return text
    if scheme.lower() not in ("http", "https"):
        raise ArgumentTypeError(f"{scheme}:// is not gathered; give http://… or https://…, or a folder or file here")
    return f"{scheme.lower()}://{rest}"


def parse(arguments: Sequence[str]) -> Namespace:
    """The options of one command, with `run`, the function that does it. Raises CommandFailed (2).

    Options may stand anywhere: of several words that go together, those behind an option are left over by argparse.
    """
    parser, _commands = _parsers()
    options, left = parser.parse_known_args(arguments)
    if not hasattr(options, "file"):
        _refuse_unreadable(arguments)
    if (verb := verb_of(getattr(options, "verb", None))) and not options.explain:
        return parse(as_command(verb, options, left))
    words = next((getattr(options, name) for name in ("query", "values") if hasattr(options, name)), None)
    if left and (words is None or any(word.startswith("-") for word in left)):
        parser.error(f"unrecognised: {' '.join(left)}")
    if words is not None:
        words.extend(left)
    return options


def _refuse_unreadable(arguments: Sequence[str]) -> None:
    """Words that are no text cannot be kept, nor compared with what is; only a file of ours may be called so."""
    for word in arguments:
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise CommandFailed(f"{word!r} is not UTF-8. Nothing was done.", code=2) from error


def _later(module: str, name: str) -> Callable[[Namespace], Any]:
    """The function of a module imported only when its command is given: most need Django, some do not."""

    def run(options: Namespace) -> Any:
        return getattr(importlib.import_module(f"headwater.cli.{module}"), name)(options)

    return run


def commands_by_name() -> dict[str, ArgumentParser]:
    """Every command's own parser."""
    return _parsers()[1]


def _parsers() -> tuple[ArgumentParser, dict[str, ArgumentParser]]:
    parser = _Parser(
        prog="headwater",
        description="Headwater: what is known reaches the people it concerns, with proof.",
        epilog=EXIT_CODES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"headwater {__version__}")
    parser.set_defaults(json=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_running(commands)
    _add_everyday(commands)
    _add_keeping(commands)
    return parser, dict(commands.choices)


def _add(commands: Any, name: str, help_text: str, module: str, function: str) -> ArgumentParser:
    command: ArgumentParser = commands.add_parser(name, help=help_text, description=help_text)
    command.set_defaults(run=_later(module, function))
    return command


def _place(command: ArgumentParser, person: bool = True) -> None:
    """The options of commands that work inside an organisation."""
    command.add_argument("--organisation", metavar="SLUG", help="which organisation (default: the only one)")
    if person:
        command.add_argument(
            "--as", dest="person", metavar="PERSON", help="act as this person: mail address, name or number"
        )
    else:
        command.set_defaults(person=None)
    command.add_argument("--json", action="store_true", help="print one JSON value")


def _add_running(commands: Any) -> None:
    up = _add(commands, "up", "Run Headwater: database, web, worker and live pages, until stopped.", "running", "up")
    up.add_argument("--demo", action="store_true", help="make the demonstration organisation first, if there is none")
    _add(commands, "down", "Stop the Headwater that runs on this home folder.", "running", "down")
    _add(commands, "work", "Run one more worker, beside those that run.", "running", "work")
    init = _add(commands, "init", "Make an organisation and print a link for its administrator.", "founding", "init")
    init.add_argument("--demo", action="store_true", help="make the demonstration organisation instead")
    init.add_argument("--name", default="Headwater", help="the organisation's name")
    init.add_argument("--slug", help="its short name in addresses (default: made from the name)")
    init.add_argument("--email", default="administrator@localhost", help="the administrator's mail address")
    init.add_argument("--json", action="store_true", help="print one JSON value")
    init.add_argument("--unless-founded", action="store_true", help="do nothing if there is an organisation already")
    serve = _add(commands, "serve", "Run one of the servers by itself (`up` runs both).", "serve", "serve")
    serve.add_argument("what", choices=["web", "live"])


def _add_everyday(commands: Any) -> None:
    gather = _add(commands, "gather", "Gather a folder, file, web site or feed now.", "gathering", "gather")
    gather.add_argument("place", type=_gathered, metavar="PATH_OR_URL")
    gather.add_argument("--audience", help="who may read it: an audience's name (default: its owner only)")
    gather.add_argument(
        "--replace", action="store_true", help="a file replaces somebody else's of its name (default: keep both)"
    )
    _place(gather)
    search = _add(commands, "search", "Find what you may read.", "everyday", "search")
    search.add_argument("query", nargs="+", metavar="QUERY")
    search.add_argument("--limit", type=_at_least_one, default=20, help="at most so many results (default: 20)")
    _place(search)
    inbox = _add(commands, "inbox", "What has been brought to you, and why.", "everyday", "inbox")
    inbox.add_argument("--limit", type=_at_least_one, default=50, help="at most so many (default: 50)")
    _place(inbox)
    read = _add(commands, "read", "Read anything the API lets one read; without a name, list it.", "reading", "read")
    read.add_argument("name", nargs="?", metavar="NAME")
    read.add_argument("values", nargs="*", metavar="NAME=VALUE")
    read.add_argument("--explain", action="store_true", help="say what it takes, and read nothing")
    _place(read)
    do = _add(commands, "do", "Do any verb; without one, list them.", "verbs", "do")
    do.formatter_class, do.epilog = RawDescriptionHelpFormatter, epilog()
    do.add_argument("verb", nargs="?", metavar="VERB_NOUN")
    do.add_argument("values", nargs="*", metavar="NAME=VALUE", help="NAME=@FILE reads the value from a file")
    do.add_argument("--explain", action="store_true", help="say what the verb takes, and do nothing")
    _place(do)


def _add_keeping(commands: Any) -> None:
    doctor = _add(commands, "doctor", "Look whether everything is well, and say what to do if not.", "doctor", "doctor")
    doctor.add_argument("--json", action="store_true", help="print one JSON value")
    backup = _add(commands, "backup", "Write the whole installation into one file.", "backup", "backup")
    backup.add_argument("file", metavar="FILE")
    restore = _add(commands, "restore", "Make this home folder what a backup holds.", "backup", "restore")
    restore.add_argument("file", metavar="FILE")
    restore.add_argument("--replace", action="store_true", help="even though there is something here, which is lost")
