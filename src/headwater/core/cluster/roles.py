"""The three roles, and how each reaches a database."""

from urllib.parse import quote

SUPERUSER = "headwater_superuser"
OWNER = "headwater_owner"
APP = "headwater_app"
ROLES = (SUPERUSER, OWNER, APP)


def role_url(role: str, password: str, socket: str, database: str) -> str:
    """A connection address over the Unix socket, as psycopg and our settings read it."""
    return f"postgresql://{role}:{quote(password, safe='')}@/{quote(database, safe='')}?host={quote(socket, safe='/')}"
