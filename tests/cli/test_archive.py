"""The file of a backup: what goes in comes out, and what is cut, damaged or no backup at all is refused."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from headwater.cli.archive import read_archive, write_archive
from headwater.cli.errors import CommandFailed
from tests.disk import fill, small_disk

TEXTS = [b"A weir is a low dam.", b"Eels climb it.", b""]


def blob_name(data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return f"blobs/1/{digest[:2]}/{digest[2:4]}/{digest}"


def write(home: Path, name: str, data: bytes) -> None:
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_bytes(data)


@pytest.fixture
def kept(home: Path) -> Path:
    """A home folder with a key, letters and blobs; and a draft, which nobody needs."""
    for data in TEXTS:
        write(home, blob_name(data), data)
    write(home, "blobs/1/ab/cd/.draft", b"half")
    write(home, "keys.json", b'{"secret_key": "k"}')
    write(home, "outbox/1/letter.eml", b"Subject: kept\n\nwords")
    return home


@pytest.fixture
def archive(kept: Path, tmp_path: Path) -> Path:
    """The file made of it."""
    dump = tmp_path / "making" / "database.dump"
    write(dump.parent, dump.name, b"PGDMP and so on")
    assert write_archive(kept, dump, tmp_path / "archive", 77) == []
    return tmp_path / "archive"


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {each.name: file.read() for each in tar.getmembers() if (file := tar.extractfile(each))}


def rewritten(archive: Path, contents: Mapping[str, bytes]) -> Path:
    with tarfile.open(archive, "w") as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return archive


def test_what_goes_in_comes_out(kept: Path, archive: Path, tmp_path: Path) -> None:
    assert archive.stat().st_mode & 0o777 == 0o600
    manifest, harmed = read_archive(archive, tmp_path / "out")
    assert harmed == []
    assert (manifest["newest_transaction"], manifest["blobs"]) == (77, 3)
    for path in [blob_name(data) for data in TEXTS] + ["keys.json", "outbox/1/letter.eml"]:
        assert (tmp_path / "out" / path).read_bytes() == (kept / path).read_bytes()
    assert not (tmp_path / "out/blobs/1/ab/cd/.draft").exists()
    assert list(members(archive))[-1] == "manifest.json"


@pytest.mark.parametrize("name", [blob_name(TEXTS[0]), "keys.json", "outbox/1/letter.eml", "database.dump"])
def test_one_byte_that_changed_is_found(archive: Path, tmp_path: Path, name: str) -> None:
    contents = members(archive)
    contents[name] = contents[name][:-1] + b"?"
    with pytest.raises(CommandFailed, match=rf"^{name} inside .* is damaged\. Nothing was changed"):
        read_archive(rewritten(archive, contents), tmp_path / "out")


@pytest.mark.parametrize("name", [blob_name(TEXTS[0]), "keys.json", "database.dump", "manifest.json"])
def test_what_is_missing_is_found(archive: Path, tmp_path: Path, name: str) -> None:
    contents = members(archive)
    del contents[name]
    with pytest.raises(CommandFailed, match=r"is not a whole Headwater backup \(.*\)\. Nothing was changed"):
        read_archive(rewritten(archive, contents), tmp_path / "out")


def test_wherever_it_is_cut_it_is_refused(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    end = whole.rindex(b"manifest.json")
    for number, length in enumerate(range(0, end + 600, 256)):
        archive.write_bytes(whole[:length])
        with pytest.raises(CommandFailed, match="is not a whole Headwater backup"):
            read_archive(archive, tmp_path / f"out{number}")


def test_the_first_backups_name_their_folders_too(kept: Path, archive: Path, tmp_path: Path) -> None:
    read_archive(archive, tmp_path / "out")
    (tmp_path / "out" / "blobs" / "empty").mkdir()
    with tarfile.open(tmp_path / "first", "w") as tar:
        for name in ("keys.json", "outbox", "blobs", "database.dump", "manifest.json"):
            tar.add(tmp_path / "out" / name, name)
    read_archive(tmp_path / "first", tmp_path / "again")
    for path in [blob_name(data) for data in TEXTS] + ["keys.json", "outbox/1/letter.eml"]:
        assert (tmp_path / "again" / path).read_bytes() == (kept / path).read_bytes()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../above", tarfile.REGTYPE),
        ("blobs/../../above", tarfile.REGTYPE),
        ("/tmp/above", tarfile.REGTYPE),
        ("cluster/postgresql.conf", tarfile.REGTYPE),
        ("blobs", tarfile.REGTYPE),
        ("keys.json", tarfile.REGTYPE),
        ("cluster", tarfile.DIRTYPE),
        ("blobs/../above", tarfile.DIRTYPE),
        ("blobs/1/link", tarfile.SYMTYPE),
        ("outbox/link", tarfile.LNKTYPE),
        ("outbox/pipe", tarfile.FIFOTYPE),
    ],
)
def test_what_has_no_place_in_a_backup_is_refused(archive: Path, tmp_path: Path, name: str, kind: bytes) -> None:
    with tarfile.open(archive, "a") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "keys.json"
        tar.addfile(member, io.BytesIO())
    with pytest.raises(CommandFailed, match=rf"not a whole Headwater backup \('{name}' has no place in one\)"):
        read_archive(archive, tmp_path / "in" / "out")
    assert not any((tmp_path / "in").glob("above"))


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: [],
        lambda manifest: "a text",
        lambda manifest: {},
        lambda manifest: {name: value for name, value in manifest.items() if name != "format"},
        lambda manifest: manifest | {"format": "1"},
        lambda manifest: manifest | {"newest_transaction": "many"},
        lambda manifest: manifest | {"database_sha256": None},
        lambda manifest: manifest | {"files": ["keys.json"]},
    ],
)
def test_a_manifest_of_something_else_is_refused(
    archive: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    contents = members(archive)
    contents["manifest.json"] = json.dumps(change(json.loads(contents["manifest.json"]))).encode()
    with pytest.raises(CommandFailed, match=r"is not a whole Headwater backup \(manifest\.json .*Nothing was changed"):
        read_archive(rewritten(archive, contents), tmp_path / "out")


def test_a_manifest_of_before_says_less_and_is_read(archive: Path, tmp_path: Path) -> None:
    contents = members(archive)
    manifest = json.loads(contents["manifest.json"])
    del manifest["blobs"], manifest["files"]
    contents["manifest.json"] = json.dumps(manifest).encode()
    assert read_archive(rewritten(archive, contents), tmp_path / "out") == (manifest, [])


def test_a_blob_that_was_damaged_when_manifests_listed_nothing_is_named_and_hinders_no_restore(
    archive: Path, tmp_path: Path
) -> None:
    contents = members(archive)
    manifest = json.loads(contents["manifest.json"])
    del manifest["blobs"], manifest["files"]
    harmed = blob_name(TEXTS[0])
    contents |= {"manifest.json": json.dumps(manifest).encode(), harmed: b"something else"}
    assert read_archive(rewritten(archive, contents), tmp_path / "out") == (manifest, [harmed])
    contents["database.dump"] += b"?"
    with pytest.raises(CommandFailed, match=r"^database\.dump inside .* is damaged\. Nothing was changed"):
        read_archive(rewritten(archive, contents), tmp_path / "again")


def test_what_was_damaged_before_the_backup_is_named_and_hinders_no_restore(kept: Path, tmp_path: Path) -> None:
    harmed = blob_name(TEXTS[1])
    write(kept, harmed, b"Eels climb i?.")
    write(tmp_path, "database.dump", b"PGDMP")
    assert write_archive(kept, tmp_path / "database.dump", tmp_path / "archive", 1) == [harmed]
    assert read_archive(tmp_path / "archive", tmp_path / "out")[1] == []
    assert (tmp_path / "out" / harmed).read_bytes() == b"Eels climb i?."


def test_no_room_to_unpack_is_said(archive: Path) -> None:
    with small_disk(1) as disk:
        fill(disk)
        with pytest.raises(
            CommandFailed, match=r"could not be unpacked: No space left on device.* Nothing was changed"
        ):
            read_archive(archive, disk / "out")
