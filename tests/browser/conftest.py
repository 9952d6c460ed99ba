"""The real application with the demonstration, served to a headless Chromium, for all browser tests together."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connections
from django.test.testcases import LiveServerThread, QuietWSGIRequestHandler
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from psycopg import sql

from headwater.core.models import Organisation, User
from headwater.demo.load import load_demonstration
from headwater.search.indexing import follow_entries
from tests.chromium import FLAGS, find_chromium
from tests.conftest import _owner_dsn

KEPT = {"django_content_type", "auth_permission", "django_migrations"}


class Server(LiveServerThread):
    """The application as it is, static files through its own middleware; pages do not share the test's connection."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", static_handler=lambda application: application)

    def _create_server(self, connections_override: Any = None) -> ThreadedWSGIServer:
        return ThreadedWSGIServer((self.host, self.port), QuietWSGIRequestHandler, allow_reuse_address=False)


@pytest.fixture(scope="package")
def site_home() -> Iterator[Path]:
    """One home folder for the package: blobs and index of the demonstration."""
    folder = Path(tempfile.mkdtemp(prefix="headwater-browser-"))
    before, django_settings.HEADWATER_HOME = django_settings.HEADWATER_HOME, folder
    yield folder
    django_settings.HEADWATER_HOME = before
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def home(site_home: Path) -> Path:
    """The package's home instead of one for each test."""
    django_settings.HEADWATER_HOME = site_home
    return site_home


@pytest.fixture(scope="package")
def demonstration(django_db_setup: None, django_db_blocker: Any, site_home: Path) -> Iterator[Organisation]:
    """The ministry, committed; every table is emptied afterwards."""
    with django_db_blocker.unblock():
        connections["default"].close()  # an earlier test may have had the server end it
        organisation = load_demonstration()
        while follow_entries(organisation.pk):
            pass
        with psycopg.connect(**_owner_dsn(django_settings.DATABASES["owner"]["NAME"]), autocommit=True) as owner:
            owner.execute("ANALYZE")  # as in production within seconds: no plan is made, or kept, as of empty tables
        yield organisation
        connections["default"].close()
        tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
        names = sql.SQL(", ").join(sql.Identifier(table) for table in sorted(tables - KEPT))
        with psycopg.connect(**_owner_dsn(django_settings.DATABASES["owner"]["NAME"]), autocommit=True) as owner:
            owner.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))


@pytest.fixture(scope="package")
def site(demonstration: Organisation) -> Iterator[str]:
    """The address of the running application."""
    demo, django_settings.HEADWATER_DEMO = django_settings.HEADWATER_DEMO, True
    server = Server()
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()
    django_settings.HEADWATER_DEMO = demo


def _await_answer(port: int) -> None:
    """A page that is opened before the live process listens would hear of nothing until it tries again."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError("the live process does not listen")


@pytest.fixture
def live(site: str) -> Iterator[None]:
    """The live process beside the site, so that open pages hear of changes. Ask for it before `open_page`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = django_settings.DATABASES["default"]
    password = f":{quote(database['PASSWORD'], safe='')}" if database["PASSWORD"] else ""
    host = f"?host={quote(database['HOST'], safe='/')}" + (f"&port={database['PORT']}" if database["PORT"] else "")
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{database['USER']}{password}@/{database['NAME']}{host}",
        "HEADWATER_SECRET_KEY": django_settings.SECRET_KEY,
        "HEADWATER_PORT": django_settings.SESSION_COOKIE_NAME.rpartition("_")[2],
        "HEADWATER_ORIGIN": site,
    }
    granian = [sys.executable, "-m", "granian", "--interface", "asginl", "--port", str(port)]
    process = subprocess.Popen(
        [*granian, "headwater.live:application"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _await_answer(port)
    allowed = django_settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["connect-src"]
    before, django_settings.HEADWATER_LIVE_URL = django_settings.HEADWATER_LIVE_URL, f"http://127.0.0.1:{port}/live"
    allowed.append(f"http://127.0.0.1:{port}")
    yield
    allowed.pop()
    django_settings.HEADWATER_LIVE_URL = before
    os.killpg(process.pid, signal.SIGKILL)  # it would wait for the pages that still listen
    process.wait(10)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A headless Chromium. Without one these tests are skipped, unless HEADWATER_BROWSER=required."""
    path = find_chromium()
    if path is None:
        if os.environ.get("HEADWATER_BROWSER") == "required":
            pytest.fail("HEADWATER_BROWSER=required, and there is no Chromium")
        pytest.skip("NO CHROMIUM HERE: the browser tests are skipped")
    # playwright runs a loop of its own, beside which Django refuses queries made in the same thread
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, site: str) -> Iterator[OpenPage]:
    """open_page("ines.marlow", "/o/works/", width=320, dark=True): the page as that person sees it.

    Whatever the page's console complains of (a script's error, something the content policy refused) fails the test.
    """
    contexts = []
    complaints: list[str] = []

    def open_it(who: str, path: str, width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        context = chromium.new_context(
            base_url=site,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        if who:
            context.add_cookies([{"url": site, **session_cookie(who)}])  # type: ignore[list-item]
        page = context.new_page()
        page.on(
            "console",
            lambda said: said.type == "error" and not is_expected(said) and complaints.append(said.text),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


def is_expected(said: ConsoleMessage) -> bool:
    """The live process does not run beside these tests; a request may be given up; a missing page is missing."""
    address = str(said.location.get("url", ""))
    given_up = said.text.startswith(("htmx:afterRequest", "htmx:sendAbort"))
    return given_up or address.startswith(django_settings.HEADWATER_LIVE_URL) or address.endswith("/no-such-page/")


def session_cookie(who: str) -> dict[str, str]:
    """A signed-in session of the demonstration's person with that mail name."""
    user = User.objects.get(email=f"{who}@works.example")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = django_settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return {"name": django_settings.SESSION_COOKIE_NAME, "value": str(session.session_key)}
