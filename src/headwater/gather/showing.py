"""What the pages of sources show: findings, health, progress, failures by cause, and what a source is good for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    Case,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, TruncDate
from django.db.models.lookups import LessThan
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from headwater.core.addresses import address
from headwater.core.display.charts import Point
from headwater.core.display.figures import number
from headwater.core.prepared import Given, Prepared
from headwater.gather import onward, rules
from headwater.gather.health import WORDS, Health, health_of
from headwater.gather.models import Document, Failure, InformationNeed, NeedSource, RawVersion, Run, Source
from headwater.gather.pipeline import STEPS
from headwater.gather.runs import describe
from headwater.gather.wording import KINDS, cause_words
from headwater.people.models import Person
from headwater.search.models import Entry, EntryVersion

_DAYS = 45
_WORRIES = (Health.TROUBLE, Health.SILENT, Health.LATE)


def sources_in(state: str) -> QuerySet[Source]:
    """Sources with their numbers of documents and failures, those in trouble first, then the silent ones."""
    kept = Document.objects.filter(source=OuterRef("pk"), vanished_at=None, entry__isnull=False)
    failed = Failure.objects.filter(document__source=OuterRef("pk"), document__vanished_at=None, dismissed_at=None)
    closed = Q(state=Source.State.CLOSED)
    return (
        Source.objects.filter(closed if state == "closed" else ~closed)
        .select_related("owner")
        .annotate(kept=_count_of(kept, "source"), failed=_count_of(failed, "document__source"))
        .order_by(_worry(), Coalesce("trouble_since", timezone.now()), "name")
    )


def _worry() -> Case:
    """What needs somebody comes first: 0 in trouble, 1 silent, 2 the others."""
    alarm = ExpressionWrapper(F("silent_after_hours") * timedelta(hours=1), output_field=DurationField())
    last_sign = Coalesce("last_change_at", "created_at")
    is_silent = LessThan(ExpressionWrapper(last_sign + alarm, output_field=DateTimeField()), timezone.now())
    active = Q(state=Source.State.ACTIVE)
    return Case(When(active & ~Q(trouble=""), then=0), When(active & Q(is_silent), then=1), default=2)


def _count_of(rows: "QuerySet[Any]", link: str) -> Any:
    return Coalesce(_one_of(rows, link, Count("pk")), 0)


def _one_of(rows: "QuerySet[Any]", link: str, value: Aggregate) -> Subquery:
    return Subquery(rows.order_by().values(link).annotate(value=value).values("value"))


@dataclass(frozen=True)
class Row:
    """A source in a list."""

    source: Source

    @property
    def health(self) -> tuple[str | Promise, str, str]:
        """Word, tone and icon."""
        return WORDS[health_of(self.source)]

    @property
    def icon(self) -> str:
        return KINDS[self.source.kind][0]

    @property
    def place(self) -> str:
        return describe(self.source.settings)


def finding(state: str) -> str:
    """The sources in a sentence."""
    if state == "closed":
        return _("Closed sources")
    sources = list(Source.objects.open())
    if not sources:
        return _("Nothing is gathered yet")
    worries = sum(health_of(source) in _WORRIES for source in sources)
    if worries:
        words = ngettext("%(n)d of %(all)d sources needs you", "%(n)d of %(all)d sources need you", worries)
        return words % {"n": worries, "all": len(sources)}
    words = ngettext("The one source is well", "All %(all)d sources are well", len(sources))
    return words % {"all": len(sources)}


def open_needs() -> int:
    """How many questions wait for an answer."""
    return InformationNeed.objects.filter(state=InformationNeed.State.OPEN).count()


@dataclass(frozen=True)
class StepShown:
    """One step of a run: its name, how many came past it, and whether it is done, going on, or lost some."""

    label: str | Promise
    count: int
    note: str
    look: str
    is_bad: bool = False


@dataclass(frozen=True)
class CauseShown:
    """What could not be read for one cause; the names only for who may read the source."""

    cause: str
    what: str | Promise
    remedy: str | Promise
    count: int
    example: str
    more: int


def page_of(source: Source, person: Person) -> dict[str, Any]:
    """Everything the page of a source, found by `with_leave_of` this person, shows to them."""
    run = source.runs.select_related("started_by").order_by("-started_at").first()
    health = health_of(source)
    may_read = source.is_open_to_asker
    days = days_of(source)
    causes = causes_of(source, may_read)
    numbers = numbers_of(source)
    crumbs = [(_("Gather"), ""), (_("Sources"), address("gather:sources"))]
    return {
        "title": source.name,
        "crumbs": crumbs,
        "source": source,
        "health": health,
        "health_words": WORDS[health],
        "heading": _heading(source, health),
        "run": run,
        "is_running": run is not None and (run.is_alive or run.is_waiting),
        "steps": steps_of(run) if run is not None else [],
        "freshness": freshness(source, days),
        "daily": daily_runs(days) if source.is_read_by_itself else None,
        "usual": usual_pause(numbers),
        "causes": causes,
        "failed": sum(each.count for each in causes),
        "good_for": numbers,
        "uses": onward.uses_of_source(source.pk),
        "place": describe(source.settings),
        "icon": KINDS[source.kind][0],
        "languages": languages(source),
        "silence": silence_words(source.silent_after_hours),
        "may_manage": rules.may_manage_source(person, source),
        "may_add": not source.is_read_by_itself and rules.may_add_to(person, source),
        "may_read": may_read,
    }


def _heading(source: Source, health: Health) -> str:
    """A silent source says so in its title; a healthy one keeps its name."""
    if health == Health.SILENT and source.silent_after_hours is not None:
        since = source.last_change_at or source.created_at
        days = max(1, (timezone.now() - since).days)
        words = ngettext("%(name)s: silent for %(n)d day", "%(name)s: silent for %(n)d days", days)
        return words % {"name": source.name, "n": days}
    return source.name


def steps_of(run: Run) -> list[StepShown]:
    """The pipeline of a run, step by step."""
    counts, look = run.counts, "is-now" if run.is_alive else "" if run.is_waiting else "is-done"
    failed = int(counts.get("failed", 0))
    shown: list[StepShown] = []
    for step in STEPS:
        note = (
            ngettext("%(n)d failed", "%(n)d failed", failed) % {"n": failed} if step.name == "read" and failed else ""
        )
        count = int(counts.get(step.name, 0))
        shown.append(StepShown(step.label, count, note, look, is_bad=bool(note)))
    return shown + [StepShown(each.label, each.count, each.note, look) for each in onward.steps_of_run(run.pk)]


@dataclass
class Days:
    """The last 45 days of a source: new and changed versions of each, and its runs with how many of them failed."""

    since: date
    versions: dict[date, int] = field(default_factory=dict)
    runs: dict[date, tuple[int, int]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[date]:
        return (self.since + timedelta(days=n) for n in range(_DAYS))


def days_of(source: Source) -> Days:
    """What happened on each of the last 45 days, by one query."""
    days = Days(timezone.localdate() - timedelta(days=_DAYS - 1))
    versions = EntryVersion.objects.filter(entry__document__source=source, published_at__date__gte=days.since)
    runs = source.runs.filter(started_at__date__gte=days.since).exclude(state__in=Run.OPEN)
    failed = Count("pk", filter=Q(state=Run.State.FAILED))
    by_day = (
        _by_day(versions, "version", "published_at", Value(0)),
        _by_day(runs, "run", "started_at", failed),
    )
    for what, day, number_of, bad in by_day[0].union(by_day[1], all=True):
        if what == "version":
            days.versions[day] = number_of
        else:
            days.runs[day] = (number_of, bad)
    return days


def _by_day(rows: "QuerySet[Any]", what: str, moment: str, failed: Any) -> "QuerySet[Any]":
    grouped = rows.order_by().values(what=Value(what), day=TruncDate(moment))
    return grouped.annotate(n=Count("pk"), failed=failed).values_list("what", "day", "n", "failed")


def freshness(source: Source, days: Days) -> list[Point]:
    """New and changed versions a day, each leading to its documents."""
    url = address("gather:documents", pk=source.pk)
    return [
        Point(date_format(day, "j M"), found, f"{url}?day={day.isoformat()}" if found else "")
        for day in days
        for found in [days.versions.get(day, 0)]
    ]


@dataclass(frozen=True)
class DailyRuns:
    """The runs of the last 45 days: a square a day with its words, all together in a sentence, and what went wrong."""

    squares: list[tuple[str, str]]
    sentence: str
    worry: str

    @property
    def heads(self) -> tuple[str, str, str]:
        """The columns of the table beside the chart."""
        return _("Day"), _("New and changed"), _("Runs")


def daily_runs(days: Days) -> DailyRuns:
    """One square a day: filled when all its runs went through, amber when some failed, red when all did."""
    squares = [_square(*days.runs.get(day, (0, 0))) for day in days]
    total, troubled = sum(n for n, _failed in days.runs.values()), sum(bool(bad) for _n, bad in days.runs.values())
    sentence = ngettext("%(n)s run", "%(n)s runs", total) % {"n": number(total)}
    worry = ngettext("%(n)d day with a failed run", "%(n)d days with failed runs", troubled) % {"n": troubled}
    return DailyRuns(squares, sentence, worry if troubled else "")


def _square(runs: int, failed: int) -> tuple[str, str]:
    words = ngettext("%(n)d run", "%(n)d runs", runs) % {"n": runs}
    if failed:
        words = _("%(runs)s, %(n)d failed") % {"runs": words, "n": failed}
    return ("track" if not runs else "s4" if not failed else "bad" if failed == runs else "warn", words)


def usual_pause(numbers: Mapping[str, Any]) -> str:
    """How often something comes, in words; nothing while it came too seldom to tell."""
    if numbers["half_year"] < 3:
        return ""
    span: timedelta = numbers["last"] - numbers["first"]
    days = span.total_seconds() / 86_400 / (numbers["half_year"] - 1)
    if days < 1:
        return _("usually something every day")
    whole = round(days)
    return ngettext("usually something every day", "usually something every %(n)d days", whole) % {"n": whole}


def causes_of(source: Source, may_read: bool) -> list[CauseShown]:
    """What could not be read, by cause, the most frequent first."""
    failures = Failure.objects.filter(document__source=source, document__vanished_at=None, dismissed_at=None)
    grouped = failures.values("cause").annotate(n=Count("pk"), example=Min("document__key")).order_by("-n", "cause")
    return [
        CauseShown(
            cause=row["cause"],
            what=cause_words(row["cause"])[0],
            remedy=cause_words(row["cause"])[1],
            count=row["n"],
            example=row["example"] if may_read else "",
            more=row["n"] - 1 if may_read else row["n"],
        )
        for row in grouped
    ]


def numbers_of(source: Source) -> Mapping[str, Any]:
    """Numbers that say what a source is good for, as far as rooms on this floor and below know, by one query.

    Documents `kept`, `vanished` and `copies`; versions of the last `month` and `half_year`, with the `first` and `last`
    of these (None when there is none); and the `questions` it serves. What a back-fill brought is no news.
    """
    now = timezone.now()
    (numbers,) = _numbers.rows(source=source.pk, half_year=now - timedelta(days=180), month=now - timedelta(days=30))
    return dict(zip(NUMBERS, numbers, strict=True))


NUMBERS = ("kept", "vanished", "copies", "month", "half_year", "first", "last", "questions")


def _numbers_asked() -> "QuerySet[Any, Any]":
    """One row of what NUMBERS names, for the source that is given."""
    documents = Document.objects.filter(source=OuterRef("pk"))
    copies = documents.filter(
        entry__copy_of__isnull=False, entry__current_version__isnull=False, entry__withdrawn_at=None
    )
    fresh = RawVersion.objects.filter(
        document__source=OuterRef("pk"),
        version__is_backfill=False,
        version__gathered_at__gte=Given("half_year"),
    )
    month = fresh.filter(version__gathered_at__gte=Given("month"))
    return Source.objects.filter(pk=Given("source")).values_list(
        _count_of(documents.filter(vanished_at=None, entry__isnull=False), "source"),
        _count_of(documents.filter(vanished_at__isnull=False), "source"),
        _count_of(copies, "source"),
        _count_of(month, "document__source"),
        _count_of(fresh, "document__source"),
        _one_of(fresh, "document__source", Min("version__gathered_at")),
        _one_of(fresh, "document__source", Max("version__gathered_at")),
        _count_of(NeedSource.objects.filter(source=OuterRef("pk")), "source"),
    )


_numbers = Prepared(_numbers_asked)


def languages(source: Source) -> list[tuple[str, int]]:
    """(language's name, per cent), the three most frequent, judged by the newest thousand documents."""
    newest = Entry.objects.current().filter(document__source=source).order_by("-pk").values("pk")[:1_000]
    entries = Entry.objects.filter(pk__in=newest).order_by()
    counted = entries.values_list("current_version__language").annotate(n=Count("pk")).order_by("-n")
    rows = [(code, n) for code, n in counted if code]
    total = sum(n for _, n in rows)
    return [(_language(code), round(n * 100 / total)) for code, n in rows[:3]] if total else []


def _language(code: str) -> str:
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def silence_words(hours: int | None) -> str:
    """A silence alarm in words: whole days as days."""
    if not hours:
        return ""
    if hours % 24:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}
