"""Posting anew, compiled: a profile moves once versions have taught under which of its words it costs less.

Looked at are postings with checks beside them: plain ones have no choice. A profile moves only when what it would be
met by came at most half as often as what it is met by now, so that nothing moves to and fro. What matches stays the
same wherever a profile is posted.
"""

from __future__ import annotations

from numba import njit

from headwater.distribute.matcher.arrays import FeatureArrays, Floats, ProfileArrays, Scratch
from headwater.distribute.matcher.judging import first_part
from headwater.distribute.matcher.lists import Ints, Longs, take_at
from headwater.distribute.matcher.plan import ALL, POSTED
from headwater.distribute.matcher.posting import is_room_for_posts, plan_posts, post, share_nodes, take_out_posts

_CLEARLY = 2.0
# What fewer versions lead to stays: it costs little, and profiles that were put together lie together.
_WORTH_IT = 0.01
# Of the postings that a version led to so many are looked at, and one of so many more.
_AT_ONCE, _OF_SO_MANY = 16, 512
# Postings that are gone through to take one out of many lists: beyond this a profile stays where it is.
_MOST_EFFORT = 100_000


@njit(cache=True, nogil=True)
def repost_all(first: int, profiles: ProfileArrays, features: FeatureArrays, scratch: Scratch, needs: Longs) -> int:
    """Look at the postings of every feature from the `first` on; returns with which to go on when there is room."""
    rows = profiles.checked.rows
    for feature in range(first, len(rows)):
        if repost_under(feature, 0, rows[feature, 1], profiles, features, scratch, needs):
            return feature
    return len(rows)


@njit(cache=True)
def repost_some(
    found: Ints, place: int, profiles: ProfileArrays, features: FeatureArrays, scratch: Scratch, needs: Longs
) -> tuple[int, bool]:
    """Look at a few of the postings that a version's features led to, which lie one after the other from `place` on.

    Where very many were gone through there are more of them. Returns how many, and whether there was room.
    """
    rows, total = profiles.checked.rows, 0
    for feature in found:
        total += rows[feature, 1]
    if total == 0:
        return 0, True
    looked = left = min(total, _AT_ONCE + total // _OF_SO_MANY)
    begin = place % total
    for feature in found:
        count = rows[feature, 1]
        if begin < count and left > 0:
            end = min(count, begin + left)
            if repost_under(feature, begin, end, profiles, features, scratch, needs) > begin:
                return looked, False
            left -= end - begin
            begin = 0
        elif left > 0:
            begin -= count
    return looked, True


@njit(cache=True)
def repost_under(
    feature: int,
    first: int,
    last: int,
    profiles: ProfileArrays,
    features: FeatureArrays,
    scratch: Scratch,
    needs: Longs,
) -> int:
    """Look at the checked postings of a feature from the `last` one, which is not included, down to the `first`.

    Returns `first` when it is done; else the `last` to go on with when there is room: `needs` says what it may take,
    trees, plain and checked postings, and dead features.
    """
    rows, data = profiles.checked.rows, profiles.checked.data
    for k in range(last - 1, first - 1, -1):
        # From the end, for where one is taken out the last comes; that of a tree posted twice may be gone already.
        if k >= rows[feature, 1]:
            continue
        at = rows[feature, 0] + k
        if not _move(data[at, 0], at, feature, profiles, features, scratch, needs):
            return k + 1
    return first


@njit(cache=True)
def _move(
    slot: int,
    at: int,
    feature: int,
    profiles: ProfileArrays,
    features: FeatureArrays,
    scratch: Scratch,
    needs: Longs,
) -> bool:
    """Post a profile anew, if that is clearly cheaper; False when there is no room for it."""
    begin = profiles.trees.rows[slot, 0]
    tree = profiles.trees.data[begin : begin + profiles.trees.rows[slot, 1], 0]
    share_nodes(tree, features, scratch.nodes, scratch.shares)
    cost, posted, effort = _as_posted(tree, scratch.shares, profiles)
    if cost < _WORTH_IT or effort > _MOST_EFFORT:
        return True
    n = plan_posts(tree, scratch.shares, scratch.nodes, scratch.posts)
    if _CLEARLY * _as_planned(scratch.posts, n, scratch.shares) > cost:
        return True
    if not is_room_for_posts(n, profiles, scratch.posts, needs):
        return False
    if posted == 1:
        take_at(profiles.checked, feature, at)
    else:
        take_out_posts(slot, profiles)
    _unmark(tree)
    post(slot, tree, n, scratch.posts, profiles)
    return True


@njit(cache=True)
def _as_posted(tree: Ints, shares: Floats, profiles: ProfileArrays) -> tuple[float, int, int]:
    """The share of versions in which a posting of the tree is looked at, how many it has, and how many lie beside."""
    at, cost, posted, effort = 0, 0.0, 0, len(tree)
    while at < len(tree):
        number = tree[at]
        if number >= ALL:
            at = first_part(tree, at)
            continue
        if number > 0 and number & POSTED:
            feature = number & ~POSTED
            cost += shares[at]
            posted += 1
            effort += profiles.plain.rows[feature, 1] + profiles.checked.rows[feature, 1]
        at += 1
    return cost, posted, len(tree) if posted == 1 else effort


@njit(cache=True)
def _as_planned(posts: Ints, n: int, shares: Floats) -> float:
    cost = 0.0
    for k in range(n):
        cost += shares[posts[k, 0]]
    return cost


@njit(cache=True)
def _unmark(tree: Ints) -> None:
    """Take back where the tree is said to be posted."""
    at = 0
    while at < len(tree):
        if tree[at] >= ALL:
            at = first_part(tree, at)
            continue
        if tree[at] > 0:
            tree[at] &= ~POSTED
        at += 1
