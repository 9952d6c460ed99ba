"""A whole installation in one file, and the same installation from it."""

import io
import json
import tarfile
from pathlib import Path

import psycopg
import pytest

from headwater.core.cluster import SUPERUSER, Cluster
from tests.cli.conftest import Command

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


def test_an_installation_is_not_overwritten_unless_one_says_so(headwater: Command, backup: Path) -> None:
    assert "--replace" in headwater("restore", str(backup), code=1).stderr
    headwater("do", "create_unit", "name=Soon gone")
    headwater("restore", str(backup), "--replace")
    assert "no such record" in headwater("do", "rename_unit", "unit=soon-gone", "name=X", code=2).stderr
    assert len(headwater.json("search", "weir", *INES)) == 6


def test_half_a_file_is_refused_and_nothing_is_changed(headwater: Command, backup: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    half.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    assert "not a whole Headwater backup" in headwater("restore", str(half), "--replace", code=1).stderr
    assert len(headwater.json("search", "weir", *INES)) == 6


def test_a_damaged_database_is_refused(headwater: Command, backup: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    with tarfile.open(backup) as old, tarfile.open(broken, "w") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            content = file.read() if file else b""
            if member.name == "database.dump":
                content = content[:-10] + b"0123456789"
            new.addfile(member, io.BytesIO(content))
    assert "damaged" in headwater("restore", str(broken), "--replace", code=1).stderr


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
