"""A rule as the lines of the rule builder.

Each line holds conditions of which one is enough, and says how it joins what stands above it:
    unit Water and Drainage or unit Roads
    and   role Drainage inspector or role Crew leader
    not   location Head office
    or    community Confined-space rescuers
"""

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.people.rule.language import LEAVES, Rule

JOINS = ("and", "not", "or")


@dataclass(frozen=True)
class Line:
    """`joins` is and, not or or ("" for the first line); `chips` are leaf conditions, one of which is enough."""

    joins: str
    chips: tuple[Rule, ...]


def from_lines(lines: Sequence[Line]) -> Rule | None:
    """The rule that the lines mean, read from the top; None without any. Lines without conditions are left out."""
    rule: Rule | None = None
    for line in lines:
        if line.chips:
            rule = _joined(rule, line)
    return rule


def prefixes(lines: Sequence[Line]) -> list[Rule | None]:
    """The rule after each line, for the count that stands at its end."""
    return [from_lines(lines[: number + 1]) for number in range(len(lines))]


def _joined(rule: Rule | None, line: Line) -> Rule:
    own = line.chips[0] if len(line.chips) == 1 else {"any": list(line.chips)}
    if line.joins == "not":
        own = {"not": own}
    if rule is None:
        return own
    kind = "any" if line.joins == "or" else "all"
    before = rule[kind] if kind in rule and not _is_chips(rule) else [rule]
    return {kind: [*before, own]}


def to_lines(rule: Rule) -> list[Line] | None:
    """The lines that mean this rule; None when it is nested more deeply than lines can say."""
    chips = _chips(rule)
    if chips is not None:
        return [Line("", chips)]
    if "not" in rule:
        chips = _chips(rule["not"])
        return None if chips is None else [Line("not", chips)]
    return _all_lines(rule["all"]) if "all" in rule else _any_lines(rule["any"])


def _all_lines(parts: list[Rule]) -> list[Line] | None:
    lines = to_lines(parts[0])
    for part in parts[1:]:
        joins, inner = ("not", part["not"]) if "not" in part else ("and", part)
        chips = _chips(inner)
        if lines is None or chips is None:
            return None
        lines.append(Line(joins, chips))
    return lines


def _any_lines(parts: list[Rule]) -> list[Line] | None:
    nested = [number for number, part in enumerate(parts) if _chips(part) is None]
    if len(nested) > 1:
        return None
    first = nested[0] if nested else 0
    lines = to_lines(parts[first])
    if lines is None:
        return None
    others = (chips for number, part in enumerate(parts) if number != first and (chips := _chips(part)))
    return [*lines, *(Line("or", chips) for chips in others)]


def _is_chips(rule: Rule) -> bool:
    return _chips(rule) is not None


def _chips(rule: Rule) -> tuple[Rule, ...] | None:
    if any(leaf in rule for leaf in LEAVES):
        return (rule,)
    parts = rule.get("any", [])
    return tuple(parts) if parts and all(any(leaf in part for leaf in LEAVES) for part in parts) else None
