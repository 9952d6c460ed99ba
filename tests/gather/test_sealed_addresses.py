"""Sources named with a password in their address, before that was refused: they work again and show it to nobody."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from headwater.core.actions import OPERATOR
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.gather.connectors.web import Site
from headwater.gather.models import Document, Source
from headwater.gather.runs import connector_of
from headwater.people.actions import create_person
from headwater.search.models import Entry, Kind

seal_addresses = import_module("headwater.gather.migrations.0005_sealed_addresses").seal_addresses


@pytest.fixture
def works(committed: None, settings: Any) -> Organisation:
    """An organisation in real transactions; its web site lies where it may be gathered from."""
    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    return Organisation.objects.create(slug="works", name="Works")


def seal() -> None:
    seal_addresses(apps, SimpleNamespace(connection=connection))


def saved_earlier(url: str, **settings: str) -> Source:
    owner = create_person(OPERATOR, "Otto")
    return Source.objects.create(slug="site", name="Site", kind="web", owner=owner, settings={"url": url, **settings})


def test_name_and_password_leave_the_address(works: Organisation) -> None:
    shown = "http://Reader:P%40ss@127.0.0.1/manual/"
    with organisation_context(works.pk):
        source = saved_earlier(shown, within="http://Reader:P%40ss@127.0.0.1/manual/a/")
        page = "http://reader:p%40ss@127.0.0.1/manual/a/one"
        Source.objects.update(cursor={"pages": {page: {"etag": "x"}}})
        entry = Entry.objects.create(kind=Kind.GATHERED, title="One", owner=source.owner, path=page, origin_url=page)
        Document.objects.create(source=source, key=page, entry=entry, metadata={"url": page})
    for _twice in range(2):
        seal()
    with organisation_context(works.pk):
        source.refresh_from_db()
        assert source.settings == {
            "url": "http://127.0.0.1/manual/",
            "within": "http://127.0.0.1/manual/a/",
            "username": "Reader",
        }
        connector = connector_of(source)
        assert isinstance(connector, Site)
        assert connector.sign_in is not None
        assert (connector.sign_in.name, connector.sign_in.password) == ("Reader", "P@ss")
        document, entry = Document.objects.get(), Entry.objects.get()
        clean = "http://127.0.0.1/manual/a/one"
        assert (document.key, entry.path, entry.origin_url, document.metadata) == (clean, clean, clean, {"url": clean})
        assert source.cursor == {"pages": {clean: {"etag": "x"}}}, "the next run finds its pages again"


@pytest.mark.parametrize("url", ["http://127.0.0.1/@otto/", "http://[broken@/"])
def test_other_addresses_stay_as_they_are(works: Organisation, url: str) -> None:
    with organisation_context(works.pk):
        source = saved_earlier(url)
    seal()
    with organisation_context(works.pk):
        source.refresh_from_db()
        assert (source.settings, source.secret) == ({"url": url}, None)
