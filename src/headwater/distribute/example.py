"""What a directive is about, by an example: for previews of what its people will get."""

from headwater.distribute.models import Directive
from headwater.people.models import Person
from headwater.search.access import asker_for
from headwater.search.indexing import current_index
from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse
from headwater.search.lexical.searching import Hit, Search
from headwater.search.models import Entry, EntryVersion

LOOKED_AT = 12


def example_of(directive: Directive, person: Person) -> EntryVersion | None:
    """A version that shows what a directive is about: its entry's, or the newest that matches; none to be read."""
    readable = (
        Entry.objects.current().readable_by(person).select_related("current_version").defer("current_version__text")
    )
    if directive.entry_id is not None:
        entry = readable.filter(pk=directive.entry_id).first()
    else:
        hits = _newest(directive, person)
        entries = readable.in_bulk([hit.entry_id for hit in hits])
        entry = next((entries[hit.entry_id] for hit in hits if hit.entry_id in entries), None)
    return entry.current_version if entry is not None else None


def _newest(directive: Directive, person: Person) -> list[Hit]:
    try:
        return Search(current_index(), parse(directive.query), asker_for(person)).found(0, LOOKED_AT, "newest").hits
    except QueryError:  # too much to look through for an example
        return []
