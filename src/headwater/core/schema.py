"""Bringing a database to this version's tables: migrate as the owner, then put up the wall."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

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
    with _each_model_alone() if _is_new() else nullcontext():
        call_command("migrate", database="owner", verbosity=0, interactive=False, skip_checks=True)
    enforce_wall(app_role=settings.DATABASES["default"]["USER"])
    with connections["owner"].cursor() as cursor:
        cursor.execute(mark_statement())
    connections["owner"].close()


def _is_new() -> bool:
    return not MigrationRecorder(connections["owner"]).applied_migrations()


@contextmanager
def _each_model_alone() -> Iterator[None]:
    """Within, a migration that changes a model has only that one made anew, and none that is related to it.

    Here each is related to all others through its organisation. Django makes them anew at every step, which takes ten
    of the twelve seconds in which an empty database gets its tables. A statement needs no more of a related model than
    its table and its key; before a migration runs code of its own, Django makes all anew, for so the state is marked.
    Tables that hold something are changed in Django's own way: tests/core/test_schema.py compares the two.
    """
    state: Any = ProjectState
    whole = state._find_reload_model
    state._find_reload_model = _itself_alone
    try:
        yield
    finally:
        state._find_reload_model = whole


def _itself_alone(state: ProjectState, app_label: str, model_name: str, delay: bool = False) -> set[tuple[str, str]]:
    state.is_delayed = True
    return {(app_label, model_name)}
