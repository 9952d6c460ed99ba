"""Errors of the command line, and how errors of the rooms are said there."""

import errno
import shutil

from headwater.core.cluster import ClusterError
from headwater.core.home_folder import home_folder

LEAST_FREE = 2**20  # bytes; with less than that a disk counts as full


class CommandFailed(Exception):
    """The command cannot do what was asked. The text is for the person at the keyboard."""

    def __init__(self, message: object, code: int = 1) -> None:
        super().__init__(str(message))
        self.code = code


def said(error: Exception) -> str | None:
    """The words for an error that is nobody's bug; None for one that is, and deserves its traceback."""
    if isinstance(error, CommandFailed | ClusterError):
        return str(error)
    if isinstance(error, OSError):
        return _about_the_disk(error) if error.errno in (errno.ENOSPC, errno.EDQUOT) else words_of(error)
    if is_database_away(error):
        return f"The database does not go on: {first_line(error)}. What was done before is kept. Run the command again."
    return _said_by_the_rooms(error)


def _about_the_disk(error: OSError) -> str:
    """What there is to do when something could not be written. Whose disk it was the system does not always say."""
    home = home_folder()
    is_home = home.exists() and shutil.disk_usage(home).free < LEAST_FREE
    disk = f"The disk of {home} is full" if is_home else "A disk is full"
    return f"{disk}: {words_of(error)}. What was kept is untouched. Make room on it, and run the command again."


def is_database_away(error: Exception) -> bool:
    """Whether PostgreSQL went away, or cannot go on: what its driver says, by itself or through Django."""
    import psycopg
    from django.db import InterfaceError, OperationalError

    return isinstance(error, InterfaceError | OperationalError | psycopg.InterfaceError | psycopg.OperationalError)


def first_line(error: Exception) -> str:
    """What went wrong, without the full stop, nor the double one that tantivy writes inside."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].replace(".. ", ". ").rstrip(". ")


def words_of(error: OSError) -> str:
    """What the system said, and of which file where it said that. A full disk is told without one."""
    said_of_it = error.strerror or str(error) or type(error).__name__
    return said_of_it if error.filename is None else f"{said_of_it}: {error.filename}"


def _said_by_the_rooms(error: Exception) -> str | None:
    from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError

    if isinstance(error, ValidationError):
        if hasattr(error, "error_dict"):
            return " ".join(f"{field}: {' '.join(words)}" for field, words in error.message_dict.items())
        return " ".join(error.messages)
    if isinstance(error, PermissionDenied | ObjectDoesNotExist):
        return str(error)
    return None
