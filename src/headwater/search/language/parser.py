"""The second half of reading a query: from lexemes to the tree.

    any      = all (OR all)*
    all      = negated (AND? negated)*
    negated  = (NOT | -) negated | near
    near     = unit (NEAR/n unit)*
    unit     = (word | prefix* | "phrase" | field:values | title:unit | "(" any ")") (^number)?

AND, OR, NOT and NEAR are operators in capitals only. OR binds least: `a b OR c` is `(a b) OR c`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from headwater.search.language.analyzer import is_unspaced, surfaces
from headwater.search.language.dates import read_published
from headwater.search.language.errors import QueryError
from headwater.search.language.lexer import Lexeme, lexemes
from headwater.search.language.query import (
    And,
    Boost,
    Everything,
    Facet,
    Near,
    Not,
    Or,
    PathGlob,
    Phrase,
    Prefix,
    Query,
    Word,
    all_of,
    any_of,
    leaves,
)

MAX_LENGTH = 10_000
MAX_TERMS = 300
MAX_DEPTH = 20
MIN_PREFIX = 2
MAX_DISTANCE = 50
MAX_NEAR_PARTS = 5
DEFAULT_DISTANCE = 10
MIN_BOOST, MAX_BOOST = 0.1, 20.0
MAX_PATH_DEPTHS = 4
# Words in small letters alone are what most standing queries are, or a phrase of them: no operator, field or sign can
# be among them.
_LOWER_WORD = re.compile("[a-z0-9]+")
_WORDS_ALONE = re.compile(rf"[a-z0-9]{{1,50}}(?: [a-z0-9]{{1,50}}){{0,{MAX_TERMS - 1}}}")
_WORDS_OR_OTHERS = re.compile(rf"[a-z0-9]{{1,50}}(?: OR [a-z0-9]{{1,50}}){{1,{MAX_TERMS - 1}}}")
_PHRASE_ALONE = re.compile('"[a-z0-9]{1,50}(?: [a-z0-9]{1,50})*"')
_NEAR = re.compile(r"NEAR(?:/(.*))?", re.DOTALL)
_WORDS_BETWEEN = re.compile(r"0*(\d{1,4})")
_FACTOR = re.compile(r"\d{1,2}(?:\.\d{1,3})?")
_OPERATORS = ("AND", "OR", "NOT")
_BEGIN = ("A", "O", "N")  # the first letters of all operators
_BEGIN_NO_TERM = (None, "NOT")
_NO_TERMS = ("close", "boost", "end")
_MOST_REPAIRS = 40


Meaning = Callable[[Facet], Query]
"""What the value of a field stands for; it raises QueryError for one that there is not."""


def parse(text: str, meaning: Meaning | None = None) -> Query:
    """The query a text asks for; the empty text asks for everything. Raises QueryError with the place and a remedy.

    Without a `meaning` values stay as they were written, as in queries that are kept.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError("too_long", MAX_LENGTH, found=len(text), most=MAX_LENGTH)
    if _WORDS_ALONE.fullmatch(text):
        return all_of(Word(word[0], position=word.start()) for word in _LOWER_WORD.finditer(text))
    if _WORDS_OR_OTHERS.fullmatch(text):
        return any_of(Word(word[0], position=word.start()) for word in _LOWER_WORD.finditer(text))
    if _PHRASE_ALONE.fullmatch(text):
        return Phrase(tuple(text[1:-1].split(" ")))
    query = _Parser(lexemes(text), len(text), meaning).read()
    if meaning is not None or len(text) > MAX_TERMS:  # shorter ones have not so many, if a name means no more than one
        for count, leaf in enumerate(leaves(query)):
            if count == MAX_TERMS:
                raise QueryError("too_many", leaf.position, most=MAX_TERMS)
    return query


def parse_partial(text: str, meaning: Meaning | None = None) -> tuple[Query, QueryError | None]:
    """The query of the longest readable beginning of a text, and the first error in it, if there is one.

    What is only left open (a parenthesis, a quotation) is closed; otherwise the text is cut where it cannot be read.
    """
    first: QueryError | None = None
    for _ in range(_MOST_REPAIRS):
        try:
            return parse(text, meaning), first
        except QueryError as error:
            first = first or error
            text = _repaired(text, error)
    return Everything(), first


def _repaired(text: str, error: QueryError) -> str:
    if error.code == "unclosed_quotation" and surfaces(text[error.position :]):
        return text + '"'
    if error.code == "unclosed_parenthesis" and text[error.position + 1 :].strip():
        return text + ")"
    return text[: min(error.cut, len(text) - 1)].rstrip()


class _Parser:
    """Recursive descent over the lexemes of one query."""

    def __init__(self, found: list[Lexeme], end: int, meaning: Meaning | None) -> None:
        self.lexemes = [*found, Lexeme("end", "", end, end)]
        self.operators = [_operator(lexeme) for lexeme in self.lexemes]
        # Whether something that can be looked for begins at each place.
        self.begins = [
            operator in _BEGIN_NO_TERM and lexeme.kind not in _NO_TERMS
            for lexeme, operator in zip(self.lexemes, self.operators, strict=True)
        ]
        self.meaning = meaning
        self.at = 0
        self.depth = 0

    def read(self) -> Query:
        if len(self.lexemes) == 1:
            return Everything()
        query = self.any()
        left = self.lexemes[self.at]
        if left.kind != "end":
            raise QueryError("unopened_parenthesis", left.start)
        return query

    def required(self, after: Lexeme) -> None:
        if not self.begins[self.at]:
            raise self.missing(after)

    def missing(self, after: Lexeme) -> QueryError:
        """A word is missing after that operator: the place is where it should stand."""
        return QueryError("missing_after", self.lexemes[self.at].start, cut=after.start, operator=after.text)

    def any(self) -> Query:
        parts = [self.all()]
        while self.operators[self.at] == "OR":
            sign = self.lexemes[self.at]
            self.at += 1
            self.required(after=sign)
            parts.append(self.all())
        return parts[0] if len(parts) == 1 else any_of(parts)

    def all(self) -> Query:
        self.refuse_missing_start()
        parts = [self.negated()]
        while (is_and := self.operators[self.at] == "AND") or self.begins[self.at]:
            if is_and:
                sign = self.lexemes[self.at]
                self.at += 1
                self.required(after=sign)
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else all_of(parts)

    def refuse_missing_start(self) -> None:
        if self.begins[self.at]:
            return
        lexeme = self.lexemes[self.at]
        if lexeme.kind == "close":
            raise QueryError("unopened_parenthesis", lexeme.start)
        raise QueryError("missing_before", lexeme.start, operator="^" if lexeme.kind == "boost" else lexeme.text)

    def negated(self) -> Query:
        lexeme = self.lexemes[self.at]
        if lexeme.kind != "minus" and self.operators[self.at] != "NOT":
            return self.near()
        self.at += 1
        self.required(after=lexeme)
        self.deeper(lexeme)
        query = Not(self.negated(), position=lexeme.start)
        self.depth -= 1
        return query

    def deeper(self, lexeme: Lexeme) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise QueryError("too_deep", lexeme.start, most=MAX_DEPTH)

    def near(self) -> Query:
        first = self.unit()
        parts = [first]
        distance: int | None = None
        while (operator := self.operators[self.at]) is not None and (found := _NEAR.fullmatch(operator)):
            sign = self.lexemes[self.at]
            distance = _distance(found[1], distance, sign.start)
            self.at += 1
            if self.operators[self.at] or not self.begins[self.at]:
                raise self.missing(sign)
            parts.append(self.unit())
        return first if distance is None else _near(parts, distance)

    def unit(self) -> Query:
        query = self.primary()
        while self.lexemes[self.at].kind == "boost":
            query = _boosted(query, self.lexemes[self.at])
            self.at += 1
        return query

    def primary(self) -> Query:
        lexeme = self.lexemes[self.at]
        self.at += 1
        if lexeme.kind == "open":
            return self.group(lexeme)
        if lexeme.kind == "title":
            return self.titled(lexeme)
        if lexeme.kind == "values":
            return any_of([self.valued(lexeme.text, value, place) for value, place in lexeme.values])
        if lexeme.kind == "phrase":
            return Phrase(tuple(lexeme.text.split()), position=lexeme.start)
        return _prefix(lexeme) if lexeme.star else Word(lexeme.text, position=lexeme.start)

    def group(self, opening: Lexeme) -> Query:
        self.deeper(opening)
        following = self.lexemes[self.at].kind
        if following == "close":
            raise QueryError("empty_parentheses", opening.start)
        if following == "end":
            raise QueryError("unclosed_parenthesis", opening.start)
        query = self.any()
        if self.lexemes[self.at].kind == "end":
            raise QueryError("unclosed_parenthesis", opening.start)
        self.at += 1
        self.depth -= 1
        return query

    def valued(self, name: str, value: str, position: int) -> Query:
        if name == "published":
            return read_published(value, position)
        if name == "path":
            if value.split("/").count("**") > MAX_PATH_DEPTHS:
                raise QueryError("path_stars", position, most=MAX_PATH_DEPTHS)
            return PathGlob(value, position=position)
        leaf = Facet(name, value, position=position)
        return self.meaning(leaf) if self.meaning else leaf

    def titled(self, name: Lexeme) -> Query:
        following = self.lexemes[self.at]
        if following.start != name.end or following.kind not in ("open", "phrase", "word"):
            raise QueryError("missing_value", name.start, name=name.text)
        return _in_title(self.primary(), name.text)


def _operator(lexeme: Lexeme) -> str | None:
    text = lexeme.text
    if text[:1] not in _BEGIN or lexeme.kind != "word" or not lexeme.plain or lexeme.star:
        return None
    return text if text in _OPERATORS or (text.startswith("NEAR") and _NEAR.fullmatch(text)) else None


def _distance(given: str | None, before: int | None, position: int) -> int:
    """How many words may stand between: what follows `NEAR/`, or without it as before in the same chain."""
    number = _WORDS_BETWEEN.fullmatch(given) if given is not None else None
    distance = int(number[1]) if number else DEFAULT_DISTANCE if before is None else before
    if distance > MAX_DISTANCE or (given is not None and number is None):
        raise QueryError("near_distance", position, most=MAX_DISTANCE)
    if before is not None and distance != before:
        raise QueryError("near_distances", position)
    return distance


def _near(parts: list[Query], distance: int) -> Query:
    kept: list[Word | Prefix | Phrase] = []
    for part in parts:
        if not isinstance(part, Word | Prefix | Phrase):
            raise QueryError("near_parts", part.position)
        if len(kept) == MAX_NEAR_PARTS:
            raise QueryError("near_many", part.position, most=MAX_NEAR_PARTS)
        if kept and part.field != kept[0].field:
            raise QueryError("near_fields", part.position)
        kept.append(part)
    return Near(tuple(kept), distance, position=kept[0].position)


def _boosted(query: Query, lexeme: Lexeme) -> Query:
    factor = float(lexeme.text) if _FACTOR.fullmatch(lexeme.text) else 0.0
    if not MIN_BOOST <= factor <= MAX_BOOST:
        raise QueryError("boost", lexeme.start, least=MIN_BOOST, most=f"{MAX_BOOST:g}")
    return Boost(query, factor, position=query.position)


def _prefix(lexeme: Lexeme) -> Query:
    found = surfaces(lexeme.text)
    if not lexeme.text:
        return Everything(position=lexeme.start)
    if not found:
        raise QueryError("prefix_words", lexeme.start)
    if is_unspaced(found[0]) and all(map(is_unspaced, found)):
        return Prefix(lexeme.text, position=lexeme.start)
    if len(found) > 1:
        raise QueryError("prefix_words", lexeme.start)
    if len(found[0]) < MIN_PREFIX:
        raise QueryError("short_prefix", lexeme.start, least=MIN_PREFIX)
    return Prefix(lexeme.text, position=lexeme.start)


def _in_title(query: Query, name: str) -> Query:
    """The same query asked of the title alone."""
    match query:
        case Word() | Prefix():
            return type(query)(query.text, name, position=query.position)
        case Phrase():
            return Phrase(query.words, name, position=query.position)
        case Near():
            return replace(query, parts=tuple(replace(part, field=name) for part in query.parts))
        case And() | Or():
            return replace(query, parts=tuple(_in_title(part, name) for part in query.parts))
        case Not() | Boost():
            return replace(query, part=_in_title(query.part, name))
    raise QueryError("field_inside_field", query.position)
