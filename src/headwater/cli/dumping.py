"""The database into a file and back, with PostgreSQL's own programs.

A dump must see every row, so it is made by a role that row-level security does not bind: the embedded superuser, or
the role of DATABASE_BACKUP_URL on a server. It is loaded by the owner of the tables.
"""

import os
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from headwater.cli.errors import CommandFailed
from headwater.core.cluster import OWNER, SUPERUSER, Binaries, Cluster, find_binaries
from headwater.core.cluster.cluster import DATABASE
from headwater.core.home_folder import Installation

BESIDE = "headwater_restored"
VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
NEWEST = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
# Created with the database, by a role that may: not the owner's to create again.
NOT_OURS = (" EXTENSION ", " SCHEMA - public", " COMMENT ", " DEFAULT ACL ", " ACL ")


def dump(installation: Installation, target: Path) -> int:
    """Dump one consistent moment; returns a transaction number above every one the dump speaks of."""
    url = _reader_url(installation)
    words = ["--format=custom", "--compress=6", "--no-owner", f"--file={target}"]
    _run(installation, "pg_dump", words, url)
    with psycopg.connect(url) as connection:
        row = connection.execute(NEWEST).fetchone()
    assert row is not None
    return int(row[0])


def holds_something(installation: Installation) -> bool:
    """Whether there is an organisation in the database."""
    with psycopg.connect(installation.app_url) as connection:
        table = connection.execute("SELECT to_regclass('public.core_organisation')").fetchone()
        if table is None or table[0] is None:
            return False
        return connection.execute("SELECT 1 FROM core_organisation LIMIT 1").fetchone() is not None


def load(installation: Installation, source: Path, newest: int) -> None:
    """Make the database what the dump holds, all of it or nothing of it.

    The embedded database is loaded beside the present one, which is dropped when that has worked. A server's database
    must be empty, for making another is the business of whoever runs the server.
    """
    if installation.cluster is not None:
        _load_beside(installation.cluster, installation, source, newest)
    elif installation.owner_url is None:
        raise CommandFailed("Only the owner of the tables can restore. Nothing was changed. Set DATABASE_OWNER_URL.")
    else:
        _load_into(installation, installation.owner_url, source, newest)


def _load_beside(cluster: Cluster, installation: Installation, source: Path, newest: int) -> None:
    cluster.drop_database(BESIDE)
    cluster.create_database(BESIDE)
    _load_into(installation, cluster.url(OWNER, BESIDE), source, newest)
    cluster.drop_database(DATABASE)
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        names = sql.Identifier(BESIDE), sql.Identifier(DATABASE)
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))


def _load_into(installation: Installation, owner_url: str, source: Path, newest: int) -> None:
    contents = source.with_suffix(".contents")
    listed = _run(installation, "pg_restore", ["--list", str(source)], owner_url)
    contents.write_text("".join(f"{line}\n" for line in listed.splitlines() if not _is_not_ours(line)))
    words = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--dbname="]
    _run(installation, "pg_restore", [*words, f"--use-list={contents}", str(source)], owner_url)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        _advance_transactions(connection, newest)


def _is_not_ours(line: str) -> bool:
    return any(word in line for word in NOT_OURS)


def _advance_transactions(connection: "psycopg.Connection[tuple[object, ...]]", newest: int) -> None:
    """Rows and followers speak of transaction numbers of the old server; draw numbers here until they are in the past.

    Otherwise followers would take restored rows for not yet committed, and new rows for long known.
    """
    connection.execute("SET synchronous_commit = off")
    connection.execute(
        sql.SQL("DO $$ BEGIN WHILE pg_current_xact_id()::text::bigint < {} LOOP COMMIT; END LOOP; END $$").format(
            sql.Literal(newest)
        )
    )


def _reader_url(installation: Installation) -> str:
    if installation.cluster is not None:
        return installation.cluster.url(SUPERUSER)
    url = os.environ.get("DATABASE_BACKUP_URL")
    if not url:
        raise CommandFailed(
            "A backup must read every organisation, which neither the application's role nor the owner may. Nothing "
            "was written. Set DATABASE_BACKUP_URL to a role of the server that bypasses row-level security."
        )
    return url


def _binaries(installation: Installation) -> Binaries:
    return installation.cluster.binaries if installation.cluster is not None else find_binaries()


def _run(installation: Installation, program: str, words: list[str], url: str) -> str:
    """Run a PostgreSQL program against an address, the password out of sight of `ps`."""
    known = conninfo_to_dict(url)
    environment = dict(os.environ) | {VARIABLES[key]: str(value) for key, value in known.items() if key in VARIABLES}
    if "--dbname=" in words:
        words = [f"--dbname={environment['PGDATABASE']}" if word == "--dbname=" else word for word in words]
    command = [_binaries(installation).program(program), *words]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if answer.returncode:
        raise CommandFailed(f"{program} failed, and nothing was changed. It said: {answer.stderr.strip()}")
    return answer.stdout
