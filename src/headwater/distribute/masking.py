"""Titles on pages of proof: who may see that something was asked for is not thereby a reader of it."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from headwater.distribute.models import Delivery, Directive
from headwater.people.models import Person
from headwater.search.models import Entry


def mask_directives(person: Person, directives: Iterable[Directive]) -> None:
    """Take the name and the sentence from must-reads whose entry the person may not read. Changes no row."""
    asked = [directive for directive in directives if directive.entry_id is not None]
    readable = _readable(person, [directive.entry_id for directive in asked if directive.entry_id is not None])
    for directive in asked:
        if directive.entry_id not in readable:
            directive.name, directive.sentence = _("A must-read that you may not read"), ""


def mask_deliveries(person: Person, deliveries: Iterable[Delivery]) -> None:
    """Take the title from versions (with `version` at hand) whose entry the person may not read. Changes no row."""
    rows = list(deliveries)
    readable = _readable(person, [row.version.entry_id for row in rows])
    for row in rows:
        if row.version.entry_id not in readable:
            row.version.title = _("Something that you may not read")


def _readable(person: Person, entry_ids: list[int]) -> set[int]:
    found = Entry.objects.readable_by(person).filter(pk__in=entry_ids)
    return set(found.values_list("pk", flat=True)) if entry_ids else set()
