"""Places of followers: how far each has read, held by one process at a time."""

from django.db import connection

from headwater.core.models import Cursor
from headwater.core.wall import current_organisation_id


def locked_cursor(name: str) -> Cursor | None:
    """The follower's place, locked to the end of the transaction; None while another process holds it.

    The lock is an advisory one: locking the row would give this transaction a number, and as long as it runs, every
    follower would have to wait behind that number although nothing was written.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtext(%s), %s)", [f"follower {name}", current_organisation_id()]
        )
        if not cursor.fetchone()[0]:
            return None
    return Cursor.objects.get_or_create(name=name)[0]


def move_cursor(cursor: Cursor, tx: int) -> None:
    """Everything of transactions below `tx` is behind this follower.

    Call it when something was found: writing makes the followers of other tables wait for this transaction.
    """
    if tx > cursor.tx:
        Cursor.objects.filter(pk=cursor.pk).update(tx=tx)
