"""The few numbers that stand in the rail."""

from functools import lru_cache

from django.db.models import Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.counting import RowCount, bounded
from headwater.core.prepared import Given, Prepared
from headwater.distribute.proof import Scope, overdue
from headwater.distribute.rules import proof_paths
from headwater.distribute.waiting import InboxCounts, counted, waiting_counts
from headwater.gather.models import Source
from headwater.home.rail import GATHERING, LOOKING, may_go
from headwater.people.models import Person
from headwater.people.reading import GivenReader, given_of, reader_like


def rail_counts(request: HttpRequest, person: Person) -> dict[str, tuple[int, str, bool]]:
    """{icon of the place: (count, what it counts, whether it is bad)}; what the page has counted is not asked again."""
    known: InboxCounts | None = getattr(request, "inbox_counts", None)
    reader = reader_like(person) if known is None else None
    gathers, looked_at = may_go(person, GATHERING), tuple(proof_paths(person)) if may_go(person, LOOKING) else ()
    failing, late, *waiting = 0, 0
    if reader or gathers or looked_at:
        asked = _asked(reader, gathers, looked_at)
        ((failing, late, *waiting),) = asked.rows(now=timezone.now(), **given_of(person))
    counts = known if known is not None else counted(person, *waiting)
    return {
        "inbox": (counts.unread, _("unread"), counts.overdue > 0),
        "droplet": (failing, _("failing"), True),
        "shield-check": (bounded(late), _("overdue"), True),
    }


@lru_cache(256)
def _asked(reader: GivenReader | None, gathers: bool, looked_at: tuple[str, ...]) -> Prepared:
    """One query for all: what those see who steer, and what waits for the reader (None: it is known)."""
    now = Given("now")
    failing = Source.objects.filter(state=Source.State.ACTIVE).exclude(trouble="")
    counts = [
        RowCount(failing) if gathers else Value(0),
        RowCount(overdue(Scope(looked_at), now).order_by(), is_bounded=True) if looked_at else Value(0),
        *(waiting_counts(reader, now) if reader else ()),
    ]
    return Prepared(lambda: Person.objects.filter(pk=Given("reader")).values_list(*counts), keeps_plan=True)
