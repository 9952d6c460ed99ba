"""What a rule may hold.

A rule is one of
    {"everyone": true}
    {"unit": slug, "below": true}     in the unit and everything under it; without "below": in the unit itself
    {"role": slug}  {"community": slug}  {"language": code}  {"location": name}  {"tag": tag}  {"person": id}
    {"all": [rules]}  {"any": [rules]}  {"not": rule}
"""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

Rule = dict[str, Any]

LEAVES = ("everyone", "unit", "role", "community", "language", "location", "tag", "person")
DEEPEST = 12
MOST_CONDITIONS = 300


class RuleError(ValidationError):
    """A rule that cannot be read. `place` says where: a path such as `all[1].unit`, or a position in the text form."""

    def __init__(self, message: str, place: str | int = "") -> None:
        self.place = place
        super().__init__({"rule": f"{place}: {message}" if isinstance(place, str) and place else message})


def parts_of(rule: Any, place: str = "") -> tuple[str, Any]:
    """(kind, value) of a rule's outermost part. Raises `RuleError` when it is not shaped like a rule."""
    if not isinstance(rule, dict):
        raise RuleError(_("a condition is an object such as {“unit”: “roads”}."), place)
    kinds = [key for key in rule if key != "below"]
    if len(kinds) != 1 or kinds[0] not in (*LEAVES, "all", "any", "not"):
        known = ", ".join((*LEAVES, "all", "any", "not"))
        raise RuleError(_("a condition holds exactly one of %(kinds)s.") % {"kinds": known}, place)
    kind = kinds[0]
    if "below" in rule and (kind != "unit" or not isinstance(rule["below"], bool)):
        raise RuleError(_("“below” stands beside “unit”, and is true or false."), place)
    _check_value(kind, rule[kind], f"{place}.{kind}" if place else kind)
    return kind, rule[kind]


def _check_value(kind: str, value: Any, place: str) -> None:
    if kind in ("all", "any"):
        if not isinstance(value, list) or not value:
            raise RuleError(_("this needs a list with at least one condition."), place)
    elif kind == "everyone":
        if value is not True:
            raise RuleError(_("“everyone” is true or is left out."), place)
    elif kind == "person":
        if not isinstance(value, int) or isinstance(value, bool):
            raise RuleError(_("a person is named by their number here."), place)
    elif kind != "not" and not (isinstance(value, str) and value.strip()):
        raise RuleError(_("this needs a name that is not empty."), place)


def walk(rule: Any, place: str = "", depth: int = 0) -> Iterator[tuple[str, Rule]]:
    """Every leaf of a rule with its place, from left to right. Raises `RuleError` at the first fault."""
    if depth > DEEPEST:
        raise RuleError(_("conditions lie inside each other at most %(deepest)s deep.") % {"deepest": DEEPEST}, place)
    kind, value = parts_of(rule, place)
    inner = f"{place}.{kind}" if place else kind
    if kind == "not":
        yield from walk(value, inner, depth + 1)
    elif kind in ("all", "any"):
        for number, part in enumerate(value):
            yield from walk(part, f"{inner}[{number}]", depth + 1)
    else:
        yield inner, rule


def check_shape(rule: Any) -> list[tuple[str, Rule]]:
    """The leaves of a well-formed rule with their places; raises `RuleError` naming the place of the first fault."""
    leaves = list(walk(rule))
    if len(leaves) > MOST_CONDITIONS:
        raise RuleError(_("a rule holds at most %(most)s conditions.") % {"most": MOST_CONDITIONS})
    return leaves
