"""`Matcher`: standing profiles in, versions through, and out comes who is concerned and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from headwater.distribute.matcher.arrays import Floats, ProfileArrays, ProfileParts, Scratch
from headwater.distribute.matcher.asked import feature_of, known_words, languages_key
from headwater.distribute.matcher.batch import Batch, has_twice
from headwater.distribute.matcher.features import Features
from headwater.distribute.matcher.kernels import (
    collect_hits,
    match_checked,
    match_plain,
    match_wholes,
    support_profiles,
    weigh_features,
)
from headwater.distribute.matcher.lists import COUNT, Ints, Lists, Longs, Saved
from headwater.distribute.matcher.plan import ALWAYS, TooLarge, read, tree_of, written
from headwater.distribute.matcher.posting import find_homes, hold_features, put_profile, put_profiles, remove_profile
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.reasons import Grounds, Reason
from headwater.distribute.matcher.reposting import repost_all, repost_some
from headwater.distribute.matcher.saving import below, joined
from headwater.distribute.matcher.slots import NEWEST, Slots
from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse
from headwater.search.language.query import Query
from headwater.search.language.searchable import Searchable

ANY_TIME = np.iinfo(np.int64).max
_FIRST = 256
ENOUGH = 64
"""Versions after which the share that had a word tells something: from then on profiles are posted anew."""
_EVERY = 32


class Profile(NamedTuple):
    """A standing query, typed or read already. `languages` are its reader's: words are matched by their stems in each.

    It takes versions of no older transaction than `since`.
    """

    id: int
    query: Query | str
    languages: Sequence[str] = ()
    since: int = 0


@dataclass(frozen=True, slots=True)
class Matches:
    """The profiles that match a version, in no order, each once, and a score for each (larger is closer).

    `features` are the numbers of what was found in the version, of all that is asked for.
    """

    ids: Longs
    scores: Floats
    features: Ints


def _number(profile_id: int) -> int:
    if profile_id < 0:
        raise ValueError(f"the numbers of profiles begin at 0: {profile_id}")
    return profile_id


class Matcher:
    """Standing profiles held in memory. Not for several threads at once: the caller sees to that.

    A profile put, changed or removed counts from the next version on. Profiles have numbers from 0.
    """

    def __init__(self) -> None:
        self._features = Features()
        self._slots = Slots()
        self._trees = Lists(1)
        self._plain = Lists(1)
        self._checked = Lists(4)
        self._scratch = _scratch(_FIRST)
        self._passed = self._place = 0
        self._needs: Longs = np.zeros(4, np.int64)
        self._hits: Ints = np.zeros(_FIRST + 1, np.int32)
        self._wholes: Ints = np.zeros(_FIRST + 1, np.int32)

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, profile_id: int) -> bool:
        return profile_id in self._slots

    def ids(self) -> Longs:
        """The numbers of all profiles, in no order."""
        return self._slots.ids()

    def put(self, profile_id: int, query: Query | str, languages: Sequence[str] = (), since: int = 0) -> None:
        """Add a profile, or change it; see `Profile`.

        Raises QueryError for a text that cannot be read, `TooLarge` for a query beyond what is matched and ValueError
        for a number below 0; what was there before is kept then.
        """
        number = _number(profile_id)
        with self._numbering():
            self._put_one(number, since, np.array(self._written(query, languages), np.int32))

    def put_all(self, profiles: Iterable[Profile]) -> dict[int, ValueError]:
        """Add or change many at once, several times faster than one by one; returns those that `put` refuses, and why.

        Raises ValueError for a number below 0, and whatever `profiles` raises; nothing is changed then.
        """
        refused: dict[int, ValueError] = {}
        batch = Batch()
        with self._numbering():
            for profile in profiles:
                try:
                    batch.add(_number(profile.id), profile.since, self._written(profile.query, profile.languages))
                except (QueryError, TooLarge) as error:
                    refused[profile.id] = error
        self._put(batch)
        return refused

    def remove(self, profile_id: int) -> bool:
        """Forget a profile; returns whether there was one."""
        count = remove_profile(profile_id, self._parts(), self._features.arrays().uses, self._scratch.dead)
        if count > 0:
            self._features.forget(self._scratch.dead[:count].tolist())
        return bool(count >= 0)

    def match(self, version: Searchable | Reading, now: datetime | None = None, upto: int = ANY_TIME) -> Matches:
        """The profiles that match a version of transaction `upto`, judged as of `now` (default: this moment).

        For a version that passes, once: what it has is counted, and by what was counted are profiles posted and scored.
        """
        return self._matches(version, now, upto, is_passing=True)

    def look(self, version: Searchable | Reading, now: datetime | None = None, upto: int = ANY_TIME) -> Matches:
        """The same for what has passed before, or may never: nothing is learned from it."""
        return self._matches(version, now, upto, is_passing=False)

    def learn(self, version: Searchable | Reading, now: datetime | None = None) -> None:
        """Count a version that passed when this matcher was not there, without matching it."""
        with self._marking():
            found = self._mark(version, now)
            self._weigh(found, is_passing=True)
            self._features.unmark(found)

    def repost(self) -> None:
        """Post every profile where it costs least by what was counted, if that is clearly less than where it is.

        What matches stays the same. As versions pass, profiles move by themselves; who has learned much at once asks.
        """
        done = 0
        while done < len(self._checked.rows):
            done = repost_all(done, self._profiles(), self._features.arrays(), self._scratch, self._needs)
            if done < len(self._checked.rows):
                self._make_room()

    def explain(
        self,
        profile_ids: Iterable[int],
        version: Searchable | Reading,
        now: datetime | None = None,
        features: Ints | None = None,
    ) -> dict[int, Reason | None]:
        """Why each of these profiles matches; None for one that does not, or that is not there."""
        reading = version if isinstance(version, Reading) else Reading(version)
        return dict(self.grounds(profile_ids, reading, now, features).in_words(reading))

    def grounds(
        self,
        profile_ids: Iterable[int],
        reading: Reading,
        now: datetime | None = None,
        features: Ints | None = None,
    ) -> Grounds:
        """What each of these profiles matches by, without the version's words: they can be sought elsewhere.

        `features` are those of its `Matches`, if no profile was put or removed since: they are not looked for again.
        """
        wanted = list(profile_ids)
        marks = self._features
        with self._marking():
            marked = marks.mark(reading, now or datetime.now(UTC)) if features is None else marks.mark_again(features)
            ends, found = self._supports(np.array(wanted, np.int64))
            marks.unmark(marked)
        return Grounds(wanted, ends, found, {feature: marks.spec(feature) for feature in np.unique(found).tolist()})

    def postings_of(self, version: Searchable, now: datetime | None = None) -> int:
        """How many postings a match of this version looks at: what it costs, whatever the machine."""
        with self._marking():
            found = self._mark(version, now)
            self._features.unmark(found)
        return int(self._plain.rows[found, COUNT].sum() + self._checked.rows[found, COUNT].sum())

    def saved(self) -> Saved:
        """Everything, as arrays with names, to keep in a snapshot."""
        return joined({**self._lists(), "features": self._features, "slots": self._slots})

    def restore(self, saved: Saved) -> None:
        """Be as when `saved` was called on another matcher; the arrays are this one's from now on."""
        for name, lists in self._lists().items():
            lists.restore(below(saved, name))
        self._features.restore(below(saved, "features"))
        self._slots.restore(below(saved, "slots"))
        self._prepare(0, int(self._trees.rows[:, COUNT].max(initial=0)))

    def feature_count(self) -> int:
        """How many different words, phrases and conditions all profiles ask for."""
        return len(self._features)

    def takes_all(self, profile_id: int) -> bool:
        """Whether every version matches, whatever is in it. Raises `KeyError` when there is no such profile."""
        slot = self._slots.find(profile_id)
        if slot < 0:
            raise KeyError(profile_id)
        return read(self._trees.records(slot)[:, 0].tolist()) == ALWAYS

    @contextmanager
    def _numbering(self) -> Iterator[None]:
        """For features that nothing comes of there is no place in the lists: a version must not find them."""
        try:
            yield
        except BaseException:
            self._features.settle()
            raise

    @contextmanager
    def _marking(self) -> Iterator[None]:
        """What was marked in the middle of a version must not stay: the next would be judged by it."""
        try:
            yield
        except BaseException:
            self._features.unmark_all()
            self._slots.scores[:] = 0
            raise

    def _matches(self, version: Searchable | Reading, now: datetime | None, upto: int, is_passing: bool) -> Matches:
        with self._marking():
            found = self._mark(version, now)
            self._weigh(found, is_passing)
            ids, scores = self._collect(self._hits[: self._hit(found)], upto)
            self._features.unmark(found)
        if is_passing:
            self._passed += 1
            if self._passed % _EVERY == 0:  # to tell compiled loops where all arrays are takes a while
                self._repost_some(found)
        return Matches(ids, scores, found.copy())

    def _repost_some(self, found: Ints) -> None:
        """Look whether some of the profiles that a version was held against lie where they cost least."""
        profiles, features = self._profiles(), self._features.arrays()
        if features.state[0] < ENOUGH:
            return
        looked, is_done = repost_some(found, self._place, profiles, features, self._scratch, self._needs)
        self._place += looked
        if not is_done:
            self._make_room()

    def _mark(self, version: Searchable | Reading, now: datetime | None) -> Ints:
        reading = version if isinstance(version, Reading) else Reading(version)
        return self._features.mark(reading, now or datetime.now(UTC))

    def _weigh(self, found: Ints, is_passing: bool) -> None:
        counts = self._features.arrays()
        weigh_features(found, counts.seen, counts.born, counts.weights, counts.state, int(is_passing))

    def _hit(self, found: Ints) -> int:
        """Write the slots of the profiles that match to `_hits`, and their scores to the slots; returns how many."""
        features, scores, hits = self._features.arrays(), self._slots.scores, self._hits
        present, weights, plain, checked = features.present, features.weights, self._plain, self._checked
        n = match_plain(found, weights, plain.rows, plain.data, scores, hits)
        n, n_wholes = match_checked(found, present, weights, checked.rows, checked.data, scores, hits, n, self._wholes)
        if n_wholes:
            wholes, trees = self._wholes[:n_wholes], self._trees.arrays()
            n = match_wholes(wholes, trees, features, self._scratch, scores, hits, n)
        return int(n)

    def _collect(self, hits: Ints, upto: int) -> tuple[Longs, Floats]:
        """The numbers and scores of the slots hit, since `upto` or before."""
        slots = self._slots.arrays()
        ids, scores = np.empty(len(hits), np.int64), np.empty(len(hits), np.float32)
        collect_hits(hits, slots.scores, slots.ids, ids, scores)
        if slots.state[NEWEST] <= upto:
            return ids, scores
        is_wanted = slots.since[hits] <= upto
        return ids[is_wanted], scores[is_wanted]

    def _lists(self) -> dict[str, Lists]:
        return {"trees": self._trees, "plain": self._plain, "checked": self._checked}

    def _written(self, query: Query | str, languages: Sequence[str]) -> list[int]:
        reader = languages_key(tuple(languages)) if languages else ()
        if isinstance(query, str):
            if tree := known_words(query, reader, self._features):
                return tree
            query = parse(query)
        return written(tree_of(query, lambda leaf: feature_of(leaf, reader, self._features)))

    def _put_one(self, profile_id: int, since: int, tree: Ints) -> None:
        """Hold what the tree names, post it, and forget what nobody names any more."""
        features = self._features
        self._prepare(1, len(tree))
        features.post()  # what finds no memory fails before the profile is there
        while (dead := self._put_compiled(profile_id, since, tree)) < 0:
            self._make_room()
        features.settle()
        if dead:
            features.forget(self._scratch.dead[:dead].tolist())

    def _put_compiled(self, profile_id: int, since: int, tree: Ints) -> int:
        nodes, shares, posts, dead = self._scratch  # as a plain tuple: see `ListParts`
        features, scratch = self._features.parts(), (nodes, shares, posts, dead)
        return int(put_profile(profile_id, since, tree, self._parts(), features, scratch, self._needs))

    def _put(self, batch: Batch) -> None:
        """Hold what the trees of a batch name, post them, and forget what nobody names any more."""
        ids, since, bounds, trees = batch.arrays()
        self._prepare(len(ids), batch.longest)
        hold_features(trees, bounds, self._features.arrays().uses, 1)
        self._features.settle()
        order, done = self._order(ids, bounds, trees), 0
        while done < len(ids):
            done, dead = put_profiles(
                done,
                order,
                ids,
                since,
                bounds,
                trees,
                self._parts(),
                self._features.parts(),
                self._scratch,
                self._needs,
            )
            if dead:
                self._features.forget(self._scratch.dead[:dead].tolist())
            if done < len(ids):
                self._make_room()

    def _order(self, ids: Longs, bounds: Longs, trees: Ints) -> Longs:
        """Profiles that are met together one after the other; as given where one is given twice: the last counts."""
        if len(ids) == 1 or has_twice(ids):
            return np.arange(len(ids))
        homes = np.zeros(len(ids), np.int32)
        find_homes(trees, bounds, self._features.arrays().uses, homes)
        return np.argsort(homes, kind="stable")

    def _prepare(self, profiles: int, longest: int) -> None:
        """Have a place for every slot and feature there is or may come, and room to work in."""
        slots = self._slots.want(profiles)
        self._trees.want(slots)
        self._plain.want(self._features.last)
        self._checked.want(self._features.last)
        self._widen_scratch(longest)
        # One place more than there are slots: the loops write a slot before they know whether it is there already.
        if slots >= len(self._hits):
            self._hits, self._wholes = np.zeros(slots + 1, np.int32), np.zeros(slots + 1, np.int32)

    def _make_room(self) -> None:
        trees, plain, checked, dead = self._needs.tolist()
        self._trees.want(0, trees)
        self._plain.want(0, plain)
        self._checked.want(0, checked)
        self._widen_scratch(dead)

    def _widen_scratch(self, size: int) -> None:
        if size > len(self._scratch.dead):
            self._scratch = _scratch(2 * size)

    def _profiles(self) -> ProfileArrays:
        return ProfileArrays(self._slots.arrays(), self._trees.arrays(), self._plain.arrays(), self._checked.arrays())

    def _parts(self) -> ProfileParts:
        return self._slots.parts(), self._trees.parts(), self._plain.parts(), self._checked.parts()

    def _supports(self, profile_ids: Longs) -> tuple[Ints, Ints]:
        """Where the features of each end, -1 for those that do not match, and the features."""
        slots, trees = self._slots.find_all(profile_ids), self._trees.arrays()
        sizes = trees.rows[np.maximum(slots, 0), 1]
        out, ends = np.zeros(int(sizes.sum()), np.int32), np.zeros(len(slots), np.int32)
        support_profiles(slots, trees, self._features.arrays(), self._scratch, ends, out)
        return ends, out[: ends.max(initial=0)]


def _scratch(size: int) -> Scratch:
    ints = np.zeros(size, np.int32)
    return Scratch(ints, np.zeros(size, np.float32), np.zeros((size, 5), np.int32), ints.copy())
