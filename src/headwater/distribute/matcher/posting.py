"""Posting, compiled: a profile put, changed or taken out among a million, touching nothing but its own places.

A profile is posted under features of which at least one is present in every version it matches: an All needs only its
rarest part's, an Any each part's. A posting is *plain* (the feature present is all it takes), or *checked*: up to three
literals that must hold as well, or `WHOLE`, the profile's whole tree.
"""

from __future__ import annotations

from numba import njit

from headwater.distribute.matcher.arrays import (
    FeatureArrays,
    FeatureParts,
    Floats,
    ProfileArrays,
    ProfileParts,
    Scratch,
    ScratchParts,
    SlotArrays,
)
from headwater.distribute.matcher.judging import SIZE, after, first_part, list_nodes
from headwater.distribute.matcher.lists import Ints, ListArrays, Longs, fill, is_room, place, room_for, take_out, vacate
from headwater.distribute.matcher.plan import ALL, ALWAYS, ANY, POSTED, WEIGHED, WHOLE
from headwater.distribute.matcher.slots import NEWEST, find_slot, free_slot, new_slot

_INLINE = 3
# What documents were seen to have counts as much as what was expected of them once there were so many.
_PRIOR_WEIGHT = 10.0
_UNANNOUNCED = 2.0


@njit(cache=True)
def _profiles_of(parts: ProfileParts) -> ProfileArrays:
    slots, trees, plain, checked = parts
    return ProfileArrays(SlotArrays(*slots), ListArrays(*trees), ListArrays(*plain), ListArrays(*checked))


@njit(cache=True)
def _features_of(parts: FeatureParts) -> FeatureArrays:
    return FeatureArrays(*parts)


@njit(cache=True, nogil=True)
def hold_features(trees: Ints, bounds: Longs, uses: Ints, by: int) -> None:
    """Count every literal of these trees in `uses`, `by` each; tree k is `trees[bounds[k] : bounds[k + 1]]`."""
    for k in range(len(bounds) - 1):
        _count(trees, bounds[k], bounds[k + 1], uses, by)


@njit(cache=True)
def _count(tree: Ints, begin: int, end: int, uses: Ints, by: int) -> None:
    at = begin
    while at < end:
        number = tree[at]
        if number < ALL:
            uses[abs(number) & ~POSTED] += by
            at += 1
        else:
            at += 3 if number >= WEIGHED else 2


@njit(cache=True)
def _literal(number: int) -> int:
    """The literal at a place of a tree, which may be posted under it."""
    return number & ~POSTED if number > 0 else number


@njit(cache=True)
def share_nodes(tree: Ints, features: FeatureArrays, nodes: Ints, shares: Floats) -> None:
    """For the node at each place, the share of versions in which one of its postings would be looked at.

    `_UNANNOUNCED` where it cannot be posted. An All costs what its rarest part does, an Any as much as all of them.
    """
    uses, seen, born, prior, state = features.uses, features.seen, features.born, features.prior, features.state
    for k in range(list_nodes(tree, nodes) - 1, -1, -1):
        at = nodes[k]
        number = tree[at]
        if number >= ALL:
            shares[at] = _share_of_parts(tree, at, shares)
        elif number < 0:
            shares[at] = _UNANNOUNCED
        elif number & ~POSTED == ALWAYS:
            shares[at] = 1.0
        else:
            # As seen so far, tempered by how many ask for it.
            feature = number & ~POSTED
            expected = min(1.0, prior[feature] + uses[feature] / (1.0 + state[1]))
            lived = state[0] - born[feature]
            shares[at] = min(0.99, (seen[feature] + _PRIOR_WEIGHT * expected) / (lived + _PRIOR_WEIGHT))


@njit(cache=True)
def _share_of_parts(tree: Ints, at: int, shares: Floats) -> float:
    least, most, total = _UNANNOUNCED, 0.0, 0.0
    part = first_part(tree, at)
    for _ in range(tree[at] & SIZE):
        share = shares[part]
        least, most, total = min(least, share), max(most, share), total + share
        part = after(tree, part)
    if tree[at] >= WEIGHED or tree[at] < ANY:
        return least
    return _UNANNOUNCED if most >= _UNANNOUNCED else total / (1.0 + total)


@njit(cache=True)
def _is_short(tree: Ints, at: int) -> bool:
    """Whether this is an All of literals that fit beside a posting."""
    number = tree[at]
    if number < ALL or number >= ANY or number & SIZE > _INLINE + 1:
        return False
    k, end = at + 2, at + 2 + (number & SIZE)
    while k < end and tree[k] < ALL:
        k += 1
    return k == end


@njit(cache=True)
def _is_simple(tree: Ints) -> bool:
    """Whether plain postings and checks beside them say all of the tree."""
    number = tree[0]
    if number < ALL or _is_short(tree, 0):
        return True
    if number < ANY or number >= WEIGHED:
        return False
    part = 2
    for _ in range(number & SIZE):
        if not (tree[part] < ALL or _is_short(tree, part)):
            return False
        part = after(tree, part)
    return True


@njit(cache=True)
def plan_posts(tree: Ints, shares: Floats, waiting: Ints, posts: Ints) -> int:
    """Write the postings of a tree whose shares are known; returns how many."""
    simple = _is_simple(tree)
    n, left = 0, 1
    waiting[0] = 0
    while left:
        left -= 1
        at = waiting[left]
        number = tree[at]
        if number < ALL:
            n = _write_post(tree, at, simple, posts, n)
        elif ANY <= number < WEIGHED:
            part = at + 2
            for _ in range(number & SIZE):
                waiting[left] = part
                left += 1
                part = after(tree, part)
        elif simple:
            best = _cheapest(tree, at, shares)
            n = _write_post(tree, best, simple, posts, n)
            _add_checks(tree, at, best, shares, posts, n - 1)
        else:
            waiting[left] = _cheapest(tree, at, shares)
            left += 1
    return n


@njit(cache=True)
def _write_post(tree: Ints, at: int, simple: bool, posts: Ints, n: int) -> int:
    posts[n, 0], posts[n, 1] = at, _literal(tree[at])
    posts[n, 2] = 0 if simple else WHOLE
    posts[n, 3] = posts[n, 4] = 0
    return n + 1


@njit(cache=True)
def _cheapest(tree: Ints, at: int, shares: Floats) -> int:
    part = best = first_part(tree, at)
    for _ in range(tree[at] & SIZE):
        if shares[part] < shares[best]:
            best = part
        part = after(tree, part)
    return best


@njit(cache=True)
def _add_checks(tree: Ints, at: int, best: int, shares: Floats, posts: Ints, row: int) -> None:
    """The other literals of a short All beside its posting, rare ones first: they fail most often; then absences."""
    begin, end = at + 2, at + 2 + (tree[at] & SIZE)
    for k in range(2, end - begin + 1):
        rarest = -1
        for here in range(begin, end):
            if here != best and shares[here] >= 0 and (rarest < 0 or shares[here] < shares[rarest]):
                rarest = here
        posts[row, k] = _literal(tree[rarest])
        shares[rarest] = -1.0


@njit(cache=True)
def is_room_for_posts(n: int, profiles: ProfileArrays, posts: Ints, needs: Longs) -> bool:
    """Whether all these postings fit; what may be needed of plain and of checked ones goes to `needs`.

    Several may be under one feature, whose list then grows more than once: from r records and k more it takes runs of
    less than 4 (r + k) in all, and nothing that was given back is counted on.
    """
    needs[0] = needs[1] = needs[2] = 0
    for k in range(n):
        if posts[k, 2]:
            needs[2] += 2 * profiles.checked.rows[posts[k, 1], 2] + 4
        else:
            needs[1] += 2 * profiles.plain.rows[posts[k, 1], 2] + 4
    return is_room(profiles.plain, needs[1]) and is_room(profiles.checked, needs[2])


@njit(cache=True)
def _is_room_for(n: int, size: int, profiles: ProfileArrays, posts: Ints, needs: Longs) -> bool:
    """The same with the tree; what may be needed of trees goes to `needs` too."""
    fits = is_room_for_posts(n, profiles, posts, needs)
    needs[0] = room_for(size)
    return fits and is_room(profiles.trees, needs[0])


@njit(cache=True)
def post(slot: int, tree: Ints, n: int, posts: Ints, profiles: ProfileArrays) -> None:
    """Put a slot's postings where they were planned; there is room for them."""
    for k in range(n):
        tree[posts[k, 0]] |= POSTED
        if posts[k, 2] == 0:
            profiles.plain.data[place(profiles.plain, posts[k, 1]), 0] = slot
            continue
        at = place(profiles.checked, posts[k, 1])
        profiles.checked.data[at, 0] = slot
        for check in range(3):
            profiles.checked.data[at, 1 + check] = posts[k, 2 + check]


@njit(cache=True)
def take_out_posts(slot: int, profiles: ProfileArrays) -> None:
    """Take all postings of a slot out; its tree goes on saying where they were."""
    trees = profiles.trees
    begin, end = trees.rows[slot, 0], trees.rows[slot, 0] + trees.rows[slot, 1]
    at = begin
    while at < end:
        number = trees.data[at, 0]
        if number >= ALL:
            at += 3 if number >= WEIGHED else 2
            continue
        if number > 0 and number & POSTED:
            take_out(profiles.plain, number & ~POSTED, slot)
            take_out(profiles.checked, number & ~POSTED, slot)
        at += 1


@njit(cache=True)
def _drop_tree(slot: int, trees: ListArrays, uses: Ints, dead: Ints, n: int) -> int:
    """Take a slot's tree away, and write the features nobody names now behind the first `n` in `dead`."""
    begin, end = trees.rows[slot, 0], trees.rows[slot, 0] + trees.rows[slot, 1]
    tree = trees.data[:, 0]
    _count(tree, begin, end, uses, -1)
    at = begin
    while at < end:
        number = tree[at]
        if number < ALL and uses[abs(number) & ~POSTED] == 0:
            dead[n] = abs(number) & ~POSTED
            n += 1
        at += 1 if number < ALL else (3 if number >= WEIGHED else 2)
    vacate(trees, slot)
    return n


@njit(cache=True, nogil=True)
def find_homes(trees: Ints, bounds: Longs, uses: Ints, homes: Ints) -> None:
    """For each tree the feature it is most often met by: of an Any the most used one, else the least used.

    Profiles with one home are put one after the other, so that what is looked at together lies together.
    """
    for k in range(len(homes)):
        at, is_any = bounds[k], ANY <= trees[bounds[k]] < WEIGHED
        homes[k] = ALWAYS
        while at < bounds[k + 1]:
            number = trees[at]
            if number >= ALL:
                at += 3 if number >= WEIGHED else 2
                continue
            if number > ALWAYS and (homes[k] == ALWAYS or (uses[number] > uses[homes[k]]) == is_any):
                homes[k] = number
            at += 1


@njit(cache=True, nogil=True)
def put_profiles(
    first: int,
    order: Longs,
    ids: Longs,
    since: Longs,
    bounds: Longs,
    trees: Ints,
    profile_parts: ProfileParts,
    feature_parts: FeatureParts,
    scratch: Scratch,
    needs: Longs,
) -> tuple[int, int]:
    """Add or change profiles in this order, from the `first` in it on; their features are held already.

    Returns how many of all are done, and how many features are in `scratch.dead`. Stops before a profile for which
    there is no room; see `_put`.
    """
    profiles, features = _profiles_of(profile_parts), _features_of(feature_parts)
    n_dead = 0
    for place_in_order in range(first, len(order)):
        k = order[place_in_order]
        tree = trees[bounds[k] : bounds[k + 1]]
        n = _put(ids[k], since[k], tree, profiles, features, scratch, needs, n_dead)
        if n < 0:
            return place_in_order, n_dead
        n_dead = n
    return len(order), n_dead


@njit(cache=True, nogil=True)
def put_profile(
    profile_id: int,
    since: int,
    tree: Ints,
    profile_parts: ProfileParts,
    feature_parts: FeatureParts,
    scratch_parts: ScratchParts,
    needs: Longs,
) -> int:
    """Hold what a tree names, and add or change its profile.

    Returns how many features are in `dead`, or -1 where there is no room, and nothing has changed; see `_put`.
    """
    features, scratch = _features_of(feature_parts), Scratch(*scratch_parts)
    _count(tree, 0, len(tree), features.uses, 1)
    n = _put(profile_id, since, tree, _profiles_of(profile_parts), features, scratch, needs, 0)
    if n < 0:
        _count(tree, 0, len(tree), features.uses, -1)
    return n


@njit(cache=True)
def _put(
    profile_id: int,
    since: int,
    tree: Ints,
    profiles: ProfileArrays,
    features: FeatureArrays,
    scratch: Scratch,
    needs: Longs,
    n_dead: int,
) -> int:
    """Add or change one profile; returns how many features are in `scratch.dead` then, behind the first `n_dead`.

    Where there is no room, -1; `needs` says what it may take: trees, plain and checked postings, dead features.
    """
    n = 0
    if tree[0] != -ALWAYS:
        share_nodes(tree, features, scratch.nodes, scratch.shares)
        n = plan_posts(tree, scratch.shares, scratch.nodes, scratch.posts)
    slot = find_slot(profiles.slots, profile_id)
    old = profiles.trees.rows[slot, 1] if slot >= 0 else 0
    needs[3] = old
    if n_dead + old > len(scratch.dead) or not _is_room_for(n, len(tree), profiles, scratch.posts, needs):
        return -1
    if slot < 0:
        slot = new_slot(profiles.slots, profile_id)
    else:
        take_out_posts(slot, profiles)
        n_dead = _drop_tree(slot, profiles.trees, features.uses, scratch.dead, n_dead)
    profiles.slots.since[slot] = since
    profiles.slots.state[NEWEST] = max(profiles.slots.state[NEWEST], since)
    post(slot, tree, n, scratch.posts, profiles)
    fill(profiles.trees, slot, tree)
    return n_dead


@njit(cache=True)
def remove_profile(profile_id: int, profile_parts: ProfileParts, uses: Ints, dead: Ints) -> int:
    """Take a profile out; returns how many features are in `dead`, or -1 when there was no such profile."""
    profiles = _profiles_of(profile_parts)
    slot = find_slot(profiles.slots, profile_id)
    if slot < 0:
        return -1
    take_out_posts(slot, profiles)
    n = _drop_tree(slot, profiles.trees, uses, dead, 0)
    free_slot(profiles.slots, slot)
    return n
