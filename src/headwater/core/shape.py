"""The shape of this version's tables, as one word: whether a database has it is told without Django, by any role."""

import hashlib
from pathlib import Path

import psycopg

PACKAGE = Path(__file__).parents[1]


def shape() -> str:
    """Changes with anything in the code that shapes tables."""
    found = hashlib.sha256()
    for path in (*sorted(PACKAGE.glob("*/migrations/*.py")), PACKAGE / "core" / "wall.py"):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


def mark_statement() -> str:
    """The statement by which their owner marks the tables as having this shape."""
    return f"COMMENT ON TABLE django_migrations IS '{shape()}'"


def has_this_shape(url: str) -> bool:
    """Whether the tables there were marked as those of this version, by this host or another."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT obj_description(to_regclass('django_migrations'), 'pg_class')").fetchone()
    return row is not None and row[0] == shape()
