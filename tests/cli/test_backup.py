"""A whole installation in one file, and the same installation from it."""

import io
import json
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from headwater.core.cluster import APP, OWNER, SUPERUSER, Cluster
from headwater.core.cluster.locks import FileLock
from tests.cli.conftest import Command, remove_cluster
from tests.disk import fill, small_disk

INES = ("--as", "ines@waterworks.example")

# Unlike each other, for search lists near-copies under their first.
SENTENCES = (
    "The weir at the mill is inspected in spring, before the snow melts in the hills.",
    "Nobody fishes within thirty metres of a weir; wardens fine those who do.",
    "Concrete for a weir is cured under wet sacking for a week, longer in frost.",
    "Eels climb the weir on bristle mats that volunteers brush clean in May.",
    "A weir without a gauge board measures nothing: paint one, and survey its zero.",
)


@pytest.fixture(scope="module")
def backup(headwater: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of an installation with people, a profile, documents, deliveries and an outbox."""
    papers = tmp_path_factory.mktemp("papers")
    for number, sentence in enumerate(SENTENCES):
        (papers / f"{number}.md").write_text(f"# Paper {number}\n\n{sentence}\n")
    headwater("gather", str(papers), "--audience", "everyone")
    headwater("do", "save_profile", "person=ines@waterworks.example", "name=Weirs", "query=weir")
    (papers / "new.md").write_text("# A new weir\n\nA weir was built.\n")
    headwater("gather", str(papers))
    (headwater.home / "outbox" / "1").mkdir(parents=True, exist_ok=True)
    (headwater.home / "outbox" / "1" / "letter.eml").write_text("Subject: kept\n\nwords")
    file = tmp_path_factory.mktemp("backup") / "waterworks.headwater"
    headwater("backup", str(file))
    return file


def everything(command: Command) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that says something, in a fixed order."""
    left_out = {"procrastinate_workers", "procrastinate_jobs", "procrastinate_events", "django_migrations"}
    cluster = Cluster(command.home)
    with cluster.enter(), psycopg.connect(cluster.url(SUPERUSER)) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        return {
            table: connection.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1').fetchall()  # type: ignore[call-overload]
            for (table,) in tables
            if table not in left_out
        }


def test_a_restored_installation_is_the_same(headwater: Command, backup: Path, other_home: Command) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    before = everything(headwater)
    other_home("restore", str(backup))
    assert everything(other_home) == before
    files = [path for path in (headwater.home / "blobs").rglob("*") if path.is_file()]
    kept = {path.relative_to(headwater.home): path.read_bytes() for path in files}
    assert kept
    for path, content in kept.items():
        assert (other_home.home / path).read_bytes() == content
    assert (other_home.home / "outbox/1/letter.eml").read_text().startswith("Subject: kept")
    assert (other_home.home / "keys.json").read_text() == (headwater.home / "keys.json").read_text()
    # It works on: the wall stands, what is there is found, and what comes now is matched.
    assert all(finding["well"] for finding in other_home.json("doctor"))
    assert len(other_home.json("search", "weir", *INES)) == 6
    delivered = other_home.json("inbox", *INES)
    assert [each["title"] for each in delivered] == [each["title"] for each in headwater.json("inbox", *INES)]


def test_followers_go_on_after_a_restore(headwater: Command, backup: Path, other_home: Command, tmp_path: Path) -> None:
    other_home("restore", str(backup))
    known = len(other_home.json("inbox", *INES))
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "later.md").write_text("# A later weir\n\nThis weir came after the restore.\n")
    other_home("gather", str(papers), "--audience", "everyone")
    delivered = other_home.json("inbox", *INES)
    assert len(delivered) == known + 1
    assert delivered[0]["title"] == "A later weir"


def test_an_installation_is_not_overwritten_unless_one_says_so(backup: Path, other_home: Command) -> None:
    other_home("restore", str(backup))
    assert "--replace" in other_home("restore", str(backup), code=1).stderr
    other_home("do", "create_unit", "name=Soon gone")
    (other_home.home / ".restore-of-one-that-was-killed").mkdir()
    (other_home.home / "standing").mkdir()
    other_home("restore", str(backup), "--replace")
    assert not list(other_home.home.glob(".restore-*"))
    assert not (other_home.home / "standing").exists(), "what another database's people follow"
    assert "no such record" in other_home("do", "rename_unit", "unit=soon-gone", "name=X", code=2).stderr
    assert len(other_home.json("search", "weir", *INES)) == 6


def test_nothing_is_replaced_under_a_worker(backup: Path, other_home: Command) -> None:
    other_home("restore", str(backup))
    other_home("do", "create_unit", "name=Kept")
    worker = other_home.start("work")
    users = FileLock(other_home.home / "cluster" / "users.lock")
    try:
        deadline = time.monotonic() + 60
        while not users.is_held_elsewhere():
            assert time.monotonic() < deadline, "the worker has not begun"
            time.sleep(0.1)
        refused = other_home("restore", str(backup), "--replace", code=1).stderr
        assert "Another command uses" in refused
        assert "Nothing was changed" in refused
        other_home("do", "rename_unit", "unit=kept", "name=Kept still")
    finally:
        worker.terminate()
        worker.communicate(timeout=60)
    other_home("restore", str(backup), "--replace")
    assert "no such record" in other_home("do", "rename_unit", "unit=kept", "name=X", code=2).stderr


def test_half_a_file_is_refused_and_nothing_is_changed(headwater: Command, backup: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    half.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    assert "not a whole Headwater backup" in headwater("restore", str(half), "--replace", code=1).stderr
    assert len(headwater.json("search", "weir", *INES)) == 6


@pytest.mark.parametrize("folder", ["database.dump", "blobs/"])
def test_a_damaged_file_is_refused_and_nothing_is_changed(
    headwater: Command, backup: Path, tmp_path: Path, folder: str
) -> None:
    broken = tmp_path / "broken"
    with tarfile.open(backup) as old, tarfile.open(broken, "w") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            content = file.read() if file else b""
            if member.name.startswith(folder):
                content = content[:-10] + b"0123456789"
            new.addfile(member, io.BytesIO(content))
    refused = headwater("restore", str(broken), "--replace", code=1).stderr
    assert "is damaged. Nothing was changed" in refused
    assert len(headwater.json("search", "weir", *INES)) == 6


def test_a_backup_of_before_with_a_damaged_blob_is_restored_and_the_blob_named(
    backup: Path, other_home: Command, tmp_path: Path
) -> None:
    """The first manifests did not list what was damaged already when the backup was made."""
    broken, harmed = tmp_path / "broken", ""
    with tarfile.open(backup) as old, tarfile.open(broken, "w") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            content = file.read() if file else b""
            if member.name.startswith("blobs/") and not harmed:
                harmed, content = member.name, bytes(len(content))
            if member.name == "manifest.json":
                manifest = json.loads(content)
                del manifest["files"], manifest["blobs"]
                content = json.dumps(manifest).encode()
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    said = other_home("restore", str(broken)).stderr
    assert f"Damaged in the backup, and restored as they are (1): {harmed}. Look" in said
    assert len(other_home.json("search", "weir", *INES)) == 6


def test_a_disk_without_room_for_a_backup_is_named_and_nothing_stays_on_it(headwater: Command) -> None:
    letter = headwater.home / "outbox" / "1" / "large.eml"
    letter.parent.mkdir(parents=True, exist_ok=True)
    letter.write_bytes(bytes(2**24))
    try:
        with small_disk(8) as disk:
            said = headwater("backup", str(disk / "backup"), code=1).stderr
            assert "could not be written" in said
            assert "No space left on device" in said
            assert "Traceback" not in said
            assert list(disk.iterdir()) == []
    finally:
        letter.unlink()


def test_a_home_folder_on_a_full_disk_is_backed_up_to_another(backup: Path, tmp_path: Path) -> None:
    with small_disk(64) as disk:
        full = Command(disk / "home", 8397)
        try:
            full("restore", str(backup))
            full.json("doctor", code=3)  # its index is built
            fill(disk)
            full("backup", str(tmp_path / "saved"))
            with tarfile.open(tmp_path / "saved") as tar:
                assert tar.getnames()[-1] == "manifest.json"
            faults = [finding for finding in full.json("doctor", code=3) if not finding["well"]]
            assert {finding["check"] for finding in faults} == {"disk"}
        finally:
            remove_cluster(full.home)


def test_a_backup_of_a_newer_version_is_refused(headwater: Command, tmp_path: Path) -> None:
    manifest = json.dumps({"format": 99, "headwater": "9.0"}).encode()
    newer = tmp_path / "newer"
    with tarfile.open(newer, "w") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    assert "newer Headwater (9.0)" in headwater("restore", str(newer), "--replace", code=1).stderr


def test_a_file_that_is_not_there(headwater: Command, tmp_path: Path) -> None:
    assert "No such file" in headwater("restore", str(tmp_path / "none"), code=1).stderr


# --- On a PostgreSQL server -------------------------------------------------------------------------------------------

EXPORTS = """
from headwater.cli.installation import open_installation
with open_installation():
    from headwater.core.jobs import organisation_ids
    from headwater.core.wall import organisation_context
    from headwater.people.exchange import SHEETS, export_csv
    from headwater.people.held import held_about
    from headwater.people.models import Person
    for pk in organisation_ids():
        with organisation_context(pk):
            for name in SHEETS:
                print(export_csv(name))
            for person in Person.objects.order_by("pk"):
                print(held_about(person))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL that somebody else runs: nothing of it lies in the home folders of these tests."""
    cluster = Cluster(tmp_path_factory.mktemp("server") / "server", durable=False)
    with cluster.enter():
        yield cluster
    remove_cluster(cluster.home)


def on_server(server: Cluster, home: Path, database: str) -> Command:
    """A home folder whose installation is in that database of the server."""
    server.create_database(database)
    command = Command(home, 8395)
    roles = {"DATABASE_URL": APP, "DATABASE_OWNER_URL": OWNER, "DATABASE_BACKUP_URL": SUPERUSER}
    command.environment |= {name: server.url(role, database) for name, role in roles.items()}
    return command


def exports(command: Command) -> bytes:
    """Every sheet and everything held about everybody, as the installation gives them out."""
    words = [sys.executable, "-c", EXPORTS]
    return subprocess.run(words, env=command.environment, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def served(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The Waterworks on the server, with a document that reached Ines."""
    folder = tmp_path_factory.mktemp("served")
    command = on_server(server, folder / "home", "waterworks")
    command("init", "--name", "Waterworks", "--email", "ada@waterworks.example")
    command("do", "create_person", "name=Ines", "email=ines@waterworks.example")
    command("do", "save_profile", "person=ines@waterworks.example", "name=Weirs", "query=weir")
    (folder / "papers").mkdir()
    (folder / "papers" / "weir.md").write_text(f"# Weirs\n\n{SENTENCES[0]}\n")
    command("gather", str(folder / "papers"), "--audience", "everyone")
    return command


@pytest.fixture(scope="module")
def served_backup(served: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backup") / "server.headwater"
    served("backup", str(file))
    return file


def test_a_backup_is_restored_onto_a_server(
    server: Cluster, served: Command, served_backup: Path, tmp_path: Path
) -> None:
    restored = on_server(server, tmp_path / "home", "restored")
    assert not (served.home / "cluster").exists()
    restored("restore", str(served_backup))
    assert not (restored.home / "cluster").exists()
    before = exports(served)
    assert b"Ines" in before
    assert exports(restored) == before
    assert all(finding["well"] for finding in restored.json("doctor"))
    assert [each["title"] for each in restored.json("search", "weir", *INES)] == ["Weirs"]
    assert restored.json("inbox", *INES) == served.json("inbox", *INES)


def test_an_embedded_installation_moves_to_a_server(
    server: Cluster, headwater: Command, backup: Path, tmp_path: Path
) -> None:
    moved = on_server(server, tmp_path / "home", "moved")
    moved("restore", str(backup))
    assert exports(moved) == exports(headwater)


def test_a_server_database_that_holds_something_is_left_alone(served: Command, served_backup: Path) -> None:
    before = exports(served)
    assert "--replace" in served("restore", str(served_backup), code=1).stderr
    assert "nothing was changed" in served("restore", str(served_backup), "--replace", code=1).stderr
    assert exports(served) == before


def test_a_server_is_backed_up_and_restored_by_the_right_roles_only(
    server: Cluster, served: Command, served_backup: Path, tmp_path: Path
) -> None:
    poor = Command(served.home, 8396)
    poor.environment |= {"DATABASE_URL": served.environment["DATABASE_URL"]}
    assert "DATABASE_BACKUP_URL" in poor("backup", str(tmp_path / "none"), code=1).stderr
    empty = on_server(server, tmp_path / "home", "empty")
    del empty.environment["DATABASE_OWNER_URL"]
    assert "DATABASE_OWNER_URL" in empty("restore", str(served_backup), code=1).stderr
