"""What came lately: from it a worker that loads standing queries from their rows learns how many texts have each word.

By that queries are posted where they cost least, and scored. Whoever loads the same rows reads the same texts, and
begins with the same counts: how many are read is bounded by their number and size. The clock ends it too, but only on
a host that is several times slower than those it was measured on.
"""

import time
from collections.abc import Iterator

from headwater.search.language.searchable import Searchable
from headwater.search.models import EntryVersion
from headwater.search.seen import searchables
from headwater.search.sizes import Octets

MOST_TEXTS = 2_000
MOST_BYTES = 3_000_000
"""Of all of them together. Half as much took the engine 0.2 s, against a million queries."""
LONGEST = 100_000  # bytes: what is longer is passed over
AT_ONCE = 100
LONGEST_LESSON = 3.0  # seconds


def recent_texts(below: int) -> Iterator[Searchable]:
    """The newest versions of transactions below this one of the current organisation, newest first.

    Those that a source brought along from before are among them: they tell what words are usual as well as any.
    """
    ends = time.monotonic() + LONGEST_LESSON
    wanted = _as_many_as_are_read(below)
    for begin in range(0, len(wanted), AT_ONCE):
        piece = wanted[begin : begin + AT_ONCE]
        found = EntryVersion.objects.select_related("entry").in_bulk(piece)
        for text in searchables([found[pk] for pk in piece if pk in found]):
            if time.monotonic() > ends:
                return
            yield text


def _as_many_as_are_read(below: int) -> list[int]:
    newest = EntryVersion.objects.filter(tx__lt=below).order_by("-tx", "-pk")
    wanted, read = [], 0
    for pk, size in newest.values_list("pk", Octets("text"))[:MOST_TEXTS]:
        if size <= LONGEST:
            read += size
            if read > MOST_BYTES:
                break
            wanted.append(pk)
    return wanted
