"""How much of everything a standing query takes: who asks for all of it says so twice.

Two ways to be too broad: a query that holds whatever a version says (`*`, `pump OR NOT pump`), and one that took nearly
everything of the last 90 days (`NOT tender`, a word that stands in every footer). What cannot be counted, since NEAR
would have to be looked for in too many texts, may be the second, and is confirmed as well.
"""

from collections.abc import Container, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import compress, product

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.distribute import recalling
from headwater.distribute.models import LearnedInterest
from headwater.distribute.past import Past
from headwater.people.models import Person
from headwater.search.language.analyzer import asked_surfaces
from headwater.search.language.errors import QueryError
from headwater.search.language.folding import facet_key
from headwater.search.language.query import (
    And,
    Boost,
    Dated,
    Everything,
    Facet,
    Not,
    Or,
    PathGlob,
    Phrase,
    Prefix,
    Query,
    Recent,
    Word,
)
from headwater.search.language.query import leaves as leaves_of

DAYS = 90
NEARLY_ALL = 0.9
MOST_LEARNED = 0.5
FEWEST = 20  # entries: a share of less says nothing
MOST_TRIED = 100_000  # leaves to look at: twelve different words
FIRST, LAST = date(1950, 1, 1), date(2099, 12, 31)
"""What takes all that was published between takes everything."""


@dataclass(frozen=True)
class Breadth:
    """What a query took: `count` of the `searched` entries of the last 90 days; `is_all` when none can escape it.

    `count` is None where it would take too long to count.
    """

    count: int | None
    searched: int
    is_all: bool

    @property
    def is_flood(self) -> bool:
        """Whether it must be confirmed before it stands."""
        if self.is_all or self.count is None:
            return True
        return self.searched >= FEWEST and self.count >= NEARLY_ALL * self.searched

    @property
    def words(self) -> str:
        """What is wrong and what to do, while it is only looked at."""
        return f"{self.finding} {self.advice}"

    @property
    def refusal(self) -> str:
        """The same when it was to be kept."""
        return " ".join([self.finding, _("Nothing was changed."), self.advice])

    @property
    def finding(self) -> str:
        """What is wrong."""
        if self.is_all:
            return _("This asks for everything: each new text, whatever is in it.")
        if self.count is None:
            return _("How much this brings cannot be counted: its NEAR would have to be looked for in too many texts.")
        return _("This is nearly everything: %(n)d of the %(all)d texts of the last 90 days match.") % {
            "n": self.count,
            "all": self.searched,
        }

    @property
    def advice(self) -> str:
        """What to do."""
        if self.count is None and not self.is_all:
            return _("Take a rarer word into it, or confirm that you want it all the same.")
        return _("Narrow it by a word, or confirm that you want it all.")


@dataclass(frozen=True)
class LearnedBreadth(Breadth):
    """What learned words took of the newest texts: they are to pick, so that half of all is a flood."""

    @property
    def is_flood(self) -> bool:
        """Whether it must be confirmed before it stands."""
        return self.searched >= FEWEST and (self.count or 0) >= MOST_LEARNED * self.searched

    @property
    def finding(self) -> str:
        """What is wrong."""
        return _("These words would bring %(n)d of the newest %(all)d texts.") % {"n": self.count, "all": self.searched}

    @property
    def advice(self) -> str:
        """What to do."""
        return _("Choose a rarer word or a lesser strength, or confirm that you want it all.")


def refuse_flood(query: Query, past: Past, confirmed: bool) -> None:
    """Raise `ValidationError` for `confirmed` when a query takes (nearly) everything and nobody confirmed that."""
    if confirmed:
        return
    try:
        count = past.count(query)
    except QueryError:
        count = None
    breadth = Breadth(count, past.searched, takes_all(query))
    if breadth.is_flood:
        raise ValidationError({"confirmed": breadth.refusal})


def refuse_learned_flood(person: Person, interest: LearnedInterest, confirmed: bool) -> None:
    """The same for learned words, with the person's own in place, by the newest texts that the person may read."""
    if confirmed or not interest.effective:
        return
    recent = recalling.Recent(person, DAYS)
    breadth = LearnedBreadth(len(recent.brought(interest)), len(recent), is_all=False)
    if breadth.is_flood:
        raise ValidationError({"confirmed": breadth.refusal})


def takes_all(query: Query) -> bool:
    """Whether every version of our days matches, whatever is in it and whoever reads it.

    A query of few different leaves is tried with each of them true and false (a truth table), on every day that makes a
    difference; words that are folded alike are one, and a leaf that follows from another is never false where that is
    true (`pum* OR NOT pump*`). Of more leaves, a query may take everything in ways that this does not see through. Nor
    does it know which letters all forms of a word begin with: `pump* OR NOT pumps` is let through, and a fly does
    escape `fli* OR NOT flies`.
    """
    leaves = set(leaves_of(query))
    asked = list({_meaning(leaf) for leaf in leaves if not isinstance(leaf, Everything | Dated | Recent)})
    days = _days(leaves)
    if len(leaves) * len(days) << len(asked) > MOST_TRIED:
        return _settled(query) is True
    truths = _truths(asked)
    return all(_holds(query, true, day) for day in days for true in truths)


def _truths(asked: list[Hashable]) -> list[frozenset[Hashable]]:
    """Which of the leaves may hold of a version together: every choice, but for those that leave out what follows."""
    follows = [(one, other) for one in asked for other in asked if one != other and _implies(one, other)]
    choices = (frozenset(compress(asked, row)) for row in product((False, True), repeat=len(asked)))
    return [true for true in choices if all(other in true for one, other in follows if one in true)]


def _days(leaves: Iterable[Query]) -> set[date]:
    """The days, of those that versions are from, on which what is asked of them begins to hold, or no longer does."""
    days = {FIRST, LAST}
    for leaf in leaves:
        match leaf:
            case Dated(since=since, until=until):
                days |= {
                    end + timedelta(days=n) for end in (since, until) if end and FIRST < end < LAST for n in (-1, 0, 1)
                }
            case Recent(days=count) if (first := _first_of(count)) > FIRST:
                days |= {first, first - timedelta(days=1)}
    return days


def _first_of(days: int) -> date:
    """The first of the last days; FIRST, if that was before."""
    today = timezone.localdate()
    return today - timedelta(days=days) if days < (today - FIRST).days else FIRST


def _holds(query: Query, true: Container[Hashable], day: date) -> bool:
    """Whether a query holds of a version of that day of which just these leaves do."""
    match query:
        case Not(part=part):
            return not _holds(part, true, day)
        case Boost(part=part):
            return _holds(part, true, day)
        case And(parts=parts):
            return all(_holds(part, true, day) for part in parts)
        case Or(parts=parts):
            return any(_holds(part, true, day) for part in parts)
        case Everything():
            return True
        case Dated(since=since, until=until):
            return (since is None or since <= day) and (until is None or day <= until)
        case Recent(days=days):
            return _first_of(days) <= day
    return _meaning(query) in true


def _meaning(leaf: Query) -> Hashable:
    """The same for leaves that hold of the same versions, in whatever languages they are asked."""
    match leaf:
        case Word(text=text, field=field):
            return ("words", tuple(asked_surfaces(text)), field)
        case Phrase(words=words, field=field):
            return ("words", tuple(asked_surfaces(" ".join(words))), field)
        case Prefix(text=text, field=field):
            return ("prefix", tuple(asked_surfaces(text)), field)
        case Facet(name=name, value=value):
            return (name, facet_key(value))
        case PathGlob(pattern=pattern):
            return ("path", pattern if pattern.strip("*/") else "*")
    return leaf


def _implies(one: Hashable, other: Hashable) -> bool:
    """Whether what has one meaning has the other: a prefix its beginning, a phrase its parts, a title all the text."""
    match one, other:
        case (str(kind), tuple(mine), field), (str(same), tuple(theirs), place) if kind == same:
            if place not in (None, field):
                return False
            if kind == "prefix":
                return len(mine) == len(theirs) == 1 and str(mine[0]).startswith(str(theirs[0]))
            return any(mine[at : at + len(theirs)] == theirs for at in range(len(mine)))
    return False


def _settled(query: Query) -> bool | None:
    """True when a query always holds, False when it never does, None when that depends on the version."""
    match query:
        case Everything():
            return True
        case Boost(part=part):
            return _settled(part)
        case Not(part=part):
            inner = _settled(part)
            return None if inner is None else not inner
        case And(parts=parts) | Or(parts=parts):
            return _joined(parts, decisive=isinstance(query, Or))
    return None


def _joined(parts: tuple[Query, ...], decisive: bool) -> bool | None:
    """One decisive part settles an OR (True) or AND (False); so do a part and its own NOT."""
    settled = [_settled(part) for part in parts]
    denied = {part.part for part in parts if isinstance(part, Not)}
    if decisive in settled or any(part in denied for part in parts):
        return decisive
    return None if None in settled else not decisive
