"""A run: what is gathered, what changed, what vanished, what failed, and what a second run costs."""

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from headwater.core.actions import SYSTEM
from headwater.core.blobs import read_blob
from headwater.gather import jobs, pipeline, runs, wording
from headwater.gather.actions import (
    change_source,
    close_source,
    create_source,
    pause_source,
    stop_run,
    upload_document,
)
from headwater.gather.connectors import Found, SourceFailed
from headwater.gather.extract import Pool
from headwater.gather.health import Health, health_of
from headwater.gather.models import Document, Failure, RawVersion, Run, Source
from headwater.gather.pieces import Piece
from headwater.gather.publishing import found_again
from headwater.gather.runs import Progress
from headwater.people.models import Audience, Notice, Person
from headwater.search.models import Entry

RunNow = Callable[[Source], Run]


def entry(key: str) -> Entry:
    document = Document.objects.select_related("entry__current_version").get(key=key)
    assert document.entry is not None
    return document.entry


def counts(run: Run) -> tuple[int, ...]:
    return tuple(run.counts.get(name, 0) for name in ("listed", "new", "changed", "vanished", "failed"))


def test_a_first_run_gathers_everything_and_names_what_it_could_not_read(source: Source, run_now: RunNow) -> None:
    run = run_now(source)
    assert run.state == Run.State.DONE
    assert counts(run) == (4, 3, 0, 0, 1)
    assert run.total == 4
    storm = entry("a.md")
    assert storm.title == "Storm watch"
    assert storm.source_slug == "circulars"
    assert (storm.owner, storm.audience, storm.classification) == (source.owner, source.audience, source.classification)
    assert storm.current_version is not None
    assert storm.current_version.is_backfill
    assert storm.current_version.language == "en"
    failure = Failure.objects.get()
    assert (failure.document.key, failure.cause) == ("noise.bin", "unsupported")
    assert failure.remedy
    assert health_of(source) == Health.HEALTHY


def test_raw_bytes_are_kept_under_their_checksum_with_their_provenance(
    source: Source, run_now: RunNow, folder: Path
) -> None:
    run = run_now(source)
    raw = RawVersion.objects.get(document__key="b.txt")
    assert read_blob(raw.blob) == (folder / "b.txt").read_bytes()
    assert raw.run == run
    assert raw.origin_modified_at is not None
    assert Document.objects.get(key="noise.bin").blob


def test_a_second_run_gathers_nothing(source: Source, run_now: RunNow) -> None:
    run_now(source)
    again = run_now(source)
    assert counts(again) == (4, 0, 0, 0, 0)
    assert again.counts["fetched"] == 0
    assert not again.is_backfill


def test_a_change_is_a_new_version_and_a_touch_is_none(source: Source, run_now: RunNow, folder: Path) -> None:
    run_now(source)
    (folder / "a.md").write_text("---\ntitle: Storm watch\n---\nThe storm watch begins at level three on the river.")
    os.utime(folder / "b.txt")
    run = run_now(source)
    assert counts(run) == (4, 0, 1, 0, 0)
    version = entry("a.md").current_version
    assert version is not None
    assert version.number == 2
    assert version.summary == "The storm watch begins at level three on the river."
    assert not version.is_backfill
    assert entry("b.txt").current_version_id == entry("b.txt").versions.get().pk


def test_what_vanishes_gets_a_tombstone_and_what_comes_back_is_found_again(
    source: Source, run_now: RunNow, folder: Path
) -> None:
    run_now(source)
    words = (folder / "a.md").read_bytes()
    (folder / "a.md").unlink()
    assert counts(run_now(source)) == (3, 0, 0, 1, 0)
    assert entry("a.md").withdrawn_at is not None
    assert Document.objects.get(key="a.md").vanished_at is not None
    assert counts(run_now(source)) == (3, 0, 0, 0, 0)
    (folder / "a.md").write_bytes(words)
    run_now(source)
    assert entry("a.md").withdrawn_at is None
    assert entry("a.md").versions.count() == 1


def test_an_exact_copy_is_new_and_shown_as_a_copy(source: Source, run_now: RunNow, folder: Path) -> None:
    long = "Bridge inspections are done twice a year by two inspectors who go together and write down all they see. "
    (folder / "b.txt").write_text(long * 6)
    run_now(source)
    shutil.copy(folder / "b.txt", folder / "copy of b.txt")
    run = run_now(source)
    assert counts(run) == (5, 1, 0, 0, 0)
    assert run.counts["copies"] == 1
    assert entry("copy of b.txt").copy_of == entry("b.txt")


def test_a_failure_is_tried_again_when_its_bytes_change(source: Source, run_now: RunNow, folder: Path) -> None:
    run_now(source)
    assert run_now(source).counts["failed"] == 0
    (folder / "noise.bin").write_text("Words after all, and quite readable.")
    assert counts(run_now(source)) == (4, 1, 0, 0, 0)
    assert not Failure.objects.exists()


def test_bytes_that_cannot_be_read_leave_the_last_version_standing(
    source: Source, run_now: RunNow, folder: Path
) -> None:
    run_now(source)
    (folder / "a.md").write_bytes(bytes(range(256)) * 8)
    run = run_now(source)
    assert counts(run) == (4, 0, 0, 0, 1)
    assert "level two" in entry("a.md").current_version.text
    assert Failure.objects.filter(document__key="a.md").exists()


def test_a_folder_that_is_gone_is_trouble_and_loses_nothing(
    source: Source, run_now: RunNow, folder: Path, nadia: Person
) -> None:
    run_now(source)
    shutil.move(folder, folder.with_name("elsewhere"))
    run = run_now(source)
    assert run.state == Run.State.FAILED
    assert "not there" in source.trouble
    assert health_of(source) == Health.TROUBLE
    assert entry("a.md").withdrawn_at is None
    notice = Notice.objects.get(person=nadia)
    assert "Circulars" in notice.text
    run_now(source)
    assert Notice.objects.filter(person=nadia).count() == 1
    shutil.move(folder.with_name("elsewhere"), folder)
    run_now(source)
    notice.refresh_from_db()
    assert notice.done_at is not None
    assert source.trouble == ""


def test_an_empty_folder_where_many_documents_were_is_doubted(source: Source, run_now: RunNow, folder: Path) -> None:
    for number in range(12):
        (folder / f"{number}.md").write_text(f"Number {number} of the circulars")
    run_now(source)
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    assert run_now(source).state == Run.State.FAILED
    assert Entry.objects.current().count() == 15


def test_a_paused_source_stops_its_run(source: Source, pool: Pool, nadia: Person) -> None:
    run = runs.begin(source, None)
    pause_source(nadia, source)
    runs.carry_out(run.organisation_id, run.pk, pool)
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED


@pytest.mark.parametrize("fate", ["keep", "withdraw"])
def test_a_source_that_is_closed_while_its_run_goes_on_gets_nothing_more(
    source: Source, pool: Pool, nadia: Person, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    monkeypatch.setattr(runs, "batches", _one_by_one)
    run = runs.begin(source, None)

    def close(progress: Progress) -> None:
        if progress.counts["listed"] == 2:
            close_source(nadia, source, fate)

    before = runs.carry_out(run.organisation_id, run.pk, pool, close)
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    assert before is not None
    assert before.counts["new"] == 2
    assert Entry.objects.current().count() == (2 if fate == "keep" else 0)
    assert Document.objects.count() == 2


def test_what_was_handed_in_before_a_source_was_closed_is_read_where_it_went(nadia: Person, everyone: Audience) -> None:
    uploads = create_source(SYSTEM, name="Uploads", kind="upload", owner=nadia, audience=everyone)
    other = create_source(SYSTEM, name="Other uploads", kind="upload", owner=nadia, audience=everyone)
    gone = create_source(SYSTEM, name="Gone", kind="upload", owner=nadia, audience=everyone)
    kept, moved, withdrawn = (upload_document(nadia, each, "a.md", b"# A\n\nWords.") for each in (uploads, other, gone))
    close_source(nadia, uploads, "keep")
    to = create_source(SYSTEM, name="More", kind="upload", owner=nadia, audience=everyone)
    waiting = ProcrastinateJob.objects.filter(task_name__endswith="read_kept", args__document_id=moved.pk)
    close_source(nadia, other, "hand_over", to=to)
    assert waiting.count() == 2
    close_source(nadia, gone, "withdraw")
    for document in (kept, moved, withdrawn):
        jobs.read_kept(document.organisation_id, document_id=document.pk)
    assert set(Entry.objects.current().values_list("document", flat=True)) == {kept.pk, moved.pk}


def test_a_run_that_was_stopped_says_nothing_more_of_its_source(source: Source, nadia: Person) -> None:
    run = runs.take(source.organisation_id, source.runs.get().pk, runs.By.HERE)
    assert run is not None
    close_source(nadia, source, "keep")
    runs._fail(source.organisation_id, run, SourceFailed("It is not there"))
    source.refresh_from_db()
    assert (source.trouble, source.state) == ("", Source.State.CLOSED)
    assert not Notice.objects.filter(done_at=None).exists()


def test_a_change_leaves_alone_what_a_run_wrote_meanwhile(source: Source, nadia: Person) -> None:
    stale = Source.objects.get(pk=source.pk)
    close_source(nadia, source, "keep")
    change_source(nadia, stale, name="Circulars of old")
    source.refresh_from_db()
    assert (source.state, source.name) == (Source.State.CLOSED, "Circulars of old")


def test_a_run_may_be_carried_out_twice(source: Source, pool: Pool, run_now: RunNow) -> None:
    run = run_now(source)
    runs.carry_out(run.organisation_id, run.pk, pool)
    assert Entry.objects.count() == 3
    assert RawVersion.objects.count() == 3


def test_a_run_knows_how_much_is_left_after_its_first_batch(
    source: Source, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "batches", _one_by_one)
    run = runs.begin(source, None)
    told: list[tuple[int | None, bool]] = []

    def look(progress: Progress) -> None:
        run.refresh_from_db()
        told.append((run.per_cent, run.seconds_left is not None))

    runs.carry_out(run.organisation_id, run.pk, pool, look)
    assert told == [(25, True), (50, True), (75, True), (100, True)]


def test_a_run_cut_off_in_the_middle_is_taken_over(
    source: Source, pool: Pool, run_now: RunNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "batches", _one_by_one)
    run = runs.begin(source, None)
    told: list[int] = []

    class Killed(BaseException):
        pass

    def kill(progress: Progress) -> None:
        told.append(progress.counts["listed"])
        if len(told) == 2:
            raise Killed

    with pytest.raises(Killed):
        runs.carry_out(run.organisation_id, run.pk, pool, kill)
    assert runs.begin(source, None) == run
    assert not runs.begin(source, None).is_new
    Run.objects.filter(pk=run.pk).update(beat_at=timezone.now() - timedelta(minutes=5))
    other = run_now(source)
    assert other.pk != run.pk
    assert other.counts["listed"] == 4
    assert Entry.objects.count() == 3
    assert RawVersion.objects.count() == 3


def _one_by_one(found: Iterable[Found]) -> Iterator[list[Piece]]:
    return ([Piece(one)] for one in found)


def test_due_sources_are_started_once(source: Source, run_now: RunNow) -> None:
    run_now(source)
    Source.objects.update(next_run_at=timezone.now() - timedelta(minutes=1))
    waiting = ProcrastinateJob.objects.filter(task_name__endswith="carry_out_run")
    before = waiting.count()
    jobs.start_due_runs(source.organisation_id)
    Source.objects.update(next_run_at=timezone.now() - timedelta(minutes=1))
    jobs.start_due_runs(source.organisation_id)
    assert waiting.count() == before + 1
    assert source.runs.filter(state=Run.State.WAITING).count() == 1


def test_a_run_waits_until_it_is_taken_up_and_one_alone_takes_it(source: Source, pool: Pool) -> None:
    run = source.runs.get()
    assert run.is_waiting
    assert runs.begin(source, None) == run
    started = run.started_at
    taken = runs.take(run.organisation_id, run.pk, runs.By.HERE)
    assert taken is not None
    assert taken.state == Run.State.RUNNING
    assert taken.started_at > started
    for by in runs.By:
        assert runs.take(run.organisation_id, run.pk, by) is None
    assert runs.carry_out(run.organisation_id, run.pk, pool, by=runs.By.JOB) is None
    assert not Document.objects.exists()


def test_a_job_that_is_tried_again_goes_on_with_its_run_and_the_first_stops(source: Source, pool: Pool) -> None:
    run = source.runs.get()
    later: list[Progress | None] = []

    def given_out_again(progress: Progress) -> None:
        if not later:
            later.append(None)
            later[0] = runs.carry_out(run.organisation_id, run.pk, pool, by=runs.By.JOB)

    runs.carry_out(run.organisation_id, run.pk, pool, given_out_again, by=runs.By.JOB)
    run.refresh_from_db()
    assert run.state == Run.State.DONE
    assert later[0] is not None
    assert run.counts["listed"] == 4
    assert run.counts["new"] == 0


def test_a_waiting_run_that_lost_its_job_is_given_out_again(source: Source) -> None:
    run = source.runs.get()
    waiting = ProcrastinateJob.objects.filter(task_name__endswith="carry_out_run", args__run_id=run.pk)
    jobs.start_due_runs(source.organisation_id)
    assert waiting.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    Source.objects.update(next_run_at=timezone.now() - timedelta(minutes=1))
    jobs.start_due_runs(source.organisation_id)
    assert waiting.count() == 1


def test_a_run_that_fell_silent_is_gone_on_with_at_once_and_given_out_once(source: Source, pool: Pool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    run = runs.begin(source, None)
    assert runs.take(source.organisation_id, run.pk, runs.By.HERE) is not None
    jobs.go_on_with_silent_runs(source.organisation_id)
    assert not ProcrastinateJob.objects.filter(args__run_id=run.pk).exists()
    Run.objects.filter(pk=run.pk).update(beat_at=timezone.now() - Run.SILENCE)
    for _ in range(2):
        jobs.go_on_with_silent_runs(source.organisation_id)
    assert ProcrastinateJob.objects.filter(args__run_id=run.pk).count() == 1
    assert runs.carry_out(source.organisation_id, run.pk, pool, by=runs.By.JOB) is not None
    run.refresh_from_db()
    assert run.state == Run.State.DONE


def test_stopping_a_waiting_run_leaves_nothing_to_take_up(source: Source, pool: Pool, nadia: Person) -> None:
    run = source.runs.get()
    stop_run(nadia, run)
    assert runs.carry_out(run.organisation_id, run.pk, pool, by=runs.By.JOB) is None
    source.refresh_from_db()
    assert source.next_run_at > timezone.now() + timedelta(minutes=30)


def test_a_silent_source_is_noticed_once(source: Source, run_now: RunNow, nadia: Person) -> None:
    run_now(source)
    long_ago = timezone.now() - timedelta(days=3)
    Source.objects.update(silent_after_hours=48, last_change_at=long_ago)
    jobs.check_silence(source.organisation_id)
    jobs.check_silence(source.organisation_id)
    assert Notice.objects.filter(person=nadia, done_at=None).count() == 1
    source.refresh_from_db()
    assert health_of(source) == Health.SILENT


def test_readers_see_what_the_source_lets_them(
    source: Source, run_now: RunNow, ines: Person, ada: Person, everyone: Audience
) -> None:
    run_now(source)
    everyone.member_links.filter(person=ada).delete()
    assert not Entry.objects.readable_by(ada).exists()
    assert Entry.objects.readable_by(source.owner).count() == 3


def test_a_full_disk_is_trouble_and_the_next_run_goes_on(
    source: Source, run_now: RunNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(content: bytes) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "put_blob", full)
        assert run_now(source).state == Run.State.FAILED
    assert "No space left" in source.trouble
    assert not Document.objects.exists()
    assert counts(run_now(source)) == (4, 3, 0, 0, 1)
    assert source.trouble == ""


def test_troubles_are_put_into_the_words_of_who_reads_them(
    source: Source, run_now: RunNow, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_now(source)
    shutil.rmtree(folder)
    run = run_now(source)
    place = str(folder)
    assert source.trouble_said["facts"] == {"path": place}
    failure = Failure.objects.get()
    monkeypatch.setattr(wording, "gettext", lambda sentence: f"<{sentence}>")
    assert run.words == f"<The folder {place} is not there>"
    assert source.trouble_words.startswith(f"<The folder {place} is not there>. <Connect it again")
    assert failure.words == "No reader for this kind of file: application/octet-stream"
    assert failure.remedy_words == "Save it in a common format such as PDF or DOCX"


def test_rows_that_were_written_before_words_were_kept_stay_readable(source: Source, run_now: RunNow) -> None:
    run_now(source)
    Failure.objects.update(said={}, cause="unreachable", message="It answered 12 %", remedy="Try again")
    Run.objects.update(message="The folder is gone")
    Source.objects.update(trouble="The folder is gone. Connect it again")
    failure, run, source = Failure.objects.get(), Run.objects.latest("pk"), Source.objects.get()
    assert (failure.words, failure.remedy_words) == ("It answered 12 %", "Try again")
    assert (run.words, source.trouble_words) == ("The folder is gone", "The folder is gone. Connect it again")


def test_what_failed_keeps_what_its_source_said_of_it(source: Source, run_now: RunNow) -> None:
    run_now(source)
    document = Document.objects.get(key="noise.bin")
    again = found_again(document, b"Words after all, and quite readable.")
    assert again.name == "noise.bin"
    assert again.modified is not None
