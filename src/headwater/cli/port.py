"""HEADWATER_PORT: the web's port, and the one above it for the live pages."""

import os

from headwater.cli.errors import CommandFailed
from headwater.core.typed import read_number

HIGHEST = 65_534  # the live pages are served one above it


def port() -> int:
    """The web's port; the live pages are served one above it. Raises CommandFailed (2) for what is no port."""
    wish = os.environ.get("HEADWATER_PORT") or "8000"
    number = read_number(wish)
    if number is None or not 1 <= number <= HIGHEST:
        raise CommandFailed(
            f"HEADWATER_PORT={wish} is no port: give a number from 1 to {HIGHEST} (that port and the next one are "
            "used), or none for 8000. Nothing was done.",
            code=2,
        )
    return number
