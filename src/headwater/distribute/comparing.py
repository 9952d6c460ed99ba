"""What changing a standing query would do: what it would bring that today's form does not, and what it would drop."""

from dataclasses import dataclass

from headwater.distribute.models import InterestProfile
from headwater.distribute.past import Past, PastItem
from headwater.people.models import Person
from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse
from headwater.search.language.query import Not, Query, all_of

EXAMPLES = 3


@dataclass(frozen=True)
class Change:
    """The new form beside today's, over the last `days`: how many came by both, and what differs, newest first."""

    before: int
    after: int
    more: int
    fewer: int
    more_items: list[PastItem]
    fewer_items: list[PastItem]
    days: int

    @property
    def a_week_before(self) -> float:
        """Items a week by today's form."""
        return round(7 * self.before / self.days, 1)

    @property
    def a_week_after(self) -> float:
        """Items a week by the new form."""
        return round(7 * self.after / self.days, 1)


def change_of(profile: InterestProfile, asked: Query, past: Past, person: Person) -> Change | None:
    """What putting `asked` in place of the profile's query would have done; None when it asks the same."""
    try:
        kept = parse(profile.query)
    except QueryError:  # it brings nothing as it is
        return None
    if kept == asked or not profile.query:  # what was learned is compared by its words: preview_learned
        return None
    gained, lost = all_of([asked, Not(kept)]), all_of([kept, Not(asked)])
    more, fewer = past.found(gained, EXAMPLES), past.found(lost, EXAMPLES)
    return Change(
        before=past.count(kept),
        after=past.count(asked),
        more=more.total,
        fewer=fewer.total,
        more_items=past.items(person, asked, more.hits),
        fewer_items=past.items(person, kept, fewer.hits),
        days=past.days,
    )
