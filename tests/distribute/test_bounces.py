"""Mail that came back is read from a real mailbox, and suspends the address it was sent to."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.core.models import Cursor
from headwater.distribute import bounces
from headwater.distribute.bounces import returned
from headwater.distribute.models import Channel, Delivery, Dispatch
from headwater.people.models import Notice, Person
from headwater.search.models import EntryVersion
from tests.gather.connectors.servers import MailServer, mail_server


def report(message_id: str, action: str = "failed", whole: bool = True, status: str = "5.1.1") -> bytes:
    """A delivery status notification as RFC 3464 has it, with the original mail or its headers alone."""
    headers = f"From: hw@example.org\r\nTo: ines@waterworks.example\r\nMessage-ID: {message_id}\r\nSubject: Air\r\n"
    inside = ("message/rfc822", f"{headers}\r\nTest the air.\r\n") if whole else ("text/rfc822-headers", headers)
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: hw@example.org\r\nMessage-ID: <report@mx.example>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\nMIME-Version: 1.0\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nYour mail could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; ines@waterworks.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--b\r\nContent-Type: {inside[0]}\r\n\r\n{inside[1]}\r\n--b--\r\n"
    ).encode()


PLAIN = b"Message-ID: <1@x>\r\nSubject: I am on leave\r\nIn-Reply-To: <k1@h>\r\n\r\nBack on Monday.\r\n"


@pytest.mark.parametrize("whole", [True, False])
def test_a_report_says_which_mail_failed_and_why(whole: bool) -> None:
    found = returned(report("<k1@headwater.example>", whole=whole))
    assert found is not None
    assert (found.message_id, found.reason) == ("<k1@headwater.example>", "5.1.1 550 no such user")


@pytest.mark.parametrize(
    "content", [PLAIN, b"", b"\x00\xff", report("<k1@h>", "delayed"), report("<k1@h>", "relayed"), report("")]
)
def test_what_did_not_fail_is_no_bounce(content: bytes) -> None:
    assert returned(content) is None


@given(st.binary(max_size=300), st.integers(0, 900))
def test_no_damaged_report_breaks_the_reading(noise: bytes, at: int) -> None:
    whole = report("<k1@h>")
    returned(whole[:at] + noise + whole[at:])
    returned(whole[:at])


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    """A mailbox with holiday notes, a delay, and two mails that came back, one of another house."""
    messages = {1: PLAIN, 3: report("<k1@h>", "delayed"), 5: report("<other@elsewhere.example>")}
    with mail_server(messages) as server:
        settings.HEADWATER_BOUNCES_URL = f"imap://ada:s3cret@127.0.0.1:{server.port}/INBOX"
        yield server


@pytest.fixture
def channel(ines: Person, version: EntryVersion) -> Channel:
    """Ines's mail address, to which one mail was sent."""
    channel = Channel.objects.create(person=ines, kind=Channel.Kind.MAIL, address="ines@waterworks.example")
    delivery = Delivery.objects.create(person=ines, version=version)
    Dispatch.objects.create(channel=channel, delivery=delivery, key="k1", state=Dispatch.State.SENT)
    return channel


def test_what_came_back_suspends_its_address_once(server: MailServer, channel: Channel) -> None:
    bounces.read_bounces(channel.organisation_id)
    channel.refresh_from_db()
    assert channel.state == Channel.State.ACTIVE
    server.messages[9] = report("<k1@headwater.example>")
    bounces.read_bounces(channel.organisation_id)
    channel.refresh_from_db()
    assert channel.state == Channel.State.SUSPENDED
    assert channel.trouble == "5.1.1 550 no such user"
    assert Cursor.objects.get(name="bounces 1").tx == 9
    server.commands.clear()
    Channel.objects.update(state=Channel.State.ACTIVE)
    bounces.read_bounces(channel.organisation_id)
    assert not [command for command in server.commands if command.lower().startswith("uid fetch")]
    channel.refresh_from_db()
    assert channel.state == Channel.State.ACTIVE


def test_a_mailbox_that_cannot_be_read_is_told_to_administrators_until_it_can(
    server: MailServer, channel: Channel, ada: Person, settings: Any
) -> None:
    good = settings.HEADWATER_BOUNCES_URL
    settings.HEADWATER_BOUNCES_URL = good.replace("s3cret", "wrong")
    bounces.read_bounces(channel.organisation_id)
    assert Notice.objects.filter(person=ada, done_at=None).count() == 1
    settings.HEADWATER_BOUNCES_URL = good
    bounces.read_bounces(channel.organisation_id)
    assert not Notice.objects.filter(done_at=None).exists()


def test_without_a_mailbox_nothing_is_read(channel: Channel, settings: Any) -> None:
    settings.HEADWATER_BOUNCES_URL = ""
    bounces.read_bounces(channel.organisation_id)
    assert not Cursor.objects.exists()
