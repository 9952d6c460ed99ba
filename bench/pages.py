"""pages: every main page under 20 requests a second, with 25,000 entries and 1,000 people in the organisation.

Requests leave on a fixed clock, whether or not earlier ones have come back (an open loop), so waiting counts; the
server has been under the same load for some seconds before, so that its connections to the database are open. The
reader is a knowledge manager with 300 deliveries, who sees every page; a must-read to all 1,000 is open. Queries are
counted on the same data.
"""

import http.client
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench import search_api
from bench.figures import Figure, at_most, percentile
from bench.signed_in import session_of
from bench.stage import django_stage

if TYPE_CHECKING:
    from headwater.core.models import Organisation

PEOPLE, DELIVERIES, A_SECOND, SECONDS = 1_000, 300, 20, 6
WARMING = 10  # requests before, so that every worker has seen the page
PAGES = (
    "",
    "cockpit/",
    "search/?q=crude+oil",
    "distribute/inbox/?tab=unread",
    "distribute/inbox/?tab=must",
    "distribute/inbox/?tab=all",
    "distribute/reaching/",
    "distribute/proof/unreached/",
    "distribute/profiles/",
    "distribute/directives/",
    "distribute/proof/",
    "distribute/proof/overdue/",
    "distribute/proof/audit/",
    "gather/",
    "library/",
    "people/",
    "people/units/",
    "people/audiences/",
    "people/me/",
    "people/me/held/",
    "topics/",
)
# Pages about a thing, and the name that `_things` gives it.
ABOUT = {
    "entry": "entries/{entry}/",
    "article": "library/articles/{article}/edit/",
    "source": "gather/sources/{source}/",
    "documents": "gather/sources/{source}/documents/",
    "profile": "distribute/profiles/{profile}/",
    "proof": "distribute/directives/{directive}/proof/",
    "chain": "distribute/versions/{version}/chain/",
    "person": "people/{person}/",
    "unit": "people/units/{unit}/",
    "audience": "people/audiences/{audience}/",
}


def run() -> Iterator[Figure]:
    """95th percentile in milliseconds and the number of queries, for each page."""
    with django_stage() as home:
        search_api._fill()
        cookie = _people()
        pages = _pages(home)
        queries = dict(_queries(cookie, pages))
        with search_api._served() as port:
            _under_load(port, pages["today"], f"headwater_session_{port}={cookie}")  # as it has just begun: not counted
            for name, page in pages.items():
                times = _under_load(port, page, f"headwater_session_{port}={cookie}")
                yield at_most(f"pages_{name}_p95", percentile(times, 0.95), "ms", 100)
                yield at_most(f"pages_{name}_queries", queries[name], "queries", 15)


def _pages(home: Path) -> dict[str, str]:
    """A name for each page, and its path."""
    things = _things(home)
    listed = {page.replace("?tab=", "/").partition("?")[0].strip("/").replace("/", "_"): page for page in PAGES}
    about = {name: page.format(**things) for name, page in ABOUT.items()}
    return {name or "today": f"/o/bench/{page}" for name, page in (listed | about).items()}


def _things(home: Path) -> dict[str, int]:
    """Something of each kind to look at, made as people make it, among the many; their numbers."""
    from headwater.core.actions import OPERATOR
    from headwater.core.wall import organisation_context
    from headwater.distribute.actions import issue_directive, save_directive
    from headwater.distribute.models import InterestProfile
    from headwater.gather.actions import create_source
    from headwater.library.actions import create_article, publish_article
    from headwater.library.models import LibrarySettings
    from headwater.people.models import Audience, Person
    from headwater.search.models import Kind

    folder = home.parent / f"{home.name}-watched"
    folder.mkdir()
    with organisation_context(_organisation().pk):
        manager = Person.objects.get(name="Manager")
        everyone = Audience.objects.get(slug="everyone")
        LibrarySettings.objects.update_or_create(defaults={"needs_review": False})
        article = create_article(
            manager, Kind.HOW_TO, "Oil spills", "# First\n\n" + "Close the valve. " * 300, manager.unit, everyone
        )
        version = publish_article(manager, article)
        directive = issue_directive(manager, save_directive(manager, everyone, entry=article.entry, due_days=5))
        source = create_source(
            OPERATOR, "Watched", "folder", manager, settings={"path": str(folder)}, audience=everyone
        )
        found = {"article": article, "entry": article.entry, "version": version, "directive": directive}
        found |= {"source": source, "person": manager, "unit": manager.unit, "audience": everyone}
        found |= {"profile": InterestProfile.objects.get(name="Oil")}
    return {name: thing.pk for name, thing in found.items()}


def _organisation() -> "Organisation":
    from headwater.core.models import Organisation

    return Organisation.objects.get(slug="bench")


def _people() -> str:
    """Make the people, their profiles and deliveries; the key of a session of the knowledge manager."""
    from django.utils import timezone

    from headwater.core.models import User
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery, InterestProfile, Reason
    from headwater.people.membership import refresh
    from headwater.people.models import Audience, AudienceMember, Grant, Permission, Person, Unit
    from headwater.search.models import EntryVersion

    chance = random.Random(11)
    with organisation_context(_organisation().pk):
        units, audiences = list(Unit.objects.all()), list(Audience.objects.all())
        user = User.objects.create_user("manager@bench.example", name="Manager")
        manager = Person.objects.create(name="Manager", user=user, clearance=3, unit=units[0])
        Grant.objects.create(person=manager, permission=Permission.KNOWLEDGE_MANAGER)
        people = Person.objects.bulk_create(
            Person(name=f"Person {number:04}", email=f"p{number}@bench.example", unit=chance.choice(units))
            for number in range(PEOPLE)
        )
        Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        refresh()
        AudienceMember.objects.bulk_create(AudienceMember(audience=each, person=manager) for each in audiences[:200])
        profile = InterestProfile.objects.create(name="Oil", person=manager, query="oil")
        versions = EntryVersion.objects.filter(entry__audience__in=audiences[:200])
        readable = list(versions.values_list("pk", "entry"))
        for person in [manager, *people]:
            count = DELIVERIES if person == manager else 20
            now = timezone.now()
            deliveries = Delivery.objects.bulk_create(
                Delivery(
                    person=person,
                    version_id=version,
                    entry_id=entry,
                    came_at=now,
                    must_acknowledge=number % 10 == 0,
                    due_at=now + timedelta(days=chance.randrange(-5, 5)) if number % 10 == 0 else None,
                )
                for number, (version, entry) in enumerate(chance.sample(readable, count))
            )
            Reason.objects.bulk_create(Reason(delivery=each, profile=profile, words=["oil"]) for each in deliveries)
    return session_of(user)


def _queries(cookie: str, pages: dict[str, str]) -> Iterator[tuple[str, int]]:
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    for name, page in pages.items():
        client.get(page)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(page)
        if answer.status_code != 200:
            raise RuntimeError(f"{page} answered {answer.status_code}")
        yield name, sum(not query["sql"].startswith(("BEGIN", "COMMIT")) for query in captured.captured_queries)


def _under_load(port: int, path: str, cookie: str) -> list[float]:
    """Milliseconds of each answer, counted from when its request was due."""
    times: list[float] = []
    for _ in range(WARMING):
        _ask(port, path, cookie)
    start, threads = time.perf_counter() + 0.2, []
    for number in range(A_SECOND * SECONDS):
        due = start + number / A_SECOND
        thread = threading.Thread(target=_ask_at, args=(due, port, path, cookie, times))
        threads.append(thread)
        time.sleep(max(0.0, due - 0.05 - time.perf_counter()))
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _ask_at(due: float, port: int, path: str, cookie: str, times: list[float]) -> None:
    time.sleep(max(0.0, due - time.perf_counter()))
    _ask(port, path, cookie)
    times.append((time.perf_counter() - due) * 1000)


def _ask(port: int, path: str, cookie: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
