"""Large files come in by a job: with progress that others see, all or nothing, once, as whoever asked for it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from headwater.core import imports
from headwater.core.actions import OPERATOR, Refused
from headwater.core.models import Event, Import, Organisation
from headwater.core.wall import organisation_context
from headwater.people import actions, jobs
from headwater.people.exchange import waiting
from headwater.people.jobs import carry_out_import
from headwater.people.models import Grant, Notice, Permission, Person
from tests.conftest import make_person

SignIn = Callable[[Person], Client]


def sheet(rows: int, title: str = "Clerk") -> bytes:
    lines = (f"N{n},Person {n},p{n}@x.example,{title}" for n in range(rows))
    return "\n".join(["number,name,email,title", *lines, ""]).encode()


@pytest.fixture
def works(committed: None) -> Iterator[Organisation]:
    """An organisation in real transactions."""
    yield Organisation.objects.create(slug="works", name="Works")
    connections["default"].close()


def begun(works: Organisation, content: bytes, **options: Any) -> Import:
    with organisation_context(works.pk):
        ada = Person.objects.filter(name="Ada").first() or make_person("Ada", Permission.ADMINISTRATOR)
        return actions.begin_import(ada, "people", content, "people.csv", **options)


def ended(works: Organisation, row: Import) -> Import:
    carry_out_import(works.pk, import_id=row.pk)
    with organisation_context(works.pk):
        row.refresh_from_db()
    return row


def test_people_come_in_once_and_who_asked_is_told(works: Organisation) -> None:
    row = begun(works, sheet(600))
    assert (row.state, row.has_ended) == (Import.State.WAITING, False)
    row = ended(works, row)
    assert (row.state, row.counts["added"], row.blob) == (Import.State.DONE, 600, "")
    assert ended(works, row).counts["added"] == 600
    with organisation_context(works.pk):
        assert Person.objects.exclude(name="Ada").count() == 600
        (event,) = Event.objects.filter(verb="import_people")
        assert event.actor_id == Person.objects.get(name="Ada").pk
        assert Notice.objects.get(person__name="Ada").url.endswith(f"/people/import/{row.pk}/")


def test_how_far_it_is_is_seen_meanwhile(works: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "EVERY_SECONDS", 0)
    seen: list[tuple[int, int | None]] = []
    write = imports._Reporter._write

    def written(self: imports._Reporter, done: int, total: int) -> None:
        write(self, done, total)
        with organisation_context(works.pk):
            row = Import.objects.get()
            seen.append((row.done, row.total))
            assert Person.objects.count() == 1, "nothing is seen before all of it is in"

    monkeypatch.setattr(imports._Reporter, "_write", written)
    ended(works, begun(works, sheet(1_200)))
    assert seen == sorted(seen)
    assert {total for _done, total in seen} == {2_400}
    assert seen[-1][0] > 1_200


def test_two_at_once_bring_it_in_once(works: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command at the keyboard carries out its import, and so may the worker that has found the job."""
    row, others = begun(works, sheet(300)), []
    carry_in = jobs.carry_in

    def carry_in_beside_another(row: Import, content: bytes) -> None:
        if not others:
            others.append(threading.Thread(target=carry_out_elsewhere))
            others[0].start()
            others[0].join(0.3)
            assert others[0].is_alive(), "the second waits for the first"
        carry_in(row, content)

    def carry_out_elsewhere() -> None:
        carry_out_import(works.pk, import_id=row.pk)
        connections["default"].close()

    monkeypatch.setattr(jobs, "carry_in", carry_in_beside_another)
    assert ended(works, row).counts["added"] == 300
    others[0].join()
    with organisation_context(works.pk):
        assert Event.objects.filter(verb="import_people").count() == 1


def test_a_wrong_row_changes_nothing_and_is_named(works: Organisation) -> None:
    content = sheet(600) + b"N1,Twice,,\n"
    row = ended(works, begun(works, content))
    assert (row.state, row.blob) == (Import.State.FAILED, "")
    assert "Row 602" in row.message
    with organisation_context(works.pk):
        assert Person.objects.count() == 1
    assert ended(works, begun(works, content, skip_wrong=True)).counts["wrong"] == 1


def test_who_may_no_longer_changes_nothing(works: Organisation) -> None:
    row = begun(works, sheet(5))
    with organisation_context(works.pk):
        Grant.objects.all().delete()
    assert ended(works, row).state == Import.State.FAILED
    with organisation_context(works.pk):
        assert Person.objects.count() == 1


def test_what_cannot_begin(ada: Person, ines: Person) -> None:
    with pytest.raises(Refused):
        actions.begin_import(ines, "people", b"name\nA\n")
    for kind, options in (("dragons", {}), ("roles", {"end_missing": True})):
        with pytest.raises(ValidationError):
            actions.begin_import(ada, kind, b"code,name\n", **options)


def test_the_page_shows_how_far_it_is(ada: Person, ines: Person, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    key = waiting.put(sheet(imports.LARGE + 1))
    answer = browser.post("/o/waterworks/people/import/application/", {"kind": "people", "key": key})
    row = Import.objects.get()
    assert answer.headers["Location"] == f"/o/waterworks/people/import/{row.pk}/"
    page = browser.get(answer.headers["Location"]).content.decode()
    assert "<progress" in page
    assert "every 2s" in page
    Import.objects.update(state="done", counts={"added": 1_001, "unchanged": 0})
    page = browser.get(answer.headers["Location"]).content.decode()
    assert "1,001" in page
    assert "every 2s" not in page
    Import.objects.update(state="failed", message="Row 7 is wrong.")
    assert "Row 7 is wrong." in browser.get(answer.headers["Location"]).content.decode()
    assert sign_in(ines).get(answer.headers["Location"]).status_code == 403


def test_the_api_says_how_far_it_is(ada: Person, sign_in: SignIn) -> None:
    browser, base = sign_in(ada), "/o/waterworks/api/v1/people"
    small = browser.post(f"{base}/import/people", {"file": SimpleUploadedFile("p.csv", sheet(2))})
    assert (small.status_code, small.json()) == (200, {"done": True})
    large = browser.post(f"{base}/import/people", {"file": SimpleUploadedFile("p.csv", sheet(imports.LARGE + 1))})
    assert (large.status_code, large.json()["state"], large.json()["name"]) == (202, "waiting", "p.csv")
    told = browser.get(f"{base}/imports/{large.json()['id']}").json()
    assert (told["done"], told["total"], told["seconds_left"]) == (0, None, None)
    begun = browser.post(f"{base}/imports", {"kind": "roles", "file": SimpleUploadedFile("r.csv", b"code,name\na,A\n")})
    assert (begun.status_code, begun.json()["kind"]) == (202, "roles")


def test_only_what_differs_is_written(organisation: Organisation, django_assert_max_num_queries: Any) -> None:
    actions.import_people(OPERATOR, sheet(1_000))
    with django_assert_max_num_queries(40):
        actions.import_people(OPERATOR, sheet(1_000, "Fitter"))
    assert Person.objects.filter(title="Fitter").count() == 1_000
