"""A command that the disk or the database breaks off says what was kept and what to do, not where in the code."""

from collections.abc import Iterator
from contextlib import contextmanager

from headwater.cli.errors import CommandFailed, first_line, is_database_away
from headwater.cli.following import catch_up

INDEX = "search_entry"  # the table that the search index follows


@contextmanager
def told_without_database(kept: str) -> Iterator[None]:
    """Raises CommandFailed in place of what the database's driver says when PostgreSQL goes away, or cannot go on."""
    try:
        yield
    except Exception as error:
        if not is_database_away(error):
            raise
        raise CommandFailed(f"The database does not go on: {first_line(error)}. {kept}") from error


def follow_or_tell(organisation_id: int, kept: str) -> None:
    """Bring what was committed to search and inboxes. Raises CommandFailed when the search index cannot be written."""
    index_or_tell(organisation_id, kept)
    catch_up(organisation_id)


def index_or_tell(organisation_id: int, kept: str) -> None:
    """Bring what was committed to search. Raises CommandFailed when the search index cannot be written."""
    try:
        catch_up(organisation_id, only={INDEX})
    except (OSError, ValueError) as error:  # a ValueError: whatever befalls the writer of tantivy
        raise CommandFailed(
            f"{kept} But the search index could not be written: {first_line(error)}. Most likely the disk is full. "
            "Make room on it; then `headwater up`, or the same command again, brings it to search and inboxes."
        ) from error
