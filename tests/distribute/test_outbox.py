"""What leaves: to the outbox that its page shows, on whose clock, and by which addresses."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.distribute.actions import add_channel
from headwater.distribute.channels import webhook
from headwater.distribute.channels.outgoing import Outgoing, Refusal
from headwater.distribute.messages import Message, moment, speaking_to
from headwater.distribute.models import Delivery
from headwater.distribute.posting import send_due
from headwater.distribute.sending import queue_dispatches
from headwater.people.models import Audience, Permission, Person
from tests.conftest import enrol, make_person
from tests.distribute.conftest import make_version


def test_the_page_lists_what_the_worker_sent(committed: None, home: Path) -> None:
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        ada, ines = make_person("Ada", Permission.ADMINISTRATOR), make_person("Ines")
        everyone = Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        enrol(everyone)
        version = make_version("Confined spaces", "Test the air first.", everyone, ada)
        queue_dispatches([Delivery.objects.create(person=ines, version=version, push="at_once")], "first")
    send_due(organisation.pk)
    browser = Client()
    assert ada.user is not None
    browser.force_login(ada.user)
    page = browser.get("/o/waterworks/distribute/outbox/").content.decode()
    assert "Confined spaces" in page
    assert "ines@waterworks.example" in page
    assert [folder.name for folder in (home / "outbox").iterdir()] == [str(organisation.pk)]


def test_a_mail_names_the_hour_and_whose_clock_it_is(ines: Person) -> None:
    ines.timezone = "Africa/Dar_es_Salaam"
    due = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    with speaking_to(ines):
        assert moment(due) == "Tue 24 Nov, 17:00 (Dar es Salaam time)"
    ines.timezone = "UTC"
    with speaking_to(ines):
        assert moment(due) == "Tue 24 Nov, 14:00 (UTC)"


def test_a_webhook_is_encrypted_unless_the_installation_allows_its_host(ines: Person, settings: Any) -> None:
    with pytest.raises(ValidationError, match="https"):
        add_channel(ines, ines, "webhook", "http://hooks.example.org/x")
    settings.HEADWATER_ALLOW_FETCH = ["hooks.example.org:8080"]
    add_channel(ines, ines, "webhook", "http://hooks.example.org:8080/x")
    message = Message("A", "B", "", essential=False)
    with pytest.raises(Refusal):
        webhook.send(Outgoing("k", "http://hooks.example.org/x", "secret", message, "Ines"))
