"""The first half of reading a query: from characters to lexemes, each with its place in the text."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from headwater.search.language.analyzer import surfaces
from headwater.search.language.errors import QueryError
from headwater.search.language.folding import facet_key
from headwater.search.language.query import FACET_NAMES, WORD_FIELDS

Kind = Literal["open", "close", "phrase", "word", "minus", "boost", "title", "values", "end"]

FIELDS = (*WORD_FIELDS, *FACET_NAMES, "path", "published")
QUOTES = '"“”„‟«»＂'
_STOPS = QUOTES + "()^"
_NAME = re.compile(r"([A-Za-z_]{2,})[:：](?![/:])(?=\S)")
_KNOWN = re.compile(rf"({'|'.join(FIELDS)})[:：]", re.IGNORECASE)
_BOOST = re.compile(r"\^([^\s()]*)")
_RUN = re.compile(rf"[^\s*\\{re.escape(_STOPS)}]+")
_OR = re.compile(r"\s+OR\s+")
# What most queries are made of: a word or a NEAR, the beginning of a word, one value of a field; nothing to be undone.
_PLAIN = re.compile(
    r"([A-Za-z0-9]+|NEAR/[0-9]+)(\*?)(?=[\s()]|\Z)"
    rf"|({'|'.join((*FACET_NAMES, 'path', 'published'))}):([A-Za-z0-9][^\s,\\{re.escape(_STOPS)}]*)(?=\s|\Z)"
    rf"|({'|'.join(WORD_FIELDS)}):(?=[A-Za-z0-9])"
)
_PLAIN_STAR = re.compile(r"(?:\\.|[^\\*])*\*", re.DOTALL)


class Lexeme(NamedTuple):
    """One piece of a query. `plain` says that no character of it was escaped, so it can be an operator.

    Of "values", `text` is the name of the field and `values` what follows it, each with its place.
    """

    kind: Kind
    text: str
    start: int
    end: int
    plain: bool = True
    star: bool = False
    values: tuple[tuple[str, int], ...] = ()


def lexemes(text: str) -> list[Lexeme]:
    """Every piece of the query in order; signs without a letter or digit are left out. Raises QueryError.

    A text of such signs alone asks for nothing, and must not be taken for one that asks for everything.
    """
    found: list[Lexeme] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if plain := _PLAIN.match(text, at):
            found.append(_plain(plain))
            at = found[-1].end
            continue
        lexeme = _next(text, at, touching=bool(found) and found[-1].end == at)
        at = lexeme.end
        if lexeme.kind != "word" or lexeme.star or surfaces(lexeme.text):
            found.append(lexeme)
    if not found and text.strip():
        raise QueryError("no_term", len(text) - len(text.lstrip()))
    return found


def _plain(found: re.Match[str]) -> Lexeme:
    start, end = found.span()
    word, star, name, value, field = found.groups()
    if word:
        return Lexeme("word", word, start, end, True, star == "*")
    if field:
        return Lexeme("title", field, start, end)
    return Lexeme("values", name, start, end, values=((value, found.start(4)),))


def _next(text: str, at: int, touching: bool) -> Lexeme:
    char = text[at]
    if char in "()":
        return Lexeme("open" if char == "(" else "close", char, at, at + 1)
    if char in QUOTES:
        return _phrase(text, at)
    if char == "^":
        return _boost(text, at, touching)
    if char == "-" and at + 1 < len(text) and not text[at + 1].isspace() and text[at + 1] not in "-)":
        return Lexeme("minus", char, at, at + 1)
    return _field(text, at) or _word(text, at)


def _phrase(text: str, at: int) -> Lexeme:
    """Words between quotation marks. A star there would have to mean something, and does not: `\\*` is the sign."""
    inside, end = _quoted(text, at, escapable=QUOTES + "\\*")
    if star := _PLAIN_STAR.match(text, at, end):
        raise QueryError("star_in_phrase", star.end() - 1)
    if not surfaces(inside):
        raise QueryError("empty_quotation", at)
    return Lexeme("phrase", inside, at, end)


def _boost(text: str, at: int, touching: bool) -> Lexeme:
    """`^2` right behind a term; anywhere else a caret is a sign that says nothing."""
    if not touching:  # nor is it looked how far it would reach: a row of them would be looked through for each
        return Lexeme("word", "", at, at + 1)
    found = _BOOST.match(text, at)
    assert found is not None
    return Lexeme("boost", found[1], at, found.end())


def _quoted(text: str, at: int, escapable: str = QUOTES + "\\") -> tuple[str, int]:
    """What the quotation opened at `at` holds, with `\\"` and `\\\\` undone, and where the text goes on."""
    kept: list[str] = []
    here = at + 1
    while here < len(text):
        if text[here] == "\\" and here + 1 < len(text) and text[here + 1] in escapable:
            kept.append(text[here + 1])
            here += 2
        elif text[here] in QUOTES:
            return "".join(kept), here + 1
        else:
            kept.append(text[here])
            here += 1
    raise QueryError("unclosed_quotation", at)


def _field(text: str, at: int) -> Lexeme | None:
    """The field that begins here, with its values, or None where an ordinary word begins."""
    known = _KNOWN.match(text, at)
    if known is None:
        if unknown := _NAME.match(text, at):
            raise QueryError("unknown_field", at, name=unknown[1], fields=", ".join(f"{name}:" for name in FIELDS))
        return None
    name, end = known[1].lower(), known.end()
    if end >= len(text) or text[end].isspace() or text[end] == ")":
        raise QueryError("missing_value", at, name=name)
    if name in WORD_FIELDS:
        return Lexeme("title", name, at, end)
    values, end = _grouped(text, end, name) if text[end] == "(" else _listed(text, end, name)
    if not values or not all(facet_key(value) for value, _ in values):
        raise QueryError("missing_value", at, name=name)
    return Lexeme("values", name, at, end, values=tuple(values))


def _listed(text: str, at: int, name: str) -> tuple[list[tuple[str, int]], int]:
    """Values with commas and no space between them."""
    values = [_value(text, at, name)]
    end = values[-1][2]
    while text[end : end + 1] == ",":
        values.append(_value(text, end + 1, name))
        end = values[-1][2]
    return [(value, start) for value, start, _ in values], end


def _value(text: str, at: int, name: str) -> tuple[str, int, int]:
    """One value, in quotation marks or up to the next space, comma or parenthesis."""
    if at < len(text) and text[at] in QUOTES:
        inside, end = _quoted(text, at)
        return inside.strip(), at, end
    end = at
    while end < len(text) and not text[end].isspace() and text[end] not in _STOPS + ",":
        end += 2 if text[end] == "\\" else 1
    raw = text[at : min(end, len(text))]
    return (raw if name == "path" else re.sub(r"\\(.)", r"\1", raw)), at, min(end, len(text))


def _grouped(text: str, at: int, name: str) -> tuple[list[tuple[str, int]], int]:
    """Values between parentheses, with commas or OR between them; they may hold spaces."""
    values: list[tuple[str, int]] = []
    here = start = at + 1
    while here < len(text):
        if text[here] in QUOTES:
            here = _quoted(text, here)[1]
        elif text[here] in ",)" or _OR.match(text, here):
            if item := text[start:here].strip():
                begin = start + text[start:here].index(item)
                values.append((_quoted(text, begin)[0].strip() if item[0] in QUOTES else item, begin))
            if text[here] == ")":
                return values, here + 1
            separator = _OR.match(text, here)
            here = start = separator.end() if separator else here + 1
        else:
            here += 1
    raise QueryError("unclosed_parenthesis", at)


def _word(text: str, at: int) -> Lexeme:
    """A bare word up to a space, quotation mark or parenthesis; a backslash takes the next character as it is."""
    kept: list[str] = []
    here, star = at, -1
    plain = True
    while here < len(text) and not text[here].isspace() and text[here] not in _STOPS:
        if star >= 0:
            raise QueryError("star_inside", star)
        if run := _RUN.match(text, here):
            kept.append(run[0])
            here = run.end()
            continue
        if text[here] == "*":
            star = here
        elif here + 1 < len(text):
            plain = False
            here += 1
            kept.append(text[here])
        else:
            kept.append(text[here])
        here += 1
    return Lexeme("word", "".join(kept), at, here, plain=plain, star=star >= 0)
