"""The wall between organisations.

Every table that belongs to an organisation has an `organisation_id`, and PostgreSQL itself hides the rows of all
others: row-level security, forced, with a policy that calls `current_organisation()`. That function raises when no
organisation is set, so forgetting the context fails loudly instead of reading as an empty organisation.

    with organisation_context(organisation.pk):
        Entry.objects.count()          # this organisation's entries, whatever the code forgot to filter

`enforce_wall` is run by the owner after every migration; `wall_faults` (core/wall_faults.py) is what `doctor` asks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# Tables that stand outside the wall, each with the reason. A test compares this list with the database.
UNWALLED = {
    "account_emailaddress": "belongs to a user, who may be a person in several organisations",
    "account_emailconfirmation": "belongs to a user",
    "auth_group": "Django's own, unused",
    "auth_group_permissions": "Django's own, unused",
    "auth_permission": "Django's own, unused",
    "core_organisation": "the list of organisations itself: slug and name, needed to find the wall",
    "core_user": "one user may be a person in several organisations",
    "core_user_groups": "Django's own, unused",
    "core_user_user_permissions": "Django's own, unused",
    "django_content_type": "Django's own: names of tables",
    "django_migrations": "Django's own: which migrations ran",
    "django_session": "a browser's sign-in, before any organisation is known",
    "mfa_authenticator": "belongs to a user",
    "procrastinate_events": "jobs carry ids only; the wrapper enters the organisation",
    "procrastinate_jobs": "jobs carry ids only; the wrapper enters the organisation",
    "procrastinate_periodic_defers": "jobs carry ids only",
    "procrastinate_workers": "heartbeats of workers",
}

_current: ContextVar[int | None] = ContextVar("organisation", default=None)


class OtherOrganisation(RuntimeError):
    """Code inside one organisation's context tried to enter another's."""


class CurrentOrganisation(models.Func):
    """The organisation of this transaction, as the database sees it; raises there when none is set."""

    function = "current_organisation"
    template = "%(function)s()"
    output_field = models.BigIntegerField()
    arity = 0


@contextmanager
def organisation_context(organisation_id: int) -> Iterator[None]:
    """Open a transaction that sees one organisation. Nested use joins the outer transaction.

    Raises `OtherOrganisation` when a different organisation's context is already open.
    """
    if _current.get() is not None:
        with inside(organisation_id):
            yield
        return
    with transaction.atomic():
        set_organisation(organisation_id)
        with inside(organisation_id):
            yield


@contextmanager
def inside(organisation_id: int) -> Iterator[None]:
    """Remember in which organisation the transaction is that is open already. Raises `OtherOrganisation`."""
    outer = _current.get()
    if outer not in (None, organisation_id):
        raise OtherOrganisation(f"in organisation {outer}, asked to enter {organisation_id}")
    token = _current.set(organisation_id)
    try:
        yield
    finally:
        _current.reset(token)


def set_organisation(organisation_id: int) -> None:
    """Tell PostgreSQL which organisation this transaction is in (until it ends)."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT set_config('headwater.organisation', %s, true)", [str(organisation_id)])


def current_organisation_id() -> int:
    """The organisation whose context is open here. Raises `LookupError` when there is none."""
    organisation_id = _current.get()
    if organisation_id is None:
        raise LookupError("no organisation: enter one with organisation_context(id)")
    return organisation_id


def maybe_organisation_id() -> int | None:
    """The organisation whose context is open here, or None outside all of them (sign-in, password reset)."""
    return _current.get()


def walled_models() -> list[type[models.Model]]:
    """Every concrete model that belongs to an organisation."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and any(field.name == "organisation" for field in model._meta.local_fields)
    ]


# --- Enforcing --------------------------------------------------------------------------------------------------------

FUNCTIONS = """
CREATE OR REPLACE FUNCTION current_organisation() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_setting('headwater.organisation')::bigint $$;
CREATE OR REPLACE FUNCTION current_tx() RETURNS bigint LANGUAGE sql VOLATILE
    AS $$ SELECT pg_current_xact_id()::text::bigint $$;
CREATE OR REPLACE FUNCTION touch_tx() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN NEW.tx := pg_current_xact_id()::text::bigint; RETURN NEW; END $$;
CREATE OR REPLACE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_notify(TG_TABLE_NAME, current_organisation()::text); RETURN NULL; END $$;
"""


def enforce_wall(app_role: str, alias: str = "owner") -> None:
    """Put every walled table behind its policy and give the application's role exactly its rights. Idempotent."""
    connection = connections[alias]
    role = connection.ops.quote_name(app_role)
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
        cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}")
        for model in walled_models():
            for statement in _wall_statements(model, connection, role):
                cursor.execute(statement)


def _wall_statements(model: type[models.Model], connection: BaseDatabaseWrapper, role: str) -> Iterator[str]:
    table = connection.ops.quote_name(model._meta.db_table)
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    yield f"DROP POLICY IF EXISTS wall ON {table}"
    yield (
        f"CREATE POLICY wall ON {table} USING (organisation_id = current_organisation())"
        " WITH CHECK (organisation_id = current_organisation())"
    )
    if getattr(model, "append_only", False):
        yield f"REVOKE UPDATE, DELETE ON {table} FROM {role}"
    if getattr(model, "keeps_own_tx", False):
        yield f"DROP TRIGGER IF EXISTS touch_tx ON {table}"
        yield f"DROP TRIGGER IF EXISTS announce_change ON {table}"
    elif any(field.name == "tx" for field in model._meta.local_fields):
        yield (
            f"CREATE OR REPLACE TRIGGER touch_tx BEFORE INSERT OR UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION touch_tx()"
        )
        yield (
            f"CREATE OR REPLACE TRIGGER announce_change AFTER INSERT OR UPDATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION announce_change()"
        )
