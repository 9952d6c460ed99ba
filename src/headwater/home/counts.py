"""The few numbers that stand in the rail."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from headwater.distribute.inbox import counts_of
from headwater.people.models import Person


def note_counts(request: HttpRequest, unread: int, overdue: int) -> None:
    """Tell the frame what the page has counted already."""
    request.home_counts = unread, overdue  # type: ignore[attr-defined]


def rail_counts(request: HttpRequest, person: Person) -> dict[str, tuple[int, str, bool]]:
    """{icon of the place: (count, what it counts, whether it is bad)}."""
    known = getattr(request, "home_counts", None)
    if known is None:
        counts = counts_of(person)
        known = counts.unread, counts.overdue
    return {"inbox": (known[0], _("unread"), known[1] > 0)}
