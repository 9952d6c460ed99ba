"""How a source does: well, in trouble, or silent; and who is told."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headwater.core.addresses import address
from headwater.gather.connectors import Fault
from headwater.gather.models import Source
from headwater.gather.wording import Told
from headwater.people.models import Notice
from headwater.people.notices import settle, tell


class Health(StrEnum):
    """How a source does, worst first."""

    TROUBLE = "trouble"
    SILENT = "silent"
    LATE = "late"
    PAUSED = "paused"
    CLOSED = "closed"
    NEW = "new"
    HEALTHY = "healthy"


WORDS: dict[Health, tuple[str | Promise, str, str]] = {
    Health.TROUBLE: (_("Cannot be read"), "bad", "alert-triangle"),
    Health.SILENT: (_("Silent"), "warn", "bell-off"),
    Health.LATE: (_("Late"), "warn", "clock-pause"),
    Health.PAUSED: (_("Paused"), "", "player-pause"),
    Health.CLOSED: (_("Closed"), "", "archive"),
    Health.NEW: (_("Not read yet"), "", "circle-dashed"),
    Health.HEALTHY: (_("Healthy"), "good", "heart-rate-monitor"),
}


def health_of(source: Source) -> Health:
    """How a source does now, from what is kept of it."""
    if source.state == Source.State.CLOSED:
        return Health.CLOSED
    if source.state == Source.State.PAUSED:
        return Health.PAUSED
    if source.trouble:
        return Health.TROUBLE
    if source.is_silent:
        return Health.SILENT
    if source.last_worked_at is None:
        return Health.NEW if source.is_read_by_itself else Health.HEALTHY
    overdue = source.last_worked_at + timedelta(minutes=source.every_minutes * 3, hours=1)
    return Health.LATE if source.is_read_by_itself and overdue < timezone.now() else Health.HEALTHY


def record_success(source: Source, *, changed: bool, **changes: Any) -> None:
    """It worked: trouble is over, and its notices are settled. `changes` are further fields to write."""
    now = timezone.now()
    changes |= {"last_worked_at": now, "trouble": "", "trouble_said": {}, "trouble_since": None}
    if changed:
        changes["last_change_at"] = now
    Source.objects.filter(pk=source.pk).update(**changes)
    if source.trouble:
        settle(_key("failed", source.pk))
    if changed:
        settle(_key("silent", source.pk))


def record_partly(source: Source, fault: Fault, *, changed: bool, **changes: Any) -> None:
    """It worked for what could be reached; the owner is told of the rest, once until all of it works again."""
    if changed:
        changes["last_change_at"] = timezone.now()
        settle(_key("silent", source.pk))
    Source.objects.filter(pk=source.pk).update(**changes)
    record_trouble(source.pk, fault)


def record_trouble(source_id: int, fault: Fault) -> None:
    """It did not work: kept on the source, and its owner is told once until it works again."""
    source = Source.objects.select_related("owner").get(pk=source_id)
    since = source.trouble_since or timezone.now()
    source.trouble, source.trouble_said, source.trouble_since = str(fault)[:500], fault.said, since
    source.save(update_fields=["trouble", "trouble_said", "trouble_since"])
    words = _("“%(source)s” could not be read: %(why)s. What was gathered is kept; it is tried again at its times.")
    _tell(source, "failed", Said(words, {"source": source.name, "why": Told(fault.said)}))


def check_silence() -> int:
    """Tells the owners of sources that have fallen silent; how many there are."""
    candidates = Source.objects.filter(state=Source.State.ACTIVE, silent_after_hours__isnull=False)
    silent = [source for source in candidates.select_related("owner") if source.is_silent]
    for source in silent:
        words = _("“%(source)s” has brought nothing new for %(hours)s hours. Is it still alive?")
        _tell(source, "silent", Said(words, {"source": source.name, "hours": source.silent_after_hours}))
    return len(silent)


class Said:
    """A sentence with its particulars, put into words only when the reader's language is known."""

    def __init__(self, words: str | Promise, particulars: dict[str, object]) -> None:
        self.words = words
        self.particulars = particulars

    def __str__(self) -> str:
        return str(self.words % self.particulars)


def _tell(source: Source, matter: str, said: Said) -> None:
    tell(
        source.owner,
        said,
        address("gather:source", pk=source.pk),
        dedupe_key=_key(matter, source.pk),
        urgency=Notice.Urgency.NORMAL,
    )


def _key(matter: str, source_id: int) -> str:
    return f"source-{matter}:{source_id}"


def since_when(source: Source) -> datetime | None:
    """Since when it has been as it is: the beginning of its trouble or silence."""
    return source.trouble_since or (source.last_change_at if source.is_silent else None)
