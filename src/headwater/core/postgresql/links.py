"""Links that break: how soon either side of a connection over TCP gives the other up, and lets go of what it held.

A host that is cut off must lose its locks within seconds, for others wait for them, and every follower waits behind a
transaction that has written. A process that stands still (stopped, swapped out) still answers the kernel's questions,
so an open transaction in which nothing is asked for long is ended too.

What libpq knows: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""

from collections.abc import Mapping
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

GIVEN_UP_AFTER = 7  # seconds: three of silence, then four questions, a second apart
LONGEST_PAUSE = 120  # seconds between two statements of a transaction

# Our side. Times in seconds, `tcp_user_timeout` in milliseconds.
OURS: Mapping[str, int] = {
    "connect_timeout": 5,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 4,
    "tcp_user_timeout": 1000 * GIVEN_UP_AFTER,
}
# The server's, of each session. On a socket of the same machine those of TCP mean nothing, and do no harm.
THEIRS: Mapping[str, str] = {
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "4",
    "tcp_user_timeout": f"{GIVEN_UP_AFTER}s",
    "client_connection_check_interval": "5s",
    "idle_in_transaction_session_timeout": f"{LONGEST_PAUSE}s",
}


def patience(host: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of libpq for that host, beside those that were given; none for a socket of this machine."""
    if not host or host.startswith(("/", "@")):
        return {}
    return {name: value for name, value in OURS.items() if name not in given}


def with_patience(url: str) -> str:
    """An address for psycopg that also says how soon to give the link up."""
    given = conninfo_to_dict(url)
    return make_conninfo(url, **patience(str(given.get("host") or ""), given))


def setting_statement() -> str:
    """The statement by which a session asks the server for the same."""
    return "SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in THEIRS.items())
