"""What became of what was gathered, for the pages of sources (see gather/onward.py)."""

from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from headwater.distribute.models import Broadcast, Delivery
from headwater.gather.onward import Onward
from headwater.search.models import EntryVersion

_DAYS = 90


def matched_of_run(run_id: int) -> Onward:
    """How many versions of a run concern somebody, and how many people have them in their inbox."""
    broadcast = Exists(Broadcast.objects.filter(version=OuterRef("pk")))
    concerning = EntryVersion.objects.filter(Q(deliveries__isnull=False) | broadcast, raw__run=run_id)
    counts = concerning.aggregate(
        versions=Count("pk", distinct=True), people=Count("deliveries__person", distinct=True)
    )
    people = counts["people"]
    words = ngettext("to %(n)d person", "to %(n)d people", people) % {"n": people} if people else ""
    return Onward(_("Matched"), counts["versions"], words)


def reached_by_source(source_id: int) -> Onward:
    """How many people had something of a source in their inbox of late."""
    since = timezone.now() - timedelta(days=_DAYS)
    recent = Delivery.objects.filter(version__entry__document__source=source_id, created_at__gte=since)
    return Onward(_("People reached, 90 days"), recent.order_by().values("person").distinct().count())
