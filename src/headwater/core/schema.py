"""Bringing a database to this version's tables: migrate as the owner, then put up the wall."""

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from headwater.core.wall import enforce_wall


def update_schema() -> None:
    """Migrate, and enforce the wall for the application's role. Needs `DATABASE_OWNER_URL`. Idempotent."""
    if "owner" not in settings.DATABASES:
        raise RuntimeError("DATABASE_OWNER_URL is not set: only the owner of the tables may change them.")
    with connections["owner"].cursor() as cursor:
        # A new column's default, current_organisation(), is evaluated once while it is added: to no organisation.
        cursor.execute("SET headwater.organisation = '0'")
    call_command("migrate", database="owner", verbosity=0, interactive=False, skip_checks=True)
    enforce_wall(app_role=settings.DATABASES["default"]["USER"])
    connections["owner"].close()
