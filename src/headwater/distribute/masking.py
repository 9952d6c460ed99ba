"""Titles on pages of proof: who may see that something was asked for is not thereby a reader of it."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from headwater.distribute.models import Delivery, Directive
from headwater.people.models import Person
from headwater.search.models import Entry


def mask_directives(person: Person, directives: Iterable[Directive]) -> None:
    """Take the name and the sentence from must-reads whose entry the person may not read. Changes no row."""
    asked = [directive for directive in directives if directive.entry_id is not None]
    readable = readable_of(person, [directive.entry_id for directive in asked]) if asked else set()
    for directive in asked:
        if directive.entry_id not in readable:
            directive.name, directive.sentence = _unnamed(), ""


def name_for(person: Person, directive: Directive) -> str:
    """What a must-read is called for that person: its name, where they may read what it is about."""
    is_open = directive.entry_id is None or bool(readable_of(person, [directive.entry_id]))
    return directive.name if is_open else _unnamed()


def mask_deliveries(person: Person, deliveries: Iterable[Delivery]) -> None:
    """Take the names from deliveries (with `version` at hand) whose entry the person may not read. Changes no row."""
    rows = list(deliveries)
    readable = readable_of(person, [row.version.entry_id for row in rows]) if rows else set()
    for row in rows:
        mask_delivery(row, readable)


def mask_delivery(row: Any, readable: set[int]) -> None:
    """The same for one of them, when the entries that the person may read are known.

    Besides the title goes the name of the must-read that asks it, where `proof.with_manner` has put it beside.
    """
    if row.version.entry_id not in readable:
        row.version.title = _("Something that you may not read")
        if getattr(row, "must_read", None):
            row.must_read = _unnamed()


def readable_of(person: Person, entry_ids: list[Any] | QuerySet[Any]) -> set[int]:
    """Those of the entries that the person may read."""
    return set(Entry.objects.readable_by(person).filter(pk__in=entry_ids).values_list("pk", flat=True))


def _unnamed() -> str:
    return _("A must-read that you may not read")
