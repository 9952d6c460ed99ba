"""Whom a rule selects, now: its check, its query, its count, its words. `rule/` holds the language itself.

`select(rule)` always asks the live tables. `membership.py` keeps the answer for saved audiences.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Q
from django.utils.text import capfirst, get_text_list
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from headwater.people.models import (
    Audience,
    Community,
    Membership,
    OtherUnit,
    Person,
    PersonRole,
    PersonTag,
    Role,
    Unit,
)
from headwater.people.models.person import PersonQuerySet
from headwater.people.rule.language import Rule, RuleError, check_shape, parts_of

EVERYONE: Rule = {"everyone": True}


# --- Selecting --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Places:
    """Every unit's id and path, read once for any number of rules."""

    units: tuple[tuple[int, str, str], ...]

    @classmethod
    def now(cls) -> "Places":
        return cls(tuple(Unit.objects.order_by().values_list("pk", "slug", "path")))

    def ids(self, slug: str, below: bool) -> list[int]:
        """The ids of the unit with that slug, and of those below it; none when there is no such unit."""
        path = next((path for _pk, own, path in self.units if own == slug), None)
        if path is None:
            return []
        return [pk for pk, own, other in self.units if own == slug or (below and other.startswith(path))]


def select(rule: Rule) -> PersonQuerySet:
    """The active people whom the rule selects at this moment. Raises `RuleError` when it cannot be read."""
    check_shape(rule)
    return Person.objects.active().filter(to_q(rule, Places.now()))


def to_q(rule: Rule, places: Places) -> Q:
    """A well-formed rule as a condition on `Person`. Names that do not exist select nobody."""
    kind, value = parts_of(rule)
    if kind == "all":
        return reduce(and_, (to_q(part, places) for part in value))
    if kind == "any":
        return reduce(or_, (to_q(part, places) for part in value))
    if kind == "not":
        return ~to_q(value, places)
    if kind == "unit":
        return _in_units(places.ids(value, rule.get("below", False)))
    return LEAF_QUERIES[kind](value)


def _in_units(ids: list[int]) -> Q:
    also = OtherUnit.objects.filter(unit__in=ids).values("person_id")
    return Q(pk__in=Person.objects.filter(unit__in=ids).values("pk")) | Q(pk__in=also)


LEAF_QUERIES: dict[str, Callable[[Any], Q]] = {
    "everyone": lambda _value: Q(pk__isnull=False),
    "role": lambda slug: Q(pk__in=PersonRole.objects.filter(role__slug=slug).values("person_id")),
    "community": lambda slug: Q(pk__in=Membership.objects.filter(community__slug=slug).values("person_id")),
    "language": lambda code: Q(language__iexact=code) | Q(language__istartswith=f"{code}-"),
    "location": lambda name: Q(location__iexact=name.strip()),
    "tag": lambda tag: Q(pk__in=PersonTag.objects.filter(tag=tag).values("person_id")),
    "person": lambda pk: Q(pk=pk),
}


def counts(rules: Iterable[Rule | None]) -> list[int]:
    """How many active people each rule selects (none for no rule), with one reading of the units."""
    places = Places.now()
    return [0 if rule is None else Person.objects.active().filter(to_q(rule, places)).count() for rule in rules]


# --- Checking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Names:
    """What the organisation's units, roles, communities and some people are called, for checking and describing."""

    known: dict[str, dict[Any, str]]

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> "Names":
        """The names that these rules need: at most one query a kind, whatever the number of rules."""
        leaves = [leaf for rule in rules for _place, leaf in check_shape(rule)]
        known: dict[str, dict[Any, str]] = {}
        for kind, model in (("unit", Unit), ("role", Role), ("community", Community)):
            wanted = {leaf[kind] for leaf in leaves if kind in leaf}
            found = model._default_manager.filter(slug__in=wanted).values_list("slug", "name") if wanted else ()
            known[kind] = dict(found)
        people = {leaf["person"] for leaf in leaves if "person" in leaf}
        known["person"] = dict(Person.objects.filter(pk__in=people).values_list("pk", "name") if people else ())
        return cls(known)

    def __call__(self, kind: str, value: Any) -> str:
        return self.known[kind].get(value, str(value))


def check_rule(rule: Any) -> Rule:
    """The rule, when it can be read and all it names exists. Raises `RuleError` with the place of the first fault."""
    leaves = check_shape(rule)
    names = Names.of([rule])
    missing = {
        "unit": _("there is no unit “%(value)s”."),
        "role": _("there is no role “%(value)s”."),
        "community": _("there is no community “%(value)s”."),
        "person": _("there is no person with the number %(value)s."),
    }
    for place, leaf in leaves:
        kind, value = parts_of(leaf)
        if kind in missing and value not in names.known[kind]:
            raise RuleError(missing[kind] % {"value": value}, place)
    return rule


def using(kind: str, value: Any) -> list[Audience]:
    """The saved audiences whose rules name that unit, role, community or person: they would fall silent without it."""
    return [
        audience
        for audience in Audience.objects.all()
        if any(leaf.get(kind) == value for _place, leaf in check_shape(audience.rule))
    ]


@dataclass(frozen=True)
class Mentioned:
    """The communities that rules name, by slug, and those of them whose members a rule leaves out."""

    named: frozenset[str]
    left_out: frozenset[str]

    @classmethod
    def by(cls, rules: Iterable[Rule]) -> "Mentioned":
        """What these rules mention; a community is left out where an odd number of `not` lies around it."""
        found = [
            (leaf["community"], place) for rule in rules for place, leaf in check_shape(rule) if "community" in leaf
        ]
        left_out = {slug for slug, place in found if place.split(".").count("not") % 2}
        return cls(frozenset(slug for slug, _place in found), frozenset(left_out))

    @classmethod
    def by_audiences(cls) -> "Mentioned":
        """What the saved audiences mention, in one query."""
        return cls.by(Audience.objects.order_by().values_list("rule", flat=True))


def own_doing(rule: Rule) -> list[str]:
    """What people may change themselves of the rule's conditions, in sentences: they would let themselves in.

    Nobody joins without asking what a rule leaves out.
    """
    here = Mentioned.by([rule])
    free = here.named - here.left_out
    free = free - Mentioned.by_audiences().left_out if free else free
    communities = Community.objects.filter(slug__in=free, is_open=True).order_by("name") if free else []
    said = _("Anybody joins the community %(name)s as they like: do not rest on it what nobody may choose.")
    return [said % {"name": community.name} for community in communities]


# --- Words ------------------------------------------------------------------------------------------------------------


def describe(rule: Rule, names: Names | None = None) -> str:
    """The rule in words: “in Roads or in Surveys, but not at Head office”. Pass `names` for many rules at once."""
    return _described(rule, names or Names.of([rule]), inside=False)


def name_for(rule: Rule) -> str:
    """What an audience is called that nobody named: “People in Roads”. At most 200 characters."""
    words = describe(rule)
    if not any(kind in leaf for _place, leaf in check_shape(rule) for kind in ("person", "everyone")):
        words = _("People %(rule)s") % {"rule": words}
    return capfirst(words if len(words) <= 200 else f"{words[:199]}…")


def _described(rule: Rule, names: Names, inside: bool) -> str:
    kind, value = parts_of(rule)
    if kind in ("all", "any"):
        if len(value) == 1:
            return _described(value[0], names, inside)
        joined = (_all_of if kind == "all" else _any_of)(value, names)
        return f"({joined})" if inside else joined
    if kind == "not":
        return _("not %(condition)s") % {"condition": _described(value, names, inside=True)}
    if kind == "unit" and rule.get("below"):
        return _("in %(name)s") % {"name": names("unit", value)}
    return leaf_words(rule, names)


def _any_of(parts: list[Rule], names: Names) -> str:
    return str(get_text_list([_described(part, names, inside=True) for part in parts], _("or")))


def _all_of(parts: list[Rule], names: Names) -> str:
    """What all must hold; what must not stands last: “in Roads and with the role Inspector, but not at Hall”."""
    wanted = [_described(part, names, inside=True) for part in parts if "not" not in part]
    unwanted = [_described(part, names, inside=True) for part in parts if "not" in part]
    words = [str(get_text_list(group, _("and"))) for group in (wanted, unwanted) if group]
    return words[0] if len(words) == 1 else _("%(who)s, but %(others)s") % {"who": words[0], "others": words[1]}


def leaf_words(leaf: Rule, names: Names) -> str:
    """One condition in words."""
    kind, value = parts_of(leaf)
    if kind == "everyone":
        return _("everyone")
    if kind == "unit":
        sentence = _("in %(name)s or below") if leaf.get("below") else _("in %(name)s itself")
        return sentence % {"name": names("unit", value)}
    sentences = {
        "role": _("with the role %(name)s"),
        "community": _("in the community %(name)s"),
        "language": _("reading %(name)s"),
        "location": _("at %(name)s"),
        "tag": _("marked %(name)s"),
        "person": "%(name)s",
    }
    return sentences[kind] % {"name": names(kind, value) if kind in names.known else _spoken(kind, value)}


def _spoken(kind: str, value: Any) -> str:
    """A language by its name in the reader's language, a mark without its hyphens."""
    if kind == "language":
        with suppress(KeyError):
            return str(get_language_info(value)["name_translated"])
    return str(value).replace("-", " ") if kind == "tag" else str(value)
