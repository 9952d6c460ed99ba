"""A million standing queries and the stories they are held against, for measuring the matcher and its peers."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import islice

from bench.expected import LANGUAGE, queries
from bench.expected import Query as Standing
from headwater.distribute.matcher.engine import ENOUGH, Matcher, Profile
from headwater.search.language.searchable import Searchable

Numbered = Iterable[tuple[int, Standing]]
MANY = 1_000_000
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def lines(name: str) -> Iterator[tuple[str, str]]:
    """The two lines of a measurement, each with its language: words as they are, and English with stems."""
    yield name, ""
    yield f"{name}_stemmed", LANGUAGE


def standing(count: int = MANY) -> Iterator[tuple[int, Standing]]:
    """Numbered standing queries, always the same."""
    return islice(enumerate(queries()), count)


def version(text: str, language: str = "") -> Searchable:
    """A story as a version; without a language its words are taken as they are."""
    return Searchable(1, 1, "", text, language, "gathered", "wire", (), (), "", NOW)


def loaded(count: int = MANY, language: str = "") -> Matcher:
    """A matcher that holds so many of the queries, for readers of that language (none: words as they are)."""
    _compile()
    matcher = Matcher()
    languages = (language,) if language else ()
    refused = matcher.put_all(Profile(number, str(asked), languages) for number, asked in standing(count))
    assert not refused
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # as a worker does when it has loaded
    return matcher


@cache
def _compile() -> None:
    """Have what goes on while versions pass compiled, or fetched from where it was kept: it is not what is measured."""
    matcher, passing = Matcher(), version("road bridge gate")
    matcher.put_all([Profile(1, "road (bridge OR gate)"), Profile(2, "road bridge")])
    for _ in range(2 * ENOUGH):
        matcher.match(passing, NOW)


def seconds(work: Callable[[], object]) -> float:
    """How long the work kept this process's processor."""
    started = time.process_time()
    work()
    return time.process_time() - started
