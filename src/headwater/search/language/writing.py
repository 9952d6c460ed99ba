"""From the tree back to text: `parse(to_text(query)) == query` for every query that `parse` can give."""

from __future__ import annotations

import re

from headwater.search.language.dates import write_published
from headwater.search.language.lexer import QUOTES
from headwater.search.language.query import (
    And,
    Boost,
    Dated,
    Everything,
    Facet,
    Near,
    Not,
    Or,
    PathGlob,
    Phrase,
    Prefix,
    Query,
    Recent,
    Word,
)

_SPECIAL = re.compile(rf"([\\*:：^()\s{QUOTES}])")
_OPERATOR = re.compile(r"AND|OR|NOT|NEAR(?:/.*)?", re.DOTALL)
_BARE_VALUE = re.compile(r"[\w./*?+@-]+")

_Valued = Facet | PathGlob | Dated | Recent


def to_text(query: Query) -> str:
    """The query as a person would type it, in its shortest plain form."""
    match query:
        case And():
            return " ".join(_inner(part, Or) for part in query.parts)
        case Or():
            return _listed(query) or " OR ".join(_inner(part, And) for part in query.parts)
        case Not():
            return f"NOT {_inner(query.part, And, Or)}"
        case Boost():
            return f"{_inner(query.part, And, Or, Not, Near, Boost)}^{_number(query.factor)}"
        case Near():
            return f" NEAR/{query.distance} ".join(map(to_text, query.parts))
        case Everything():
            return "*"
    return _leaf(query)


def _leaf(query: Word | Prefix | Phrase | _Valued) -> str:
    if isinstance(query, _Valued):
        return f"{_name(query)}:{_value(query)}"
    field = f"{query.field}:" if query.field else ""
    if isinstance(query, Phrase):
        return field + _quoted(" ".join(query.words)).replace("*", r"\*")
    return field + _escaped(query.text) + ("*" if isinstance(query, Prefix) else "")


def _inner(query: Query, *bound_less: type[Query]) -> str:
    """A part as text, between parentheses where what surrounds it binds more."""
    text = to_text(query)
    loose = isinstance(query, bound_less) and not (isinstance(query, Or) and _listed(query))
    return f"({text})" if loose else text


def _listed(query: Or) -> str:
    """`kind:a,b` for alternatives of one field; "" for any others."""
    valued = [part for part in query.parts if isinstance(part, _Valued)]
    names = {_name(part) for part in valued}
    if len(valued) < len(query.parts) or len(names) != 1:
        return ""
    return f"{names.pop()}:{','.join(map(_value, valued))}"


def _name(query: _Valued) -> str:
    if isinstance(query, Facet):
        return query.name
    return "path" if isinstance(query, PathGlob) else "published"


def _value(query: _Valued) -> str:
    if isinstance(query, Dated | Recent):
        return write_published(query)
    text = query.value if isinstance(query, Facet) else query.pattern
    return text if _BARE_VALUE.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + re.sub(rf"([\\{QUOTES}])", r"\\\1", text) + '"'


def _escaped(text: str) -> str:
    """A word with a backslash before everything that would mean something else."""
    if _OPERATOR.fullmatch(text) or text.startswith("-"):
        return "\\" + text
    return _SPECIAL.sub(r"\\\1", text)


def _number(factor: float) -> str:
    return f"{factor:.3f}".rstrip("0").rstrip(".")
