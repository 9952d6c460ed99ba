"""A folder: what is in it, what leads out of it, and how soon a finished file is known."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from headwater.gather.connectors.base import FetchFailed, SourceFailed
from headwater.gather.connectors.folder import Folder, Settled, watch_folders


def listed(root: Path) -> dict[str, str]:
    with Folder(root).open({}) as listing:
        found = {found.key: found.stamp for found in listing}
        assert listing.complete
    return found


def test_files_are_keyed_by_their_path_and_stamped_by_size_and_time(tmp_path: Path) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "a.md").write_text("A")
    (tmp_path / "sub" / "deep" / "b.md").write_text("B")
    before = listed(tmp_path)
    assert set(before) == {"a.md", "sub/deep/b.md"}
    assert listed(tmp_path) == before
    (tmp_path / "a.md").write_text("AA")
    after = listed(tmp_path)
    assert after["a.md"] != before["a.md"]
    assert after["sub/deep/b.md"] == before["sub/deep/b.md"]


def test_how_many_there_are_is_known_before_the_first_is_read(tmp_path: Path) -> None:
    for name in ("a.md", "sub/b.md", "sub/.git/c.md", "sub/d.tmp", "e/deep/f.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    with Folder(tmp_path).open({}) as listing:
        assert listing.total == 3
        assert len(list(listing)) == 3


def test_hidden_and_half_written_files_are_left_out(tmp_path: Path) -> None:
    for name in (".git/config", "~$plan.docx", "a.tmp", "b.part", ".a.md.swp", "Thumbs.db", "c~"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert listed(tmp_path) == {}


def test_links_that_leave_the_folder_are_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (root / "a.md").write_text("A")
    (root / "file.md").symlink_to(outside / "secret.md")
    (root / "folder").symlink_to(outside)
    (root / "inside.md").symlink_to(root / "a.md")
    (root / "loop").symlink_to(root)
    (root / "nowhere.md").symlink_to(root / "gone.md")
    assert set(listed(root)) == {"a.md", "inside.md"}


def test_a_link_put_in_place_of_a_listed_file_leads_nowhere(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.md").write_text("secret")
    (root / "a.md").write_text("A")
    found = Folder(root).find(root / "a.md")
    assert found is not None
    (root / "a.md").unlink()
    (root / "a.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(FetchFailed, match="out of the folder"):
        found.fetch()


def test_pipes_and_devices_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert listed(tmp_path) == {}


def test_names_in_no_encoding_can_be_kept(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/caf\xe9.md", "wb") as file:
        file.write(b"words")
    (key,) = listed(tmp_path)
    assert key.encode("utf-8").decode("utf-8") == key


def test_a_missing_folder_is_a_failure_and_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="not there"):
        Folder(tmp_path / "gone").open({})
    with pytest.raises(SourceFailed, match="No folder"):
        Folder.from_settings({"path": "relative/path"})


def test_a_file_over_the_limit_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("12345")
    found = Folder(tmp_path, max_bytes=4).find(tmp_path / "a.md")
    assert found is not None
    with pytest.raises(FetchFailed, match="larger"):
        found.fetch()


class Watch:
    """A watch in a thread, with what it reported and when."""

    def __init__(self, root: Path) -> None:
        self.stop = threading.Event()
        self.reports: Queue[tuple[float, Settled]] = Queue()
        self.thread = threading.Thread(target=self._run, args=(root,))
        self.thread.start()
        time.sleep(0.3)  # until the kernel's watches are in place

    def _run(self, root: Path) -> None:
        for settled in watch_folders([root], self.stop):
            self.reports.put((time.monotonic(), settled))

    def next(self, seconds: float = 15.0) -> tuple[float, Settled]:
        return self.reports.get(timeout=seconds)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    watching = Watch(tmp_path)
    yield watching
    watching.stop.set()
    watching.thread.join(5)
    assert not watching.thread.is_alive()


def test_a_finished_file_is_known_at_once(watch: Watch, tmp_path: Path) -> None:
    delays = []
    for number in range(5):
        (tmp_path / f"{number}.md").write_text("words")
        closed = time.monotonic()
        at, settled = watch.next()
        assert settled.written == [tmp_path / f"{number}.md"]
        delays.append(at - closed)
    # A fifth of a second on a machine of its own.
    assert sorted(delays)[2] < 1


def test_a_file_being_written_is_left_alone_until_it_is_finished(watch: Watch, tmp_path: Path) -> None:
    with (tmp_path / "slow.md").open("w") as file:
        for _ in range(12):
            file.write("more words\n")
            file.flush()
            time.sleep(0.04)
    closed = time.monotonic()
    at, settled = watch.next()
    assert settled.written == [tmp_path / "slow.md"]
    assert at >= closed - 0.05
    with pytest.raises(Empty):
        watch.next(0.3)


def test_a_file_moved_in_a_removed_one_and_a_folder_moved_in_are_known(watch: Watch, tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    (elsewhere / "folder").mkdir(parents=True)
    (elsewhere / "done.md").write_text("words")
    (elsewhere / "folder" / "in.md").write_text("words")
    os.rename(elsewhere / "done.md", tmp_path / "done.md")
    assert watch.next()[1].written == [tmp_path / "done.md"]
    os.remove(tmp_path / "done.md")
    assert watch.next()[1].gone == [tmp_path / "done.md"]
    shutil.move(elsewhere / "folder", tmp_path / "folder")
    assert watch.next()[1].written == [tmp_path / "folder" / "in.md"]
