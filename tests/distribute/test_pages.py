"""The pages of distribute: who sees them, what they do, and that their number of queries does not grow with rows."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.core.secret import decrypt
from headwater.distribute import lines
from headwater.distribute.actions import (
    acknowledge_delivery,
    add_channel,
    issue_directive,
    rotate_feed,
    save_directive,
)
from headwater.distribute.inbox import NEWEST_FIRST
from headwater.distribute.models import (
    Acknowledgement,
    Broadcast,
    Channel,
    Delivery,
    Directive,
    InterestProfile,
    Reason,
)
from headwater.distribute.posting import unsubscribe_url
from headwater.distribute.sending import channels_of
from headwater.people.models import Audience, AudienceMember, Person
from headwater.search.models import EntryVersion
from tests.asked import MOST_QUERIES, queries
from tests.conftest import enrol, make_person
from tests.distribute.conftest import make_version

SignIn = Callable[[Person], Client]
ROOT = "/o/waterworks/distribute/"


@pytest.fixture
def directive(version: EntryVersion, nadia: Person, ines: Person, otto: Person, everyone: Audience) -> Directive:
    """A must-read of the version for everyone, issued and delivered."""
    enrol(everyone)
    draft = save_directive(
        nadia,
        everyone,
        entry=version.entry,
        sentence="Air is tested all the time.",
        due_at=timezone.now() + timedelta(days=3),
    )
    return issue_directive(nadia, draft)


def test_the_inbox_says_what_is_due_and_why(directive: Directive, ines: Person, sign_in: SignIn) -> None:
    page = sign_in(ines).get(f"{ROOT}inbox/").content.decode()
    assert "1 must-read waits" in page
    assert "Air is tested all the time." in page
    assert "You must read this because you belong to" in page


def test_an_inbox_counts_what_it_shows(
    directive: Directive, ines: Person, nadia: Person, version: EntryVersion, everyone: Audience, sign_in: SignIn
) -> None:
    """Of two broadcasts of one text comes one line, and none that waits of one for what was acknowledged before."""
    Delivery.objects.all().delete()
    browser = sign_in(ines)
    for waiting in (1, 0):
        again = issue_directive(nadia, save_directive(nadia, everyone, entry=version.entry, due_days=3))
        Broadcast.objects.filter(directive__in=(directive, again)).update(spread_at=None)
        Reason.objects.filter(directive=again).delete()
        Delivery.objects.filter(acknowledged_at=None).delete()
        page = browser.get(f"{ROOT}inbox/?tab=must").content.decode()
        assert page.count('class="item ') == waiting
        assert f"Must read {waiting}<" in page
        acknowledge_delivery(ines, Delivery.objects.get(person=ines), checksum=version.checksum)


def test_a_long_inbox_is_turned_page_by_page(ines: Person, nadia: Person, everyone: Audience, sign_in: SignIn) -> None:
    enrol(everyone)
    for number in range(31):
        Delivery.objects.create(person=ines, version=make_version(f"Text {number}", "Text.", everyone, nadia))
    browser = sign_in(ines)
    first = browser.get(f"{ROOT}inbox/?tab=all").content.decode()
    assert first.count('class="item ') == 30
    assert 'rel="prev"' not in first
    oldest = NEWEST_FIRST.written(NEWEST_FIRST.sorted(Delivery.objects.all(), backwards=True)[1])
    assert f'rel="next" href="?tab=all&amp;after={oldest}"' in first
    second = browser.get(f"{ROOT}inbox/?tab=all&after={oldest}").content.decode()
    assert second.count('class="item ') == 1
    assert 'rel="prev"' in second
    assert 'rel="next"' not in second
    for nonsense in ("x", "-1", "٣", "9" * 30, f"{'9' * 18}.1", ""):
        page = browser.get(f"{ROOT}inbox/?tab=all&after={nonsense}&before={nonsense}").content.decode()
        assert page.count('class="item ') == 30


def test_few_queries_are_kept_for_many_lengths_of_an_inbox(
    ines: Person, deliver: Callable[..., Delivery], everyone: Audience
) -> None:
    enrol(everyone)
    deliver(ines)
    lines._deliveries.cache_clear()
    tab = lines.Tab(ines, "all")
    assert [len(tab.part(0, wanted).lines) for wanted in range(30)] == [0] + [1] * 29
    assert lines._deliveries.cache_info().currsize == 3


def test_acknowledging_attests_the_text_that_was_shown(directive: Directive, ines: Person, sign_in: SignIn) -> None:
    browser = sign_in(ines)
    version = EntryVersion.objects.get()
    path = f"{ROOT}deliveries/{version.pk}/acknowledgement/"
    browser.post(path, {"checksum": "f" * 64})
    assert not Acknowledgement.objects.exists()
    assert browser.post(path, {"checksum": version.checksum}).status_code == 302
    given = Acknowledgement.objects.get()
    assert (given.person, given.version, given.checksum) == (ines, version, version.checksum)
    assert "have read" in browser.get(f"{ROOT}inbox/").content.decode()


def test_only_readable_versions_can_be_acknowledged(directive: Directive, ines: Person, sign_in: SignIn) -> None:
    AudienceMember.objects.filter(person=ines).delete()
    version = EntryVersion.objects.get()
    assert sign_in(ines).post(f"{ROOT}deliveries/{version.pk}/acknowledgement/").status_code == 404


def test_marking_read_touches_only_ones_own(
    ines: Person, otto: Person, deliver: Callable[..., Delivery], everyone: Audience, sign_in: SignIn
) -> None:
    enrol(everyone)
    mine, other = deliver(ines), deliver(otto)
    sign_in(ines).post(f"{ROOT}inbox/reading/", {"delivery": [mine.pk, other.pk]})
    mine.refresh_from_db()
    other.refresh_from_db()
    assert mine.read_at is not None
    assert other.read_at is None


def test_must_reads_are_selected_and_marked_too_and_still_wait(
    directive: Directive, ines: Person, sign_in: SignIn
) -> None:
    browser, mine = sign_in(ines), Delivery.objects.get(person=ines)
    page = browser.get(f"{ROOT}inbox/?tab=must").content.decode()
    assert "data-select-all" in page
    assert f'name="delivery" value="{mine.pk}"' in page
    assert "1 unread in all" in page
    browser.post(f"{ROOT}inbox/reading/", {"delivery": [mine.pk]})
    page = browser.get(f"{ROOT}inbox/?tab=must").content.decode()
    assert "0 unread in all" in page
    assert "Working in confined spaces" in page
    mine.refresh_from_db()
    assert (mine.state, mine.acknowledged_at) == ("due", None)


def test_a_redirect_stays_in_the_house(ines: Person, everyone: Audience, sign_in: SignIn) -> None:
    answer = sign_in(ines).post(f"{ROOT}inbox/reading/", {"next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == f"{ROOT}inbox/"
    answer = sign_in(ines).post(f"{ROOT}inbox/reading/", {"next": "//elsewhere.example/"})
    assert answer.headers["Location"] == f"{ROOT}inbox/"


@pytest.mark.parametrize(
    "path", ["proof/", "proof/overdue/", "proof/unreached/", "proof/audit/", "directives/", "outbox/"]
)
def test_steering_pages_refuse_readers(path: str, ines: Person, sign_in: SignIn) -> None:
    assert sign_in(ines).get(ROOT + path).status_code == 403


@pytest.mark.parametrize(
    "path", ["proof/", "proof/overdue/", "proof/unreached/", "proof/audit/", "directives/", "profiles/"]
)
def test_steering_pages_open_to_the_knowledge_manager(
    path: str, directive: Directive, nadia: Person, sign_in: SignIn
) -> None:
    assert sign_in(nadia).get(ROOT + path).status_code == 200


def test_a_head_sees_the_proof_of_their_own_unit_only(
    directive: Directive, otto: Person, everyone: Audience, sign_in: SignIn
) -> None:
    make_person("Stranger")
    enrol(everyone)
    Delivery.objects.update(due_at=timezone.now() - timedelta(hours=1))
    page = sign_in(otto).get(f"{ROOT}proof/overdue/").content.decode()
    assert "Ines" in page
    assert "Stranger" not in page


def test_the_proof_counts_who_acknowledged(directive: Directive, nadia: Person, ines: Person, sign_in: SignIn) -> None:
    acknowledge_delivery(ines, Delivery.objects.get(person=ines))
    page = sign_in(nadia).get(f"{ROOT}directives/{directive.pk}/proof/").content.decode()
    assert "1 of 3 have acknowledged" in page
    table = sign_in(nadia).get(f"{ROOT}directives/{directive.pk}/proof.csv").content.decode().splitlines()
    assert table[0].startswith("person,number,unit,entry,title,version,directive,must_read")
    assert len(table) == 4
    assert [row for row in table if row.startswith("Ines") and "acknowledged" in row]


def test_a_formula_in_a_name_is_harmless_in_the_csv(
    version: EntryVersion, nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    make_person("=cmd|'/c calc'!A1")
    enrol(everyone)
    issue_directive(nadia, save_directive(nadia, everyone, entry=version.entry, due_days=3))
    directive = Directive.objects.get()
    text = sign_in(nadia).get(f"{ROOT}directives/{directive.pk}/proof.csv").content.decode()
    assert "'=cmd" in text


def test_a_signed_list_is_recorded_as_such(directive: Directive, nadia: Person, ines: Person, sign_in: SignIn) -> None:
    Person.objects.filter(pk=ines.pk).update(number="0042")
    answer = sign_in(nadia).post(
        f"{ROOT}directives/{directive.pk}/lists/",
        {"numbers": "0042, 9999", "signed_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"), "evidence": "Binder 3"},
    )
    assert answer.status_code == 302
    given = Acknowledgement.objects.get()
    assert (given.person, given.manner, given.recorded_by, given.evidence) == (ines, "list", nadia, "Binder 3")


def test_writing_issuing_and_recalling_a_must_read(
    version: EntryVersion, nadia: Person, ines: Person, everyone: Audience, sign_in: SignIn
) -> None:
    enrol(everyone)
    browser = sign_in(nadia)
    page = browser.get(f"{ROOT}directives/new/?entry={version.entry_id}").content.decode()
    assert "Working in confined spaces" in page
    reach = browser.get(f"{ROOT}directives/reach/", {"entry": version.entry_id, "audience": everyone.pk})
    assert "This reaches" in reach.content.decode()
    fields = {"entry": version.entry_id, "audience": everyone.pk, "acknowledge": "on", "due_days": "5", "do": "issue"}
    answer = browser.post(f"{ROOT}directives/new/", fields)
    directive = Directive.objects.get()
    assert answer.headers["Location"] == f"{ROOT}directives/{directive.pk}/proof/"
    assert directive.state == Directive.State.ISSUED
    assert Delivery.objects.filter(person=ines, must_acknowledge=True).exists()
    assert browser.get(f"{ROOT}directives/{directive.pk}/").status_code == 200
    browser.post(f"{ROOT}directives/{directive.pk}/recall/")
    directive.refresh_from_db()
    assert directive.state == Directive.State.RECALLED


def test_a_bad_must_read_names_the_field(nadia: Person, everyone: Audience, sign_in: SignIn) -> None:
    answer = sign_in(nadia).post(f"{ROOT}directives/new/", {"audience": everyone.pk, "query": "culvert AND ("})
    assert answer.status_code == 400
    assert "position" in answer.content.decode()


def test_a_profile_is_written_changed_removed_and_restored(ines: Person, everyone: Audience, sign_in: SignIn) -> None:
    browser = sign_in(ines)
    browser.post(f"{ROOT}profiles/new/", {"query": "culvert* OR scour", "name": "Culverts", "when": "digest"})
    profile = InterestProfile.objects.get()
    assert browser.get(f"{ROOT}profiles/{profile.pk}/").status_code == 200
    browser.post(f"{ROOT}profiles/{profile.pk}/removal/", {"do": "remove"})
    profile.refresh_from_db()
    assert profile.removed_at is not None
    browser.post(f"{ROOT}profiles/{profile.pk}/removal/")
    profile.refresh_from_db()
    assert profile.removed_at is None


def test_what_is_kept_already_is_changed_and_not_kept_twice(
    ines: Person, otto: Person, everyone: Audience, sign_in: SignIn
) -> None:
    browser = sign_in(ines)
    for when in ("digest", "digest", "weekly"):
        browser.post(f"{ROOT}profiles/new/", {"query": " culvert ", "name": "Culverts", "when": when})
    assert [profile.when for profile in InterestProfile.objects.all()] == ["weekly"]
    browser.post(f"{ROOT}profiles/{InterestProfile.objects.get().pk}/removal/", {"do": "remove"})
    browser.post(f"{ROOT}profiles/new/", {"query": "culvert", "name": "Culverts", "when": "digest"})
    sign_in(otto).post(f"{ROOT}profiles/new/", {"query": "culvert", "name": "Culverts", "when": "digest"})
    assert InterestProfile.objects.filter(removed_at=None).count() == 2


def test_a_query_that_cannot_be_read_shows_the_place_and_keeps_the_old_one(
    ines: Person, everyone: Audience, sign_in: SignIn
) -> None:
    browser = sign_in(ines)
    browser.post(f"{ROOT}profiles/new/", {"query": "culvert", "name": "Culverts", "when": "digest"})
    profile = InterestProfile.objects.get()
    answer = browser.post(f"{ROOT}profiles/{profile.pk}/", {"query": "culvert AND (scour OR )", "when": "digest"})
    assert answer.status_code == 400
    assert "after OR, at position 23" in answer.content.decode()
    profile.refresh_from_db()
    assert profile.query == "culvert"
    preview = browser.get(f"{ROOT}profiles/preview/", {"query": "culvert AND (scour OR )"}).content.decode()
    assert "query-mark" in preview


def test_somebody_elses_profile_is_not_there(ines: Person, otto: Person, everyone: Audience, sign_in: SignIn) -> None:
    profile = InterestProfile.objects.create(name="Mine", person=ines, query="air")
    assert sign_in(otto).get(f"{ROOT}profiles/{profile.pk}/").status_code in (403, 404)


def test_preferences_are_kept_and_bad_ones_refused(ines: Person, sign_in: SignIn) -> None:
    browser = sign_in(ines)
    fields = {"digest_at": "07:30", "weekly_on": "2", "budget": "3", "quiet_from": "22:00", "quiet_until": "06:00"}
    assert browser.post(f"{ROOT}reaching/", fields).status_code == 302
    assert ines.preference.budget == 3
    page = browser.post(f"{ROOT}reaching/", {**fields, "quiet_until": ""}).content.decode()
    assert "Quiet hours need a beginning and an end." in page


def test_a_webhook_gets_a_key(ines: Person, sign_in: SignIn) -> None:
    browser = sign_in(ines)
    browser.post(f"{ROOT}reaching/channels/", {"kind": "webhook", "address": "https://hooks.example.org/x"})
    channel = Channel.objects.get(kind="webhook")
    first = decrypt(channel.secret or b"")
    browser.post(f"{ROOT}reaching/channels/{channel.pk}/", {"do": "key"})
    channel.refresh_from_db()
    assert decrypt(channel.secret or b"") != first


def test_a_webhooks_address_inside_the_house_is_refused(ines: Person, sign_in: SignIn, settings: Any) -> None:
    for host in ("127.0.0.1", "localhost:8443", "10.1.2.3", "[::1]", "[::ffff:10.0.0.1]", "192.168.4.20:99999"):
        given = {"kind": "webhook", "address": f"https://{host}/x"}
        answer = sign_in(ines).post(f"{ROOT}reaching/channels/", given)
        assert answer.status_code == 400, host
    assert not Channel.objects.filter(kind="webhook").exists()
    settings.HEADWATER_ALLOW_FETCH = ["LocalHost"]
    add_channel(ines, ines, "webhook", "https://LOCALHOST:8443/x")
    add_channel(ines, ines, "chat", "json://LocalHost:8000/x")


def test_a_chat_address_inside_the_house_is_refused(ines: Person, sign_in: SignIn) -> None:
    inside = ("json://127.0.0.1/x", "json://localhost", "json://2130706433:8000/x", "json://0x7f000001/x")
    for bad in (*inside, "mailto://u:p@example.com?smtp=127.0.0.1", "syslog://", "nonsense"):
        answer = sign_in(ines).post(f"{ROOT}reaching/channels/", {"kind": "chat", "address": bad})
        assert answer.status_code == 400, bad
    assert not Channel.objects.filter(kind="chat").exists()


def test_one_cannot_change_anothers_channel(ines: Person, otto: Person, sign_in: SignIn) -> None:
    channel = add_channel(ines, ines, "mail", "ines@elsewhere.example")
    assert sign_in(otto).post(f"{ROOT}reaching/channels/{channel.pk}/", {"do": "remove"}).status_code == 404


def test_the_private_feed_lives_by_its_secret_and_dies_with_access(
    organisation: Organisation, directive: Directive, ines: Person, everyone: Audience
) -> None:
    secret = rotate_feed(ines, ines)
    anonymous = Client()
    feed = anonymous.get(f"/o/waterworks/public/feed/{secret}/")
    assert feed.status_code == 200
    assert feed.headers["Content-Type"].startswith("application/atom+xml")
    assert "Working in confined spaces" in feed.content.decode()
    AudienceMember.objects.filter(person=ines).delete()
    assert "Working in confined spaces" not in anonymous.get(f"/o/waterworks/public/feed/{secret}/").content.decode()
    renewed = rotate_feed(ines, ines)
    assert anonymous.get(f"/o/waterworks/public/feed/{secret}/").status_code == 404
    Person.objects.filter(pk=ines.pk).update(left_on=timezone.localdate())
    assert anonymous.get(f"/o/waterworks/public/feed/{renewed}/").status_code == 404


def test_one_click_unsubscribing_needs_no_sign_in(organisation: Organisation, ines: Person) -> None:
    channel = channels_of([ines])[ines.pk][0]
    path = unsubscribe_url(channel).partition("8000")[2]
    anonymous = Client(enforce_csrf_checks=True)
    assert anonymous.get(path).status_code == 200
    channel.refresh_from_db()
    assert channel.state == Channel.State.ACTIVE, "looking changes nothing"
    assert anonymous.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    channel.refresh_from_db()
    assert channel.state == Channel.State.ESSENTIAL


def test_the_outbox_shows_mail_to_administrators(
    organisation: Organisation, ada: Person, home: Path, sign_in: SignIn
) -> None:
    folder = home / "outbox" / str(organisation.pk)
    folder.mkdir(parents=True)
    (folder / "1-a.eml").write_text("Subject: Hello\nTo: ines@waterworks.example\n\n<script>alert(1)</script>\n")
    browser = sign_in(ada)
    assert "Hello" in browser.get(f"{ROOT}outbox/").content.decode()
    mail = browser.get(f"{ROOT}outbox/1-a/").content.decode()
    assert "&lt;script&gt;" in mail
    assert browser.get(f"{ROOT}outbox/..%2f..%2fsecret/").status_code == 404


PAGES = ["inbox/?tab=unread", "inbox/?tab=all", "proof/overdue/", "proof/", "proof/?by=topic", "directives/"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_ask_the_same_number_of_questions_with_few_and_30_rows(
    path: str, organisation: Organisation, nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    enrol(everyone)
    browser = sign_in(nadia)
    fill(nadia, everyone, 2)
    few = queries(browser, ROOT + path)
    fill(nadia, everyone, 28)
    assert queries(browser, ROOT + path) == few
    assert few <= MOST_QUERIES


def fill(person: Person, audience: Audience, count: int) -> None:
    """So many deliveries, profiles and directives of one person."""
    for number in range(count):
        version = make_version(f"Text {number}", "air", audience, person)
        profile = InterestProfile.objects.create(name="Air", person=person, query="air")
        directive = Directive.objects.create(
            name="Read",
            entry=version.entry,
            version=version,
            audience=audience,
            state="issued",
            issued_at=timezone.now(),
        )
        past: dict[str, Any] = {"due_at": timezone.now() - timedelta(days=1), "must_acknowledge": number % 2 == 0}
        past["opened_at"] = timezone.now() if number % 2 else None
        delivery = Delivery.objects.create(person=person, version=version, **past)
        Reason.objects.create(delivery=delivery, profile=profile, words=["air"])
        Reason.objects.create(delivery=delivery, directive=directive)


def test_a_chat_service_whose_name_is_not_known_now_is_no_error(ines: Person, sign_in: SignIn) -> None:
    answer = sign_in(ines).post(f"{ROOT}reaching/channels/", {"kind": "chat", "address": "json://nowhere.invalid/x"})
    assert answer.status_code == 302


def test_a_reader_learns_nothing_from_the_form_of_a_signed_list(
    directive: Directive, ines: Person, nadia: Person, sign_in: SignIn
) -> None:
    path = f"{ROOT}directives/{directive.pk}/lists/"
    refused = sign_in(ines).post(path, {"numbers": "no such number"})
    assert refused.status_code == 403
    assert directive.name not in refused.content.decode()
    assert sign_in(nadia).post(path, {}).status_code == 400


@pytest.mark.parametrize("page", ["proof/overdue/?unit=²", "proof/audit/?person=²", "directives/new/?entry=²"])
def test_a_raised_digit_is_no_number(page: str, nadia: Person, sign_in: SignIn) -> None:
    assert sign_in(nadia).get(ROOT + page).status_code == 200


def test_who_proves_is_no_reader_by_that(
    directive: Directive, otto: Person, ines: Person, nadia: Person, sign_in: SignIn
) -> None:
    """A head sees who is late, and not the title of what they may not read themselves."""
    AudienceMember.objects.filter(person=otto).delete()
    Delivery.objects.update(due_at=timezone.now() - timedelta(hours=1))
    for path in ("proof/", "proof/overdue/", f"directives/{directive.pk}/proof/"):
        page = sign_in(otto).get(ROOT + path).content.decode()
        assert "confined" not in page, path
    assert "confined" in sign_in(nadia).get(f"{ROOT}proof/").content.decode()
