"""Large files, brought in by a job: kept, carried out all or nothing, with progress that others see meanwhile.

A room's action begins it (`begin`), its job carries it out (`carry_out`) by the very verb that brings in small files.
Whatever does the work says with `report` how far it is, and with `tally` what came of it; elsewhere both do nothing.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from time import monotonic
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, Refused
from headwater.core.blobs import put_blob, read_blob
from headwater.core.models import Import
from headwater.core.wall import organisation_context

LARGE = 1_000  # rows; more take longer than a page may take
EVERY_SECONDS = 0.5

WORDS = {
    "added": _("New"),
    "changed": _("Changed"),
    "unchanged": _("Unchanged"),
    "same": _("Unchanged"),
    "wrong": _("Wrong, left out"),
    "missing": _("Here, but not in the file"),
    "ended": _("Left today"),
    "retired": _("Retired"),
}

_current: ContextVar["_Reporter | None"] = ContextVar("import", default=None)


def report(done: int, total: int) -> None:
    """Say how much of the import that is running is done."""
    if (reporter := _current.get()) is not None:
        reporter.report(done, total)


def tally(**counts: int) -> None:
    """Say what came of the import that is running: added, changed…"""
    if (reporter := _current.get()) is not None:
        reporter.counts |= counts


def is_large(content: bytes) -> bool:
    """Whether a file of one line a row holds more than is brought in while somebody waits."""
    return content.count(b"\n") > LARGE


def begin(actor: Actor, kind: str, content: bytes, name: str = "", **options: Any) -> Import:
    """Keep the file for the job that brings it in."""
    return Import.objects.create(
        kind=kind, name=name.replace("\x00", "")[:255], blob=put_blob(content), options=options, asked_by=actor.actor_id
    )


def carry_out(organisation_id: int, import_id: int, bring_in: Callable[[Import, bytes], object]) -> None:
    """Bring a file in, unless that was done. What is wrong with it is said on its row, and then nothing is changed."""
    with organisation_context(organisation_id):
        row = Import.objects.select_for_update().filter(pk=import_id).first()
        if row is None or row.has_ended:
            return
        row.state, row.started_at = Import.State.RUNNING, row.started_at or timezone.now()
        row.save(update_fields=["state", "started_at"])
    reporter = _Reporter(organisation_id, import_id)
    token = _current.set(reporter)
    try:
        with organisation_context(organisation_id):
            if _ended_meanwhile(import_id):
                return
            bring_in(row, read_blob(row.blob))
            _end(import_id, state=Import.State.DONE, counts=reporter.counts)
    except (ValidationError, Refused) as error:
        said = "\n".join(error.messages) if isinstance(error, ValidationError) else str(error)
        with organisation_context(organisation_id):
            _end(import_id, state=Import.State.FAILED, message=said)
    finally:
        _current.reset(token)
        reporter.close()


def _ended_meanwhile(import_id: int) -> bool:
    """Wait for whoever else carries this import out; whether they have ended it, one way or the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('import'), %s)", [import_id])
    return not Import.objects.filter(pk=import_id, ended_at=None).exists()


def counted(row: Import) -> list[tuple[str, int]]:
    """What came of an import, in words."""
    return [(str(WORDS.get(name, name)), count) for name, count in row.counts.items()]


def _end(import_id: int, **values: Any) -> None:
    Import.objects.filter(pk=import_id).update(ended_at=timezone.now(), blob="", **values)


class _Reporter:
    """Writes progress by a connection of its own: what the import itself writes is not seen until it is whole."""

    def __init__(self, organisation_id: int, import_id: int) -> None:
        self.counts: dict[str, int] = {}
        self._ids = organisation_id, import_id
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._last = monotonic()

    def report(self, done: int, total: int) -> None:
        if monotonic() - self._last >= EVERY_SECONDS:
            self._thread.submit(self._write, done, total).result()
            self._last = monotonic()

    def close(self) -> None:
        self._thread.submit(lambda: connection.close()).result()  # the connection of that thread
        self._thread.shutdown()

    def _write(self, done: int, total: int) -> None:
        organisation_id, import_id = self._ids
        with organisation_context(organisation_id):
            Import.objects.filter(pk=import_id).update(done=done, total=total)
