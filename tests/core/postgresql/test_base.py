"""Connections that a restart of PostgreSQL has cut are not used; statements that keep their plan are planned once."""

import copy
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.db.utils import ConnectionHandler, ProgrammingError
from django.test.utils import CaptureQueriesContext

from headwater.core.postgresql.base import DatabaseWrapper, is_lost, keeping_cursor


@pytest.fixture
def pooled(db: None) -> Iterator[DatabaseWrapper]:
    """A connection of its own, to the same database, that comes from a pool of two."""
    described = copy.deepcopy(connection.settings_dict)
    described["OPTIONS"] = settings.DATABASES["default"]["OPTIONS"] | {"pool": {"min_size": 2, "max_size": 2}}
    found = ConnectionHandler({"default": described})["default"]
    assert isinstance(found, DatabaseWrapper)
    yield found
    found.close()
    found.close_pool()


def cut(pooled: DatabaseWrapper) -> None:
    """What a restart of PostgreSQL does to connections: every one but the test's own ends."""
    with pooled.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (own,) = cursor.fetchone()
    pooled.close()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_start >="
            " (SELECT backend_start FROM pg_stat_activity WHERE pid = %s) AND pid <> pg_backend_pid()",
            [own],
        )


def test_a_connection_that_was_cut_is_replaced(pooled: DatabaseWrapper) -> None:
    cut(pooled)
    for _ in range(4):
        with pooled.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
        pooled.close()


def test_a_notice_that_lies_unread_is_no_loss(pooled: DatabaseWrapper) -> None:
    with pooled.cursor() as cursor:
        cursor.execute("LISTEN weather")
        with connection.cursor() as other:
            other.execute("SELECT 1")
        cursor.execute("NOTIFY weather")
    assert not is_lost(pooled.connection)


def test_a_connection_that_was_closed_is_lost(pooled: DatabaseWrapper) -> None:
    pooled.ensure_connection()
    raw = pooled.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [raw.info.backend_pid])
    assert is_lost(raw)


def test_a_statement_that_keeps_its_plan_is_planned_once(db: None) -> None:
    for number in range(3):
        with keeping_cursor() as cursor:
            cursor.execute("SELECT %s::int + 1", [number])
            assert cursor.fetchone() == (number + 1,)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["SELECT $1::int + 1%"])
        assert cursor.fetchone() == (1,)


def test_it_is_counted_and_its_errors_are_djangos(db: None) -> None:
    with CaptureQueriesContext(connection) as captured, keeping_cursor() as cursor:
        cursor.execute("SELECT %s", ["that"])
    assert [query["sql"] for query in captured.captured_queries] == ["SELECT 'that'"]
    with pytest.raises(ProgrammingError), keeping_cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")


def test_of_other_statements_the_connection_remembers_nothing(db: None) -> None:
    with keeping_cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.ensure_connection()
    assert connection.connection.prepare_threshold is None
    with pytest.raises(ProgrammingError), keeping_cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")
    assert connection.connection.prepare_threshold is None
