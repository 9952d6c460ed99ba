"""The roles and databases of a cluster, made as the superuser.

Apart from the rest because psycopg weighs 14 MB, which the guardian and other processes that only wait do without.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from headwater.core.cluster.roles import APP, OWNER

# The owner may create databases: tests make and drop their own.
RIGHTS = {
    OWNER: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION CREATEDB",
    APP: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION NOCREATEDB",
}
NEEDED_EXTENSIONS = ("pg_trgm", "unaccent")
WISHED_EXTENSIONS = ("vector",)  # in the wheel; on a machine's own PostgreSQL only if it was installed


def answers(url: str) -> bool:
    """Whether PostgreSQL answers there now."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def ensure_roles(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Create the owner and the application's role, or set their rights and passwords again."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role, rights in RIGHTS.items():
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            connection.execute(
                sql.SQL("{verb} ROLE {role} WITH {rights} PASSWORD {password}").format(
                    verb=sql.SQL("ALTER" if known else "CREATE"),
                    role=sql.Identifier(role),
                    rights=sql.SQL(rights),
                    password=sql.Literal(passwords[role]),
                )
            )


def create_database(superuser_url: str, inside_url: str, name: str) -> None:
    """Create a database that the owner owns, unless it is there. `inside_url` is the superuser's address of it."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            database, owner = sql.Identifier(name), sql.Identifier(OWNER)
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(database, owner)
            )
    with psycopg.connect(inside_url) as connection:
        _prepare_database(connection, name)


def _prepare_database(connection: psycopg.Connection, name: str) -> None:
    """Extensions; nothing for the public; the application's role may use what the owner will create."""
    for extension in (*NEEDED_EXTENSIONS, *_available(connection, WISHED_EXTENSIONS)):
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
    words = {"database": sql.Identifier(name), "owner": sql.Identifier(OWNER), "app": sql.Identifier(APP)}
    for statement in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {app}",
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE, SELECT ON SEQUENCES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT EXECUTE ON FUNCTIONS TO {app}",
    ):
        connection.execute(sql.SQL(statement).format(**words))


def _available(connection: psycopg.Connection, names: tuple[str, ...]) -> list[str]:
    query = "SELECT name FROM pg_available_extensions WHERE name = ANY(%s)"
    return [name for (name,) in connection.execute(query, [list(names)])]


def drop_database(superuser_url: str, name: str) -> None:
    """Drop a database and end the sessions in it; a database that is not there is no error."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
