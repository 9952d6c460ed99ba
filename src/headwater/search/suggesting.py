"""What to try when a search finds nothing: another spelling, fewer conditions, some of the words.

Everything that is suggested has been tried for this very asker: each suggestion says how much it finds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headwater.search.language.folding import fold
from headwater.search.language.query import And, Boost, Leaf, Not, Or, Phrase, Query, Word, all_of, any_of, leaves
from headwater.search.language.writing import to_text
from headwater.search.lexical.searching import Search

_MOST_WORDS_TRIED = 6
_MOST_TERMS = 3000
_MOST_EDITS = 2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another query, why it is offered, and how many entries it finds."""

    text: str
    reason: str | Promise
    total: int


def suggestions(search: Search) -> list[Suggestion]:
    """Other ways to ask, best first; only such as find something."""
    found: list[Suggestion] = []
    for query, reason in _attempts(search):
        total = replace(search, query=query).count()
        if total and all(to_text(query) != one.text for one in found):
            found.append(Suggestion(to_text(query), reason, total))
    return found


def _attempts(search: Search) -> Iterator[tuple[Query, str | Promise]]:
    respelt = _respelt(search)
    if respelt != search.query:
        yield respelt, _("Did you mean")
    parts = search.query.parts if isinstance(search.query, And) else (search.query,)
    wordy = [part for part in parts if isinstance(part, Word | Phrase)]
    if wordy and len(wordy) < len(parts):
        yield all_of(wordy), _("Without the conditions")
    apart = all_of(Word(word) for part in wordy for word in (part.words if isinstance(part, Phrase) else (part.text,)))
    if any(isinstance(part, Phrase) for part in wordy):
        yield apart, _("Words apart")
    if isinstance(apart, And):
        yield any_of(apart.parts), _("Any of the words")


def _respelt(search: Search) -> Query:
    """The query with words that nothing has replaced by the nearest that something has."""
    unknown = [leaf for leaf in leaves(search.query) if isinstance(leaf, Word)][:_MOST_WORDS_TRIED]
    better = {leaf.text: _nearest(search, leaf.text) for leaf in unknown if not replace(search, query=leaf).count()}
    return _with_leaves(
        search.query,
        lambda leaf: replace(leaf, text=better.get(leaf.text) or leaf.text) if isinstance(leaf, Word) else leaf,
    )


def _with_leaves(query: Query, change: Callable[[Leaf], Query]) -> Query:
    """The query with each leaf changed."""
    if isinstance(query, And | Or):
        return replace(query, parts=tuple(_with_leaves(part, change) for part in query.parts))
    if isinstance(query, Not | Boost):
        return replace(query, part=_with_leaves(query.part, change))
    return change(query)


def _nearest(search: Search, word: str) -> str | None:
    """The word nearest in spelling that begins with the same letter, the commonest of equals."""
    wanted = fold(word)
    most = min(_MOST_EDITS, (len(wanted) - 1) // 2)
    best: tuple[int, int, str] | None = None
    for term, entries in search.terms_like(wanted[:1], _MOST_TERMS):
        if abs(len(term) - len(wanted)) > most:
            continue
        edits = edit_distance(wanted, term)
        if edits <= most and (best is None or (edits, -entries) < best[:2]):
            best = (edits, -entries, term)
    return best[2] if best else None


def edit_distance(one: str, other: str) -> int:
    """Letters to insert, delete, replace or swap with their neighbour to make one word of the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, start=1):
        older, before, row = before, row, [i]
        for j, right in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
