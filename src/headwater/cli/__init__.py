"""The `headwater` command: the door at the command line. It translates; it decides nothing.

Every command works whether or not `headwater up` is running. Data go to standard output, everything else to standard
error. With --json the output is one JSON value, and an error is `{"error": "…"}` on standard output.

Exit codes a script can rely on:
    0   done
    1   refused, not found, or failed: the message says what happened, what was kept, and what to do next
    2   the command line, a query, HEADWATER_PORT or HEADWATER_MAIL_URL could not be understood
    3   `doctor` found something wrong
"""

import json
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from headwater.cli.arguments import parse
from headwater.cli.errors import CommandFailed, said
from headwater.cli.port import port

DONE, FAILED, MISUSED, UNWELL = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    logging.basicConfig(
        level=os.environ.get("HEADWATER_LOG", "WARNING"), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    words = sys.argv[1:] if arguments is None else arguments
    options = Namespace(json="--json" in words)  # until they are read: what cannot be read is told as JSON too
    try:
        options = parse(words)
        port()
        return int(options.run(options) or DONE)
    except KeyboardInterrupt:
        return FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
        return DONE
    except Exception as error:
        message = said(error)
        if message is None:
            raise
        if options.json:
            sys.stdout.write(json.dumps({"error": message}) + "\n")
        sys.stderr.write(f"headwater: {message}\n")
        return _code(error)


def _code(error: Exception) -> int:
    """A query that cannot be read is misuse, whichever room refused it."""
    if isinstance(error, CommandFailed):
        return error.code
    from headwater.search.language.errors import QueryError

    return MISUSED if isinstance(error, QueryError) or isinstance(error.__cause__, QueryError) else FAILED
