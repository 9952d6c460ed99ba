"""What is known of each standing query besides the query, in sixteen bytes each where dictionaries take two hundred."""

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

PLACES = 8192  # of a page
ABSENT, OF_ALL = -1, 0  # in place of a person's id, which is larger


class Ledger:
    """Of each standing query, by its key: whose languages it is read in, and since which transaction it counts.

    Numbers that lie close together share pages; of keys of a part of many (every `of`-th id) it takes no more room.
    """

    def __init__(self, of: int = 1) -> None:
        self._of = of
        self._pages: dict[int, NDArray[np.int64]] = {}

    def __contains__(self, key: int) -> bool:
        page, place = self._find(key)
        return page is not None and bool(page[1, place] >= 0)

    def set(self, key: int, since: int, owner: int = ABSENT) -> None:
        """Note a query: `owner` is a person's id, OF_ALL, or ABSENT where its language was chosen."""
        number, place = divmod(self._place(key), PLACES)
        if number not in self._pages:
            self._pages[number] = np.full((2, PLACES), ABSENT, np.int64)
        self._pages[number][:, place] = owner, since

    def drop(self, key: int) -> None:
        """Forget a query; one that is not there is no error."""
        page, place = self._find(key)
        if page is not None:
            page[:, place] = ABSENT

    def since(self, key: int) -> int:
        """The transaction since which a query counts. Raises KeyError for one that is not there."""
        page, place = self._find(key)
        if page is None or page[1, place] < 0:
            raise KeyError(key)
        return int(page[1, place])

    def owned_by(self, owners: Collection[int], shard: int = 0) -> Iterator[int]:
        """The keys of those that belong to these people, or OF_ALL; `shard` is the remainder of the ids."""
        wanted = np.fromiter(owners, np.int64, len(owners))
        for number, page in self._pages.items():
            for place in np.flatnonzero(np.isin(page[0], wanted)).tolist():
                pk, kind = divmod(number * PLACES + place, 2)
                yield 2 * (pk * self._of + shard) + kind

    def _place(self, key: int) -> int:
        return 2 * (key // 2 // self._of) + key % 2

    def _find(self, key: int) -> tuple[NDArray[np.int64] | None, int]:
        number, place = divmod(self._place(key), PLACES)
        return self._pages.get(number), place
