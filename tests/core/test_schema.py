"""An empty database gets its tables the short way; they are those of an installation that came along step by step."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command

from headwater.core import schema
from tests.conftest import _create, _drop, _owner_dsn, _use

Shape = dict[str, list[tuple[Any, ...]]]
SHAPE = {
    "columns": """SELECT table_name, ordinal_position, column_name, data_type, udt_name, character_maximum_length,
        numeric_precision, numeric_scale, column_default, is_nullable, is_identity, is_generated, generation_expression,
        collation_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2""",
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
    "triggers": """SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled
        FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2""",
    "functions": """SELECT proname, pg_get_function_identity_arguments(oid), prosrc, prosecdef, proconfig
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "policies": "SELECT * FROM pg_policies ORDER BY tablename, policyname",
    "relations": """SELECT relname, relkind, relrowsecurity, relforcerowsecurity, relacl::text, reloptions,
        obj_description(oid, 'pg_class') FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1""",
    "migrations": "SELECT app, name FROM django_migrations ORDER BY id",
    "content types": "SELECT app_label, model FROM django_content_type ORDER BY 1, 2",
    "permissions": "SELECT codename, name FROM auth_permission ORDER BY 1, 2",
}


def shape_of(database: str) -> Shape:
    with psycopg.connect(**_owner_dsn(database)) as connection:
        return {what: connection.execute(query.encode()).fetchall() for what, query in SHAPE.items()}


@contextmanager
def an_empty_database() -> Iterator[str]:
    """Within, the owner works in a database of this name that has nothing in it."""
    used = settings.DATABASES["owner"]["NAME"]
    empty = f"{used}_empty"
    with psycopg.connect(**_owner_dsn("postgres"), autocommit=True) as server:
        _drop(server, empty)
        _create(server, empty, "template0")
        _use(empty)
        try:
            yield empty
        finally:
            _use(used)
            _drop(server, empty)


def made() -> Shape:
    """What an empty database becomes."""
    with an_empty_database() as name:
        schema.update_schema()
        return shape_of(name)


@pytest.mark.usefixtures("committed")
def test_the_short_way_leads_to_the_same_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    short = made()
    monkeypatch.setattr(schema, "_is_new", lambda: False)
    for what, expected in made().items():
        assert expected
        assert short[what] == expected, what


@pytest.mark.usefixtures("committed")
def test_only_an_empty_database_goes_the_short_way() -> None:
    with an_empty_database():
        assert schema._is_new()
        call_command("migrate", "contenttypes", database="owner", verbosity=0, interactive=False, skip_checks=True)
        assert not schema._is_new()
