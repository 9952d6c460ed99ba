"""The cockpit: is it working, what needs me; every number opens its list."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from headwater.core.actions import OPERATOR
from headwater.distribute.awareness import time_to_aware
from headwater.distribute.models import Channel, Delivery
from headwater.gather.models import Source
from headwater.home.cockpit import Cockpit
from headwater.home.findings import sooner_title
from headwater.home.needs import Trust, needs_of
from headwater.home.overview import finding, overview, stream
from headwater.library.actions import create_article, give_feedback, publish_article, set_library
from headwater.library.models import Article, Feedback
from headwater.people.models import Audience, Person, Unit
from headwater.search.models import Entry, Kind, SearchGap
from headwater.taxonomy.models import Concept, ConceptScheme
from tests.asked import MOST_QUERIES, asked_by
from tests.home.conftest import Deliver, MakeEntry

SignIn = Callable[[Person], Client]
PAGE = "/o/waterworks/cockpit/"
HOUR = timedelta(hours=1)


def test_it_is_for_those_who_steer(ines: Person, nadia: Person, ada: Person, sign_in: SignIn) -> None:
    assert sign_in(ines).get(PAGE).status_code == 403
    assert sign_in(ines).get(f"{PAGE}overdue/").status_code == 403
    assert sign_in(nadia).get(PAGE).status_code == 200
    assert sign_in(ada).get(PAGE).status_code == 200


def test_a_new_organisation_sees_the_first_steps(nadia: Person, sign_in: SignIn) -> None:
    page = sign_in(nadia).get(PAGE).content.decode()
    assert "The first five steps" in page
    assert "Name a source" in page


def test_a_first_step_that_somebody_may_not_take_says_who_does(nadia: Person, ada: Person, sign_in: SignIn) -> None:
    to_directive, to_import = "/o/waterworks/distribute/directives/new/", "/o/waterworks/people/import/"
    hers, theirs = (sign_in(person).get(PAGE).content.decode() for person in (nadia, ada))
    assert to_directive in hers
    assert "needs a permission, given on their page: Administrator." in hers
    assert to_import in theirs
    main = theirs[theirs.index("<main") : theirs.index("</main>")]
    assert to_directive not in main
    assert "needs a permission, given on their page: Knowledge manager." in main


def test_the_flow_counts_what_went_through(
    ines: Person, nadia: Person, make_entry: MakeEntry, must_read: Deliver, bring: Deliver, sign_in: SignIn
) -> None:
    now = timezone.now()
    must_read(make_entry("A"), ines, due_at=now - HOUR)
    must_read(make_entry("B"), ines, acknowledged_at=now, opened_at=now, state="acknowledged")
    bring(make_entry("C"), ines, opened_at=now, state="opened")
    bring(make_entry("D"), nadia, created_at=now - timedelta(days=40))
    cockpit = Cockpit(nadia)
    flow = cockpit.flow
    assert (flow["delivered"], flow["people"], flow["opened"]) == (3, 1, 2)
    assert (flow["asked"], flow["acknowledged"], cockpit.numbers["overdue"]) == (2, 1, 1)
    assert (flow["before"], flow["opened_before"]) == (1, 0)
    assert cockpit.numbers["versions"] == 4


def test_every_figure_opens_a_list_with_as_many_rows(
    ines: Person, nadia: Person, make_entry: MakeEntry, must_read: Deliver, bring: Deliver, sign_in: SignIn
) -> None:
    now = timezone.now()
    must_read(make_entry("A"), ines, due_at=now - HOUR)
    must_read(make_entry("B"), ines, acknowledged_at=now, opened_at=now, state="acknowledged")
    bring(make_entry("C"), ines, opened_at=now, state="opened")
    client = sign_in(nadia)
    page = client.get(PAGE).content.decode()
    figures = re.findall(r'<a class="fig[^"]*" href="(/o/waterworks/cockpit/[a-z_]+/\?days=30)"><bdi>([\d,]+)', page)
    assert len(figures) >= 8
    for url, shown in figures:
        found = client.get(url)
        assert found.status_code == 200
        assert found.context["page"].paginator.count == int(shown), url


def test_lists_show_titles_only_to_those_who_may_read_them(
    ines: Person, nadia: Person, make_entry: MakeEntry, bring: Deliver, sign_in: SignIn
) -> None:
    delivery = bring(make_entry("Secret works"), ines)
    Entry.objects.filter(pk=delivery.version.entry_id).update(audience=None, owner=ines)
    page = sign_in(nadia).get(f"{PAGE}delivered/").content.decode()
    assert "Secret works" not in page
    assert "not open to you" in page


def test_a_figure_that_does_not_exist(nadia: Person, sign_in: SignIn) -> None:
    assert sign_in(nadia).get(f"{PAGE}wishes/").status_code == 404


def test_time_to_aware_leaves_back_fills_out(
    ines: Person, nadia: Person, make_entry: MakeEntry, bring: Deliver
) -> None:
    now = timezone.now()
    for hours in (1, 2, 3):
        bring(make_entry(f"A {hours}"), ines, eligible_at=now - hours * HOUR, opened_at=now)
    filled = bring(make_entry("Old"), ines, eligible_at=now - 900 * HOUR, opened_at=now)
    filled.version.is_backfill = True
    filled.version.save()
    aware = Cockpit(nadia).aware
    assert aware["median"] == 2 * HOUR
    assert aware["before"] is None


def test_what_is_overdue_is_the_same_in_every_period_and_on_every_page(
    ines: Person, nadia: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    now = timezone.now()
    for days in (1, 20, 60, 200):
        must_read(make_entry(f"A {days}"), ines, created_at=now - timedelta(days=days), due_at=now - HOUR)
    browser = sign_in(nadia)
    for days in (7, 30, 90):
        assert Cockpit(nadia, days).numbers["overdue"] == 4
        assert browser.get(f"{PAGE}overdue/?days={days}").context["page"].paginator.count == 4
    assert browser.get("/o/waterworks/distribute/proof/").context["overdue"] == 4


def test_time_to_aware_is_the_same_here_and_in_the_proof(
    ines: Person, nadia: Person, make_entry: MakeEntry, bring: Deliver
) -> None:
    now = timezone.now()
    bring(make_entry("Asked long ago, known now"), ines, eligible_at=now - timedelta(days=50), opened_at=now)
    bring(make_entry("Asked and known"), ines, eligible_at=now - 2 * HOUR, opened_at=now)
    (overall,) = time_to_aware(30)
    assert (overall.people, overall.median) == (2, Cockpit(nadia, 30).aware["median"])


def test_acknowledging_without_opening_counts_as_aware(
    ines: Person, nadia: Person, make_entry: MakeEntry, must_read: Deliver
) -> None:
    now = timezone.now()
    must_read(make_entry(), ines, eligible_at=now - 4 * HOUR, acknowledged_at=now, state="acknowledged")
    assert Cockpit(nadia).aware["median"] == 4 * HOUR


@pytest.mark.parametrize(
    ("median", "before", "title"),
    [
        (2 * HOUR, 4 * HOUR, "Knowledge arrives 2\u00a0h\u00a000 sooner than in October"),
        (4 * HOUR, 2 * HOUR, "Knowledge arrives 2\u00a0h\u00a000 later than in October"),
        (4 * HOUR, 4 * HOUR, ""),
        (None, 4 * HOUR, ""),
        (4 * HOUR, None, ""),
        (timedelta(seconds=10), timedelta(seconds=30), ""),
    ],
)
def test_the_title_is_a_finding_only_when_there_is_one(
    median: timedelta | None, before: timedelta | None, title: str
) -> None:
    assert sooner_title(median, before, "in October") == title


def test_without_a_comparison_the_title_says_what_went_through(
    ines: Person, nadia: Person, make_entry: MakeEntry, bring: Deliver
) -> None:
    bring(make_entry(), ines)
    assert finding(Cockpit(nadia)) == "1 deliveries reached 1 person in 30 days"


def test_what_needs_me(ines: Person, nadia: Person, make_entry: MakeEntry, must_read: Deliver) -> None:
    now = timezone.now()
    must_read(make_entry("Gas detectors"), ines, due_at=now - HOUR)
    Source.objects.create(
        slug="flood",
        name="Flood Centre",
        kind="feed",
        owner=nadia,
        silent_after_hours=6,
        last_change_at=now - 31 * HOUR,
    )
    Source.objects.create(
        slug="well", name="Well", kind="feed", owner=nadia, silent_after_hours=6, last_change_at=now, last_worked_at=now
    )
    Channel.objects.create(person=ines, kind="mail", address="x@x.example", state=Channel.State.SUSPENDED)
    titles = [need.title for need in needs_of(Cockpit(nadia), Trust())]
    assert titles == [
        "1 has not acknowledged “Gas detectors”",
        "Flood Centre: silent for 31\u00a0h\u00a000",
        "1 person's mail or chat refuses what is sent",
    ]


def test_a_title_that_is_not_mine_to_read_is_not_said(
    ines: Person, nadia: Person, make_entry: MakeEntry, must_read: Deliver
) -> None:
    delivery = must_read(make_entry("Secret works"), ines, due_at=timezone.now() - HOUR)
    Entry.objects.filter(pk=delivery.version.entry_id).update(audience=None, owner=ines)
    (need,) = needs_of(Cockpit(nadia), Trust())
    assert need.title == "1 has not acknowledged a must-read"


def test_a_unit_manager_sees_their_unit_only(
    ines: Person, nadia: Person, make_entry: MakeEntry, bring: Deliver, unit: Unit
) -> None:
    roads = Unit.objects.create(slug="roads", name="Roads", path="/999/")
    bring(make_entry("A"), ines)
    bring(make_entry("B"), nadia)
    Person.objects.filter(pk=nadia.pk).update(unit=roads)
    nadia.grants.update(unit=unit)
    assert Cockpit(Person.objects.get(pk=nadia.pk)).flow["delivered"] == 1


@pytest.fixture
def articles(nadia: Person, otto: Person, unit: Unit, readers: Audience) -> list[Article]:
    """Four published articles of Otto's."""
    set_library(OPERATOR, needs_review=False, allows_self_approval=True)
    made = [create_article(otto, Kind.HOW_TO, f"How {n}", "Text", unit=unit, audience=readers) for n in range(4)]
    for article in made:
        publish_article(otto, article)
    return made


def test_trust_counts_each_article_once_in_the_worst_it_is(articles: list[Article], ines: Person) -> None:
    today = timezone.localdate()
    due, disputed, orphan, _good = articles
    Article.objects.filter(pk__in=[due.pk, disputed.pk]).update(verify_due_on=today)
    Entry.objects.filter(pk__in=[disputed.entry_id, orphan.entry_id]).update(standing="disputed")
    ines.left_on = today
    ines.save()
    Entry.objects.filter(pk=orphan.entry_id).update(owner=ines)
    counts = Trust().counts
    assert counts == {"all": 4, "orphaned": 1, "disputed": 1, "due": 1, "in_date": 1}


def test_reports_wait_two_days_before_they_are_raised(articles: list[Article], ines: Person, nadia: Person) -> None:
    report = give_feedback(ines, articles[0].entry, Feedback.Kind.ERROR, "Wrong")
    assert Cockpit(nadia).numbers["reports"] == 0
    Feedback.objects.filter(pk=report.pk).update(at=timezone.now() - timedelta(days=3))
    assert Cockpit(nadia).numbers["reports"] == 1


def test_gaps_are_named_the_most_wanted_first(nadia: Person) -> None:
    for query, times in (("pump", 2), ("resin", 9), ("tripod", 1)):
        SearchGap.objects.create(query=query, times=times)
    SearchGap.objects.create(query="settled", times=99, state=SearchGap.State.ANSWERED)
    numbers = Cockpit(nadia).numbers
    assert numbers["gaps"] == 3
    assert numbers["wanted"] == ["resin", "pump"]


def _busy(count: int, ines: Person, make_entry: MakeEntry, must_read: Deliver, bring: Deliver) -> None:
    now = timezone.now()
    scheme = ConceptScheme.objects.create(slug="t", title="Topics")
    for n in range(count):
        concept = Concept.objects.create(scheme=scheme, slug=f"t{n}", labels={"en": f"Topic {n}"})
        entry = make_entry(f"Must {n}")
        entry.topic_links.create(concept=concept)
        must_read(entry, ines, due_at=now - HOUR)
        bring(make_entry(f"Thing {n}"), ines, opened_at=now, eligible_at=now - HOUR)
        SearchGap.objects.create(query=f"gap {n}")
        Source.objects.create(slug=f"s{n}", name=f"S {n}", kind="feed", owner=ines, trouble="403")


@pytest.mark.parametrize("count", [1, 30])
def test_queries_do_not_grow_with_rows(
    count: int, ines: Person, nadia: Person, make_entry: MakeEntry, must_read: Deliver, bring: Deliver, sign_in: SignIn
) -> None:
    _busy(count, ines, make_entry, must_read, bring)
    client = sign_in(nadia)
    for url in (PAGE, f"{PAGE}delivered/", f"{PAGE}gathered/", f"{PAGE}articles/", f"{PAGE}reports/"):
        asked = asked_by(client, url)
        assert len(asked) <= MOST_QUERIES, url + "\n" + "\n".join(sql[:150] for sql in asked)


def test_the_reach_table_links_to_the_rows_of_one_cell(
    ines: Person, nadia: Person, make_entry: MakeEntry, must_read: Deliver, bring: Deliver, sign_in: SignIn
) -> None:
    _busy(2, ines, make_entry, must_read, bring)
    heads, rows = Cockpit(nadia).reach
    assert sorted(heads) == ["Topic 0", "Topic 1"]
    ((name, cells),) = rows
    assert (name, [cell.value for cell in cells]) == ("Drainage", [0.0, 0.0])
    found = sign_in(nadia).get(cells[0].url)
    assert found.context["page"].paginator.count == 1


def test_the_overview_holds_for_each_period(ines: Person, nadia: Person, make_entry: MakeEntry, bring: Deliver) -> None:
    bring(make_entry(), ines, opened_at=timezone.now())
    for days in (7, 30, 90):
        assert overview(nadia, days)["flow"][1].value == 1
    assert Delivery.objects.count() == 1


def test_the_flow_is_a_stream_whose_parts_agree_with_the_figures(
    ines: Person, nadia: Person, make_entry: MakeEntry, must_read: Deliver, bring: Deliver, sign_in: SignIn
) -> None:
    now = timezone.now()
    must_read(make_entry("Signed"), ines, acknowledged_at=now, state="acknowledged")
    must_read(make_entry("Opened"), ines, opened_at=now, state="opened")
    must_read(make_entry("Asked"), ines)
    bring(make_entry("Read"), ines, opened_at=now, state="opened")
    _nodes, flows = stream(Cockpit(nadia))
    assert {flow.end: flow.value for flow in flows} == {
        "seen": 3,
        "unseen": 1,
        "acknowledged": 1,
        "rest": 1,
        "unsigned": 1,
    }
    page = sign_in(nadia).get(PAGE).content.decode()
    assert "As a Sankey" in page
    assert "target 4 h" in page
    assert "target 24 h" in page


def test_the_rail_counts_failing_sources_and_what_is_overdue_for_those_who_steer(
    ines: Person, nadia: Person, ada: Person, make_entry: MakeEntry, must_read: Deliver, sign_in: SignIn
) -> None:
    must_read(make_entry(), ines, due_at=timezone.now() - HOUR)
    Source.objects.create(slug="fails", name="Fails", kind="feed", owner=nadia, trouble="403")
    Source.objects.create(slug="works", name="Works", kind="feed", owner=nadia)

    def counts(person: Person, url: str) -> dict[str, int]:
        rail = sign_in(person).get(url).context["home"]["rail"]
        return {place.icon: place.count for section in rail for place in section.places if place.count}

    for url in (PAGE, "/o/waterworks/"):
        assert counts(nadia, url) == {"droplet": 1, "shield-check": 1}
        assert counts(ada, url) == {"droplet": 1}, "an administrator sees nobody's proof"
    assert counts(ines, "/o/waterworks/") == {"inbox": 1}


def test_who_joins_tomorrow_is_counted_tomorrow(nadia: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    before, day = Cockpit(nadia).numbers["people"], timezone.localdate()
    Person.objects.create(name="Newcomer", joined_on=day + timedelta(days=1))
    assert Cockpit(nadia).numbers["people"] == before
    monkeypatch.setattr("headwater.home.cockpit.today", lambda: day + timedelta(days=2))
    assert Cockpit(nadia).numbers["people"] == before + 1
