"""What needs the knowledge manager now: few lines, each with what happened and where to act."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headwater.core.addresses import address
from headwater.core.display.dates import when_words
from headwater.core.display.figures import duration, number
from headwater.distribute.models import Directive
from headwater.gather.health import Health
from headwater.gather.models import Source
from headwater.home.cockpit import GONE, Cockpit
from headwater.library.models import Article
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
    return [*_overdue(cockpit), *_silent(cockpit), *_orphaned(trust), *_unreached(cockpit), *_reports(cockpit)]


def _overdue(cockpit: Cockpit) -> list[Need]:
    late = cockpit.deliveries.filter(must_acknowledge=True, acknowledged_at=None, due_at__lt=cockpit.now)
    readable = Entry.objects.readable_by(cockpit.person).filter(pk=OuterRef("version__entry"))
    rows = (
        late.exclude(state__in=GONE)
        .filter(reasons__directive__state=Directive.State.ISSUED)
        .values("reasons__directive", "version__title", "version__entry")
        .annotate(late=Count("pk", distinct=True), soonest=Min("due_at"), may_read=Exists(readable))
        .order_by("-late")
    )
    return [_late_line(dict(row), row["may_read"]) for row in rows[:LINES_OF_A_KIND]]


def _late_line(row: dict[str, Any], may_read: bool) -> Need:
    title = _("“%(title)s”") % {"title": row["version__title"]} if may_read else _("a must-read")
    words = ngettext("%(n)s has not acknowledged %(title)s", "%(n)s have not acknowledged %(title)s", row["late"])
    return Need(
        words % {"n": number(row["late"]), "title": title},
        _("Due %(when)s.") % {"when": when_words(row["soonest"])},
        "user-exclamation",
        "bad",
        address("distribute:proof", pk=row["reasons__directive"]),
        _("See %(n)s") % {"n": number(row["late"])},
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
        return Article.objects.filter(published__isnull=False, trashed_at=None)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Published articles by standing; each is counted once, in the worst it is."""
        kinds = {name: Count("pk", filter=test) for name, test in article_kinds().items()}
        return self.articles.aggregate(all=Count("pk"), **kinds)


def article_kinds() -> dict[str, Q]:
    """What makes an article orphaned, disputed, due or in date, exclusive of each other in this order."""
    today = timezone.localdate()
    orphaned = Q(entry__owner=None) | Q(entry__owner__left_on__lte=today) | Q(entry__owner__erased_at__isnull=False)
    disputed = ~orphaned & Q(entry__standing="disputed")
    due = ~orphaned & ~Q(entry__standing="disputed") & Q(verify_due_on__lte=today)
    return {"orphaned": orphaned, "disputed": disputed, "due": due, "in_date": ~orphaned & ~disputed & ~due}
