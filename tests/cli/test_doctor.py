"""The doctor finds what is wrong, and says what to do."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from headwater.core.cluster import APP, OWNER, SUPERUSER, Cluster
from headwater.core.cluster.locks import FileLock
from headwater.core.wall import FUNCTIONS
from tests.cli.conftest import Command

CURRENT_ORGANISATION = FUNCTIONS.strip().partition(";\n")[0]


def findings(headwater: Command, code: int) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in headwater.json("doctor", code=code):
        found.setdefault(finding["check"], []).append(finding)
    return found


@pytest.fixture
def owner(headwater: Command) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(Cluster(headwater.home).url(OWNER), autocommit=True) as connection:
        yield connection


def test_all_is_well(headwater: Command) -> None:
    found = findings(headwater, 0)
    assert {"database", "schema", "wall", "key", "disk", "workers", "index", "blobs"} <= set(found)
    assert all(finding["well"] and not finding["remedy"] for each in found.values() for finding in each)


def test_a_table_outside_the_wall_is_found(headwater: Command, owner: "psycopg.Connection[Any]") -> None:
    owner.execute("ALTER TABLE people_unit NO FORCE ROW LEVEL SECURITY")
    try:
        [fault] = findings(headwater, 3)["wall"]
        assert "people_unit" in fault["found"]
        assert fault["remedy"]
        assert "FAULT  wall" in headwater("doctor", code=3).stdout
    finally:
        owner.execute("ALTER TABLE people_unit FORCE ROW LEVEL SECURITY")


HOLE = "CREATE POLICY hole ON people_unit USING (true)"
LAX = "ALTER POLICY wall ON people_unit USING (organisation_id = current_organisation() OR organisation_id = 1)"
CLOSED = "ALTER POLICY wall ON people_unit USING (organisation_id = current_organisation())"
QUIET = """CREATE OR REPLACE FUNCTION current_organisation() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('headwater.organisation', true), '')::bigint $$"""


@pytest.mark.parametrize(
    ("broken", "mended", "said"),
    [
        (HOLE, "DROP POLICY hole ON people_unit", "policy hole opens a way around the wall of table people_unit"),
        (LAX, CLOSED, "the wall of table people_unit has another rule"),
        ("CREATE VIEW peek AS SELECT * FROM people_unit; GRANT SELECT ON peek TO {app}", "DROP VIEW peek", "view peek"),
        ("GRANT UPDATE ON core_event TO {app}", "REVOKE UPDATE ON core_event FROM {app}", "rewrite table core_event"),
        (
            "GRANT TRUNCATE ON people_unit TO {app}",
            "REVOKE TRUNCATE ON people_unit FROM {app}",
            "empty table people_unit",
        ),
        (QUIET, CURRENT_ORGANISATION, "current_organisation() does not raise"),
    ],
)
def test_a_hole_in_the_wall_is_found(
    headwater: Command, owner: "psycopg.Connection[Any]", broken: str, mended: str, said: str
) -> None:
    for statement in broken.replace("{app}", APP).split("; "):
        owner.execute(statement)
    try:
        [fault] = findings(headwater, 3)["wall"]
        assert said in fault["found"]
        assert fault["remedy"]
    finally:
        owner.execute(mended.replace("{app}", APP))
    assert findings(headwater, 0)["wall"][0]["well"]


def test_a_role_that_may_become_the_owner_is_found(headwater: Command) -> None:
    with psycopg.connect(Cluster(headwater.home).url(SUPERUSER), autocommit=True) as superuser:
        superuser.execute(f"GRANT {OWNER} TO {APP}")
        try:
            assert f"may act as {OWNER}, who owns tables" in findings(headwater, 3)["wall"][0]["found"]
        finally:
            superuser.execute(f"REVOKE {OWNER} FROM {APP}")


def test_a_role_that_bypasses_the_wall_is_found(headwater: Command) -> None:
    with psycopg.connect(Cluster(headwater.home).url(SUPERUSER), autocommit=True) as superuser:
        superuser.execute(f"ALTER ROLE {APP} BYPASSRLS")
        try:
            assert "bypass" in findings(headwater, 3)["wall"][0]["found"]
        finally:
            superuser.execute(f"ALTER ROLE {APP} NOBYPASSRLS")


def test_missing_and_damaged_bytes_are_found(headwater: Command, tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("# One\n\nWords of one.\n")
    headwater("gather", str(tmp_path), "--audience", "everyone")
    [blob] = [path for path in (headwater.home / "blobs").rglob("*") if path.is_file()]
    kept = blob.read_bytes()
    blob.write_bytes(b"something else")
    assert "1 damaged" in findings(headwater, 3)["blobs"][0]["found"]
    blob.unlink()
    assert "1 missing" in findings(headwater, 3)["blobs"][0]["found"]
    blob.write_bytes(kept)
    assert findings(headwater, 0)["blobs"][0]["well"]


def test_an_index_that_cannot_be_opened_is_a_finding(headwater: Command) -> None:
    [folder] = (headwater.home / "index").iterdir()
    shutil.rmtree(folder)
    folder.touch()
    [finding] = findings(headwater, 3)["index"]
    assert "cannot be opened: " in finding["found"]
    assert "Make room on the disk" in finding["remedy"]
    folder.unlink()
    assert findings(headwater, 0)["index"][0]["well"]


def test_an_index_that_lost_something_is_found_while_running_and_mended_otherwise(headwater: Command) -> None:
    [folder] = (headwater.home / "index").iterdir()
    shutil.rmtree(folder)
    running = FileLock(headwater.home / "up.lock")
    assert running.own()
    try:
        assert "0 of" in findings(headwater, 3)["index"][0]["found"]
    finally:
        running.release()
    assert findings(headwater, 0)["index"][0]["well"]


def test_a_key_that_others_can_read_is_found(headwater: Command) -> None:
    path = headwater.home / "keys.json"
    path.chmod(0o644)
    try:
        assert not findings(headwater, 3)["key"][0]["well"]
    finally:
        path.chmod(0o600)
