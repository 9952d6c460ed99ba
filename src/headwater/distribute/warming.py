"""The matcher's loops are compiled before they are needed, and out of anybody's way.

Compiling takes seconds on a machine's first start, and half a second from what was kept. Done at first use it would be
done inside a transaction, which the database ends when it stands idle for so long.
"""

import os
import threading
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from headwater.core.memory import let_go_of
from headwater.distribute.matcher import keep_compiled
from headwater.search.language.parser import parse
from headwater.search.language.searchable import Searchable

if TYPE_CHECKING:
    from headwater.distribute.matcher.engine import Matcher
    from headwater.distribute.matcher.linear import LinearProfiles

_warming = threading.Lock()
_warm = threading.Event()


def new_matchers() -> "tuple[Matcher, LinearProfiles]":
    """An empty matcher of queries, and one of learned interests. Loads numba, which only worker processes should."""
    be_warm()
    from headwater.distribute.matcher.engine import Matcher
    from headwater.distribute.matcher.linear import LinearProfiles

    return Matcher(), LinearProfiles()


def warm_matcher(stop: threading.Event) -> None:
    """A service: compile the loops as soon as a worker that matches starts, so that no version waits for them."""
    if "match" in settings.HEADWATER_PARTS:
        be_warm()
    stop.wait()


def be_warm() -> None:
    """Run through every loop once in this process."""
    with _warming:
        if not _warm.is_set():
            _run_through()
            let_go_of("libllvmlite")
            _warm.set()


def _run_through() -> None:
    if "NUMBA_CACHE_DIR" not in os.environ:
        # Compiled loops are kept beside their source; where that is not ours to write to, in our home folder.
        keep_compiled(settings.HEADWATER_HOME / "cache" / "numba")
    from headwater.distribute.matcher.engine import ENOUGH, Matcher, Profile
    from headwater.distribute.matcher.learning import Learned
    from headwater.distribute.matcher.linear import LinearProfiles
    from headwater.distribute.matcher.reading import Reading

    reading = Reading(Searchable(1, 1, "a b c", "d e g h", "en", "", "", (), (), "", timezone.now()))
    matcher, learned = Matcher(), LinearProfiles()
    queries = ('"a b c" OR (d (e OR NOT f) g h)', "a NEAR/9 b", '"a b" NEAR/9 c NEAR/9 a', "published:>=2000-01-01")
    matcher.put_all(Profile(number, query, ("en",)) for number, query in enumerate(queries, 10))
    matcher.put(1, parse(queries[0]), ("en",))
    matcher.explain(matcher.match(reading).ids.tolist(), reading)
    matcher.put(2, "a (b OR c)", ("en",))
    for _ in range(ENOUGH):
        matcher.match(reading)
    matcher.look(reading)
    matcher.learn(reading)
    matcher.repost()
    for number in matcher.ids().tolist():
        matcher.remove(number)
    learned.put(1, Learned((("a", 2.0),), 0.5))
    learned.match(reading.terms)
    learned.explain(1, reading.terms)
    learned.remove(1)
