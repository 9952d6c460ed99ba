"""Without a mail server, what the worker sends lies where the organisation's administrators look for it."""

from pathlib import Path

from django.test import Client

from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.distribute.models import Delivery
from headwater.distribute.posting import send_due
from headwater.distribute.sending import queue_dispatches
from headwater.people.models import Audience, Permission
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
