"""Somebody who is signed in: their session, and pages that they ask for."""

import http.client
from typing import Any


def session_of(user: Any) -> str:
    """The key of a new session of theirs."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def ask(address: str, port: int, path: str, session: str = "") -> int:
    """Ask for a page and read all of it; its status. Raises `OSError` where nothing answers."""
    connection = http.client.HTTPConnection(address, port, timeout=60)
    try:
        connection.request("GET", path, headers={"Cookie": f"headwater_session_{port}={session}"} if session else {})
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return answer.status
