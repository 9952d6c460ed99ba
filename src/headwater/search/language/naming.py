"""What the value of a field means: kept as a slug, but named by people as they see it on the screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from headwater.search.language.errors import QueryError
from headwater.search.language.folding import facet_key
from headwater.search.language.query import Facet, Query, any_of

Values = Mapping[str, tuple[str, ...]]
"""Folded slug or name → the slugs it stands for: two units may be called the same."""

_LEAST_ALIKE = 0.55


def values_of(named: Iterable[tuple[str, Iterable[str]]]) -> Values:
    """The values from pairs of a slug and its names. A slug means itself alone, whatever else is called so."""
    slugs: dict[str, tuple[str, ...]] = {}
    names: dict[str, list[str]] = {}
    for slug, called in named:
        slugs[facet_key(slug)] = (slug,)
        for name in called:
            kept = names.setdefault(facet_key(name), [])
            if slug not in kept:
                kept.append(slug)
    return {name: tuple(meant) for name, meant in names.items() if name} | slugs


def meant(leaf: Facet, values: Values) -> Query:
    """The leaf with its value as a slug, or several of them. Raises QueryError that offers the value most like it."""
    key = facet_key(leaf.value)
    if key in values:
        return any_of(Facet(leaf.name, slug, position=leaf.position) for slug in values[key])
    nearest = get_close_matches(key, values, n=1, cutoff=_LEAST_ALIKE)
    if nearest:
        raise QueryError("unknown_value", leaf.position, name=leaf.name, value=leaf.value, nearest=nearest[0])
    raise QueryError("no_such_value", leaf.position, name=leaf.name, value=leaf.value)
