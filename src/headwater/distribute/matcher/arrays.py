"""What compiled loops see: each part's arrays in a bundle, or one by one where every version needs them.

They are replaced when they grow: ask for them, and bundle them, for every call.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headwater.distribute.matcher.lists import Ints, ListArrays, ListParts, Longs

Floats = NDArray[np.float32]
Flags = NDArray[np.uint8]


class PairArrays(NamedTuple):
    """The table of pairs of lexemes: the pairs, -1 where there is none, and the row of each."""

    keys: Longs
    rows: Ints


class WordArrays(NamedTuple):
    """Words and phrases.

    `singles`: lexeme → features. `phrases`: row of a pair → (feature, where in `forms.data` the rest of the form
    begins, how long the rest is). `forms`: feature → the lexemes of all its forms, one form after the other.
    """

    singles: ListArrays
    phrases: ListArrays
    forms: ListArrays
    pairs: PairArrays


WordParts = tuple[ListParts, ListParts, ListParts, tuple[Longs, Ints]]


class FeatureArrays(NamedTuple):
    """The features, by number.

    `present` marks those of the version looked at; `uses` counts the places in profiles that name a feature; of the
    documents since number `born`, `seen` had it, and `prior` is the share expected; `weights` is what it counts for;
    `sizes` how many words side by side it is, 0 when it is no words. `state`: documents seen, features there are.
    """

    present: Flags
    weights: Floats
    uses: Ints
    seen: Floats
    born: Floats
    prior: Floats
    sizes: Ints
    state: Longs


FeatureParts = tuple[Flags, Floats, Ints, Floats, Floats, Floats, Ints, Longs]


class SlotArrays(NamedTuple):
    """The slots of profiles.

    `table` is open-addressed by the number from outside: slot + 1, or 0. `ids` has each slot's number, -1 when it is
    free; `since` the oldest transaction it takes, of a free one the next free slot + 1. `state`: how many profiles
    there are, slots ever used, first free slot + 1, newest `since`. `scores` is all zeros between two versions.
    """

    table: Ints
    ids: Longs
    since: Longs
    state: Longs
    scores: Floats


SlotParts = tuple[Ints, Longs, Longs, Longs, Floats]


class ProfileArrays(NamedTuple):
    """The profiles: their slots, the tree of each slot, and the postings of each feature.

    `plain` holds (slot), `checked` (slot, check, check, check), 0 where there is none.
    """

    slots: SlotArrays
    trees: ListArrays
    plain: ListArrays
    checked: ListArrays


ProfileParts = tuple[SlotParts, ListParts, ListParts, ListParts]


class Scratch(NamedTuple):
    """Room to work in, as long as the longest tree: its nodes, the share of versions or the worth of each, postings
    planned (place in the tree, feature, three checks), and features that nobody names now.
    """

    nodes: Ints
    shares: Floats
    posts: Ints
    dead: Ints


ScratchParts = tuple[Ints, Floats, Ints, Ints]
