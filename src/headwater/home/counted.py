"""Every figure of the cockpit opens the list it was counted from; these are the lists that no other room shows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headwater.core.typed import read_number
from headwater.distribute.models import Delivery
from headwater.distribute.proof import overdue
from headwater.distribute.unmatched import unmatched_versions
from headwater.home.cockpit import Cockpit, open_reports
from headwater.home.needs import Trust, article_kinds
from headwater.search.models import EntryVersion


@dataclass(frozen=True)
class Listing:
    """A list behind a figure: its title, what its rows are (versions, deliveries, articles, reports)."""

    title: str | Promise
    rows_are: str
    rows: Callable[[Cockpit], QuerySet]


def _deliveries(**tests: object) -> Callable[[Cockpit], QuerySet[Delivery]]:
    def rows(cockpit: Cockpit) -> QuerySet[Delivery]:
        recent = cockpit.deliveries.filter(created_at__gte=cockpit.since, **tests)
        return (
            recent.select_related("version__entry", "person__unit").defer("version__text").order_by("-created_at", "pk")
        )

    return rows


def _gathered(cockpit: Cockpit) -> QuerySet[EntryVersion]:
    return cockpit.versions.select_related("entry__unit").defer("text").order_by("-gathered_at", "pk")


def _unmatched(_cockpit: Cockpit) -> QuerySet[EntryVersion]:
    return unmatched_versions().select_related("entry__unit").defer("text").order_by("-gathered_at", "pk")


def _overdue(cockpit: Cockpit) -> QuerySet[Delivery]:
    return overdue(cockpit.scope).select_related("version__entry", "person__unit").defer("version__text")


def _articles(kind: str) -> Callable[[Cockpit], QuerySet]:
    def rows(_cockpit: Cockpit) -> QuerySet:
        test = article_kinds()[kind] if kind else Q()
        found = Trust().articles.filter(test).select_related("entry__unit", "entry__owner", "verifier")
        return found.order_by("verify_due_on", "entry__title")

    return rows


def _reports(_cockpit: Cockpit) -> QuerySet:
    return open_reports().select_related("entry", "person").order_by("at")


LISTINGS = {
    "gathered": Listing(_("What was gathered"), "versions", _gathered),
    "unmatched": Listing(_("What could not be matched, and did not reach everybody"), "versions", _unmatched),
    "delivered": Listing(_("What was delivered, and to whom"), "deliveries", _deliveries()),
    "opened": Listing(_("What was opened"), "deliveries", _deliveries(opened_at__isnull=False)),
    "acknowledged": Listing(_("What was acknowledged"), "deliveries", _deliveries(acknowledged_at__isnull=False)),
    "overdue": Listing(_("What is overdue"), "deliveries", _overdue),
    "articles": Listing(_("Published articles"), "articles", _articles("")),
    "in_date": Listing(_("Articles in date"), "articles", _articles("in_date")),
    "due": Listing(_("Articles whose check is due"), "articles", _articles("due")),
    "disputed": Listing(_("Disputed articles"), "articles", _articles("disputed")),
    "orphaned": Listing(_("Articles without an active owner"), "articles", _articles("orphaned")),
    "reports": Listing(_("Error reports older than two days"), "reports", _reports),
}


def entries_of(listing: Listing, rows: Iterable[Any]) -> list[int]:
    """The entries that rows of the listing are about."""
    return [row.version.entry_id if listing.rows_are == "deliveries" else row.entry_id for row in rows]


def narrowed(listing: Listing, rows: QuerySet, wanted: Mapping[str, str]) -> QuerySet:
    """The rows of one unit and one topic, for lists of deliveries; `wanted` holds their ids as the address has them."""
    if listing.rows_are != "deliveries":
        return rows
    unit, topic = (read_number(wanted.get(name, "")) for name in ("unit", "topic"))
    if unit is not None:
        rows = rows.filter(person__unit=unit)
    if topic is not None:
        rows = rows.filter(version__entry__topic_links__concept=topic, version__entry__topic_links__proposed=False)
    return rows
