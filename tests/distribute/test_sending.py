"""Sending: budget, quiet hours, digests, retries, refusals, crashes; mail through a real SMTP server."""

import asyncio
import email
import socket
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from django.db import connection
from django.utils import timezone

from headwater.core.models import Cursor, Organisation
from headwater.core.wall import organisation_context
from headwater.distribute.actions import change_channel, change_preferences
from headwater.distribute.digests import make_digests
from headwater.distribute.models import Channel, Delivery, Digest, Directive, Dispatch, Preference
from headwater.distribute.posting import channel_of_unsubscribe, send_due, unsubscribe_url
from headwater.distribute.sending import after_quiet, channels_of, plan, plan_notices, queue_dispatches
from headwater.people.models import Audience, AudienceMember, Notice, Person
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol, make_person
from tests.distribute.conftest import make_version

Deliver = Callable[..., Delivery]


class Postbox:
    """An SMTP server's handler that keeps what arrives, except for `refused` addresses and `unwanted` mails."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refused: dict[str, str] = {}
        self.unwanted: dict[str, str] = {}
        self.at_data: Callable[[], None] | None = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:
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


@pytest.fixture
def postbox(settings: Any) -> Iterator[Postbox]:
    """A mail server on the loopback, and Headwater told to use it."""
    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.HEADWATER_MAIL_URL = f"smtp://127.0.0.1:{port}"
    yield box
    controller.stop()


def send_all(organisation: Organisation) -> None:
    while send_due(organisation.pk):
        pass


def text_of(mail: Message) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_a_mail_says_what_why_and_where(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    plan([deliver(ines)])
    send_all(organisation)
    (mail,) = postbox.mails
    assert mail["Subject"] == "Working in confined spaces"
    assert "ines@waterworks.example" in mail["To"]
    assert "Your profile Air: “air”." in text_of(mail)
    assert "/o/waterworks/entries/" in text_of(mail)
    assert mail["List-Unsubscribe"].strip().startswith("<http")
    dispatch = Dispatch.objects.get()
    assert dispatch.state == Dispatch.State.SENT
    assert dispatch.key in mail["Message-ID"]
    assert Delivery.objects.get(person=ines).sent_at is not None


def test_a_must_read_cannot_be_unsubscribed(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    channel = channels_of([ines])[ines.pk][0]
    change_channel(ines, channel, Channel.State.ESSENTIAL)
    plan([deliver(ines, must_acknowledge=True, due_at=timezone.now() + timedelta(days=2))])
    send_all(organisation)
    (mail,) = postbox.mails
    assert mail["Subject"] == "To read: Working in confined spaces"
    assert mail["List-Unsubscribe"] is None
    assert text_of(mail).startswith("To read by ")


def test_past_the_budget_things_roll_into_the_digest(
    organisation: Organisation, ines: Person, nadia: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    change_preferences(ines, ines, budget=2)
    deliveries = [deliver(ines, version=make_version(f"News {number}", "air", everyone, nadia)) for number in range(4)]
    plan(deliveries)
    assert Dispatch.objects.count() == 2
    assert list(Delivery.objects.order_by("pk").values_list("rolled", flat=True)) == [False, False, True, True]
    plan([deliver(ines, version=make_version("Urgent", "air", everyone, nadia), urgent=True)])
    assert Dispatch.objects.count() == 3


def test_the_digest_bundles_what_waited_once(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    Preference.objects.create(person=ines, digest_at=time(0, 0))
    early = timezone.now() - timedelta(days=1)
    deliver(ines, push="digest", created_at=early)
    deliver(ines, version=make_version("Later", "air", everyone, ines), push="digest")
    weekly = make_version("Weekly", "air", everyone, ines)
    deliver(ines, version=weekly, push="weekly", created_at=early)
    Preference.objects.update(weekly_on=(timezone.now().weekday() + 1) % 7)
    Notice.objects.create(person=ines, text="A review is due", dedupe_key="r", created_at=early)
    for _again in range(2):
        make_digests(organisation.pk)
        send_all(organisation)
    (mail,) = postbox.mails
    assert mail["Subject"] == "2 things for you"
    text = text_of(mail)
    assert "A review is due" in text
    assert "Working in confined spaces" in text
    assert "Weekly" not in text
    assert "Later" not in text
    assert Digest.objects.get().deliveries.count() == 1


def test_no_mail_names_what_is_closed_by_then(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, version: EntryVersion
) -> None:
    enrol(everyone)
    directive = Directive.objects.create(name="Read", entry=version.entry, audience=everyone, issued_by=ines)
    Preference.objects.create(person=ines, digest_at=time(0, 0))
    early = timezone.now() - timedelta(days=1)
    key = f"overdue-head:{directive.pk}"
    Notice.objects.create(person=ines, text="Late: a secret", dedupe_key=key, created_at=early)
    Notice.objects.create(person=ines, text="A review is due", dedupe_key="r", created_at=early)
    make_digests(organisation.pk)
    Entry.objects.update(audience=None)
    send_all(organisation)
    (mail,) = postbox.mails
    assert "A review is due" in text_of(mail)
    assert "secret" not in text_of(mail)


def test_nothing_waits_no_digest(organisation: Organisation, ines: Person, everyone: Audience) -> None:
    Preference.objects.create(person=ines, digest_at=time(0, 0))
    make_digests(organisation.pk)
    assert not Digest.objects.exists()


def test_a_refused_address_is_suspended(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    postbox.refused["ines@waterworks.example"] = "550 no such mailbox"
    plan([deliver(ines)])
    send_all(organisation)
    channel = Channel.objects.get(person=ines)
    assert channel.state == Channel.State.SUSPENDED
    assert "550" in channel.trouble
    assert Delivery.objects.get(person=ines).sent_at is None
    assert ines.pk not in channels_of([ines])


def test_a_mailbox_full_for_now_is_tried_again(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    postbox.refused["ines@waterworks.example"] = "452 mailbox full"
    plan([deliver(ines)])
    send_all(organisation)
    dispatch = Dispatch.objects.get()
    assert dispatch.state == Dispatch.State.FAILED
    assert dispatch.next_at > timezone.now()
    postbox.refused.clear()
    Dispatch.objects.update(next_at=timezone.now())
    send_all(organisation)
    assert len(postbox.mails) == 1
    assert dispatch.key in postbox.mails[0]["Message-ID"]


@pytest.mark.parametrize("stage", ["refused", "unwanted"])
def test_one_who_is_refused_for_now_holds_nobody_else_up(
    organisation: Organisation,
    postbox: Postbox,
    ines: Person,
    otto: Person,
    everyone: Audience,
    deliver: Deliver,
    stage: str,
) -> None:
    enrol(everyone)
    getattr(postbox, stage)["ines@waterworks.example"] = "450 come back later"
    for person in (ines, otto):  # Ines' mail is tried first
        plan([deliver(person)])
    send_all(organisation)
    assert ["otto@" in mail["To"] for mail in postbox.mails] == [True]
    waiting = Dispatch.objects.get(channel__person=ines)
    assert (waiting.state, waiting.attempts) == (Dispatch.State.FAILED, 1)
    assert "450" in waiting.error
    assert Channel.objects.get(person=ines).state == Channel.State.ACTIVE


def test_a_server_that_closes_is_left_alone_for_a_minute(
    organisation: Organisation, postbox: Postbox, ines: Person, otto: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    postbox.refused["ines@waterworks.example"] = "421 closing, too many connections"
    for person in (ines, otto):
        plan([deliver(person)])
    send_all(organisation)
    assert postbox.mails == []
    assert sorted(Dispatch.objects.values_list("state", "attempts")) == [
        (Dispatch.State.FAILED, 1),
        (Dispatch.State.QUEUED, 0),
    ]


def test_a_mail_server_that_is_down_loses_nothing(
    organisation: Organisation, settings: Any, ines: Person, otto: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    settings.HEADWATER_MAIL_URL = "smtp://127.0.0.1:9"
    plan([deliver(ines), deliver(otto)])
    send_all(organisation)
    states = sorted(Dispatch.objects.values_list("state", "attempts"))
    assert states == [(Dispatch.State.FAILED, 1), (Dispatch.State.QUEUED, 0)]
    assert set(Channel.objects.values_list("state", flat=True)) == {Channel.State.ACTIVE}


def test_a_mail_server_of_ours_that_is_away_for_long_breaks_nobodys_address(
    organisation: Organisation,
    postbox: Postbox,
    settings: Any,
    ada: Person,
    ines: Person,
    otto: Person,
    everyone: Audience,
    deliver: Deliver,
) -> None:
    enrol(everyone)
    back, settings.HEADWATER_MAIL_URL = settings.HEADWATER_MAIL_URL, "smtp://127.0.0.1:9"
    plan([deliver(ines, must_acknowledge=True), deliver(otto)])
    Dispatch.objects.update(created_at=timezone.now() - timedelta(days=6), attempts=200)
    for _again in range(3):
        Dispatch.objects.update(next_at=timezone.now())
        send_all(organisation)
    assert set(Dispatch.objects.values_list("state", flat=True)) <= {Dispatch.State.FAILED, Dispatch.State.QUEUED}
    assert set(Channel.objects.values_list("state", "failures", "trouble")) == {(Channel.State.ACTIVE, 0, "")}
    assert Dispatch.objects.filter(next_at__lt=timezone.now() + timedelta(minutes=6)).count() == 2
    told = Notice.objects.get()
    assert (told.person, told.done_at) == (ada, None)
    assert "mail server" in told.text
    settings.HEADWATER_MAIL_URL = back
    Dispatch.objects.update(next_at=timezone.now())
    send_all(organisation)
    assert len(postbox.mails) == 2
    told.refresh_from_db()
    assert told.done_at is not None


def test_an_address_that_is_refused_for_five_days_is_broken_and_the_days_count_from_the_first_refusal(
    organisation: Organisation, postbox: Postbox, settings: Any, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    postbox.refused["ines@waterworks.example"] = "452 mailbox full"
    plan([deliver(ines)])

    def again_after(days: int) -> tuple[str, str]:
        since = Dispatch.objects.get().refused_since
        Dispatch.objects.update(next_at=timezone.now(), refused_since=since and since - timedelta(days=days))
        send_all(organisation)
        return Channel.objects.get().state, Dispatch.objects.get().state

    Dispatch.objects.update(created_at=timezone.now() - timedelta(days=9))  # it waited for something else so long
    assert again_after(0) == again_after(4) == (Channel.State.ACTIVE, Dispatch.State.FAILED)
    there, settings.HEADWATER_MAIL_URL = settings.HEADWATER_MAIL_URL, "smtp://127.0.0.1:9"
    assert again_after(4) == (Channel.State.ACTIVE, Dispatch.State.FAILED)
    settings.HEADWATER_MAIL_URL = there
    assert again_after(4) == (Channel.State.ACTIVE, Dispatch.State.FAILED)
    assert again_after(6) == (Channel.State.SUSPENDED, Dispatch.State.CANCELLED)


def test_whoever_lost_access_is_not_told(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    plan([deliver(ines)])
    AudienceMember.objects.filter(person=ines).delete()
    send_all(organisation)
    assert postbox.mails == []
    assert Dispatch.objects.get().state == Dispatch.State.CANCELLED


def test_a_leaver_is_not_told(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    plan([deliver(ines)])
    Person.objects.filter(pk=ines.pk).update(left_on=timezone.localdate())
    send_all(organisation)
    assert postbox.mails == []


def test_two_workers_and_a_slow_server_send_each_mail_once(committed: None, postbox: Postbox) -> None:
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        everyone = Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        people = [make_person(name) for name in ("Ada", "Ines", "Otto")]
        enrol(everyone)
        version = make_version("Confined spaces", "Test the air first.", everyone, people[0])
        plan([Delivery.objects.create(person=each, version=version, push="at_once") for each in people])

    def minutes_later() -> None:
        """While the first mail is on its way: what was claimed with it has waited for long, and the other one looks."""
        postbox.at_data = None
        with organisation_context(organisation.pk):
            first = Dispatch.objects.filter(state="sending").earliest("claimed_at").claimed_at
            Dispatch.objects.filter(claimed_at=first).update(claimed_at=timezone.now() - timedelta(minutes=5))
        send_all(organisation)
        connection.close()

    postbox.at_data = minutes_later
    send_all(organisation)
    assert sorted(mail["To"] for mail in postbox.mails) == sorted(f"{each.name} <{each.email}>" for each in people)
    with organisation_context(organisation.pk):
        assert set(Dispatch.objects.values_list("state", flat=True)) == {Dispatch.State.SENT}


def test_a_mail_stuck_in_a_crash_goes_again_with_its_message_id(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    plan([deliver(ines)])
    key = Dispatch.objects.get().key
    Dispatch.objects.update(state=Dispatch.State.SENDING, claimed_at=timezone.now() - timedelta(minutes=5))
    send_all(organisation)
    assert key in postbox.mails[0]["Message-ID"]


def test_a_chat_stuck_in_a_crash_is_uncertain_and_only_must_reads_are_repeated(
    organisation: Organisation, ines: Person, otto: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    Person.objects.update(email="")
    for person in (ines, otto):
        person.email = ""
        Channel.objects.create(person=person, kind=Channel.Kind.CHAT, address="team chat")
    plan([deliver(ines, must_acknowledge=True), deliver(otto)])
    Dispatch.objects.update(state=Dispatch.State.SENDING, claimed_at=timezone.now() - timedelta(minutes=5))
    send_due(organisation.pk)
    assert Dispatch.objects.filter(state=Dispatch.State.UNCERTAIN).count() == 2
    repeated = Dispatch.objects.get(purpose="repeat")
    assert repeated.delivery is not None
    assert repeated.delivery.person == ines


def test_without_a_mail_server_mail_lies_in_the_outbox(
    organisation: Organisation, home: Path, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    plan([deliver(ines)])
    send_all(organisation)
    (mail,) = (home / "outbox" / str(organisation.pk)).glob("*.eml")
    assert b"Working in confined spaces" in mail.read_bytes()


def test_planning_twice_queues_once(organisation: Organisation, ines: Person, deliver: Deliver) -> None:
    delivery = deliver(ines)
    assert queue_dispatches([delivery], "first") == 1
    queue_dispatches([delivery], "first")
    assert Dispatch.objects.count() == 1
    queue_dispatches([delivery], "remind:1")
    assert Dispatch.objects.count() == 2


def test_an_urgent_notice_goes_at_once_a_normal_one_waits(organisation: Organisation, ines: Person) -> None:
    Notice.objects.create(person=ines, text="The source is silent", dedupe_key="a", urgency=Notice.Urgency.URGENT)
    Notice.objects.create(person=ines, text="A review is due", dedupe_key="b")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        Notice.objects.update(tx=0)
    Cursor.objects.create(name="plan notices", tx=0)
    assert plan_notices(organisation.pk) is False
    assert Dispatch.objects.count() == 0, "what this transaction wrote is not yet safe to follow"


@pytest.mark.parametrize(
    ("start", "end", "at", "expected"),
    [
        (time(22), time(6), time(23, 30), (1, time(6))),
        (time(22), time(6), time(5, 59), (0, time(6))),
        (time(22), time(6), time(12), None),
        (time(12), time(13), time(12, 30), (0, time(13))),
        (time(12), time(13), time(13), None),
    ],
)
def test_quiet_hours_end_on_the_persons_own_clock(
    monkeypatch: pytest.MonkeyPatch,
    ines: Person,
    start: time,
    end: time,
    at: time,
    expected: tuple[int, time] | None,
) -> None:
    ines.timezone = "Asia/Kolkata"
    zone = zoneinfo.ZoneInfo(ines.timezone)
    now = datetime(2026, 3, 10, at.hour, at.minute, tzinfo=zone)
    monkeypatch.setattr(timezone, "now", lambda: now)
    until = after_quiet(ines, Preference(person=ines, quiet_from=start, quiet_until=end))
    if expected is None:
        assert until == now
    else:
        assert until == datetime.combine(now.date() + timedelta(expected[0]), expected[1], tzinfo=zone)


def test_an_unsubscribe_link_cannot_be_made_up(organisation: Organisation, ines: Person) -> None:
    channel = channels_of([ines])[ines.pk][0]
    token = unsubscribe_url(channel).rstrip("/").rpartition("/")[2]
    assert channel_of_unsubscribe(token) == channel
    assert channel_of_unsubscribe(token[:-1] + ("a" if token[-1] != "a" else "b")) is None
    assert channel_of_unsubscribe("1") is None
