"""Places of followers: how far each has read, held by one process at a time."""

from django.db import connection

from headwater.core.models import Cursor


def locked_cursor(name: str) -> Cursor | None:
    """The follower's place, locked to the end of the transaction; None while another process holds it."""
    Cursor.objects.bulk_create([Cursor(name=name)], ignore_conflicts=True)
    return Cursor.objects.select_for_update(skip_locked=True).filter(name=name).first()


def move_cursor(cursor: Cursor, tx: int) -> None:
    """Everything of transactions below `tx` is behind this follower."""
    if tx > cursor.tx:
        Cursor.objects.filter(pk=cursor.pk).update(tx=tx)


def current_tx() -> int:
    """The number of this transaction (it gets one, if it had none)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_tx()")
        return int(cursor.fetchone()[0])
