"""The live process: whom it lets in, and whom it wakes. Real transactions, the real session, the real announcements."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone

from headwater import live
from headwater.core.models import Organisation, User
from headwater.core.wall import organisation_context
from headwater.people.models import Person
from headwater.people.notices import tell
from headwater.search.models import Entry, Kind
from tests.conftest import make_person

ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture
def waterworks(committed: None, monkeypatch: pytest.MonkeyPatch) -> Organisation:
    """An organisation whose rows other connections see, with Ines and Otto in it; the live process reads it."""
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        make_person("Ines")
        make_person("Otto")
    database = settings.DATABASES["default"]
    password = f":{quote(database['PASSWORD'], safe='')}" if database["PASSWORD"] else ""
    host = f"?host={quote(database['HOST'], safe='/')}" + (f"&port={database['PORT']}" if database["PORT"] else "")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://{database['USER']}{password}@/{database['NAME']}{host}")
    monkeypatch.setenv("HEADWATER_SECRET_KEY", settings.SECRET_KEY)
    monkeypatch.setenv("HEADWATER_PORT", "8000")
    monkeypatch.setattr(live, "_hub", None)
    return organisation


def cookie(email: str) -> str:
    """The cookie of a browser in which that user has signed in."""
    user = User.objects.get(email=email)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"headwater_session_8000={session.session_key}"


class Browser:
    """One request to the live process: keeps what it was sent, and goes away when told."""

    def __init__(self, cookies: str, path: str = "/live/waterworks", origin: str = ORIGIN, method: str = "GET") -> None:
        headers = {"cookie": cookies, "origin": origin}
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        self.sent: list[dict[str, Any]] = []
        self.left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def open(self) -> None:
        """Make the request; ends when it is answered whole, or when the browser goes away."""
        await asyncio.wait_for(live.application(self.scope, self.receive, self.send), 20)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    async def until(self, check: Callable[[], bool]) -> None:
        for _ in range(200):
            if check():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"it did not happen: {self.text!r}")


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    async def and_tidy() -> None:
        try:
            await coroutine
        finally:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            if live._hub is not None:
                await live._hub._forget_questions()

    asyncio.run(and_tidy())


def statuses(*browsers: tuple[str, str]) -> list[int]:
    """The answers to requests that are refused at once, each with cookies and path."""
    found: list[int] = []

    async def ask() -> None:
        for cookies, path in browsers:
            browser = Browser(cookies, path)
            await browser.open()
            found.append(browser.status)

    run(ask())
    return found


def elsewhere(act: Callable[[], None]) -> Coroutine[Any, Any, None]:
    """Do it in a thread, whose connection is closed when it is done."""

    def do() -> None:
        try:
            act()
        finally:
            connection.close()

    return asyncio.to_thread(do)


def tell_otto(organisation: Organisation) -> None:
    with organisation_context(organisation.pk):
        tell(Person.objects.get(name="Otto"), "A source failed", "/x", f"test-{timezone.now().timestamp()}")


def test_only_people_of_the_organisation_are_let_in(waterworks: Organisation) -> None:
    User.objects.create_user("stranger@elsewhere.example")
    ines = cookie("ines@waterworks.example")
    assert statuses(
        ("", "/live/waterworks"),
        ("headwater_session_8000=made-up", "/live/waterworks"),
        (cookie("stranger@elsewhere.example"), "/live/waterworks"),
        (ines, "/live/elsewhere"),
        (ines, "/other"),
    ) == [401, 401, 401, 401, 404]


def test_a_new_password_a_lock_and_leaving_end_the_session(waterworks: Organisation) -> None:
    old = cookie("ines@waterworks.example")
    ines = User.objects.get(email="ines@waterworks.example")
    ines.set_password("quite another one")
    ines.save()
    assert statuses((old, "/live/waterworks")) == [401]
    new = cookie("ines@waterworks.example")
    with organisation_context(waterworks.pk):
        Person.objects.filter(name="Ines").update(left_on=timezone.now().date())
    assert statuses((new, "/live/waterworks")) == [401]
    otto = cookie("otto@waterworks.example")
    User.objects.filter(email="otto@waterworks.example").update(is_active=False)
    assert statuses((otto, "/live/waterworks")) == [401]


def test_a_notice_wakes_its_person_and_nobody_else(waterworks: Organisation) -> None:
    otto_cookie, ines_cookie = cookie("otto@waterworks.example"), cookie("ines@waterworks.example")

    async def watch() -> None:
        otto, ines = Browser(otto_cookie), Browser(ines_cookie)
        streams = [asyncio.ensure_future(browser.open()) for browser in (otto, ines)]
        await otto.until(lambda: ("all" in otto.text and "all" in ines.text) or len(live.hub().streams) == 2)
        await asyncio.sleep(1)
        await elsewhere(lambda: tell_otto(waterworks))
        await otto.until(lambda: "data: people_notice" in otto.text)
        await asyncio.sleep(0.5)
        assert "people_notice" not in ines.text
        assert otto.status == 200
        headers = dict(otto.sent[0]["headers"])
        assert headers[b"content-type"] == b"text/event-stream"
        assert headers[b"access-control-allow-origin"] == ORIGIN.encode()
        assert headers[b"access-control-allow-credentials"] == b"true"
        for browser in (otto, ines):
            browser.left.set()
        await asyncio.gather(*streams)
        assert live.hub().streams == {}

    run(watch())


def test_a_change_of_everybodys_wakes_everybody_of_that_organisation(waterworks: Organisation) -> None:
    other = Organisation.objects.create(slug="harbour", name="Harbour")
    ines_cookie = cookie("ines@waterworks.example")

    def change(organisation: Organisation) -> None:
        with organisation_context(organisation.pk):
            Entry.objects.create(kind=Kind.GATHERED, title="A culvert")

    async def watch() -> None:
        ines = Browser(ines_cookie)
        stream = asyncio.ensure_future(ines.open())
        await ines.until(lambda: bool(live.hub().streams))
        await asyncio.sleep(1)
        await elsewhere(lambda: change(other))
        await asyncio.sleep(0.5)
        assert "search_entry" not in ines.text
        await elsewhere(lambda: change(waterworks))
        await ines.until(lambda: "data: search_entry" in ines.text)
        ines.left.set()
        await stream

    run(watch())


def test_other_origins_may_not_read(waterworks: Organisation) -> None:
    ines_cookie = cookie("ines@waterworks.example")

    async def ask() -> None:
        browser = Browser(ines_cookie, origin="http://evil.example")
        stream = asyncio.ensure_future(browser.open())
        await browser.until(lambda: bool(browser.sent))
        assert b"access-control-allow-origin" not in dict(browser.sent[0]["headers"])
        browser.left.set()
        await stream

    run(ask())


def test_a_lost_connection_is_found_again_and_everybody_looks(waterworks: Organisation) -> None:
    otto_cookie = cookie("otto@waterworks.example")

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
            )

    async def watch() -> None:
        otto = Browser(otto_cookie)
        stream = asyncio.ensure_future(otto.open())
        await otto.until(lambda: bool(live.hub().streams))
        await asyncio.sleep(1)
        said = otto.text.count("data: all")
        await elsewhere(cut)
        await otto.until(lambda: otto.text.count("data: all") > said)
        await elsewhere(lambda: tell_otto(waterworks))
        await otto.until(lambda: "data: people_notice" in otto.text)
        otto.left.set()
        await stream

    run(watch())
