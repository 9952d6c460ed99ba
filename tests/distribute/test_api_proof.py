"""Proof by program: the same figures and lists as on the pages, within the same bounds."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from headwater.distribute.actions import issue_directive, record_acknowledgement, save_directive
from headwater.distribute.models import Delivery, Directive
from headwater.people.models import Audience, Person
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol, make_person

ROOT = "/o/waterworks/api/v1/distribute/"
Ask = Callable[..., Any]


@pytest.fixture
def directive(version: EntryVersion, nadia: Person, ines: Person, otto: Person, everyone: Audience) -> Directive:
    """A must-read of four, one of whom nothing reaches; Otto signed on paper, an hour late."""
    make_person("Cut")
    Person.objects.filter(name="Cut").update(user=None, email="")
    enrol(everyone)
    due = timezone.now() + timedelta(days=3)
    directive = issue_directive(nadia, save_directive(nadia, everyone, entry=version.entry, due_at=due))
    Delivery.objects.update(due_at=timezone.now() - timedelta(hours=1))
    record_acknowledgement(nadia, Delivery.objects.get(person=otto), "Binder 3")
    return directive


@pytest.fixture
def ask(sign_in: Callable[[Person], Client]) -> Ask:
    """What the API answers a person."""

    def asked(person: Person, path: str, status: int = 200) -> Any:
        answer = sign_in(person).get(ROOT + path)
        assert answer.status_code == status, answer.content
        return answer.json()

    return asked


def names(answer: Any) -> list[str]:
    assert answer["count"] >= len(answer["items"])
    return [item["person"] for item in answer["items"]]


def test_the_counts_and_the_people_behind_each(directive: Directive, nadia: Person, ask: Ask) -> None:
    counts = ask(nadia, f"directives/{directive.pk}/proof")
    assert (counts["asked"], counts["reached"], counts["unreachable"], counts["on_list"]) == (4, 3, 1, 1)
    for stage, count in counts.items():
        assert ask(nadia, f"directives/{directive.pk}/people?stage={stage}")["count"] == count, stage
    assert names(ask(nadia, f"directives/{directive.pk}/people?stage=late")) == ["Otto"]
    ask(nadia, f"directives/{directive.pk}/people?stage=lost", status=422)


def test_the_chain_says_by_whom_when_how_and_how_late(
    directive: Directive, version: EntryVersion, nadia: Person, ask: Ask
) -> None:
    chain = ask(nadia, f"versions/{version.pk}/chain")
    assert names(chain) == ["Cut", "Ines", "Nadia", "Otto"]
    of_otto = chain["items"][3]
    assert (of_otto["manner"], of_otto["title"]) == ("list", version.title)
    assert 3590 <= of_otto["late_seconds"] <= 3660
    assert names(ask(nadia, f"versions/{version.pk}/chain?limit=1&offset=1")) == ["Ines"]


def test_who_is_late_and_whom_nothing_reaches(directive: Directive, nadia: Person, ask: Ask) -> None:
    assert names(ask(nadia, "overdue")) == ["Cut", "Ines", "Nadia"]
    assert names(ask(nadia, f"overdue?directive={directive.pk + 1}")) == []
    assert names(ask(nadia, f"overdue?unit={nadia.unit_id}")) == ["Ines", "Nadia"]
    assert names(ask(nadia, "unreached")) == ["Cut"]


def test_time_to_aware_and_the_log(directive: Directive, nadia: Person, ask: Ask) -> None:
    (whole,) = ask(nadia, "time-to-aware")["items"]
    assert (whole["group"], whole["known"]) == ("", 1)
    assert ask(nadia, "time-to-aware?by=unit")["items"][0]["group"] == "Drainage"
    log = ask(nadia, "audit?verb=issue_directive")
    assert [(line["verb"], line["actor_id"]) for line in log["items"]] == [("issue_directive", nadia.pk)]


def test_the_log_is_taken_away_as_a_sheet(
    directive: Directive, nadia: Person, ines: Person, sign_in: Callable[[Person], Client]
) -> None:
    Person.objects.filter(pk=nadia.pk).update(name="=HYPERLINK(0)")
    browser = sign_in(nadia)
    for address in ("/o/waterworks/distribute/proof/audit/?format=csv&", "/o/waterworks/api/v1/distribute/audit.csv?"):
        answer = browser.get(f"{address}verb=issue_directive&person={nadia.pk}")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert re.search(r'filename="audit-\d{4}-\d\d-\d\d\.csv"', answer.headers["Content-Disposition"])
        (line,) = csv.DictReader(io.StringIO(answer.content.decode()))
        assert (line["verb"], line["actor_id"]) == ("issue_directive", str(nadia.pk))
        assert line["actor"] == "'=HYPERLINK(0)", "no spreadsheet takes it for a formula"
        assert json.loads(line["details"])["directive"] == directive.pk
        assert sign_in(ines).get(address).status_code == 403
    page = browser.get(f"/o/waterworks/distribute/proof/audit/?verb=issue_directive&person={nadia.pk}").content.decode()
    assert f'href="?verb=issue_directive&amp;person={nadia.pk}&amp;format=csv"' in page
    assert 'class="top-menu"' in page, "the frame still knows who looks"


def test_each_sees_what_they_may(directive: Directive, ines: Person, otto: Person, nadia: Person, ask: Ask) -> None:
    version = Delivery.objects.all()[0].version_id
    for path in ("overdue", "unreached", "time-to-aware", "audit", f"versions/{version}/chain"):
        ask(ines, path, status=403)
    assert names(ask(otto, "overdue")) == ["Ines", "Nadia"], "those of his unit"
    ask(otto, "audit", status=403)
    Entry.objects.update(audience=None, owner=ines)
    assert {item["title"] for item in ask(nadia, "overdue")["items"]} == {"Something that you may not read"}
    ask(nadia, f"versions/{version}/chain", status=404)
