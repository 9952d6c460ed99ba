"""What others do with the same standing queries: mokaccino, and PostgreSQL with a pivot term."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import mokaccino
import psycopg

from bench.expected import Query
from bench.million import Numbered, seconds

Found = list[set[int]]


def mokaccino_peer(asked: Numbered, texts: list[str]) -> tuple[float, Found]:
    """Documents a second, and what was found. Phrases are values of their own field, by their length."""
    percolator = mokaccino.Percolator()
    for number, query in asked:
        percolator.add_query_id(_percolated(query), number)
    found: Found = []

    def go_through() -> None:
        found.extend(set(percolator.percolate_list(_as_document(text.split()))) for text in texts)

    return len(texts) / seconds(go_through), found


def _percolated(query: Query) -> mokaccino.Query:
    if query.kind == "P":
        return mokaccino.Query.from_kv(f"run{len(query.words)}", " ".join(query.words))
    words = [mokaccino.Query.from_kv("word", word) for word in query.words]
    if query.kind == "N":
        words[-1] = ~words[-1]
    if len(words) == 1:
        return words[0]
    return mokaccino.Query.from_or(words) if query.kind == "O" else mokaccino.Query.from_and(words)


def _as_document(words: list[str]) -> mokaccino.Document:
    document = mokaccino.Document()
    runs = (("word", set(words)), ("run2", set(map(" ".join, pairwise(words)))))
    for name, values in (*runs, ("run3", set(map(" ".join, zip(words, words[1:], words[2:], strict=False))))):
        for value in values:
            document.add_value(name, value)
    return document


_TABLE = """
create temporary table standing (
    pivot text not null, number int not null, word text, another text, third text, no text, phrase text)
"""
# What a word of the document leads to is checked by what else the query asks for; each check is a look into a hash.
_ASKED = """
select distinct number from standing
where pivot = any(%(words)s)
  and (word is null or word = any(%(words)s))
  and (another is null or another = any(%(words)s))
  and (third is null or third = any(%(words)s))
  and (no is null or no <> all(%(words)s))
  and (phrase is null or position(phrase in %(text)s) > 0)
"""


def postgres_peer(asked: Numbered, texts: list[str]) -> tuple[float, Found]:
    """Documents a second (one connection, so one core), and what was found. A stage must be there."""
    asked = list(asked)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("set temp_buffers = '2GB'")
        connection.execute("set jit = off")
        _fill(connection, asked)
        return _asked(connection, texts)


def _fill(connection: psycopg.Connection[tuple[Any, ...]], asked: list[tuple[int, Query]]) -> None:
    uses = Counter(word for _, query in asked for word in query.words)
    connection.execute(_TABLE)
    with connection.cursor().copy("copy standing from stdin") as copy:
        for number, query in asked:
            for row in _rows(number, query, uses):
                copy.write_row(row)
    connection.execute("create index on standing (pivot)")
    connection.execute("analyze standing")


def _rows(number: int, query: Query, uses: Counter[str]) -> Iterator[tuple[object, ...]]:
    """An alternative is found under each of its words, all else under the rarest that must be there."""
    wanted = list(query.words[:-1] if query.kind == "N" else query.words)
    no = query.words[-1] if query.kind == "N" else None
    phrase = f" {' '.join(wanted)} " if query.kind == "P" else None
    for pivot in wanted if query.kind == "O" else [min(wanted, key=uses.__getitem__)]:
        others = [word for word in wanted if word != pivot] if query.kind in "AN" else []
        yield pivot, number, *others, *[None] * (3 - len(others)), no, phrase


def _asked(connection: psycopg.Connection[tuple[Any, ...]], texts: list[str]) -> tuple[float, Found]:
    found: Found = []
    for text in texts[:20]:  # the plan is made, the table in memory
        _found(connection, text)
    started = time.perf_counter()
    for text in texts:
        found.append(_found(connection, text))
    return len(texts) / (time.perf_counter() - started), found


def _found(connection: psycopg.Connection[tuple[Any, ...]], text: str) -> set[int]:
    given = {"words": sorted(set(text.split())), "text": f" {text} "}
    return {number for (number,) in connection.execute(_ASKED, given)}
