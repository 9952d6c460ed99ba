"""match_oracle: ten million random match decisions against the definition of the language, without a difference.

Queries are drawn with everything the language has, nested; versions from a vocabulary so small that matches are as
frequent as misses. The oracle is `search.language.oracle`, slow and plain. Profiles come, change and go between rounds.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from bench.figures import Figure, plain
from headwater.distribute.matcher.engine import Matcher
from headwater.search.language import oracle
from headwater.search.language.query import (
    And,
    Boost,
    Dated,
    Everything,
    Facet,
    Near,
    Not,
    Or,
    PathGlob,
    Phrase,
    Prefix,
    Query,
    Recent,
    Word,
)
from headwater.search.language.searchable import Searchable

DECISIONS = 10_000_000
PROFILES = 500
VERSIONS = 200
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = (
    "road",
    "roads",
    "bridge",
    "water",
    "asphalt",
    "42",
    "école",
    "Straße",
    "安全管理",
    "co-operate",
    "laid",
    "the",
)
LANGUAGES = ("en", "fr", "de", "pt-BR", "ja", "")
KINDS = ("document", "howto", "faq")
SOURCES = ("circulars", "Site Reports", "")
LINES = ((), ("roads",), ("roads", "bridges"), ("water",))  # of units, from the root down


def run() -> Iterator[Figure]:
    """How many decisions differ, of how many; and how many of them were matches."""
    chance = random.Random(2026)
    matcher: Matcher = Matcher()
    held: dict[int, tuple[Query, tuple[str, ...]]] = {}
    decided = differing = matching = 0
    while decided < DECISIONS:
        _change(chance, matcher, held)
        for _ in range(VERSIONS):
            version = _version(chance)
            found = set(matcher.match(version, NOW).ids.tolist())
            expected = {number for number, asked in held.items() if oracle.matches(asked[0], version, asked[1], NOW)}
            decided, matching = decided + len(held), matching + len(expected)
            differing += len(found ^ expected)
    yield Figure("match_oracle", differing, f"differences in {decided:,} decisions", "exactly 0", differing == 0)
    yield plain("match_oracle_matches", matching / decided, "share of decisions that are matches")


def _change(chance: random.Random, matcher: Matcher, held: dict[int, tuple[Query, tuple[str, ...]]]) -> None:
    """Half the profiles go or become others; as many as are wanted are there then."""
    for number in chance.sample(range(PROFILES), PROFILES // 2) if held else range(PROFILES):
        if number in held and chance.random() < 0.2:
            matcher.remove(number)
            del held[number]
            continue
        asked = _query(chance, 4), tuple(chance.sample(LANGUAGES, chance.randrange(3)))
        matcher.put(number, *asked)
        held[number] = asked


def _query(chance: random.Random, depth: int) -> Query:
    if depth == 0 or chance.random() < 0.3:
        return chance.choices(_LEAVES, _OFTEN)[0](chance)
    if chance.random() < 0.2:
        part = _query(chance, depth - 1)
        return Not(part) if chance.random() < 0.6 else Boost(part, chance.uniform(0.5, 5))
    parts = tuple(_query(chance, depth - 1) for _ in range(chance.randint(2, 5)))
    return And(parts) if chance.random() < 0.5 else Or(parts)


def _field(chance: random.Random) -> str | None:
    return "title" if chance.random() < 0.2 else None


def _words(chance: random.Random, field: str | None) -> Word | Prefix | Phrase:
    kind = chance.random()
    if kind < 0.6:
        return Word(chance.choice(WORDS), field)
    if kind < 0.75:
        return Prefix(chance.choice(("ro", "brid", "wat", "安", "as")), field)
    return Phrase(tuple(chance.choices(WORDS, k=chance.randint(1, 4))), field)


def _near(chance: random.Random) -> Near:
    field = _field(chance)
    return Near(tuple(_words(chance, field) for _ in range(chance.randint(2, 3))), chance.randrange(5))


def _dated(chance: random.Random) -> Dated:
    first = date(2026, 1, 1) + timedelta(days=chance.randrange(60))
    last = first + timedelta(days=chance.randrange(20))
    return Dated(*chance.choices(((first, last), (None, last), (first, None)), (70, 15, 15))[0])


_LEAVES: tuple[Callable[[random.Random], Query], ...] = (
    lambda chance: _words(chance, _field(chance)),
    _near,
    _dated,
    lambda chance: Recent(chance.randint(1, 60)),
    lambda chance: Facet("topic", chance.choice(("Site Safety", "asphalt"))),
    lambda chance: Facet("lang", chance.choice(("en", "pt", "pt-BR"))),
    lambda chance: Facet("kind", chance.choice(("Document", "howto", "faq"))),
    lambda chance: Facet("source", chance.choice(("circulars", "site-reports"))),
    lambda chance: Facet("unit", chance.choice(("roads", "bridges", "water"))),
    lambda chance: PathGlob(chance.choice(("pages/*", "*.md", "/a.md", "pages/**/b.md", "pages/"))),
    lambda _: Everything(),
)
_OFTEN = (60, 8, 4, 4, 8, 4, 3, 3, 3, 8, 1)


def _version(chance: random.Random) -> Searchable:
    return Searchable(
        1,
        1,
        " ".join(chance.choices(WORDS, k=chance.randrange(4))),
        " ".join(chance.choices(WORDS, k=chance.randrange(12))),
        chance.choice(LANGUAGES),
        chance.choice(KINDS),
        chance.choice(SOURCES),
        tuple(chance.sample(("Site Safety", "asphalt"), chance.randrange(3))),
        chance.choice(LINES),
        chance.choice(("pages/a.md", "pages/18f/b.md", "a.md", "")),
        NOW - timedelta(days=chance.randrange(70)),
    )
