"""What a page asks the database, once everything that is kept for the process is there."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

MOST_QUERIES = 15
_FRAME = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")  # a request inside a test's transaction stands on savepoints


def asked_by(client: Client, url: str) -> list[str]:
    """The statements of a page that answers 200, without those that begin and end transactions."""
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200, url
    return [query["sql"] for query in captured.captured_queries if not query["sql"].startswith(_FRAME)]


def queries(client: Client, url: str) -> int:
    """How many they are."""
    return len(asked_by(client, url))
