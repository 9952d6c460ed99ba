"""The language in which an audience says whom it means: what it holds, its text form, its lines, its words."""

from headwater.people.rule.language import LEAVES, Rule, RuleError, parts_of, walk
from headwater.people.rule.lines import Line, from_lines, to_lines
from headwater.people.rule.text import parse_rule, write_rule

__all__ = [
    "LEAVES",
    "Line",
    "Rule",
    "RuleError",
    "from_lines",
    "parse_rule",
    "parts_of",
    "to_lines",
    "walk",
    "write_rule",
]
