"""What a sending meets: refusals for now and for good, a server that is away, slow ones, crashes; by real SMTP."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.core.secret import encrypt
from headwater.core.wall import organisation_context
from headwater.distribute.models import Channel, Delivery, Dispatch
from headwater.distribute.posting import send_due
from headwater.distribute.sending import channels_of, plan
from headwater.people.models import Audience, AudienceMember, Notice, Person
from tests.conftest import enrol, make_person
from tests.distribute.conftest import Postbox, mail_server, make_version, send_all
from tests.distribute.test_chat import Service

Deliver = Callable[..., Delivery]
NOBODY = "smtp://127.0.0.1:9"  # no mail server listens there


def again(organisation: Organisation, **ago: timedelta) -> Dispatch:
    """Send once more what waits, as if these moments of it, where they are set, lay so long before now."""
    now = timezone.now()
    for field, time in ago.items():
        Dispatch.objects.exclude(**{field: None}).update(**{field: now - time})
    Dispatch.objects.filter(state__in=["queued", "failed"]).update(next_at=now)
    send_all(organisation)
    return Dispatch.objects.latest("pk")


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


@pytest.mark.parametrize("answer", ["554 5.7.1 Relay access denied", "530 Authentication required"])
def test_a_server_that_is_set_up_wrongly_breaks_nobodys_address_at_once(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver, answer: str
) -> None:
    enrol(everyone)
    postbox.refused["ines@waterworks.example"] = answer
    plan([deliver(ines)])
    assert again(organisation).state == Dispatch.State.FAILED
    channel = Channel.objects.get()
    assert (channel.state, answer[:3] in channel.trouble) == (Channel.State.ACTIVE, True)
    assert again(organisation, refused_since=timedelta(days=6)).state == Dispatch.State.CANCELLED
    assert Channel.objects.get().state == Channel.State.SUSPENDED


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
        Dispatch.objects.exclude(down_since=None).update(down_since=timezone.now() - timedelta(days=6))
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
            claimed = Dispatch.objects.filter(state=Dispatch.State.SENDING)
            waiting = claimed.exclude(pk=claimed.latest("claimed_at").pk)
            waiting.update(claimed_at=timezone.now() - timedelta(minutes=5))
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


# --- One mail that is not taken ---------------------------------------------------------------------------------------


def test_a_mail_that_is_never_taken_is_given_up_after_five_days_and_its_person_sees_why(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    postbox.unwanted["ines@waterworks.example"] = "554 this looks like spam"
    plan([deliver(ines)])
    assert again(organisation).state == Dispatch.State.FAILED
    assert again(organisation, refused_since=timedelta(days=4)).state == Dispatch.State.FAILED
    assert Channel.objects.get().trouble == ""
    given_up = again(organisation, refused_since=timedelta(days=6))
    assert given_up.state == Dispatch.State.CANCELLED
    assert "554" in given_up.error
    channel = Channel.objects.get()
    assert (channel.state, "554" in channel.trouble) == (Channel.State.ACTIVE, True)
    assert Delivery.objects.get().sent_at is None
    postbox.unwanted.clear()
    plan([deliver(ines, version=make_version("Another", "air", everyone, ines))])
    assert again(organisation).state == Dispatch.State.SENT
    assert Channel.objects.get().trouble == ""


def test_what_cannot_be_written_as_a_mail_is_given_up_after_five_days(
    organisation: Organisation, postbox: Postbox, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    ines.email = "inés@waterworks.example"
    ines.save()
    plan([deliver(ines)])
    assert again(organisation).state == Dispatch.State.FAILED
    assert again(organisation, refused_since=timedelta(days=6)).state == Dispatch.State.CANCELLED
    channel = Channel.objects.get()
    assert channel.state == Channel.State.ACTIVE
    assert "UnicodeEncodeError" in channel.trouble


def test_a_mail_that_is_too_big_holds_nobody_else_up(
    organisation: Organisation, settings: Any, ines: Person, otto: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    with mail_server(settings, data_size_limit=100):  # it says so to the announced size, before the mail comes
        plan([deliver(ines), deliver(otto)])
        send_all(organisation)
    tried = list(Dispatch.objects.values_list("state", "attempts"))
    assert tried == [(Dispatch.State.FAILED, 1)] * 2
    assert all("552" in error for error in Dispatch.objects.values_list("error", flat=True))
    assert set(Dispatch.objects.values_list("down_since", flat=True)) == {None}
    assert None not in Dispatch.objects.values_list("refused_since", flat=True)


# --- A server of our own that is away ---------------------------------------------------------------------------------


def test_a_mail_that_waited_for_long_and_one_closing_server_are_no_outage(
    organisation: Organisation, postbox: Postbox, ada: Person, ines: Person, everyone: Audience, deliver: Deliver
) -> None:
    enrol(everyone)
    plan([deliver(ines)])
    Dispatch.objects.update(created_at=timezone.now() - timedelta(hours=9))  # it was night
    postbox.refused["ines@waterworks.example"] = "421 too many connections"
    again(organisation)
    again(organisation, down_since=timedelta(minutes=59))
    assert not Notice.objects.exists()
    again(organisation, down_since=timedelta(minutes=61))
    assert Notice.objects.get().person == ada


def test_an_outage_begins_anew_once_the_server_has_answered_to_anyone(
    organisation: Organisation,
    postbox: Postbox,
    ada: Person,
    ines: Person,
    otto: Person,
    everyone: Audience,
    deliver: Deliver,
) -> None:
    enrol(everyone)
    plan([deliver(ines)])
    postbox.refused["ines@waterworks.example"] = "421 too many connections"
    assert again(organisation).down_since is not None
    Dispatch.objects.update(down_since=timezone.now() - timedelta(hours=2))
    waiting = Dispatch.objects.get()
    plan([deliver(otto)])
    send_all(organisation)
    assert len(postbox.mails) == 1
    waiting.refresh_from_db()
    assert waiting.down_since is None
    again(organisation)
    assert not Notice.objects.exists()


def test_an_outage_is_over_only_when_the_server_has_answered(
    organisation: Organisation,
    settings: Any,
    ada: Person,
    ines: Person,
    otto: Person,
    everyone: Audience,
    deliver: Deliver,
) -> None:
    enrol(everyone)
    settings.HEADWATER_MAIL_URL = NOBODY
    plan([deliver(ines)])
    again(organisation)
    again(organisation, down_since=timedelta(hours=2))
    told = Notice.objects.get(done_at=None)
    AudienceMember.objects.filter(person=ines).delete()
    otto.email = "óttó@waterworks.example"
    otto.save()
    plan([deliver(otto)])
    again(organisation)
    assert sorted(Dispatch.objects.values_list("state", flat=True)) == [
        Dispatch.State.CANCELLED,  # whoever lost access is not told, and the server was not asked
        Dispatch.State.FAILED,  # nor was it for what cannot be written as a mail
    ]
    told.refresh_from_db()
    assert told.done_at is None
    Channel.objects.filter(person=otto).update(address="otto@waterworks.example")
    with mail_server(settings) as back:
        back.refused["otto@waterworks.example"] = "450 come back later"
        again(organisation)
    told.refresh_from_db()
    assert told.done_at is not None


# --- Whose it is ------------------------------------------------------------------------------------------------------


@pytest.fixture
def mailed(committed: None, postbox: Postbox) -> Organisation:
    """An organisation, seen by every connection, with one mail that is due to Ines."""
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        everyone = Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        ines = make_person("Ines")
        enrol(everyone)
        version = make_version("Confined spaces", "Test the air first.", everyone, ines)
        plan([Delivery.objects.create(person=ines, version=version, push="at_once")])
    return organisation


def test_what_waits_behind_a_slow_sending_is_not_taken_for_a_chat_that_was_perhaps_sent(
    mailed: Organisation, postbox: Postbox, settings: Any
) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["localhost"]
    service = Service()
    threading.Thread(target=service.serve_forever, daemon=True).start()
    with organisation_context(mailed.pk):
        delivery = Delivery.objects.get()
        secret = encrypt(f"json://localhost:{service.server_port}/plain")
        chat = Channel.objects.create(person=delivery.person, kind="chat", address="team chat", secret=secret)
        queued = Dispatch.objects.create(channel=chat, delivery=delivery, key="chat")

    def minutes_later() -> None:
        """While the mail is on its way, the other worker looks for what is stuck."""
        postbox.at_data = None
        with organisation_context(mailed.pk):
            claimed = Dispatch.objects.filter(state=Dispatch.State.SENDING, channel=chat)
            claimed.update(claimed_at=timezone.now() - timedelta(minutes=5))
        send_due(mailed.pk)
        connection.close()

    postbox.at_data = minutes_later
    send_all(mailed)
    service.shutdown()
    service.server_close()
    with organisation_context(mailed.pk):
        queued.refresh_from_db()
    assert queued.state == Dispatch.State.SENT
    assert service.asked == ["/plain"]


@pytest.mark.parametrize("answer", ["250 OK", "450 come back later", "550 no such mailbox", "421 closing"])
def test_what_another_worker_has_claimed_since_is_recorded_by_that_one_alone(
    mailed: Organisation, postbox: Postbox, answer: str
) -> None:
    def claimed_by_another() -> None:
        with organisation_context(mailed.pk):
            Dispatch.objects.update(claimed_at=timezone.now())
        connection.close()

    postbox.at_rcpt = claimed_by_another
    if not answer.startswith("250"):
        postbox.refused["ines@waterworks.example"] = answer
    send_due(mailed.pk)
    with organisation_context(mailed.pk):
        assert Dispatch.objects.values_list("state", "error").get() == (Dispatch.State.SENDING, "")
        assert Channel.objects.values_list("state", "failures").get() == (Channel.State.ACTIVE, 0)
        assert Delivery.objects.get().sent_at is None


def test_what_went_out_counts_as_sent_though_it_was_taken_for_stuck(mailed: Organisation, postbox: Postbox) -> None:
    def taken_for_stuck() -> None:
        with organisation_context(mailed.pk):
            Dispatch.objects.update(state=Dispatch.State.QUEUED)
        connection.close()

    postbox.at_data = taken_for_stuck
    send_all(mailed)
    assert len(postbox.mails) == 1
    with organisation_context(mailed.pk):
        assert Dispatch.objects.get().state == Dispatch.State.SENT
