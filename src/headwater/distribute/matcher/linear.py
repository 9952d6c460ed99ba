"""Many learned interests at once: which of them a version reaches, and what brought it."""

from __future__ import annotations

import numpy as np
from numba import njit

from headwater.distribute.matcher.learning import Learned
from headwater.distribute.matcher.lists import Saved
from headwater.distribute.matcher.meaning import LEAST, Meaning, rescored
from headwater.distribute.matcher.postings import Flags, Floats, Ints, Longs, Postings, Reals, longer
from headwater.distribute.matcher.saving import as_array, below, from_array, joined
from headwater.distribute.matcher.weighing import Terms

ANY_TIME = np.iinfo(np.int64).max
_FIRST = 256


class LinearProfiles:
    """Learned interests by number, posted under their terms: a version costs what its own terms' postings cost.

    An interest that is put, changed or removed counts from the next version on; nothing is rebuilt. Weights are kept
    as float32 (8 bytes for each term of each interest), scores are float64, added up in the order in which
    `weighing.terms_of` names a version's terms. With a space of meanings (`lean_on`), what brings LEAST of a threshold
    is a candidate, and its score is `meaning.rescored`. Not to be shared between threads.
    """

    def __init__(self) -> None:
        self._meaning: Meaning | None = None
        self._terms: dict[str, int] = {}
        self._names: list[str] = []
        self._free_rows: list[int] = []
        self._postings = Postings()
        self._slots: dict[int, int] = {}
        self._free_slots: list[int] = []
        self._rows: list[Ints] = []
        self._ids: Longs = np.zeros(_FIRST, np.int64)
        self._since: Longs = np.zeros(_FIRST, np.int64)
        self._thresholds: Reals = np.zeros(_FIRST)
        self._near: Reals = np.zeros(_FIRST)
        self._gates: Reals = np.zeros(_FIRST)
        self._make_scratch()

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, profile: int) -> bool:
        return profile in self._slots

    def ids(self) -> Longs:
        """The numbers of all interests, in no order."""
        return np.fromiter(self._slots, np.int64, len(self._slots))

    def saved(self) -> Saved:
        """Everything, as arrays with names, to keep in a snapshot."""
        return {
            "names": as_array(self._names),
            "free": as_array([self._free_rows, self._free_slots]),
            "sizes": np.array([len(rows) for rows in self._rows], np.int32),
            "rows": np.concatenate([np.zeros(0, np.int32), *self._rows]),
            "ids": self._ids,
            "since": self._since,
            "thresholds": self._thresholds,
            "near": self._near,
            **joined({"postings": self._postings}),
        }

    def restore(self, saved: Saved) -> None:
        """Be as when `saved` was called on another, leaning on nothing; the arrays are this one's from now on."""
        self._names = from_array(saved["names"])
        self._free_rows, self._free_slots = from_array(saved["free"])
        self._rows = np.split(saved["rows"], np.cumsum(saved["sizes"])[:-1]) if len(saved["sizes"]) else []
        self._ids, self._since = saved["ids"], saved["since"]
        self._thresholds, self._near = saved["thresholds"], saved["near"]
        self._gates = np.zeros(len(self._ids))
        self.lean_on(None)
        self._postings.restore(below(saved, "postings"))
        free_rows, free_slots = set(self._free_rows), set(self._free_slots)
        self._terms = {name: row for row, name in enumerate(self._names) if row not in free_rows}
        ids = enumerate(self._ids[: len(self._rows)].tolist())
        self._slots = {profile: slot for slot, profile in ids if slot not in free_slots}
        self._make_scratch()

    def put(self, profile: int, learned: Learned, since: int = 0) -> None:
        """Hold an interest under this number, in place of the one that was there; see `engine.Profile` for `since`."""
        self.remove(profile)
        slot = self._new_slot()
        self._slots[profile] = slot
        self._ids[slot], self._since[slot] = profile, since
        self._thresholds[slot], self._near[slot] = learned.threshold, learned.near
        self._set_gates(slice(slot, slot + 1))
        rows = self._rows[slot] = np.fromiter((self._row(term) for term, _ in learned.terms), np.int32)
        self._postings.add(slot, rows, np.array([weight for _, weight in learned.terms], np.float32))

    def remove(self, profile: int) -> None:
        """Forget an interest; nothing happens if there is none under this number."""
        slot = self._slots.pop(profile, None)
        if slot is None:
            return
        rows = self._rows[slot]
        self._postings.remove(slot, rows)
        self._forget(rows[self._postings.count[rows] == 0].tolist())
        self._rows[slot] = rows[:0]
        self._is_pointed[slot] = False
        self._free_slots.append(slot)

    def lean_on(self, meaning: Meaning | None) -> None:
        """Rescore by this space from now on; by none, words alone decide."""
        self._meaning = meaning
        self._forget_directions()
        self._set_gates(slice(None))

    def match(self, terms: Terms, upto: int = ANY_TIME) -> tuple[Longs, Reals]:
        """The numbers of the interests that a version of transaction `upto` reaches, ascending, and their scores."""
        known = [(row, share) for term, share in terms.shares.items() if (row := self._terms.get(term)) is not None]
        rows = np.array([row for row, _ in known], np.int32)
        shares = np.array([share for _, share in known], np.float64)
        postings = self._postings
        count = _match(
            rows, shares, postings.start, postings.count, postings.slots, postings.weights,
            self._gates, self._scores, self._met, self._touched, self._reached,
        )  # fmt: skip
        in_time = self._since[self._touched[:count]] <= upto
        slots, scores = self._touched[:count][in_time], self._reached[:count][in_time]
        if self._meaning is not None and self._near[slots].any():
            slots, scores = self._rescored(self._meaning.place(terms), slots, scores)
        ids = self._ids[slots]
        order = np.argsort(ids)
        return ids[order], scores[order]

    def explain(self, profile: int, terms: Terms) -> list[tuple[str, float]]:
        """The terms of the version that count for the interest, and how much each brings: the most first.

        What speaks against it stands last, below 0; the sum is the score. Raises `KeyError` for an unknown number.
        """
        slot = self._slots[profile]
        held = [(row, self._names[row]) for row in self._rows[slot].tolist()]
        brought = [
            (term, self._postings.weight(row, slot) * terms.shares[term]) for row, term in held if term in terms.shares
        ]
        return sorted(brought, key=lambda item: (-item[1], item[0]))

    def _rescored(self, place: Reals, slots: Ints, scores: Reals) -> tuple[Ints, Reals]:
        """The candidates that reach their threshold, with their scores, now that it is known how near they are."""
        for slot in slots[~self._is_pointed[slots]].tolist():
            self._point(slot)
        likeness = (self._directions[slots] @ place.astype(np.float32)).astype(np.float64)
        scores = rescored(scores, self._thresholds[slots], self._near[slots], likeness)
        enough = scores >= self._thresholds[slots]
        return slots[enough], scores[enough]

    def _point(self, slot: int) -> None:
        """Work out where an interest's words point, when it first is a candidate; nowhere if only words count."""
        assert self._meaning is not None
        self._is_pointed[slot] = True
        self._directions[slot] = 0
        if self._near[slot]:
            weights = [(self._names[row], self._postings.weight(row, slot)) for row in self._rows[slot].tolist()]
            self._directions[slot] = self._meaning.direction(weights)

    def _forget_directions(self) -> None:
        """600 bytes for each interest that has been a candidate; what is never written takes no room."""
        size = self._meaning.dimensions if self._meaning is not None else 0
        self._directions = np.zeros((len(self._ids), size), np.float32)
        self._is_pointed = np.zeros(len(self._ids), np.bool_)

    def _set_gates(self, slots: slice) -> None:
        """What words must bring for a version to be a candidate: the threshold, where only words count."""
        leans = self._near[slots] > 0 if self._meaning is not None else False
        self._gates[slots] = self._thresholds[slots] * np.where(leans, LEAST, 1.0)

    def _row(self, term: str) -> int:
        row = self._terms.get(term)
        if row is None:
            row = self._terms[term] = self._free_rows.pop() if self._free_rows else len(self._names)
            self._names[row : row + 1] = [term]
        return row

    def _forget(self, rows: list[int]) -> None:
        """Forget the terms of lists that have become empty."""
        for row in rows:
            del self._terms[self._names[row]]
            self._free_rows.append(row)

    def _new_slot(self) -> int:
        if self._free_slots:
            return self._free_slots.pop()
        slot = len(self._rows)
        self._rows.append(np.zeros(0, np.int32))
        if slot >= len(self._ids):
            self._ids, self._since = longer(self._ids, 2 * slot), longer(self._since, 2 * slot)
            self._thresholds = longer(self._thresholds, 2 * slot)
            self._near, self._gates = longer(self._near, 2 * slot), longer(self._gates, 2 * slot)
            self._make_scratch()
        return slot

    def _make_scratch(self) -> None:
        """Room to work in while a version is matched, for as many slots as there are; zeros between two."""
        slots = len(self._ids)
        self._forget_directions()
        self._scores: Reals = np.zeros(slots)
        self._met: Flags = np.zeros(slots, np.uint8)
        self._touched: Ints = np.zeros(slots, np.int32)
        self._reached: Reals = np.zeros(slots)


@njit(cache=True)
def _match(
    rows: Ints, shares: Reals, start: Longs, count: Ints, slots: Ints, weights: Floats,
    thresholds: Reals, scores: Reals, met: Flags, touched: Ints, reached: Reals,
) -> int:  # fmt: skip
    """Score the slots posted under the rows; those that reach their threshold stand first in `touched` and `reached`.

    Returns how many. `scores` and `met` must be zero before, and are so again afterwards.
    """
    n = 0
    for k in range(len(rows)):
        begin, share = start[rows[k]], shares[k]
        for at in range(begin, begin + count[rows[k]]):
            slot = slots[at]
            if met[slot] == 0:
                met[slot] = 1
                touched[n] = slot
                n += 1
            scores[slot] += weights[at] * share
    found = 0
    for k in range(n):
        slot = touched[k]
        if scores[slot] >= thresholds[slot]:
            touched[found], reached[found] = slot, scores[slot]
            found += 1
        scores[slot] = 0.0
        met[slot] = 0
    return found
