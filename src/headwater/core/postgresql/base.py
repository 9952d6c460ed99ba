"""The way to the database: never given up late, not asked whether it is there, with statements that keep their plan."""

import select
from typing import Any, Self, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql import base, operations
from django.db.backends.utils import CursorWrapper
from psycopg import Connection, Cursor, OperationalError
from psycopg_pool import ConnectionPool

from headwater.core.postgresql.links import setting_statement


class DatabaseOperations(operations.DatabaseOperations):
    """Tells a statement that kept its plan like any other, in logs and to whoever counts queries."""

    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """The statement with its values."""
        return super().last_executed_query(cursor, sql, params) or str(self.compose_sql(sql, params))


class KeepingCursor(Cursor[Any]):
    """Its statements are planned once a connection; of all others the connection remembers nothing."""

    def execute(self, *statement: Any, **options: Any) -> Self:
        """As any cursor does."""
        self.connection.prepare_threshold = 0
        try:
            return super().execute(*statement, **options)
        finally:
            self.connection.prepare_threshold = None


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of Django's to PostgreSQL."""

    ops_class = DatabaseOperations

    def get_new_connection(self, conn_params: dict[str, Any]) -> "Connection[Any]":
        """One that lives: what a restart of PostgreSQL has left in the pool is thrown away."""
        connection = super().get_new_connection(conn_params)
        while self.pool and is_lost(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    def _configure_connection(self, connection: "Connection[Any]") -> bool:
        """As Django does, and tell the server how soon to give us up; whether there is something to commit."""
        super()._configure_connection(connection)  # type: ignore[misc]  # the stubs do not know it
        with connection.cursor() as cursor:
            cursor.execute(setting_statement())
        return True

    def keeping_cursor(self) -> CursorWrapper:
        """A cursor whose statements PostgreSQL plans once a connection.

        For queries that are asked again and again with other values, and whose best plan does not depend on them.
        """
        self.ensure_connection()
        cursor: Any = KeepingCursor(self.connection)
        return self.make_debug_cursor(cursor) if self.queries_logged else self.make_cursor(cursor)


def keeping_cursor() -> CursorWrapper:
    """The `keeping_cursor` of the connection that this thread uses."""
    return cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS]).keeping_cursor()


def is_lost(connection: "Connection[Any]") -> bool:
    """Whether the server has gone. An idle server says nothing: only when there is something to read it is asked."""
    heard = select.poll()
    try:
        heard.register(connection.fileno(), select.POLLIN)
        if not heard.poll(0):
            return False
        ConnectionPool.check_connection(connection)
    except OperationalError:
        return True
    return False
