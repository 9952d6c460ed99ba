"""Which topics a text names: its words against every label, the longest match first.

    for suggestion in concepts_for_text("Relining culverts after storms", limit=5): ...

Labels are kept in memory per organisation, and read anew when any concept changed. Case, accents and plain plurals do
not matter. It proposes; a person or a rule decides.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection
from django.db.models import Count, Max, Sum

from headwater.core.wall import current_organisation_id
from headwater.taxonomy.models import Concept

LONGEST_LABEL = 6
WORD = re.compile(r"\w+")
MOST_CHARACTERS = 200_000


@dataclass(frozen=True)
class Suggestion:
    """A topic that a text names: how often, and the words by which."""

    concept: Concept
    times: int
    words: str


@dataclass(frozen=True)
class Labels:
    """Every label as a tuple of words, with the concepts it stands for."""

    known: dict[tuple[str, ...], tuple[int, ...]]
    first_words: frozenset[str]


def normal(text: str) -> str:
    """A text for comparing: small letters, no accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def words_of(text: str) -> list[str]:
    """The words of a text for comparing, plain plurals taken back."""
    return [_singular(word) for word in WORD.findall(normal(text))]


@lru_cache(maxsize=50_000)
def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def concepts_for_text(text: str, language: str = "", title: str = "", limit: int = 8) -> list[Suggestion]:
    """The accepted topics that the text names, most often first; those in the title count five times.

    `language` (a code) leaves out labels of other languages; empty: all.
    """
    labels = _labels_now(language.partition("-")[0])
    times: Counter[int] = Counter()
    said: dict[int, str] = {}
    for part, weight in ((title, 5), (text[:MOST_CHARACTERS], 1)):
        for key in _matches(words_of(part), labels):
            for pk in labels.known[key]:
                times[pk] += weight
                said.setdefault(pk, " ".join(key))
    best = sorted(times, key=lambda pk: (-times[pk], -len(said[pk]), pk))[:limit]
    concepts = Concept.objects.in_bulk(best)
    return [Suggestion(concepts[pk], times[pk], said[pk]) for pk in best if pk in concepts]


def concepts_named(text: str) -> list[Concept]:
    """The accepted topics that a label in any language calls so, were it without accents or in the plural."""
    words = " ".join(words_of(text))
    return [each.concept for each in concepts_for_text(text) if each.words == words]


def _matches(words: list[str], labels: Labels) -> list[tuple[str, ...]]:
    """The labels in the words, left to right, the longest at each place, none inside another."""
    found, place = [], 0
    while place < len(words):
        if words[place] in labels.first_words:
            for length in range(min(LONGEST_LABEL, len(words) - place), 0, -1):
                key = tuple(words[place : place + length])
                if key in labels.known:
                    found.append(key)
                    place += length - 1
                    break
        place += 1
    return found


def _labels_now(language: str) -> Labels:
    """The labels as they are: from memory, unless this transaction itself has changed a concept."""
    row = Concept.objects.aggregate(newest=Max("tx"), all=Sum("tx"), number=Count("pk"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned()::text::bigint")
        (own,) = cursor.fetchone()
    read = _labels.__wrapped__ if own is not None and row["newest"] == own else _labels
    return read(current_organisation_id(), (row["all"] or 0, row["number"]), language)


@lru_cache(maxsize=16)
def _labels(organisation_id: int, version: tuple[object, int], language: str) -> Labels:
    known: dict[tuple[str, ...], set[int]] = defaultdict(set)
    rows = Concept.objects.filter(state=Concept.State.ACCEPTED).values_list("pk", "labels", "alternatives")
    for pk, labels, alternatives in rows.iterator(chunk_size=2000):
        for code, label in [*labels.items(), *((c, each) for c, several in alternatives.items() for each in several)]:
            key = tuple(words_of(label))
            if (
                0 < len(key) <= LONGEST_LABEL
                and (not language or code.partition("-")[0] == language)
                and len(key[0]) > 1
            ):
                known[key].add(pk)
    return Labels({key: tuple(sorted(pks)) for key, pks in known.items()}, frozenset(key[0] for key in known))
