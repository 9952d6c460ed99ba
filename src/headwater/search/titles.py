"""Titles in lists of what is kept about a person: only those that the person may still read."""

from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils.translation import gettext as _

from headwater.people.reading import Reader, readable


def told(person: Reader, rows: QuerySet[Any], entry: str, *fields: str) -> QuerySet[Any, Any]:
    """Those fields of the rows, and whether the entry that `entry` leads to ("" for itself) is open to the person.

    What is about no entry tells nothing of one.
    """
    rule = readable(person, f"{entry}__") | Q(**{entry: None}) if entry else readable(person)
    return rows.annotate(is_open=ExpressionWrapper(rule, BooleanField())).values(*fields, "is_open")


def without_closed(lists: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The lists, some of them `told`, with words in place of the titles that are closed to the person now.

    What became of it (when it was sent, opened, signed) is told all the same: that is about the person.
    """
    return {name: [_shown(row) if isinstance(row, dict) else row for row in rows] for name, rows in lists.items()}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    is_open = row.pop("is_open", True)
    closed = _("no longer open to you")
    return {name: closed if name.endswith("title") and not is_open else value for name, value in row.items()}
