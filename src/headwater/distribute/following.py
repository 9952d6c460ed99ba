"""Taking turns at what touches many deliveries at once, and the number of a transaction."""

from django.db import connection

from headwater.core.wall import current_organisation_id


def one_deliverer_at_a_time() -> bool:
    """Wait for whoever else makes or takes back many deliveries in this organisation; held to the commit.

    Returns whether there was somebody to wait for: what was read before may be no longer so.

    Two statements that each lock many rows, in whatever order their plans choose, would end each other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('deliveries'), %s)", [current_organisation_id()])
        if cursor.fetchone()[0]:
            return False
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('deliveries'), %s)", [current_organisation_id()])
        return True


def current_tx() -> int:
    """The number of this transaction (it gets one, if it had none)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_tx()")
        return int(cursor.fetchone()[0])
