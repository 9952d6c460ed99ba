"""How much of everything a standing query takes: who asks for all of it says so twice.

Two ways to be too broad: a query that holds whatever a version says (`*`, `pump OR NOT pump`), and one that took nearly
everything of the last 90 days (`NOT tender`, a word that stands in every footer).
"""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from headwater.distribute.past import Past
from headwater.search.language.query import And, Boost, Everything, Not, Or, Query

DAYS = 90
NEARLY_ALL = 0.9
FEWEST = 20  # entries: a share of less says nothing


@dataclass(frozen=True)
class Breadth:
    """What a query took: `count` of the `searched` entries of the last 90 days; `is_all` when none can escape it."""

    count: int
    searched: int
    is_all: bool

    @property
    def is_flood(self) -> bool:
        """Whether it must be confirmed before it stands."""
        return self.is_all or (self.searched >= FEWEST and self.count >= NEARLY_ALL * self.searched)

    @property
    def words(self) -> str:
        """What is wrong and what to do."""
        if self.is_all:
            return _(
                "This asks for everything: each new text, whatever is in it. Nothing was changed. Narrow it by a word, "
                "or confirm that you want it all."
            )
        return _(
            "This is nearly everything: %(n)d of the %(all)d texts of the last 90 days match. Nothing was changed. "
            "Narrow it by a word, or confirm that you want it all."
        ) % {"n": self.count, "all": self.searched}


def refuse_flood(query: Query, past: Past, confirmed: bool) -> None:
    """Raise `ValidationError` for `confirmed` when a query takes (nearly) everything and nobody confirmed that."""
    if confirmed:
        return
    breadth = Breadth(past.count(query), past.searched, takes_all(query))
    if breadth.is_flood:
        raise ValidationError({"confirmed": breadth.words})


def takes_all(query: Query) -> bool:
    """Whether every version matches, whatever is in it. A query may do so in ways that this does not see through."""
    return _settled(query) is True


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
