"""Which day it is in the organisation: people join and leave at its midnight, wherever the reader sits."""

import zoneinfo
from datetime import date

from django.utils import timezone

from headwater.core.models import Organisation
from headwater.core.wall import maybe_organisation_id

_zones: dict[int, zoneinfo.ZoneInfo] = {}


def today() -> date:
    """The organisation's day; the day in UTC outside any. Time zones of organisations never change: looked up once."""
    organisation_id = maybe_organisation_id()
    if organisation_id is None:
        return timezone.now().date()
    if organisation_id not in _zones:
        name = Organisation.objects.values_list("timezone", flat=True).get(pk=organisation_id)
        _zones[organisation_id] = zoneinfo.ZoneInfo(name)
    return timezone.now().astimezone(_zones[organisation_id]).date()
