"""Whoever may read more than before is told at once of what already stands: the must-reads on what opened up to them.

Coming into an audience is followed in `withdrawing.follow_members`; here it is a raised clearance, a first day, a
steward's grant, and a unit that moved to where a steward looks.
"""

from functools import partial

from django.utils import timezone

from headwater.core.following import locked_cursor, move_cursor
from headwater.core.jobs import Follower, safe_tx
from headwater.core.wall import organisation_context
from headwater.distribute.broadcasts import open_broadcasts
from headwater.distribute.delivering import deliver_broadcasts
from headwater.distribute.withdrawing import settle_people
from headwater.people.widening import WIDENING


def follow_access(organisation_id: int, table: str) -> bool:
    """Settle what those people were sent, and give them what open directives ask of those who may read it."""
    with organisation_context(organisation_id):
        cursor = locked_cursor(f"wider {table}")
        if cursor is None:
            return False
        upper = safe_tx()
        people = sorted(WIDENING[table]((cursor.tx, upper)))
        if people:
            settle_people(people)
            pks = list(open_broadcasts().filter(spread_at__isnull=False).values_list("pk", flat=True))
            deliver_broadcasts(pks, people=people, since=timezone.now())
            move_cursor(cursor, upper)
        return False


FOLLOWERS = [Follower(f"wider access: {table}", table, partial(follow_access, table=table)) for table in WIDENING]
