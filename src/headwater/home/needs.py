"""What needs the knowledge manager now: few lines, each with what happened and where to act."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headwater.core.addresses import address
from headwater.core.display.dates import when_words
from headwater.core.display.figures import duration, number
from headwater.core.prepared import Given, Prepared, PreparedFigures
from headwater.distribute.models import Delivery, Directive
from headwater.distribute.proof import Scope
from headwater.gather.health import Health
from headwater.gather.models import Source
from headwater.home.cockpit import GONE, Cockpit
from headwater.library.models import Article
from headwater.people.reading import GivenReader, given_of, reader_like
from headwater.search.models import Entry

LINES_OF_A_KIND = 2


@dataclass(frozen=True)
class Need:
    """One decision: the finding, what is known of it, where to act and in which words."""

    title: str
    text: str
    icon: str
    tone: str
    url: str
    action: str


def needs_of(cockpit: Cockpit, trust: "Trust") -> list[Need]:
    """The decisions that wait, most pressing first."""
    found = [*_overdue(cockpit), *_silent(cockpit), *_unmatched(cockpit), *_orphaned(trust)]
    return [*found, *_unreached(cockpit), *_reports(cockpit)]


def _overdue(cockpit: Cockpit) -> list[Need]:
    reader = reader_like(cockpit.person)
    rows = _latest(cockpit.scope, reader).rows(now=cockpit.now, **given_of(cockpit.person))
    return [_late_line(*row) for row in rows]


@lru_cache(256)
def _latest(scope: Scope, reader: GivenReader) -> Prepared:
    """The must-reads with most that are late: directive, title, how many, since when, whether it may be named."""
    late = Delivery.objects.filter(
        scope.within("person__"), must_acknowledge=True, acknowledged_at=None, due_at__lt=Given("now")
    )
    readable = Entry.objects.readable_by(reader).filter(pk=OuterRef("version__entry"))
    rows = (
        late.exclude(state__in=GONE)
        .filter(reasons__directive__state=Directive.State.ISSUED)
        .values("reasons__directive", "version__title", "version__entry")
        .annotate(late=Count("pk", distinct=True), soonest=Min("due_at"), may_read=Exists(readable))
        .order_by("-late")
        .values_list("reasons__directive", "version__title", "late", "soonest", "may_read")
    )
    return Prepared(lambda: rows[:LINES_OF_A_KIND])


def _late_line(directive: int, title: str, late: int, soonest: datetime, may_read: bool) -> Need:
    name = _("“%(title)s”") % {"title": title} if may_read else _("a must-read")
    words = ngettext("%(n)s has not acknowledged %(title)s", "%(n)s have not acknowledged %(title)s", late)
    return Need(
        words % {"n": number(late), "title": name},
        _("Due %(when)s.") % {"when": when_words(soonest)},
        "user-exclamation",
        "bad",
        address("distribute:proof", pk=directive),
        _("See %(n)s") % {"n": number(late)},
    )


def _silent(cockpit: Cockpit) -> list[Need]:
    return [_source_line(cockpit, source, health) for source, health in cockpit.sources[:LINES_OF_A_KIND]]


def _source_line(cockpit: Cockpit, source: Source, health: Health) -> Need:
    since = {Health.TROUBLE: source.trouble_since, Health.SILENT: source.last_change_at}.get(
        health, source.last_worked_at
    )
    said = {
        Health.TROUBLE: _("%(source)s: failing for %(time)s"),
        Health.SILENT: _("%(source)s: silent for %(time)s"),
        Health.LATE: _("%(source)s: not read for %(time)s"),
    }[health]
    known = {
        Health.TROUBLE: source.trouble_words,
        Health.SILENT: _("It usually brings something within %(hours)s h.") % {"hours": source.silent_after_hours},
        Health.LATE: _("It is to be read every %(minutes)s minutes. Does the worker run?")
        % {"minutes": source.every_minutes},
    }[health]
    title = said % {"source": source.name, "time": duration(cockpit.now - (since or source.created_at))}
    return Need(title, known, "droplet-off", "bad", address("gather:source", pk=source.pk), _("Mend"))


def _unmatched(cockpit: Cockpit) -> list[Need]:
    count = cockpit.numbers["unmatched"]
    if not count:
        return []
    title = ngettext(
        "%(n)s text did not reach everybody: matching it failed",
        "%(n)s texts did not reach everybody: matching them failed",
        count,
    )
    text = _("Try it again there; if that fails, the administrator finds why in the worker’s log.")
    url = address("home:counted", figure="unmatched")
    return [Need(title % {"n": number(count)}, text, "alert-triangle", "bad", url, _("Which"))]


def _orphaned(trust: "Trust") -> list[Need]:
    count = trust.counts["orphaned"]
    if not count:
        return []
    title = ngettext("%(n)s article has no active owner", "%(n)s articles have no active owner", count)
    url = address("home:counted", figure="orphaned")
    text = _("Nobody is asked when they should be checked.")
    return [Need(title % {"n": number(count)}, text, "user-question", "warn", url, _("Give them owners"))]


def _unreached(cockpit: Cockpit) -> list[Need]:
    count = cockpit.numbers["refusing"]
    if not count or not cockpit.scope.paths:
        return []
    title = ngettext(
        "%(n)s person's mail or chat refuses what is sent", "%(n)s people's mail or chat refuses what is sent", count
    )
    url, text = address("distribute:unreached"), _("They only see it when they come here.")
    return [Need(title % {"n": number(count)}, text, "mail-off", "warn", url, _("Names"))]


def _reports(cockpit: Cockpit) -> list[Need]:
    count = cockpit.numbers["reports"]
    if not count:
        return []
    title = ngettext(
        "%(n)s error report waits for more than two days", "%(n)s error reports wait for more than two days", count
    )
    url, text = address("home:counted", figure="reports"), _("Readers flagged something as wrong.")
    return [Need(title % {"n": number(count)}, text, "flag", "warn", url, _("Triage"))]


class Trust:
    """Whether what is kept can be relied on: articles in date, due, disputed, orphaned."""

    @cached_property
    def articles(self) -> QuerySet[Article]:
        """Published articles."""
        return _articles()

    @cached_property
    def counts(self) -> dict[str, int]:
        """Published articles by standing; each is counted once, in the worst it is."""
        return _kinds_counted.of(today=timezone.localdate())


def article_kinds(today: Any = None) -> dict[str, Q]:
    """What makes an article orphaned, disputed, due or in date (today), exclusive of each other in this order."""
    today = today or timezone.localdate()
    orphaned = Q(entry__owner=None) | Q(entry__owner__left_on__lte=today) | Q(entry__owner__erased_at__isnull=False)
    disputed = ~orphaned & Q(entry__standing="disputed")
    due = ~orphaned & ~Q(entry__standing="disputed") & Q(verify_due_on__lte=today)
    return {"orphaned": orphaned, "disputed": disputed, "due": due, "in_date": ~orphaned & ~disputed & ~due}


def _articles() -> QuerySet[Article]:
    return Article.objects.filter(published__isnull=False, trashed_at=None)


def _kinds() -> dict[str, Count]:
    return {name: Count("pk", filter=test) for name, test in article_kinds(Given("today")).items()}


_kinds_counted = PreparedFigures(lambda: (_articles(), {"all": Count("pk"), **_kinds()}))
