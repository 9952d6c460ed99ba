"""Sending: budget, quiet hours, digests, who is told at all; mail through a real SMTP server."""

import zoneinfo
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from headwater.core.models import Cursor, Organisation
from headwater.distribute import digests
from headwater.distribute.actions import change_channel, change_preferences
from headwater.distribute.digests import make_digests
from headwater.distribute.models import Channel, Delivery, Digest, Directive, Dispatch, Preference
from headwater.distribute.posting import channel_of_unsubscribe, unsubscribe_url
from headwater.distribute.sending import after_quiet, channels_of, plan, plan_notices, queue_dispatches
from headwater.people.models import Audience, AudienceMember, Notice, Person
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol
from tests.distribute.conftest import Postbox, make_version, send_all, text_of

Deliver = Callable[..., Delivery]


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


def test_a_name_of_two_lines_is_no_reason_to_get_no_mail(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    ines.name = "Ines\r\nBcc: otto@waterworks.example"
    ines.save()
    plan([deliver(ines)])
    send_all(organisation)
    (mail,) = postbox.mails
    assert (mail["Bcc"], mail["To"]) == (None, '"Ines Bcc: otto@waterworks.example" <ines@waterworks.example>')


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


def test_people_with_nothing_for_the_hour_hold_up_nobody(
    organisation: Organisation,
    ines: Person,
    otto: Person,
    everyone: Audience,
    deliver: Deliver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What came after the hour, and what is for another day of the week, is no reason to look again and again."""
    monkeypatch.setattr(digests, "PEOPLE_AT_ONCE", 1)
    enrol(everyone)
    first, last = sorted((ines, otto), key=lambda person: person.pk)
    early, tomorrow = timezone.now() - timedelta(days=1), (timezone.now().weekday() + 1) % 7
    Preference.objects.create(person=first, digest_at=time(0, 0), weekly_on=tomorrow)
    deliver(first, push="digest")
    deliver(first, version=make_version("Weekly", "air", everyone, ines), push="weekly", created_at=early)
    Preference.objects.create(person=last, digest_at=time(0, 0))
    deliver(last, version=make_version("Early", "air", everyone, ines), push="digest", created_at=early)
    assert make_digests(organisation.pk) is False
    assert Digest.objects.get().person == last


def test_digests_of_many_are_made_some_at_a_time(
    organisation: Organisation, ines: Person, otto: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By clocks of their own, one chosen and one not; each has theirs once."""
    monkeypatch.setattr(digests, "PEOPLE_AT_ONCE", 1)
    Preference.objects.create(person=ines, digest_at=time(0, 0))
    otto.timezone = "Pacific/Kiritimati"
    otto.save()
    Preference.objects.create(person=otto, digest_at=time(0, 0))
    for person in (ines, otto):
        Notice.objects.create(
            person=person, text="A review is due", dedupe_key="r", created_at=timezone.now() - timedelta(days=2)
        )
    assert [make_digests(organisation.pk) for _again in range(3)] == [True, False, False]
    assert {digest.person for digest in Digest.objects.all()} == {ines, otto}


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
