"""HEADWATER_PORT: the web's port, and the one above it for the live pages."""

import os

from headwater.cli.errors import CommandFailed

HIGHEST = 65_534  # the live pages are served one above it


def port() -> int:
    """The web's port; the live pages are served one above it. Raises CommandFailed (2) for what is no port."""
    wish = os.environ.get("HEADWATER_PORT") or "8000"
    if not wish.isdecimal() or not 1 <= int(wish) <= HIGHEST:
        raise CommandFailed(
            f"HEADWATER_PORT={wish} is no port: give a number from 1 to {HIGHEST} (that port and the next one are "
            "used), or none for 8000. Nothing was done.",
            code=2,
        )
    return int(wish)
