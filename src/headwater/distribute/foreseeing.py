"""Answering forecasts: a text that is not out yet is held against the standing queries where they are in memory.

Web processes hold none of them (a million weigh 400 MB, and the matcher's compiled loops another 100), so a question
is a row: the worker that holds the queries, or each that holds a part of them, answers in its next matching step, which
the row's own announcement starts. What it writes are ids of queries and no words; who they belong to, and who of them
may read, is counted when the answer is looked at (`forecasting`).
"""

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db import Error as DatabaseError
from django.db.models import Exists, OuterRef
from django.utils import timezone

from headwater.core.wall import organisation_context
from headwater.distribute.models import Forecast, ForecastAnswer
from headwater.distribute.standing import Standing
from headwater.search.language.searchable import Searchable
from headwater.search.models import Entry, EntryVersion, Kind
from headwater.search.seen import searchables

log = logging.getLogger(__name__)

AT_ONCE = 20
WAITED_FOR = timedelta(hours=1)  # who asked has long gone
KEPT = timedelta(days=1)


class CannotAnswer(Exception):
    """A text that somebody asks about cannot be matched; its cause is the fault."""

    def __init__(self, forecast: Forecast) -> None:
        super().__init__(f"forecast {forecast.pk} cannot be answered")
        self.forecast_id = forecast.pk


def answer_forecasts(standing: Standing, number: int = 0, of: int = 1) -> int:
    """Answer what was asked and not answered yet by part `number` of `of`; returns how many. Inside a transaction.

    Raises CannotAnswer for a text that cannot be matched: what `standing` holds is not to be trusted then.
    """
    answered = ForecastAnswer.objects.filter(forecast=OuterRef("pk"), number=number, of=of)
    since = timezone.now() - WAITED_FOR
    waiting = Forecast.objects.filter(~Exists(answered), asked_at__gt=since, taken_back_at=None)
    found = list(waiting.select_related("entry__current_version", "revision__article__entry").order_by("pk")[:AT_ONCE])
    answers = (
        _answer(forecast, _keys(forecast, searchable, standing), number, of)
        for forecast, searchable in zip(found, _searchables(found), strict=True)
    )
    ForecastAnswer.objects.bulk_create(answers, ignore_conflicts=True)
    return len(found)


def _keys(forecast: Forecast, searchable: Searchable, standing: Standing) -> list[int]:
    try:
        return standing.keys_of(searchable)
    except DatabaseError:
        raise
    except Exception as error:
        raise CannotAnswer(forecast) from error


def leave_unanswered(organisation_id: int, failed: CannotAnswer) -> None:
    """Take the question back, so that what was gathered goes on to its readers; who waits is told. The log has why."""
    log.error("%s: it was taken back", failed, exc_info=failed)
    with organisation_context(organisation_id):
        Forecast.objects.filter(pk=failed.forecast_id).update(taken_back_at=timezone.now())


def _answer(forecast: Forecast, keys: list[int], number: int, of: int) -> ForecastAnswer:
    profiles = [key // 2 for key in keys if key % 2 == 0]
    directives = [key // 2 for key in keys if key % 2]
    return ForecastAnswer(forecast=forecast, number=number, of=of, profiles=profiles, directives=directives)


def _searchables(forecasts: list[Forecast]) -> Iterator[Searchable]:
    yield from searchables([version_of(forecast) for forecast in forecasts]) if forecasts else ()


def version_of(forecast: Forecast) -> EntryVersion:
    """What the forecast is about as the version that would come out: an existing one, or one that is never saved."""
    if forecast.revision is not None:
        draft, entry = forecast.revision, forecast.revision.article.entry
        return _unsaved(entry, draft.title, draft.body, draft.language)
    if forecast.entry is not None and forecast.entry.current_version is not None:
        version = forecast.entry.current_version
        version.entry = forecast.entry
        return version
    entry = forecast.entry or Entry(kind=Kind.REFERENCE, title=forecast.title, audience=forecast.audience)
    return _unsaved(entry, forecast.title or entry.title, forecast.text, forecast.language)


def _unsaved(entry: Entry, title: str, text: str, language: str) -> EntryVersion:
    return EntryVersion(
        pk=0, entry=entry, number=1, title=title, text=text, language=language, published_at=timezone.now()
    )


def forget_forecasts(organisation_id: int) -> None:
    """Remove forecasts that were asked more than a day ago, with their answers."""
    with organisation_context(organisation_id):
        Forecast.objects.filter(asked_at__lt=timezone.now() - KEPT).delete()
