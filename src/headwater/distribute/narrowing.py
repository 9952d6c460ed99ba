"""For a query that brings more than a person's budget: the words that would bring it within.

Candidates come from the titles of what was found, for titles say what texts are about in words people know. Each is
tried on the index before it is offered, so the number beside it is what would really have come.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headwater.distribute.function_words import is_function_word
from headwater.distribute.past import Past, per_day
from headwater.people.models import Person
from headwater.search.language.analyzer import surfaces
from headwater.search.language.query import Query, Word, all_of, leaves
from headwater.search.language.writing import to_text
from headwater.search.lexical.searching import Hit
from headwater.search.models import Entry

OFFERED = 3
_TITLES = 300
_TRIED = 8
_LETTERS = 4  # shorter words seldom say what a text is about
_COMMON = 1 / 3  # of everything: words that say nothing (with, about, this) and the organisation's own name


@dataclass(frozen=True)
class Narrowing:
    """A word to add, the query with it, how many would come, and how many on the fullest day."""

    word: str
    query: str
    count: int
    busiest: int


def narrowing_words(person: Person, asked: Query, past: Past, hits: Sequence[Hit], budget: int) -> list[Narrowing]:
    """Up to three words, the one that keeps most first, with each of which the query stays within the budget."""
    offered: list[Narrowing] = []
    for word in _candidates(person, asked, hits)[:_TRIED]:
        if past.count(Word(word)) > _COMMON * past.searched:
            continue
        narrowed = all_of([asked, Word(word)])
        found = past.found(narrowed)
        busiest = max(per_day(found.hits).values(), default=0)
        if 0 < busiest <= budget:
            offered.append(Narrowing(word, to_text(narrowed), found.total, busiest))
    return sorted(offered, key=lambda each: (-each.count, each.word))[:OFFERED]


def _candidates(person: Person, asked: Query, hits: Sequence[Hit]) -> list[str]:
    """Words of the newest titles that are in several of them but not in most, the commonest first."""
    ids = [hit.entry_id for hit in hits[:_TITLES]]
    entries = Entry.objects.current().readable_by(person).filter(pk__in=ids)
    titles = entries.values_list("title", "current_version__language")
    counted = Counter(
        word for title, language in titles for word in set(surfaces(title)) if _says_something(word, language)
    )
    for word in _asked_words(asked):
        counted.pop(word, None)
    most = len(ids) * 0.7
    return [word for word, times in sorted(counted.items(), key=lambda each: (-each[1], each[0])) if 1 < times <= most]


def _says_something(word: str, language: str) -> bool:
    return len(word) >= _LETTERS and word.isalpha() and not is_function_word(word, language)


def _asked_words(asked: Query) -> Iterator[str]:
    for leaf in leaves(asked):
        if isinstance(leaf, Word):
            yield from surfaces(leaf.text)
