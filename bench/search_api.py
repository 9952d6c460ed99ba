"""search_api: 25,000 entries, a reader in 200 of 400 audiences, searching through the API with a bearer token.

Entries are real news stories, gathered when they were published, over four and a half years; each belongs to one of
400 audiences at random, so the reader may read about half. The questions mix words, phrases, prefixes, boolean
operators, facets, dates, NEAR, and all counts of facets. Timed at the client, over one kept-alive connection after
another, each question as often as any other.
"""

import hashlib
import http.client
import os
import random
import re
import subprocess
import sys
import tarfile
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.figures import Figure, at_most, needed, percentile, plain
from bench.first_page import await_page, free_port
from bench.stage import django_stage

if TYPE_CHECKING:
    from headwater.people.models import Audience, Person, Unit

ENTRIES, AUDIENCES, HELD, REQUESTS = 25_000, 400, 200, 600
TOKEN = "a-token-only-for-this-measurement"
QUESTIONS = (
    "oil",
    "interest rate",
    "crude oil price",
    '"trade deficit"',
    "grain NOT wheat",
    "dividend OR payout",
    "(dollar OR yen) intervention",
    "acqui*",
    "title:bank",
    "kind:lesson shipping",
    "unit:unit-3 earnings",
    "published:900d coffee quota",
    "sugar NEAR/5 export",
    "quarterly net loss on higher costs",
    "japan semiconductor tariffs",
    "lang:en merger agreement",
)


def run() -> Iterator[Figure]:
    """Median and 99th percentile of one search in milliseconds, without and with the counts of all facets."""
    with django_stage():
        _fill()
        with _served() as port:
            times = _asked(port, facets=False)
            yield at_most("search_api_median", percentile(times, 0.5), "ms", 10)
            yield at_most("search_api_p99", percentile(times, 0.99), "ms", 50)
            times = _asked(port, facets=True)
            yield plain("search_api_facets_median", percentile(times, 0.5), "ms")
            yield plain("search_api_facets_p99", percentile(times, 0.99), "ms")
            yield plain("search_api_entries", ENTRIES, "entries")


def _stories() -> list[tuple[str, str]]:
    """Titles and bodies of the real stories."""
    found = []
    with tarfile.open(needed("reuters21578", "sgm.tar.gz")) as archive:
        for member in archive:
            file = archive.extractfile(member)
            text = file.read().decode("latin-1") if file and member.name.endswith(".sgm") else ""
            for story in re.findall(r"<REUTERS.*?</REUTERS>", text, re.DOTALL):
                title, body = (re.search(rf"<{tag}>(.*?)</{tag}>", story, re.DOTALL) for tag in ("TITLE", "BODY"))
                if title and body:
                    found.append((title[1].strip(), body[1].strip()))
    return found


def _fill() -> None:
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.people.models import ApiToken, Audience, AudienceMember, Person, Unit
    from headwater.search.indexing import mend_index

    chance = random.Random(7)
    organisation = Organisation.objects.create(slug="bench", name="Bench")
    with organisation_context(organisation.pk):
        person = Person.objects.create(name="Reader", clearance=1)
        units = Unit.objects.bulk_create(Unit(slug=f"unit-{n}", name=f"Unit {n}", path=f"/{n}/") for n in range(8))
        for unit in units:
            unit.path = f"/{unit.pk}/"
            unit.save()
        audiences = Audience.objects.bulk_create(
            Audience(slug=f"a{n}", name=f"Audience {n}", rule={"person": person.pk}) for n in range(AUDIENCES)
        )
        AudienceMember.objects.bulk_create(
            AudienceMember(audience=audience, person=person) for audience in chance.sample(audiences, HELD)
        )
        ApiToken.objects.create(person=person, name="bench", digest=hashlib.sha256(TOKEN.encode()).hexdigest())
        _fill_entries(chance, person, units, audiences)
    mend_index(organisation.pk)


def _fill_entries(
    chance: random.Random, person: "Person", units: Sequence["Unit"], audiences: Sequence["Audience"]
) -> None:
    from django.db.models import F

    from headwater.search.actions import NewVersion, publish_versions
    from headwater.search.models import Entry, EntryVersion, Kind

    stories, now = _stories(), datetime.now(UTC)
    for start in range(0, ENTRIES, 500):
        entries = Entry.objects.bulk_create(
            Entry(
                kind=chance.choice(Kind.values),
                title="",
                owner=person if chance.random() < 0.001 else None,
                unit=chance.choice(units),
                audience=chance.choice(audiences),
                classification=chance.choice((0, 1, 1, 1, 2)),
                source_slug=chance.choice(("wire", "desk", "archive")),
                path=f"{start}/{chance.randrange(10**6)}.txt",
            )
            for _ in range(500)
        )
        new = []
        for entry in entries:
            title, text = stories[(entry.pk * 7919) % len(stories)]
            published = now - timedelta(hours=chance.randrange(40_000))
            new.append(NewVersion(entry, title, text, "en", "", published))
        publish_versions(new)
    EntryVersion.objects.update(gathered_at=F("published_at"))


@contextmanager
def _served() -> Iterator[int]:
    port = free_port()
    environment = os.environ | {"HEADWATER_PORT": str(port), "HEADWATER_ORIGIN": f"http://127.0.0.1:{port}"}
    server = subprocess.Popen([sys.executable, "-m", "headwater", "serve", "web"], env=environment)
    try:
        await_page(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def _asked(port: int, facets: bool) -> list[float]:
    """Milliseconds of each request; the first of each question, which opens the index, is not counted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    times = []
    for number in range(REQUESTS + 4 * len(QUESTIONS)):
        asked = {"q": QUESTIONS[number % len(QUESTIONS)], "facets": str(facets).lower()}
        began = time.perf_counter()
        connection.request(
            "GET",
            "/o/bench/api/v1/search/entries?" + urllib.parse.urlencode(asked),
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        answer = connection.getresponse()
        body = answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {body[:300]!r}")
    return times[4 * len(QUESTIONS) :]
