"""Bringing a database to this version's tables: migrate as the owner, then put up the wall."""

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from headwater.core.shape import mark_statement
from headwater.core.wall import enforce_wall


def update_schema() -> None:
    """Migrate, and enforce the wall for the application's role. Needs `DATABASE_OWNER_URL`. Idempotent.

    One host at a time: others wait until it is done, and find nothing to do.
    """
    if "owner" not in settings.DATABASES:
        raise RuntimeError("DATABASE_OWNER_URL is not set: only the owner of the tables may change them.")
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('schema'), 0)")  # until this connection is closed
        # A new column's default, current_organisation(), is evaluated once while it is added: to no organisation.
        cursor.execute("SET headwater.organisation = '0'")
    call_command("migrate", database="owner", verbosity=0, interactive=False, skip_checks=True)
    enforce_wall(app_role=settings.DATABASES["default"]["USER"])
    with connections["owner"].cursor() as cursor:
        cursor.execute(mark_statement())
    connections["owner"].close()
