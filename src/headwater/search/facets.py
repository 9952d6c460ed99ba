"""The boxes beside the results: what can be ticked, how much it holds, and the search that ticking leads to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from headwater.people.models import Unit
from headwater.search.language.folding import facet_key
from headwater.search.language.parser import parse
from headwater.search.language.query import FACET_NAMES, And, Dated, Facet, Or, Query, all_of, any_of
from headwater.search.language.writing import to_text
from headwater.search.lexical.searching import FacetCount
from headwater.search.models import Kind
from headwater.search.naming import source_names

SHOWN = ("kind", "standing", "unit", "source", "lang", "year")
_MOST_SHOWN = 8
TITLES = {
    "kind": _("Kind"),
    "standing": _("Can I rely on it?"),
    "unit": _("Unit"),
    "source": _("Source"),
    "lang": _("Language"),
    "year": _("Published"),
}
STANDINGS = {"verified": _("Verified, in date"), "due": _("Review due"), "disputed": _("Disputed")}


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a box: `address` is the query string of the search with this choice ticked, or no longer."""

    id: str
    label: str | Promise
    count: int
    is_chosen: bool
    is_excluded: bool
    address: str


@dataclass(frozen=True, slots=True)
class Box:
    """One facet with its choices."""

    name: str
    title: str | Promise
    choices: list[Choice]


def boxes(
    query: Query, counts: Mapping[str, Sequence[FacetCount]], asked: Mapping[str, list[str]], total: int
) -> list[Box]:
    """The boxes worth showing: a facet with a single value that all `total` entries have says nothing.

    `asked` is the query string as it stands: q, sort, standing.
    """
    found = []
    for name in SHOWN:
        chosen = chosen_values(query, name) | {facet_key(value) for value in asked.get(name, [])}
        given = counts.get(name, ())
        # What is chosen can be unticked, even where nothing has it.
        absent = [FacetCount(key, 0, False) for key in sorted(chosen - {count.key for count in given})]
        labels = _labels(name, [*given, *absent])
        shown = [count for count in given if count.key in labels][:_MOST_SHOWN] + absent
        if len(shown) > 1 or chosen or any(count.count < total for count in shown):
            choices = [
                _choice(query, name, count, labels.get(count.key, count.key), chosen, asked)
                for count in _in_order(name, shown)
            ]
            found.append(Box(name, TITLES[name], choices))
    return found


def _in_order(name: str, counts: Sequence[FacetCount]) -> Sequence[FacetCount]:
    return sorted(counts, key=lambda count: count.key, reverse=True) if name == "year" else counts


def _choice(
    query: Query,
    name: str,
    count: FacetCount,
    label: str | Promise,
    chosen: set[str],
    asked: Mapping[str, list[str]],
) -> Choice:
    is_chosen = count.key in chosen
    changed = dict(asked)
    if name == "standing":
        changed[name] = sorted(chosen ^ {count.key})
    else:
        changed["q"] = [to_text(toggled(query, name, count.key))]
    address = "?" + urlencode(changed, doseq=True)
    return Choice(f"f-{name}-{count.key}", label, count.count, is_chosen, count.excluded, address)


def _parts(query: Query) -> tuple[Query, ...]:
    return query.parts if isinstance(query, And) else (query,)


def _value_in(part: Query, name: str) -> str | None:
    """The value of a facet that this leaf asks for; "" for a leaf of another kind."""
    if name == "year" and isinstance(part, Dated) and part.since and part.until:
        whole = parse(f"published:{part.since.year}")
        return str(part.since.year) if whole == part else None
    return facet_key(part.value) if isinstance(part, Facet) and part.name == name else None


def chosen_values(query: Query, name: str) -> set[str]:
    """The values to which the query as a whole is limited."""
    for part in _parts(query):
        values = [_value_in(choice, name) for choice in (part.parts if isinstance(part, Or) else (part,))]
        if all(value is not None for value in values):
            return {value for value in values if value is not None}
    return set()


def toggled(query: Query, name: str, key: str) -> Query:
    """The query limited to one value more of a facet, or to one less."""
    chosen = chosen_values(query, name) ^ {key}
    kept = [part for part in _parts(query) if not _limits(part, name)]
    if not chosen:
        return all_of(kept)
    return all_of([*kept, any_of(_leaf(name, value) for value in sorted(chosen))])


def _limits(part: Query, name: str) -> bool:
    choices = part.parts if isinstance(part, Or) else (part,)
    return all(_value_in(choice, name) is not None for choice in choices)


def _leaf(name: str, value: str) -> Query:
    return Facet(name, value) if name in FACET_NAMES else parse(f"published:{value}")


def _labels(name: str, counts: Sequence[FacetCount]) -> Mapping[str, str | Promise]:
    keys = [count.key for count in counts]
    if name == "kind":
        return {facet_key(value): label for value, label in Kind.choices}
    if name == "standing":
        return STANDINGS
    if name == "unit":
        return {
            facet_key(slug): label for slug, label in Unit.objects.filter(slug__in=keys).values_list("slug", "name")
        }
    if name == "lang":
        return {key: _language(key) for key in keys if "-" not in key}
    if name == "source" and keys:
        called = {facet_key(slug): label for slug, label in source_names().items()}
        return {key: called.get(key, key) for key in keys}
    return {key: key for key in keys}


def _language(tag: str) -> str:
    try:
        return str(get_language_info(tag)["name_translated"])
    except KeyError:
        return tag
