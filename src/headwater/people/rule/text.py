"""The text form of a rule, for people who would rather type.

    unit:drainage and (role:inspector or role:crew-leader) and not location:"Head office"

`unit:` means the unit and everything below it, `unit-only:` the unit itself. `and` binds closer than `or`.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from headwater.core.typed import read_number
from headwater.people.rule.language import DEEPEST, LEAVES, Rule, RuleError

TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()])
    |(?P<key>[a-z-]+)\s*:\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s()"]+))
    |(?P<word>[^\s()":]++)(?!\s*:))""",
    re.VERBOSE | re.DOTALL,
)
LEVELS = {"any": 0, "all": 1, "not": 2}


@dataclass(frozen=True)
class Token:
    """One word of the text: a mark, a keyword (in small letters), or a condition."""

    kind: str
    value: Any
    position: int


def parse_rule(text: str) -> Rule:
    """The rule that a text means. Raises `RuleError` with the position (from 1) of what cannot be read."""
    reader = _Reader(_tokens(text), len(text) + 1)
    rule = reader.either(0)
    if reader.peek is not None:
        raise _at(_("“and” or “or” is missing before this."), reader.peek.position)
    return rule


def _at(message: str, position: int) -> RuleError:
    error = RuleError(_("Position %(position)s: %(message)s") % {"position": position, "message": message})
    error.place = position
    return error


def _tokens(text: str) -> list[Token]:
    tokens, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            raise _at(_("this cannot be read; is a quotation mark or a name missing?"), position + 1)
        tokens.append(_token(match))
        position = match.end()
    return tokens


def _token(match: re.Match[str]) -> Token:
    start = match.end() - len(match.group().lstrip()) + 1
    if match["mark"]:
        return Token(match["mark"], None, start)
    if match["key"]:
        quoted = match["quoted"]
        value = match["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        return Token("leaf", _leaf(match["key"], value, start), start)
    word = match["word"].lower()
    if word == "everyone":
        return Token("leaf", {"everyone": True}, start)
    if word not in ("and", "or", "not"):
        message = _("“%(word)s” is no condition; write for example unit:roads or role:inspector.")
        raise _at(message % {"word": match["word"]}, start)
    return Token(word, None, start)


def _leaf(key: str, value: str, position: int) -> Rule:
    if key == "unit":
        return {"unit": value, "below": True}
    if key == "unit-only":
        return {"unit": value}
    if key == "person":
        number = read_number(value)
        if number is None:
            raise _at(_("a person is named by their number here."), position)
        return {"person": number}
    if key not in LEAVES or key == "everyone":
        known = ", ".join(["unit", "unit-only", *LEAVES[2:]])
        raise _at(_("“%(key)s:” is not known; there are %(known)s.") % {"key": key, "known": known}, position)
    if not value.strip():
        raise _at(_("a name is missing after “%(key)s:”.") % {"key": key}, position)
    return {key: value}


class _Reader:
    """Reads tokens: either := both (or both)*; both := one (and one)*; one := not one | ( either ) | leaf."""

    def __init__(self, tokens: list[Token], end: int) -> None:
        self.tokens = tokens
        self.end = end

    @property
    def peek(self) -> Token | None:
        return self.tokens[0] if self.tokens else None

    def take(self, kind: str) -> bool:
        if self.tokens and self.tokens[0].kind == kind:
            self.tokens.pop(0)
            return True
        return False

    def either(self, depth: int) -> Rule:
        parts = [self.both(depth)]
        while self.take("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else {"any": parts}

    def both(self, depth: int) -> Rule:
        parts = [self.one(depth)]
        while self.take("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else {"all": parts}

    def one(self, depth: int) -> Rule:
        token = self.peek
        if token is None:
            raise _at(_("a condition is missing at the end."), self.end)
        if depth > DEEPEST:
            raise _at(_("conditions lie inside each other too deeply."), token.position)
        if self.take("not"):
            return {"not": self.one(depth + 1)}
        if self.take("("):
            inner = self.either(depth + 1)
            if not self.take(")"):
                raise _at(_("this bracket is never closed."), token.position)
            return inner
        if token.kind != "leaf":
            raise _at(_("a condition is missing here."), token.position)
        self.tokens.pop(0)
        return token.value


def write_rule(rule: Rule) -> str:
    """The text form of a well-formed rule; reading it again gives a rule that selects the same people."""
    return _written(rule, -1)


def _written(rule: Rule, outside: int) -> str:
    kind = next(key for key in rule if key != "below")
    value = rule[kind]
    if kind in ("all", "any"):
        if len(value) == 1:
            return _written(value[0], outside)
        joined = (" and " if kind == "all" else " or ").join(_written(part, LEVELS[kind]) for part in value)
        return f"({joined})" if outside >= LEVELS[kind] else joined
    if kind == "not":
        return f"not {_written(value, LEVELS['not'])}"
    if kind == "everyone":
        return "everyone"
    name = "unit-only" if kind == "unit" and not rule.get("below") else kind
    return f"{name}:{_quoted(str(value))}"


def _quoted(value: str) -> str:
    if re.fullmatch(r'[^\s()"\\]+', value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
