"""Who receives: the access filter and the audiences in SQL, for many versions and people at once.

`EntryQuerySet.readable_by` is the same filter for one person; a test holds the two against each other.
"""

from datetime import date
from typing import Any

from django.utils.timezone import localdate

from headwater.people.models import Permission

READABLE = """
    e.withdrawn_at IS NULL
    AND (p.joined_on IS NULL OR p.joined_on <= %(today)s) AND (p.left_on IS NULL OR p.left_on > %(today)s)
    AND p.erased_at IS NULL AND e.classification <= p.clearance
    AND (
        e.owner_id = p.id
        OR EXISTS (SELECT FROM people_audiencemember am WHERE am.audience_id = e.audience_id AND am.person_id = p.id)
        OR EXISTS (
            SELECT FROM people_grant g LEFT JOIN people_unit gu ON gu.id = g.unit_id
            WHERE g.person_id = p.id AND g.permission = %(steward)s
            AND (g.unit_id IS NULL
                 OR (gu.path <> ''
                     AND starts_with((SELECT eu.path FROM people_unit eu WHERE eu.id = e.unit_id), gu.path)))
        )
    )
"""
"""Whether person `p` may read entry `e` and it was not withdrawn; a condition for SQL that has those two names."""


def readable_values(today: date | None = None) -> dict[str, Any]:
    """What `READABLE` wants filled in."""
    return {"today": today or localdate(), "steward": Permission.STEWARD.value}
