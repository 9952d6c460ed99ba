"""Background work of gather: runs, reading what was kept, watching folders, silence, and proposals for needs."""

import logging
import threading

from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from headwater.core.blobs import purge_unused, read_blob
from headwater.core.jobs import Follower, job, periodic
from headwater.core.wall import organisation_context
from headwater.gather import health, runs, watching
from headwater.gather.extract import shared_pool
from headwater.gather.handing import hand_over_of_leavers
from headwater.gather.models import Document, Run, Source
from headwater.gather.pieces import Piece
from headwater.gather.pipeline import Batch, carry
from headwater.gather.proposing import propose_new
from headwater.gather.publishing import found_again

log = logging.getLogger(__name__)


@job(queue="gather")
def carry_out_run(organisation_id: int, run_id: int) -> None:
    """Do a run to its end, or go on with it where a killed worker left it."""
    runs.carry_out(organisation_id, run_id, by=runs.By.JOB)


@job()
def read_kept(organisation_id: int, document_id: int) -> None:
    """Take the text out of bytes that are kept already: an upload, a capture, or a failure that is tried again."""
    with organisation_context(organisation_id):
        document = Document.objects.filter(pk=document_id).first()
        if document is None or not document.blob:
            return
        content = read_blob(document.blob)
    piece = Piece(found_again(document, content), is_asked_for=True)
    carry(Batch(organisation_id, document.source_id, [piece], shared_pool()))
    with organisation_context(organisation_id):
        source = Source.objects.get(pk=document.source_id)
        if not source.is_read_by_itself:
            health.record_success(source, changed=piece.failure is None)


@periodic("* * * * *")
def start_due_runs(organisation_id: int) -> None:
    """Starts the runs whose time has come, and goes on with those whose worker has died."""
    with organisation_context(organisation_id):
        for source in Source.objects.due():
            run = runs.begin(source, None)
            # Looked at again should this run die; its end sets the next time.
            Source.objects.filter(pk=source.pk).update(next_run_at=timezone.now() + Run.SILENCE)
            if run.is_waiting and not _is_queued(run):
                carry_out_run.defer(organisation_id=organisation_id, run_id=run.pk)


def go_on_with_silent_runs(organisation_id: int) -> bool:
    """Runs whose worker was killed, or lost the database, are gone on with within seconds, whoever began them."""
    with organisation_context(organisation_id):
        silent = Run.objects.filter(state=Run.State.RUNNING, beat_at__lt=timezone.now() - Run.SILENCE)
        for run in silent.filter(source__state=Source.State.ACTIVE):
            if not _is_queued(run):
                carry_out_run.defer(organisation_id=organisation_id, run_id=run.pk)
    return False


def _is_queued(run: Run) -> bool:
    """Whether there is a job that will carry it out: one that was begun elsewhere and left may have none."""
    going_on = ProcrastinateJob.objects.filter(task_name__endswith="carry_out_run", status__in=("todo", "doing"))
    return going_on.filter(args__run_id=run.pk).exists()


@periodic("*/10 * * * *")
def check_silence(organisation_id: int) -> None:
    """Tells the owners of sources that have brought nothing new for too long."""
    with organisation_context(organisation_id):
        health.check_silence()


@periodic("17 3 * * *")
def hand_over_daily(organisation_id: int) -> None:
    """Sources and needs of people who have left find a new owner, also when they were given to a leaver later."""
    hand_over_of_leavers(organisation_id)


@periodic("43 3 * * *")
def purge_blobs(organisation_id: int) -> None:
    """Bytes that no record of any room has needed for a week are deleted."""
    with organisation_context(organisation_id):
        purged = purge_unused()
    if purged:
        log.info("%s files that nothing needed any more were purged", purged)


def watch_all_folders(stop: threading.Event) -> None:
    """Watches the folders of all organisations until told to stop, on a host that gathers."""
    if "gather" in settings.HEADWATER_PARTS:
        watching.watch_all(stop)
    stop.wait()


FOLLOWERS = [
    Follower("gather.silent runs", "gather_run", go_on_with_silent_runs, every_seconds=10),
    Follower("gather.needs", "search_entryversion", propose_new, every_seconds=15, rest=1.0),
    Follower("gather.leavers", "people_departure", hand_over_of_leavers, every_seconds=3600),
]
SERVICES = [watch_all_folders]
