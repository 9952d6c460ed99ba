"""Whether the wall stands: what `doctor` asks the database, as the application's role. It only reads."""

from collections.abc import Iterator

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.backends.utils import CursorWrapper

from headwater.core.wall import UNWALLED, walled_models

POLICY = "(organisation_id = current_organisation())"

_ROLE = """
    SELECT r.rolname = current_user, r.rolname, r.rolsuper, r.rolbypassrls, EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relowner = r.oid AND n.nspname = 'public'
    )
    FROM pg_roles r WHERE pg_has_role(current_user, r.oid, 'MEMBER') ORDER BY r.rolname <> current_user, r.rolname
"""
_TABLES = """
    SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, has_table_privilege(c.oid, 'TRUNCATE'),
        has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE'),
        ARRAY(
            SELECT ARRAY[p.polname::text, pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid),
                (p.polcmd = '*' AND p.polroles = '{0}')::text]
            FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive ORDER BY p.polname
        )
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname = 'public' ORDER BY c.relname
"""
_VIEWS = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND n.nspname = 'public' AND has_table_privilege(c.oid, 'SELECT')
        AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname
"""


def wall_faults() -> list[str]:
    """What is wrong with the wall, in sentences; empty when it stands. Called outside every organisation."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        return [*_roles(cursor), *_context(cursor), *_tables(cursor), *_views(cursor)]


def _roles(cursor: CursorWrapper) -> Iterator[str]:
    """The application's role, and those it may become."""
    cursor.execute(_ROLE)
    for is_itself, name, superuser, bypasses, owns in cursor.fetchall():
        who = (
            "the application's database role"
            if is_itself
            else f"the application's database role may act as {name}, who"
        )
        if superuser:
            yield f"{who} is a superuser: row-level security does not bind it"
        if bypasses:
            yield f"{who} may bypass row-level security"
        if owns:
            yield f"{who} owns tables: it could switch their policies off"


def _context(cursor: CursorWrapper) -> Iterator[str]:
    """A missing context must fail loudly; read as empty, or as somebody's, it would go unnoticed."""
    try:
        with transaction.atomic():
            cursor.execute("SELECT set_config('headwater.organisation', '', true)")
            cursor.execute("SELECT current_organisation()")
    except DatabaseError:
        return
    yield "where no organisation is set, current_organisation() does not raise: a lost context would go unnoticed"


def _tables(cursor: CursorWrapper) -> Iterator[str]:
    kept = {model._meta.db_table for model in walled_models() if getattr(model, "append_only", False)}
    cursor.execute(_TABLES)
    for name, forced, may_truncate, may_rewrite, policies in cursor.fetchall():
        if name not in UNWALLED:
            yield from _policies(name, forced, policies)
            if may_truncate:
                yield f"the application may empty table {name}, whoever its rows belong to"
        if name in kept and may_rewrite:
            yield f"the application may rewrite table {name}, which is a record"


def _policies(table: str, forced: bool, policies: list[list[str | None]]) -> Iterator[str]:
    """Permissive policies add up, so a second one opens what the first one closes."""
    if not forced or "wall" not in {name for name, *_rest in policies}:
        yield f"table {table} is not behind the wall"
    for name, shown, written, is_for_all in policies:
        if name != "wall":
            yield f"policy {name} opens a way around the wall of table {table}"
        elif (shown, written, is_for_all) != (POLICY, POLICY, "true"):
            yield f"the wall of table {table} has another rule than {POLICY}"


def _views(cursor: CursorWrapper) -> Iterator[str]:
    """A view reads with its owner's rights unless it says otherwise."""
    cursor.execute(_VIEWS)
    for (name,) in cursor.fetchall():
        yield f"view {name} shows rows with its owner's rights, past the wall"
