"""The proof of a must-read: one definition for each figure, and behind each figure its list."""

import csv
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from headwater.core.models import Event
from headwater.distribute import audit, proof
from headwater.distribute.actions import acknowledge_delivery, issue_directive, record_acknowledgement, save_directive
from headwater.distribute.awareness import called, time_to_aware
from headwater.distribute.models import Channel, Delivery, Directive
from headwater.distribute.views.proof import STREAM, _flows
from headwater.home.cockpit import Cockpit
from headwater.people.models import Audience, Person, Unit
from headwater.search.models import Entry, EntryVersion
from headwater.search.naming import SOURCES_CALLED
from headwater.taxonomy.models import Concept, ConceptScheme
from tests.asked import MOST_QUERIES, queries
from tests.conftest import enrol, make_person

SignIn = Callable[[Person], Client]
ROOT = "/o/waterworks/distribute/"


@pytest.fixture
def cast(version: EntryVersion, unit: Unit, nadia: Person, everyone: Audience) -> dict[str, Person]:
    """People at every stage: signed in time, late and on paper, opened, not opened, waiting for mail, cut off."""
    names = ("Signed", "Late", "Paper", "Opened", "Unopened", "Mailed", "Waiting", "Cut")
    people = {name: make_person(name, unit=unit) for name in names}
    for name in ("Paper", "Mailed", "Waiting", "Cut"):
        people[name].user = None
        people[name].save()
    Person.objects.filter(pk__in=[people["Cut"].pk, people["Paper"].pk]).update(email="")
    for name in ("Mailed", "Waiting"):
        Channel.objects.create(person=people[name], kind=Channel.Kind.MAIL, address=f"{name}@waterworks.example")
    enrol(everyone)
    return people


@pytest.fixture
def directive(cast: dict[str, Person], version: EntryVersion, nadia: Person, everyone: Audience) -> Directive:
    """A must-read of all of them, past its hour, with what each has done."""
    draft = save_directive(nadia, everyone, entry=version.entry, due_at=timezone.now() + timedelta(days=3))
    directive = issue_directive(nadia, draft)
    rows = {row.person.name: row for row in Delivery.objects.select_related("person")}
    acknowledge_delivery(cast["Signed"], rows["Signed"])
    Delivery.objects.update(due_at=timezone.now() - timedelta(hours=1))
    acknowledge_delivery(cast["Late"], Delivery.objects.get(pk=rows["Late"].pk))
    record_acknowledgement(nadia, Delivery.objects.get(pk=rows["Paper"].pk), "Binder 3")
    now = timezone.now()
    Delivery.objects.filter(pk=rows["Signed"].pk).update(acknowledged_at=now - timedelta(hours=2))
    Delivery.objects.filter(pk=rows["Opened"].pk).update(opened_at=now, state="opened")
    Delivery.objects.filter(pk=rows["Mailed"].pk).update(sent_at=now)
    return directive


def names_at(directive: Directive, key: str) -> set[str]:
    rows = proof.of_directive(directive).filter(proof.stage_tests()[key])
    return set(rows.values_list("person__name", flat=True)) - {"Nadia"}


def test_each_stage_holds_whom_it_says(directive: Directive) -> None:
    assert names_at(directive, "reached") == {"Signed", "Late", "Paper", "Opened", "Unopened", "Mailed"}
    assert names_at(directive, "waiting") == {"Waiting"}
    assert names_at(directive, "unreachable") == {"Cut"}
    assert names_at(directive, "opened") == {"Signed", "Late", "Opened"}, "seen while signed in, and nothing else"
    assert names_at(directive, "seen") == {"Signed", "Late", "Paper", "Opened"}
    assert names_at(directive, "unopened") == {"Unopened", "Mailed"}
    assert names_at(directive, "unsigned") == {"Opened"}
    assert names_at(directive, "in_time") == {"Signed"}
    assert names_at(directive, "late") == {"Late", "Paper"}
    assert names_at(directive, "on_list") == {"Paper"}
    assert names_at(directive, "overdue") == {"Opened", "Unopened", "Mailed", "Waiting", "Cut"}


def test_the_stream_shows_the_figures_that_stand_over_it(directive: Directive) -> None:
    stage = proof.stage_of(directive)
    flows = {flow.end: flow.value for flow in _flows(stage)}
    assert flows["reached"] == stage.reached == 7
    assert (flows["waiting"], flows["unreachable"]) == (1, 1)
    assert flows["seen"] == stage.seen == stage.opened + 1
    assert stage.asked == stage.reached + stage.waiting + stage.unreachable
    for start in ("asked", "reached", "seen"):
        whole = {"asked": stage.asked, "reached": stage.reached, "seen": stage.seen}[start]
        assert sum(flow.value for flow in _flows(stage) if flow.start == start) == whole


def test_every_figure_of_the_proof_opens_a_list_with_as_many(
    directive: Directive, nadia: Person, sign_in: SignIn
) -> None:
    browser = sign_in(nadia)
    page = browser.get(f"{ROOT}directives/{directive.pk}/proof/")
    stage = page.context["stage"]
    for key in STREAM:
        listed = browser.get(f"{ROOT}directives/{directive.pk}/proof/people/?stage={key}").context["page"]
        assert listed.paginator.count == getattr(stage, key), key
        assert f"people/?stage={key}" in page.content.decode()
    figures = re.findall(r'class="fig[^"]*" href="([^"]+)"><bdi>(\d+)', page.content.decode())
    assert len(figures) >= 7
    for url, shown in figures:
        assert browser.get(url.replace("&amp;", "&")).context["page"].paginator.count == int(shown), url


def test_the_figures_of_a_unit_open_the_people_of_the_unit(
    directive: Directive, unit: Unit, nadia: Person, ada: Person, sign_in: SignIn
) -> None:
    browser = sign_in(nadia)
    page = browser.get(f"{ROOT}directives/{directive.pk}/proof/").content.decode()
    listed = re.findall(r'href="([^"]*unit=\d+)"', page)
    assert [url for url in listed if "stage=acknowledged" in url]
    assert [url for url in listed if f"overdue/?directive={directive.pk}" in url]
    found = browser.get(f"{ROOT}directives/{directive.pk}/proof/people/?stage=acknowledged&unit={unit.pk}")
    assert found.context["page"].paginator.count == 3
    assert browser.get(f"{ROOT}proof/overdue/?directive={directive.pk}&unit=none").context["page"].paginator.count == 0


def test_the_chain_says_due_how_late_and_what_was_signed_on_paper(
    directive: Directive, version: EntryVersion, nadia: Person, sign_in: SignIn
) -> None:
    page = sign_in(nadia).get(f"{ROOT}versions/{version.pk}/chain/").content.decode()
    rows = {name: row for row in page.split("<tr>") for name in ("Signed", "Late", "Paper", "Waiting") if name in row}
    assert "Due</th>" in page
    assert "1\u00a0h\u00a000" in rows["Late"]
    assert "Overdue" not in rows["Late"]
    assert "Overdue" in rows["Waiting"]
    assert "on a signed list" in rows["Paper"]
    assert "on a signed list" not in rows["Signed"]
    assert "Overdue" not in rows["Signed"]
    proof_page = sign_in(nadia).get(f"{ROOT}directives/{directive.pk}/proof/").content.decode()
    assert "1 on paper" in proof_page


def test_the_lists_come_as_csv(directive: Directive, nadia: Person, sign_in: SignIn) -> None:
    browser = sign_in(nadia)

    def table(path: str) -> list[dict[str, str]]:
        answer = browser.get(ROOT + path)
        assert answer.headers["Content-Type"].startswith("text/csv")
        return list(csv.DictReader(answer.content.decode().splitlines()))

    assert [row["person"] for row in table("proof/unreached/?format=csv")] == ["Cut", "Paper"]
    (unit,) = table("proof/?format=csv&by=unit")
    assert (unit["group"], unit["known"]) == ("Drainage", "4")
    late = table(f"directives/{directive.pk}/proof/people/?stage=late&format=csv")
    assert {row["manner"] for row in late} == {"signed_in", "list"}


def test_a_stage_list_asks_the_same_with_few_and_30_rows(
    directive: Directive, nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    browser = sign_in(nadia)
    path = f"{ROOT}directives/{directive.pk}/proof/people/"

    few = queries(browser, path)
    for number in range(30):
        delivery = Delivery.objects.create(person=make_person(f"P{number}"), version=Delivery.objects.all()[0].version)
        delivery.reasons.create(directive=directive)
    assert queries(browser, path) == few <= MOST_QUERIES


def test_readers_see_no_stage_list_and_heads_only_their_units(
    directive: Directive, ines: Person, otto: Person, sign_in: SignIn
) -> None:
    path = f"{ROOT}directives/{directive.pk}/proof/people/"
    assert sign_in(ines).get(path).status_code == 403
    assert "Nadia" in sign_in(otto).get(path).content.decode()
    Person.objects.filter(name="Cut").update(unit=None)
    assert ">Cut<" not in sign_in(otto).get(path).content.decode()


def test_a_period_holds_what_became_known_in_it(directive: Directive) -> None:
    Delivery.objects.filter(person__name="Opened").update(eligible_at=timezone.now() - timedelta(days=60))
    (week,) = time_to_aware(7)
    assert week.people == 4
    assert week.late > timedelta(days=30)


def test_groups_are_called_as_people_know_them(directive: Directive) -> None:
    SOURCES_CALLED.append(lambda: {"depot": "North depot reports"})
    try:
        Entry.objects.update(source_slug="depot")
        concept = Concept.objects.create(
            scheme=ConceptScheme.objects.get_or_create(slug="t", title="T")[0],
            slug="wet-well",
            labels={"en": "Wet wells"},
        )
        for entry in Entry.objects.all():
            entry.topic_links.create(concept=concept)
        assert [name for name, _group in called(time_to_aware(90, "source"), "source")] == ["North depot reports"]
        assert [name for name, _group in called(time_to_aware(90, "topic"), "topic")] == ["Wet wells"]
    finally:
        SOURCES_CALLED.pop()


def test_the_log_is_read_by_people() -> None:
    facts = {"fields": ["name", "owner"], "needs_review": True, "until": None}
    event = Event(subject="gather.informationneed", subject_id=5, details=facts)
    assert audit.about(event) == "information need 5"
    assert audit.details(event) == "fields name, owner · needs review yes · until –"
    assert audit.about(Event(subject="gone.thing")) == "gone.thing"
    assert audit.about(Event(subject="")) == ""


def test_opened_is_one_figure_on_every_page_and_in_the_api(
    directive: Directive, nadia: Person, sign_in: SignIn
) -> None:
    """Who signed on paper has not opened it: not in the proof, not in its list, not in the cockpit."""
    browser = sign_in(nadia)
    page = browser.get(f"{ROOT}directives/{directive.pk}/proof/")
    assert page.context["stage"].opened == 3
    counts = browser.get(f"/o/waterworks/api/v1/distribute/directives/{directive.pk}/proof").json()
    assert (counts["opened"], counts["seen"], counts["on_list"]) == (3, 4, 1)
    listed = browser.get(f"{ROOT}directives/{directive.pk}/proof/people/?stage=opened").context["page"]
    assert all(row.opened_at for row in listed.object_list)
    assert len(listed.object_list) == 3
    opened = browser.get("/o/waterworks/cockpit/opened/?days=30").context["page"]
    assert opened.paginator.count == 3
    assert Cockpit(nadia).flow["opened"] == 3
