"""Writing a must-read on its page: who is put together there, what they will see, and a preview to oneself first."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from headwater.core.actions import OPERATOR, Refused
from headwater.core.mail import outbox_folder
from headwater.core.models import Organisation
from headwater.distribute.actions import issue_directive, preview_directive, save_directive
from headwater.distribute.api import standing
from headwater.distribute.models import Channel, Delivery, Directive, Dispatch
from headwater.distribute.posting import send_due
from headwater.library.actions import create_article
from headwater.people.models import Audience, Grant, Permission, Person, Unit
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol

SignIn = Callable[[Person], Client]
ROOT = "/o/waterworks/distribute/directives/"
API = "/o/waterworks/api/v1/distribute/"


@pytest.fixture
def page(nadia: Person, ines: Person, otto: Person, everyone: Audience, sign_in: SignIn) -> Client:
    """Nadia, who writes must-reads, with the others in the audience of everyone."""
    enrol(everyone)
    return sign_in(nadia)


def fields(version: EntryVersion, **more: Any) -> dict[str, Any]:
    return {"entry": version.entry_id, "acknowledge": "on", "due_days": 5, "sentence": "Test the air first.", **more}


def choose(page: Client, **sent: Any) -> str:
    return page.post(f"{ROOT}people/", sent).content.decode()


# --- Who --------------------------------------------------------------------------------------------------------------


def test_conditions_are_put_together_on_the_page(page: Client, version: EntryVersion, ines: Person) -> None:
    shown = page.get(f"{ROOT}new/?entry={version.entry_id}").content.decode()
    assert "Nobody yet: add a condition." in shown
    assert "Whom will it reach?" in shown
    asked = fields(version, op="add", joins="and", condition=json.dumps({"person": ines.pk}))
    added = choose(page, **asked)
    assert 'name="rule_text" value="person:' in added
    assert "Issue to 1 person" in added
    assert "To read: Working in confined spaces" in added
    assert "Test the air first." in added
    assert added.count('id="reach"') == added.count('id="people"') == 1


def test_a_line_that_leaves_nobody_is_named(page: Client, version: EntryVersion, ines: Person) -> None:
    added = choose(
        page, rule_text=f"person:{ines.pk}", op="add", joins="not", condition=json.dumps({"person": ines.pk})
    )
    assert "Nobody is left after line 2." in added


def test_an_unnamed_rule_becomes_an_audience_called_by_its_conditions(
    page: Client, version: EntryVersion, ines: Person
) -> None:
    known = Audience.objects.count()
    asked = fields(version, audience="", rule_text=f"person:{ines.pk}", do="issue")
    answer = page.post(f"{ROOT}new/", asked)
    directive = Directive.objects.get()
    assert answer.headers["Location"] == f"{ROOT}{directive.pk}/proof/"
    assert Audience.objects.count() == known + 1
    assert ines.name in directive.audience.name
    assert [row.person for row in Delivery.objects.all()] == [ines]


def test_the_same_conditions_make_one_audience_unless_it_is_named(
    page: Client, version: EntryVersion, ines: Person
) -> None:
    for name in ("", "", "Ines alone"):
        page.post(f"{ROOT}new/", fields(version, audience="", rule_text=f"person:{ines.pk}", audience_name=name))
    first, second, named = Directive.objects.order_by("pk")
    assert first.audience == second.audience
    assert named.audience.name == "Ines alone"


def test_a_saved_audience_can_be_begun_with(page: Client, version: EntryVersion, everyone: Audience) -> None:
    chosen = choose(page, audience=everyone.pk)
    assert "Begin with these conditions" in chosen
    assert "Issue to" in chosen
    begun = choose(page, audience=everyone.pk, op="start")
    assert 'name="rule_text" value="everyone"' in begun
    assert "selected>Everyone" not in begun


@pytest.mark.parametrize("rule", ["", "unit:"])
def test_nobody_chosen_is_said_and_nothing_is_kept(rule: str, page: Client, version: EntryVersion) -> None:
    answer = page.post(f"{ROOT}new/", fields(version, audience="", rule_text=rule, do="issue"))
    assert answer.status_code == 400
    assert "Choose an audience, or add a condition." in answer.content.decode()
    assert not Directive.objects.exists()


def test_a_refused_draft_leaves_no_audience_behind(page: Client, version: EntryVersion, ines: Person) -> None:
    known = Audience.objects.count()
    asked = fields(version, audience="", rule_text=f"person:{ines.pk}", due_days="", due_at="")
    assert page.post(f"{ROOT}new/", asked).status_code == 400
    assert Audience.objects.count() == known


def test_a_button_of_the_builder_keeps_nothing_without_scripts_either(
    page: Client, version: EntryVersion, ines: Person
) -> None:
    asked = fields(version, audience="", op="add", joins="and", condition=json.dumps({"person": ines.pk}))
    answer = page.post(f"{ROOT}new/", asked)
    assert answer.status_code == 200
    assert 'name="rule_text" value="person:' in answer.content.decode()
    assert not Directive.objects.exists()


def test_a_manager_of_one_unit_chooses_and_does_not_compose(
    otto: Person, unit: Unit, everyone: Audience, version: EntryVersion, sign_in: SignIn
) -> None:
    Grant.objects.create(person=otto, permission=Permission.KNOWLEDGE_MANAGER, unit=unit)
    browser = sign_in(otto)
    shown = browser.get(f"{ROOT}new/?entry={version.entry_id}").content.decode()
    assert "rule_text" not in shown
    answer = browser.post(f"{ROOT}new/", fields(version, audience="", rule_text="everyone"))
    assert answer.status_code == 400
    assert "Choose an audience." in answer.content.decode()


def test_readers_get_none_of_it(ines: Person, sign_in: SignIn) -> None:
    for path in ("people/", "reach/", "1/preview/"):
        assert sign_in(ines).post(f"{ROOT}{path}").status_code in (403, 404)


@pytest.mark.parametrize("path", ["directives", "ladder", "reach?audience=everyone"])
def test_readers_are_refused_in_their_own_language(
    ines: Person, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(standing, "_", lambda said: f"[{said}]")
    answer = sign_in(ines).get(f"{API}{path}")
    assert (answer.status_code, answer.json()["detail"][0]) == (403, "[")


# --- To me first ------------------------------------------------------------------------------------------------------


@pytest.fixture
def draft(version: EntryVersion, nadia: Person, everyone: Audience) -> Directive:
    enrol(everyone)
    due = timezone.now() + timedelta(days=9)
    return save_directive(nadia, everyone, entry=version.entry, sentence="Test the air first.", due_at=due)


def mails(organisation: Organisation) -> list[str]:
    while send_due(organisation.pk):
        pass
    return [file.read_text() for file in sorted(outbox_folder(organisation.pk).glob("*.eml"))]


def test_the_page_sends_it_to_its_author_first(
    page: Client, version: EntryVersion, everyone: Audience, organisation: Organisation
) -> None:
    answer = page.post(f"{ROOT}new/", fields(version, audience=everyone.pk, do="preview"), follow=True)
    assert "On its way to your own channels." in answer.content.decode()
    (mail,) = mails(organisation)
    assert "Subject: Preview: To read: Working in confined spaces" in mail
    assert "nothing is asked of" in mail.replace("\n", " ")
    assert "Test the air first." in mail
    assert "nadia@" in mail
    assert not Delivery.objects.exists()
    assert Directive.objects.get().state == Directive.State.DRAFT


def test_a_preview_may_be_sent_again_and_goes_through_every_channel(nadia: Person, draft: Directive) -> None:
    Channel.objects.create(person=nadia, kind=Channel.Kind.WEBHOOK, address="https://hooks.example/1")
    preview_directive(nadia, draft)
    preview_directive(nadia, draft)
    assert Dispatch.objects.filter(directive=draft, channel__person=nadia).count() == 4
    assert not Dispatch.objects.exclude(directive=draft).exists()


def test_a_preview_that_waited_until_it_was_issued_is_not_sent(
    nadia: Person, draft: Directive, organisation: Organisation
) -> None:
    preview_directive(nadia, draft)
    issue_directive(nadia, draft)
    assert not [mail for mail in mails(organisation) if "Preview:" in mail]


def test_previews_are_refused_with_a_reason(nadia: Person, ines: Person, draft: Directive) -> None:
    with pytest.raises(Refused):
        preview_directive(ines, draft)
    with pytest.raises(Refused, match="Only people"):
        preview_directive(OPERATOR, draft)
    Channel.objects.filter(person=nadia).delete()
    Person.objects.filter(pk=nadia.pk).update(email="")
    nadia.refresh_from_db()
    with pytest.raises(ValidationError, match="no channel but the inbox"):
        preview_directive(nadia, draft)
    issued = issue_directive(nadia, draft)
    with pytest.raises(ValidationError, match="Only a draft"):
        preview_directive(nadia, issued)


def test_a_standing_must_read_that_matches_nothing_has_no_preview(nadia: Person, everyone: Audience) -> None:
    draft = save_directive(nadia, everyone, query="zeppelin", due_days=5)
    with pytest.raises(ValidationError, match="nothing to show yet"):
        preview_directive(nadia, draft)


def test_why_there_is_no_text_to_read_is_said_as_it_is(hadia: Person, everyone: Audience) -> None:
    enrol(everyone)
    entry = create_article(hadia, "howto", "Scour", "Look under the bridge.").entry
    draft = save_directive(OPERATOR, everyone, entry=entry, due_days=3)
    with pytest.raises(ValidationError, match="publish it first"):
        issue_directive(OPERATOR, draft)
    Entry.objects.filter(pk=entry.pk).update(withdrawn_at=timezone.now())
    with pytest.raises(ValidationError, match="it was withdrawn"):
        issue_directive(OPERATOR, Directive.objects.get(pk=draft.pk))


def test_the_api_previews_too(nadia: Person, draft: Directive, sign_in: SignIn) -> None:
    browser = sign_in(nadia)
    answer = browser.post(f"/o/waterworks/api/v1/distribute/directives/{draft.pk}/previews")
    assert answer.json() == {"directive": draft.pk, "channels": 1}


def test_an_issued_must_read_shows_the_mail_as_it_was_sent(nadia: Person, draft: Directive, sign_in: SignIn) -> None:
    Person.objects.filter(pk=nadia.pk).update(timezone="Africa/Nairobi")
    directive = issue_directive(nadia, draft)
    Delivery.objects.filter(person=nadia).delete()  # whoever looks need not be one of those asked
    shown = sign_in(nadia).get(f"{ROOT}{directive.pk}/").content.decode()
    assert "To read: Working in confined spaces" in shown
    assert directive.due_at is not None
    assert f"To read by {directive.due_at:%a} {directive.due_at.day} {directive.due_at:%b}, " in shown
