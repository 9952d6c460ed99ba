"""Files between preview and import: kept for a day in the installation's home, under a name that nobody guesses."""

import re
import secrets
import time
from pathlib import Path

from django.conf import settings

from headwater.core.wall import current_organisation_id

KEPT_SECONDS = 24 * 3600


def _folder() -> Path:
    return Path(settings.HEADWATER_HOME) / "imports" / str(current_organisation_id())


def put(content: bytes) -> str:
    """Keep a file until it is imported or a day has passed; the key by which it is taken."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > KEPT_SECONDS:
            old.unlink(missing_ok=True)
    key = secrets.token_urlsafe(24)
    path = folder / key
    path.touch(mode=0o600)
    path.write_bytes(content)
    return key


def read(key: str) -> bytes | None:
    """The file of that key; None when a day has passed, or there never was one."""
    path = _folder() / key
    if not re.fullmatch(r"[\w-]{32}", key) or not path.is_file():
        return None
    return path.read_bytes()


def drop(key: str) -> None:
    """Keep it no longer."""
    if re.fullmatch(r"[\w-]{32}", key):
        (_folder() / key).unlink(missing_ok=True)
