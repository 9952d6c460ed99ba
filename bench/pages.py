"""pages: every main page under 20 requests a second, with 25,000 entries and 1,000 people in the organisation.

Requests leave on a fixed clock, whether or not earlier ones have come back (an open loop), so waiting counts. The
reader is a knowledge manager with 300 deliveries, who sees every page. Queries are counted on the same data.
"""

import http.client
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

from bench import search_api
from bench.figures import Figure, at_most, percentile
from bench.stage import django_stage

PEOPLE, UNITS, DELIVERIES, A_SECOND, SECONDS = 1_000, 8, 300, 20, 10
PAGES = (
    "",
    "cockpit/",
    "search/?q=crude+oil",
    "distribute/inbox/?tab=unread",
    "distribute/inbox/?tab=must",
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
    "topics/",
)


def run() -> Iterator[Figure]:
    """95th percentile in milliseconds and the number of queries, for each page."""
    with django_stage():
        search_api._fill()
        cookie = _people()
        queries = dict(_queries(cookie))
        with search_api._served() as port:
            for page in PAGES:
                times = _under_load(port, f"/o/bench/{page}", f"headwater_session_{port}={cookie}")
                name = page.partition("?")[0].strip("/").replace("/", "_") or "today"
                yield at_most(f"pages_{name}_p95", percentile(times, 0.95), "ms", 100)
                yield at_most(f"pages_{name}_queries", queries[page], "queries", 15)


def _people() -> str:
    """Make the people, their profiles and deliveries; the key of a session of the knowledge manager."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils import timezone

    from headwater.core.models import Organisation, User
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery, InterestProfile, Reason
    from headwater.people.models import Audience, AudienceMember, Grant, Permission, Person, Unit
    from headwater.search.models import EntryVersion

    chance = random.Random(11)
    organisation = Organisation.objects.get(slug="bench")
    with organisation_context(organisation.pk):
        units, audiences = list(Unit.objects.all()), list(Audience.objects.all())
        user = User.objects.create_user("manager@bench.example", name="Manager")
        manager = Person.objects.create(name="Manager", user=user, clearance=3, unit=units[0])
        Grant.objects.create(person=manager, permission=Permission.KNOWLEDGE_MANAGER)
        AudienceMember.objects.bulk_create(AudienceMember(audience=each, person=manager) for each in audiences[:200])
        people = Person.objects.bulk_create(
            Person(name=f"Person {number:04}", email=f"p{number}@bench.example", unit=chance.choice(units))
            for number in range(PEOPLE)
        )
        profile = InterestProfile.objects.create(name="Oil", person=manager, query="oil")
        readable = list(EntryVersion.objects.filter(entry__audience__in=audiences[:200]).values_list("pk", flat=True))
        for person in [manager, *people]:
            count = DELIVERIES if person == manager else 20
            now = timezone.now()
            deliveries = Delivery.objects.bulk_create(
                Delivery(
                    person=person,
                    version_id=version,
                    must_acknowledge=number % 10 == 0,
                    due_at=now + timedelta(days=chance.randrange(-5, 5)) if number % 10 == 0 else None,
                )
                for number, version in enumerate(chance.sample(readable, count))
            )
            Reason.objects.bulk_create(Reason(delivery=each, profile=profile, words=["oil"]) for each in deliveries)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _queries(cookie: str) -> Iterator[tuple[str, int]]:
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    for page in PAGES:
        client.get(f"/o/bench/{page}")
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(f"/o/bench/{page}")
        if answer.status_code != 200:
            raise RuntimeError(f"{page} answered {answer.status_code}")
        yield page, sum(not query["sql"].startswith(("BEGIN", "COMMIT")) for query in captured.captured_queries)


def _under_load(port: int, path: str, cookie: str) -> list[float]:
    """Milliseconds of each answer, counted from when its request was due."""
    times: list[float] = []
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
