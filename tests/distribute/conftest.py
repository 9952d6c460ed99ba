"""What every test of distributing needs: an entry with a version, a delivery of it, a mail server."""

import asyncio
import email
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.distribute.models import Delivery, InterestProfile, Reason
from headwater.distribute.posting import send_due
from headwater.people.models import Audience, Person
from headwater.search.models import Entry, EntryVersion, Kind


@pytest.fixture
def version(everyone: Audience, nadia: Person) -> EntryVersion:
    """Working in confined spaces, version 1, readable by everyone."""
    return make_version("Working in confined spaces", "Test the air before anyone goes in.", everyone, nadia)


def make_version(title: str, text: str, audience: Audience | None, owner: Person, **fields: Any) -> EntryVersion:
    """A current version of a new entry, written straight into the tables."""
    entry = Entry.objects.create(kind=Kind.PROCEDURE, title=title, owner=owner, audience=audience, **fields)
    version = EntryVersion.objects.create(
        entry=entry, number=1, title=title, text=text, language="en", checksum="0" * 64, published_at=timezone.now()
    )
    entry.current_version = version
    entry.save()
    return version


@pytest.fixture
def deliver(version: EntryVersion) -> Callable[..., Delivery]:
    """Deliver the version to a person because of a profile of theirs."""

    def delivered(person: Person, **fields: Any) -> Delivery:
        delivery = Delivery.objects.create(person=person, **{"version": version, "push": "at_once", **fields})
        profile = InterestProfile.objects.create(name="Air", person=person, query="air")
        Reason.objects.create(delivery=delivery, profile=profile, words=["air"])
        return delivery

    return delivered


# --- Mail -------------------------------------------------------------------------------------------------------------


class Postbox:
    """An SMTP server's handler that keeps what arrives, except for `refused` addresses and `unwanted` mails."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refused: dict[str, str] = {}
        self.unwanted: dict[str, str] = {}
        self.at_rcpt: Callable[[], None] | None = None
        self.at_data: Callable[[], None] | None = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.at_rcpt is not None:
            await asyncio.to_thread(self.at_rcpt)
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        if self.at_data is not None:
            await asyncio.to_thread(self.at_data)
        for address in envelope.rcpt_tos:
            if address in self.unwanted:
                return self.unwanted[address]
        self.mails.append(email.message_from_bytes(envelope.content or b""))
        return "250 OK"


@contextmanager
def mail_server(settings: Any, **limits: Any) -> Iterator[Postbox]:
    """A mail server on the loopback with these limits, and Headwater told to use it."""
    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, **limits)
    controller.start()
    settings.HEADWATER_MAIL_URL = f"smtp://127.0.0.1:{port}"
    yield box
    controller.stop()


@pytest.fixture
def postbox(settings: Any) -> Iterator[Postbox]:
    """A mail server that takes everything until it is told otherwise."""
    with mail_server(settings) as box:
        yield box


def send_all(organisation: Organisation) -> None:
    while send_due(organisation.pk):
        pass


def text_of(mail: Message) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()
