"""Watched folders, with real transactions: a file that is closed is soon a version that others see."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection, connections

from headwater.core.actions import SYSTEM
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.gather import jobs, runs, watching
from headwater.gather.actions import close_source, create_source, pause_source
from headwater.gather.extract import shared_pool
from headwater.gather.models import Document, Run, Source
from headwater.people.models import Person
from headwater.search.models import Entry, EntryVersion


@pytest.fixture
def organisation_id(committed: None) -> int:
    """An organisation that was committed."""
    return Organisation.objects.create(slug="waterworks", name="Waterworks").pk


@pytest.fixture
def watched(organisation_id: int, folder: Path) -> Source:
    """The folder as a source whose first run is done."""
    with organisation_context(organisation_id):
        owner = Person.objects.create(name="Nadia", email="nadia@waterworks.example")
        source = create_source(SYSTEM, name="Circulars", kind="folder", owner=owner, settings={"path": str(folder)})
        run = source.runs.get()
    runs.carry_out(organisation_id, run.pk)
    return source


@pytest.fixture
def watch(watched: Source) -> Iterator[None]:
    """The service that watches, as the worker runs it."""
    stop = threading.Event()
    thread = threading.Thread(target=jobs.watch_all_folders, args=(stop,))
    thread.start()
    until(watched.organisation_id, lambda: Run.objects.filter(state=Run.State.DONE).count() == 2)
    time.sleep(0.3)  # until the kernel's watches are in place
    yield
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def until(organisation_id: int, holds: Callable[[], bool], seconds: float = 30.0) -> float:
    """Waits until it holds; how long that took."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        with organisation_context(organisation_id):
            if holds():
                return time.monotonic() - started
        time.sleep(0.005)
    raise AssertionError("it did not come to hold")


@pytest.mark.usefixtures("watch")
def test_a_closed_file_is_a_committed_version_at_once(watched: Source, folder: Path) -> None:
    delays = []
    for number in range(7):
        (folder / f"new {number}.md").write_text(f"# Notice {number}\n\nThe sluice gate number {number} is closed.")
        delays.append(until(watched.organisation_id, Entry.objects.filter(title=f"Notice {number}").exists))
    # The bench holds it to a fifth of a second; here others may be using the machine.
    assert sorted(delays)[3] < 3
    with organisation_context(watched.organisation_id):
        assert not EntryVersion.objects.filter(title="Notice 6", is_backfill=True).exists()


def test_a_watch_that_waits_holds_no_connection(watched: Source) -> None:
    before, stop = others_connected(), threading.Event()
    thread = threading.Thread(target=watching.watch_all, args=(stop,))
    thread.start()
    try:
        until(watched.organisation_id, lambda: Run.objects.filter(state=Run.State.DONE).count() == 2)
        until(watched.organisation_id, lambda: others_connected() <= before)
    finally:
        stop.set()
        thread.join(10)


def others_connected() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


@pytest.mark.usefixtures("watch")
def test_changes_removals_and_renames_are_followed(watched: Source, folder: Path) -> None:
    organisation_id = watched.organisation_id
    (folder / "a.md").write_text("---\ntitle: Storm watch\n---\nThe storm watch begins at level four on the river.")
    until(organisation_id, lambda: EntryVersion.objects.filter(number=2).exists())
    (folder / "b.txt").unlink()
    until(organisation_id, lambda: Document.objects.filter(key="b.txt", vanished_at__isnull=False).exists())
    os.rename(folder / "2024", folder / "2025")
    until(organisation_id, lambda: Document.objects.filter(key="2025/c.html", entry__isnull=False).exists())
    until(organisation_id, lambda: Document.objects.filter(key="2024/c.html", vanished_at__isnull=False).exists())
    with organisation_context(organisation_id):
        titles = set(Entry.objects.current().values_list("title", flat=True))
    assert titles == {"Storm watch", "Culverts"}


def test_what_changed_while_nobody_watched_is_found(watched: Source, folder: Path) -> None:
    (folder / "night.md").write_text("# Night shift\n\nNobody watched when this was written.")
    stop = threading.Event()
    thread = threading.Thread(target=watching.watch_all, args=(stop,))
    thread.start()
    try:
        until(watched.organisation_id, lambda: Entry.objects.filter(title="Night shift").exists())
    finally:
        stop.set()
        thread.join(10)


@pytest.mark.usefixtures("watch")
def test_another_folder_comes_and_goes_and_the_first_is_not_read_again(
    watched: Source, folder: Path, tmp_path: Path
) -> None:
    organisation_id = watched.organisation_id
    other = tmp_path / "minutes"
    other.mkdir()
    with organisation_context(organisation_id):
        second = create_source(SYSTEM, "Minutes", "folder", watched.owner, settings={"path": str(other)})
        run = second.runs.get()
    runs.carry_out(organisation_id, run.pk)

    def gathered_from_both() -> bool:
        (other / "one.md").write_text(f"# Minutes\n\nWritten at {time.monotonic()}.")
        time.sleep(0.3)
        return Entry.objects.filter(title="Minutes").exists()

    until(organisation_id, gathered_from_both)
    with organisation_context(organisation_id):
        pause_source(SYSTEM, second)
    time.sleep(watching._LOOK_SECONDS + 1)
    (folder / "after.md").write_text("# After\n\nThe first folder is watched as before.")
    until(organisation_id, Entry.objects.filter(title="After").exists)
    with organisation_context(organisation_id):
        assert watched.runs.count() == 2


def test_a_folder_that_became_a_link_to_our_own_home_is_not_watched(
    watched: Source, folder: Path, tmp_path: Path, home: Path
) -> None:
    assert [place.root for place in watching.watched_folders()] == [folder]
    folder.rename(tmp_path / "moved")
    folder.symlink_to(home)
    assert watching.watched_folders() == []


def test_what_happens_in_a_folder_after_its_source_was_closed_is_nobodys_business(
    watched: Source, folder: Path
) -> None:
    place = watching.Watched(watched.organisation_id, watched.pk, folder)
    with organisation_context(watched.organisation_id):
        close_source(SYSTEM, watched, "keep")
        before = list(Document.objects.order_by("pk").values())
    (folder / "late.md").write_text("# Late\n\nWritten after the source was closed.")
    (folder / "a.md").unlink()
    assert not watching.take_up(place, [folder / "late.md"], [folder / "a.md"], shared_pool()).get("new")
    with organisation_context(watched.organisation_id):
        assert list(Document.objects.order_by("pk").values()) == before


def test_two_workers_that_take_up_the_same_file_make_one_version(watched: Source, folder: Path) -> None:
    (folder / "twice.md").write_text("# Twice\n\nTwo workers see the same file at the same time.")
    place = watching.Watched(watched.organisation_id, watched.pk, folder)

    def take_up() -> None:
        watching.take_up(place, [folder / "twice.md"], [], shared_pool())
        connections.close_all()

    threads = [threading.Thread(target=take_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with organisation_context(watched.organisation_id):
        assert Entry.objects.filter(title="Twice").count() == 1
        assert EntryVersion.objects.filter(title="Twice").count() == 1
        assert Document.objects.filter(key="twice.md").count() == 1
