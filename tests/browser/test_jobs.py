"""What people come for, from beginning to end: a must-read and its proof, following, writing, being reached."""

import csv
import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.distribute.actions import weigh_word
from headwater.distribute.models import Channel, Delivery, Directive, InterestProfile, LearnedInterest, Preference
from headwater.people.models import Person
from headwater.search.models import Entry
from tests.browser.conftest import OpenPage

HOME = "/o/works/"
INBOX = f"{HOME}distribute/inbox/"
INES, NADIA, TEODOR = "ines.marlow", "nadia.brandt", "teodor.amankwah"


def person(name: str) -> Person:
    return Person.objects.get(email=f"{name}@works.example")


def something_unsent(reader: str) -> Entry:
    """An article that the reader and Nadia may read and nobody ever sent to the reader."""
    readable = Entry.objects.current().readable_by(person(NADIA)) & Entry.objects.current().readable_by(person(reader))
    sent = Delivery.objects.filter(person=person(reader)).values("version__entry")
    return readable.filter(article__published__isnull=False).exclude(pk__in=sent).order_by("pk")[0]


def put_together(page: Page, text: str) -> None:
    """Write a rule as text, then take one condition more from the list."""
    page.get_by_text("Edit as text").click()
    page.locator("#id_typed").fill(text)
    page.get_by_role("button", name="Use this text").click()


def test_a_must_read_reaches_an_open_inbox_and_is_proven(
    live: None, open_page: OpenPage, demonstration: Organisation
) -> None:
    with organisation_context(demonstration.pk):
        entry, ines = something_unsent(INES), person(INES)
        unit = ines.unit
        assert unit is not None
    inbox = open_page(INES, f"{INBOX}?tab=must")
    expect(inbox.locator("#rows")).not_to_contain_text(entry.title)
    inbox.evaluate("window.stayed = true")

    writing = open_page(NADIA, f"{HOME}distribute/directives/new/?entry={entry.pk}")
    writing.get_by_label("In one sentence").fill("The gauge is read before anybody goes down.")
    put_together(writing, f"person:{ines.pk}")
    expect(writing.locator("#reach")).to_contain_text("This reaches")
    expect(writing.locator("#issue-words")).to_have_text("Issue to 1 person")
    expect(writing.locator("#reach")).to_contain_text("The gauge is read before anybody goes down.")
    writing.locator("#rule [name=joins]").select_option("not")
    writing.locator("#rule-condition").select_option(label=unit.name)
    writing.locator("#rule-add").click()
    expect(writing.locator("#people")).to_contain_text("Nobody is left after line 2.")
    writing.locator("#rule .chip button").last.click()
    expect(writing.locator("#issue-words")).to_have_text("Issue to 1 person")
    writing.get_by_role("button", name="Issue to 1 person").click()
    expect(writing.locator("h1")).to_have_text("0 of 1 have acknowledged")
    expect(writing.locator(".toast-line")).to_contain_text("Issued to 1 person.")

    row = inbox.locator("#rows .item").filter(has_text=entry.title)
    expect(row).to_contain_text("The gauge is read before anybody goes down.")
    expect(inbox.locator("#heading")).to_contain_text("must-read")
    assert inbox.evaluate("window.stayed")  # it was not loaded anew
    row.locator(".item-title").click()
    inbox.locator("[data-sign]").click()
    expect(inbox.locator(".toast-line").first).to_contain_text("Acknowledged")

    writing.reload()
    expect(writing.locator("h1")).to_have_text("1 of 1 have acknowledged")
    with organisation_context(demonstration.pk):
        assert Directive.objects.get(audience__rule={"person": ines.pk}).entry == entry


def test_a_search_becomes_a_profile_with_ninety_days_behind_it(
    open_page: OpenPage, demonstration: Organisation
) -> None:
    page = open_page(INES, f"{HOME}search/?q=culvert")
    expect(page.get_by_role("complementary", name="About this search")).to_contain_text("in the last 90 days")
    page.get_by_role("link", name="Save as profile").click()
    expect(page.locator("#preview")).to_contain_text("in the last 90 days")
    expect(page.locator("#preview")).to_contain_text("You would have had")
    page.locator("form .cm-content").click()
    page.keyboard.press("End")
    page.keyboard.type(" OR gauge")
    expect(page.locator("#preview .tally")).to_contain_text("gauge")
    page.get_by_label("Called").fill("Culverts and gauges")
    page.get_by_role("button", name="Save as profile").click()
    expect(page.locator("main")).to_contain_text("Culverts and gauges")
    with organisation_context(demonstration.pk):
        assert InterestProfile.objects.get(name="Culverts and gauges").query == "culvert OR gauge"


def test_a_word_that_brings_nearly_everything_is_kept_once_that_is_confirmed(
    open_page: OpenPage, demonstration: Organisation
) -> None:
    """The tick comes when it is needed, and stays while what it is about is drawn anew."""
    with organisation_context(demonstration.pk):
        teodor = person(TEODOR)
        weigh_word(teodor, teodor, "the", "little")
    page = open_page(TEODOR, f"{HOME}distribute/learning/")
    tick = page.get_by_label("Keep it all the same")
    page.locator("[name='strength:the']").select_option("very_strong")
    with page.expect_response("**/learning/effect/**"):
        tick.check()
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    expect(tick).to_be_checked()
    page.locator("#words [value=weigh]").click()
    expect(tick).to_have_count(0)
    with organisation_context(demonstration.pk):
        assert LearnedInterest.objects.get(person=person(TEODOR)).edits["the"] == 10.0


def test_an_article_goes_through_review_to_its_readers(open_page: OpenPage, demonstration: Organisation) -> None:
    title = "How to read a gauge after a flood"
    page = open_page(TEODOR, f"{HOME}library/new/")
    page.locator("[name=title]").fill(title)
    page.get_by_role("button", name="Start writing").click()
    page.locator(".cm-content").click()
    page.keyboard.type("## Before\n\nWipe the glass, then read it twice.")
    expect(page.locator("#preview")).to_contain_text("read it twice")
    page.get_by_role("button", name="Save", exact=True).click()
    article = page.url
    choice = page.locator("[name=reviewers]")
    with organisation_context(demonstration.pk):
        nadia = str(person(NADIA).pk)
    if choice.first.evaluate("field => field.tagName") == "SELECT":
        choice.select_option(nadia)
    else:
        page.locator(f"[name=reviewers][value='{nadia}']").check()
    page.get_by_role("button", name="Hand in for review").click()

    review = open_page(NADIA, urlsplit(article).path)
    review.get_by_role("link", name="Review", exact=True).click()
    review.get_by_role("button", name="Approve").click()

    page.goto(article)
    page.get_by_role("button", name="Publish").click()
    with organisation_context(demonstration.pk):
        entry = Entry.objects.get(title=title)
        assert entry.current_version is not None
    page.goto(f"{HOME}entries/{entry.pk}/")
    expect(page.locator(".prose")).to_contain_text("read it twice")


def test_the_overdue_list_is_taken_away_as_a_table(open_page: OpenPage) -> None:
    page = open_page(NADIA, f"{HOME}distribute/proof/overdue/")
    names = page.locator("tbody tr td:first-child").all_inner_texts()
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    assert re.fullmatch(r"overdue-\d{4}-\d\d-\d\d\.csv", started.value.suggested_filename)
    with open(started.value.path(), newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["person"] for row in rows) == sorted(names)
    assert {row["acknowledged"] for row in rows} == {""}


def test_some_and_then_all_are_marked_as_read_and_taken_back(open_page: OpenPage, demonstration: Organisation) -> None:
    with organisation_context(demonstration.pk):
        reader = (
            Person.objects.exclude(user=None)
            .exclude(email__in=[f"{INES}@works.example", f"{NADIA}@works.example"])
            .filter(deliveries__read_at=None, deliveries__state="due", deliveries__must_acknowledge=False)
            .distinct()
        )
        name = max(reader, key=lambda each: each.deliveries.filter(read_at=None).count()).email.partition("@")[0]
    page = open_page(name, f"{INBOX}?tab=unread")
    boxes = page.locator("[data-select]")
    before = boxes.count()
    assert before > 2
    mark = page.get_by_role("button", name="Mark as read", exact=True)
    expect(mark).to_be_hidden()
    boxes.nth(0).check()
    boxes.nth(1).check()
    mark.click()
    expect(page.locator(".toast-line")).to_contain_text("2 marked as read")
    expect(boxes).to_have_count(before - 2)
    page.get_by_role("button", name=re.compile("^Mark all")).click()
    expect(page.locator("#rows")).to_contain_text("Nothing new for you")
    page.get_by_role("button", name="Undo").click()
    expect(boxes).to_have_count(before - 2)


def test_preferences_are_kept_and_channels_switched(open_page: OpenPage, demonstration: Organisation) -> None:
    page = open_page(INES, f"{HOME}distribute/reaching/")
    page.get_by_label("Digest at").fill("07:30")
    page.get_by_label("Quiet from").fill("20:00")
    page.get_by_label("Quiet until").fill("")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("main")).to_contain_text("Quiet hours need a beginning and an end.")
    page.get_by_label("Quiet until").fill("06:30")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".toast-line")).to_contain_text("Kept.")
    expect(page.get_by_label("Digest at")).to_have_value("07:30")
    page.get_by_role("button", name="Must-reads only").first.click()
    expect(page.locator(".toast-line")).to_contain_text("Kept.")
    with organisation_context(demonstration.pk):
        kept = Preference.objects.get(person=person(INES))
        assert [str(at) for at in (kept.digest_at, kept.quiet_from, kept.quiet_until)] == [
            "07:30:00",
            "20:00:00",
            "06:30:00",
        ]
        assert Channel.objects.filter(person=person(INES), state="essential").exists()
