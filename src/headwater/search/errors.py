"""A query's error in the reader's language, with the query parted where the trouble begins."""

from dataclasses import dataclass

from django.utils.translation import gettext

from headwater.search.language.errors import QueryError

EMPTY_PLACE = "\u00a0"  # so that the place at the end, where nothing stands, can be marked


@dataclass(frozen=True, slots=True)
class Said:
    """`before` could be read, `wrong` is where it stops, `after` follows; `message` says what to do."""

    message: str
    before: str
    wrong: str
    after: str


def said(error: QueryError, text: str) -> Said:
    """The error as a page shows it."""
    start = min(error.position, len(text))
    end = start + max(1, len(text[start:].split(" ", 1)[0]))
    return Said(message(error), text[:start], text[start:end] or EMPTY_PLACE, text[end:])


def message(error: QueryError) -> str:
    """What is wrong, in the reader's language."""
    return gettext(error.template).format(**error.details)
