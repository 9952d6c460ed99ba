"""Background work of the library: once a day, and when somebody leaves."""

from zoneinfo import ZoneInfo

from django.utils import timezone

from headwater.core.jobs import Follower, periodic
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.library import due


@periodic("20 3 * * *")
def keep_library(organisation_id: int) -> None:
    """The daily round: due checks, the trash, what people who left still own. Safe to run twice."""
    with organisation_context(organisation_id):
        zone = ZoneInfo(Organisation.objects.values_list("timezone", flat=True).get(pk=organisation_id))
        due.mark_due(timezone.localdate(timezone=zone))
        due.purge_trash()
        due.hand_over()


def follow_departures(organisation_id: int) -> bool:
    """Somebody left: their articles go to whoever takes over."""
    with organisation_context(organisation_id):
        due.hand_over()
    return False


FOLLOWERS = [Follower("library.departures", "people_departure", follow_departures, every_seconds=600)]
