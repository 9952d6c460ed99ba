"""Loaded before Django (`-p tests.environment`): gives the test run a PostgreSQL server and a home of its own.

With DATABASE_URL and DATABASE_OWNER_URL set, that server is used (the owner must be allowed to create databases);
otherwise a throw-away cluster runs while the tests do.
"""

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path


def _own_cluster() -> None:
    import psycopg

    from headwater.core.cluster import APP, OWNER, SUPERUSER, throw_away_cluster

    running = ExitStack()
    cluster = running.enter_context(throw_away_cluster())
    atexit.register(running.close)
    with psycopg.connect(cluster.url(SUPERUSER), autocommit=True) as connection:
        connection.execute("ALTER ROLE headwater_owner CREATEDB")
        connection.execute("GRANT headwater_app TO headwater_owner")  # so that it may end forgotten connections
    os.environ["DATABASE_URL"] = cluster.url(APP)
    os.environ["DATABASE_OWNER_URL"] = cluster.url(OWNER)


if "HEADWATER_TEST_HOME" not in os.environ:
    home = Path(tempfile.mkdtemp(prefix="headwater-test-"))
    home.chmod(0o755)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ["HEADWATER_TEST_HOME"] = str(home)
    os.environ["HEADWATER_HOME"] = str(home / "home")
    os.environ["HEADWATER_SECRET_KEY"] = "only-for-tests"
    for name in ("HEADWATER_MAIL_URL", "HEADWATER_DEMO", "HEADWATER_ORIGIN", "HEADWATER_PORT", "HEADWATER_LIVE_URL"):
        os.environ.pop(name, None)
    if not (os.environ.get("DATABASE_URL") and os.environ.get("DATABASE_OWNER_URL")):
        _own_cluster()
