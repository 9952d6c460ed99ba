"""Who may read, as the index says it: tokens on entries and of people. `EntryQuerySet.readable_by` has the last word.

An entry carries its audience, its owner, its unit (for the unit's stewards) and one token that stewards of the whole
organisation hold. A person holds the same kinds; the units a steward looks after are looked up when they search, so
that moving a unit changes nothing in the index.
"""

from functools import reduce
from operator import or_

from django.db.models import Q

from headwater.people.models import Permission, Person, Unit
from headwater.search.lexical.searching import Asker
from headwater.search.models import Entry

WHOLE_ORGANISATION = "s*"


def tokens_of_entry(entry: Entry) -> tuple[str, ...]:
    """Any one of these lets a person find the entry, if their clearance reaches."""
    tokens = [WHOLE_ORGANISATION]
    for letter, pk in (("a", entry.audience_id), ("o", entry.owner_id), ("s", entry.unit_id)):
        if pk is not None:
            tokens.append(f"{letter}{pk}")
    return tuple(tokens)


def tokens_of_person(person: Person) -> list[str]:
    """What the person holds now: one query, and one more for stewards. Nobody who has left holds anything."""
    if not person.is_active:
        return []
    tokens = [f"o{person.pk}", *(f"a{pk}" for pk in person.audience_ids())]
    paths = person.paths_granted(Permission.STEWARD)
    if "" in paths:
        return [*tokens, WHOLE_ORGANISATION]
    if paths:
        below = reduce(or_, (Q(path__startswith=path) for path in paths))
        tokens.extend(f"s{pk}" for pk in Unit.objects.filter(below).values_list("pk", flat=True))
    return tokens


def languages_of(person: Person) -> tuple[str, ...]:
    """The languages in which a word the person types is looked for by its stem; their profiles use the same."""
    return (person.reading_language,)


def asker_for(person: Person) -> Asker:
    """The person as the index sees them."""
    return Asker(tokens_of_person(person), person.clearance, languages_of(person))
