"""The ministry's sources, gathered run by run as their documents came, each run with the clock of its day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from headwater.core.actions import OPERATOR
from headwater.core.models import Classification
from headwater.core.wall import organisation_context
from headwater.demo.cast import Cast
from headwater.demo.clock import moment
from headwater.demo.content import Happening
from headwater.gather import actions, runs
from headwater.gather.models import Document, Source

FIRST_RUN_HOURS_AGO = 3_000
OLD_HOURS_AGO, OLD_VISITS_EVERY = 700, 240


def load_sources(cast: Cast, organisation_id: int, folder: Path) -> None:
    """Make the sources on copies of their documents under `folder`. Opens its own transactions."""
    for row in cast.ministry.rows("sources"):
        if row["kind"] != Source.Kind.FOLDER:
            with organisation_context(organisation_id):
                actions.pause_source(OPERATOR, _make(cast, row, row["settings"]))
            continue
        place = folder / row["slug"]
        place.mkdir(parents=True)
        visits = list(_visits(cast, row["slug"]))
        for at, happenings in visits:
            for happening in happenings:
                cast.ministry.play(row["slug"], happening, place)
            with moment(at):
                _gather(cast, organisation_id, row, place)
    with organisation_context(organisation_id):
        _remember(cast)


def _visits(cast: Cast, slug: str) -> Iterator[tuple[datetime, list[Happening]]]:
    """When the source was visited with news, and what had happened since the last time.

    The first visit finds everything older; of a month ago and more there is one every ten days, to be quick; each later
    one comes between five and twenty minutes after the news.
    """
    for hours_ago, together in groupby(cast.ministry.happenings(slug), key=lambda each: _visited(each.hours_ago)):
        delay = timedelta(minutes=5 + hours_ago * 7 % 15)
        yield cast.ministry.calendar.ago(hours=hours_ago) + delay, list(together)


def _visited(hours_ago: float) -> float:
    if hours_ago < OLD_HOURS_AGO:
        return hours_ago
    return min(hours_ago - hours_ago % OLD_VISITS_EVERY, FIRST_RUN_HOURS_AGO)


def _gather(cast: Cast, organisation_id: int, row: dict[str, Any], place: Path) -> None:
    with organisation_context(organisation_id):
        source = cast.sources.get(row["slug"]) or _make(cast, row, {"path": str(place)})
        run = runs.begin(source, started_by=None)
    runs.carry_out(organisation_id, run.pk)


def _make(cast: Cast, row: dict[str, Any], settings: dict[str, str]) -> Source:
    """The source, first called by its slug, which queries use, then by its full name."""
    source = actions.create_source(
        OPERATOR,
        name=row["slug"],
        kind=row["kind"],
        owner=cast.people[row["owner"]],
        settings=settings,
        audience=cast.audiences[row["audience"]],
        unit=cast.units[row["unit"]],
        classification=Classification[row["classification"].upper()],
        grade=row["grade"],
        every_minutes=row["every_minutes"],
        silent_after_hours=row.get("silent_after_hours"),
        begin=False,
    )
    cast.sources[row["slug"]] = actions.change_source(OPERATOR, source, name=row["name"])
    return cast.sources[row["slug"]]


def _remember(cast: Cast) -> None:
    for document in Document.objects.filter(entry__isnull=False).select_related("entry__current_version", "source"):
        assert document.entry is not None
        cast.documents[f"{document.source.slug}/{document.key}"] = document.entry
