"""The live process: tells open pages that something changed, and nothing else. Pages fetch again by their own door.

    GET /live/<organisation>     server-sent events for the person signed in there, each the name of a changed table

It is a small ASGI application without Django's, because thousands of pages wait here for hours: it reads the session
from the cookie, listens to the announcements that PostgreSQL makes when a table changes (headwater.core.wall), and
passes on those that may concern the person. Tables whose rows belong to a person wake only that person.
"""

import asyncio
import contextlib
import hmac
import http.cookies
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from django.core import signing
from django.utils.crypto import salted_hmac
from psycopg import sql

from headwater.core.postgresql.links import with_patience

KEEP_ALIVE = 20.0  # seconds between comments that keep proxies from closing a quiet stream
GATHER_CHANGES = 0.15  # seconds to collect changes, so that a burst is one message
LONGEST_STREAM = 900.0  # seconds; then the browser connects again and is looked at again
RECONNECT = 0.5  # seconds between attempts to reach PostgreSQL
BEHIND = 1000  # transactions looked back when asking whose rows changed

logger = logging.getLogger("headwater.live")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Stream:
    """One open page: the changes it has not been told yet."""

    def __init__(self) -> None:
        self._topics: set[str] = set()
        self._event = asyncio.Event()

    def tell(self, topic: str) -> None:
        """Something changed."""
        self._topics.add(topic)
        self._event.set()

    async def next(self) -> set[str]:
        """The next changes, or none when it was time to say anything at all."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), KEEP_ALIVE)
            await asyncio.sleep(GATHER_CHANGES)
        topics, self._topics = self._topics, set()
        self._event.clear()
        return topics


class Hub:
    """Who is listening, and what PostgreSQL announces."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.streams: dict[tuple[int, int], set[Stream]] = {}
        self._personal: set[str] = set()
        self._seen: dict[tuple[str, int], int] = {}
        self._asking = asyncio.Lock()
        self._questions: psycopg.AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen, once; called from the first request."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._listen_always())

    async def ask(self, organisation_id: int, query: "sql.Composed | sql.SQL", values: list[Any]) -> list[Any]:
        """Rows of a query inside an organisation (0: outside all of them), as the application's role."""
        async with self._asking:
            for attempt in (1, 2):
                try:
                    if self._questions is None or self._questions.closed:
                        self._questions = await psycopg.AsyncConnection.connect(self._url)
                    async with self._questions.transaction():
                        context = "SELECT set_config('headwater.organisation', %s, true)"
                        await self._questions.execute(context, [str(organisation_id or "")])
                        return await (await self._questions.execute(query, values)).fetchall()
                except psycopg.OperationalError:
                    await self._forget_questions()
                    if attempt == 2:
                        raise
        return []

    async def _forget_questions(self) -> None:
        if self._questions is not None:
            await self._questions.close()
            self._questions = None

    async def _listen_always(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                logger.warning("The live process waits for the database: %s", str(error).splitlines()[:1])
            await asyncio.sleep(RECONNECT)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as heard:
            for (table,) in await (await heard.execute(ANNOUNCED)).fetchall():
                await heard.execute(sql.SQL("LISTEN {}").format(sql.Identifier(table)))
            self._personal = {table for (table,) in await (await heard.execute(PERSONAL)).fetchall()}
            for stream in (stream for streams in self.streams.values() for stream in streams):
                stream.tell("all")  # whatever was announced while nobody listened
            async for notice in heard.notifies():
                await self._pass_on(notice.channel, notice.payload)

    async def _pass_on(self, table: str, payload: str) -> None:
        if not payload.isdigit():
            return
        organisation_id = int(payload)
        present = {person for organisation, person in self.streams if organisation == organisation_id}
        if present and table in self._personal:
            present &= await self._whose(table, organisation_id)
        for person in present:
            for stream in self.streams.get((organisation_id, person), ()):
                stream.tell(table)

    async def _whose(self, table: str, organisation_id: int) -> set[int]:
        """Whose rows changed since the last time. Rows of transactions that are still open announce themselves."""
        name = sql.Identifier(table)
        query = sql.SQL(
            "SELECT person_id, pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM {} WHERE tx >= %s"
            " GROUP BY 1 UNION ALL SELECT NULL, pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        ).format(name)
        since = self._seen.get((table, organisation_id))
        if since is None:
            [(newest,)] = await self.ask(organisation_id, NEWEST, [])
            since = newest - BEHIND
        rows = await self.ask(organisation_id, query, [since])
        self._seen[table, organisation_id] = rows[-1][1]
        return {person for person, _ in rows if person is not None}


ANNOUNCED = (
    """SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname = 'announce_change'"""
)
PERSONAL = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name IN ('person_id', 'tx')
    GROUP BY 1 HAVING count(*) = 2 AND table_name <> 'people_person'"""
NEWEST = sql.SQL("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
SESSION = sql.SQL("SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > now()")
USER = sql.SQL("SELECT password FROM core_user WHERE id = %s AND is_active")
ORGANISATION = sql.SQL("SELECT id FROM core_organisation WHERE slug = %s")
PERSON = sql.SQL("""
    SELECT id FROM people_person WHERE user_id = %s AND erased_at IS NULL
    AND (joined_on IS NULL OR joined_on <= current_date) AND (left_on IS NULL OR left_on > current_date)""")

_hub: Hub | None = None


def hub() -> Hub:
    """The hub of this process."""
    global _hub
    if _hub is None:
        _hub = Hub(with_patience(os.environ["DATABASE_URL"]))
    _hub.start()
    return _hub


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """One request: a stream of changes, or a refusal."""
    if scope["type"] != "http":
        return
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    kind, _, slug = scope["path"].strip("/").partition("/")
    if kind != "live" or scope["method"] != "GET" or not slug:
        await _answer(send, 404, headers)
        return
    try:
        found = await find_listener(slug, headers.get("cookie", ""))
    except psycopg.Error:
        await _answer(send, 503, headers)
        return
    if found is None:
        await _answer(send, 401, headers)
        return
    await _stream(found, receive, send, headers)


async def find_listener(slug: str, cookies: str) -> tuple[int, int] | None:
    """The organisation and person of a signed-in browser; None when it is not one of that organisation's people."""
    session = await _session(cookies)
    if session is None:
        return None
    user_id = int(session["_auth_user_id"])
    users = await hub().ask(0, USER, [user_id])
    if not users or not hmac.compare_digest(_session_proof(users[0][0]), str(session.get("_auth_user_hash"))):
        return None  # signed out everywhere, by a new password or by being locked
    organisations = await hub().ask(0, ORGANISATION, [slug])
    if not organisations:
        return None
    people = await hub().ask(organisations[0][0], PERSON, [user_id])
    return (organisations[0][0], people[0][0]) if people else None


async def _session(cookies: str) -> dict[str, Any] | None:
    name = f"headwater_session_{os.environ.get('HEADWATER_PORT') or '8000'}"
    jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
    with contextlib.suppress(http.cookies.CookieError):
        jar.load(cookies)
    if name not in jar:
        return None
    rows = await hub().ask(0, SESSION, [jar[name].value])
    if not rows:
        return None
    salt = "django.contrib.sessions.SessionStore"
    try:
        session = signing.loads(rows[0][0], key=os.environ["HEADWATER_SECRET_KEY"], salt=salt, fallback_keys=[])
    except signing.BadSignature:
        return None
    return session if isinstance(session, dict) and "_auth_user_id" in session else None


def _session_proof(password: str) -> str:
    """What Django keeps in a session to notice that the password has changed."""
    salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
    return salted_hmac(salt, password, secret=os.environ["HEADWATER_SECRET_KEY"], algorithm="sha256").hexdigest()


def _allowing(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Only pages of our own web may read the stream."""
    origin = headers.get("origin", "")
    port = os.environ.get("HEADWATER_PORT") or "8000"
    ours = {os.environ.get("HEADWATER_ORIGIN") or f"http://127.0.0.1:{port}", f"http://localhost:{port}"}
    if origin not in ours:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


async def _answer(send: Send, status: int, headers: dict[str, str]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _allowing(headers)})
    await send({"type": "http.response.body", "body": b""})


async def _stream(listener: tuple[int, int], receive: Receive, send: Send, headers: dict[str, str]) -> None:
    """Tell changes until the browser goes away or it is time to look at it again."""
    kind = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": [*kind, *_allowing(headers)]})
    await send({"type": "http.response.body", "body": b"retry: 2000\n\n", "more_body": True})
    stream = Stream()
    hub().streams.setdefault(listener, set()).add(stream)
    telling = asyncio.ensure_future(_tell(stream, send))
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (telling, leaving):
            task.cancel()
        hub().streams[listener].discard(stream)
        if not hub().streams[listener]:
            del hub().streams[listener]


async def _tell(stream: Stream, send: Send) -> None:
    end = time.monotonic() + LONGEST_STREAM
    while time.monotonic() < end:
        topics = await stream.next()
        text = "".join(f"data: {topic}\n\n" for topic in sorted(topics)) or ": still here\n\n"
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
