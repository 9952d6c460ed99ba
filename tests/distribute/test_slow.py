"""Servers that take their time: what goes out ends before others may take it for stuck."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from django.utils import timezone

from headwater.core import mail as core_mail
from headwater.core.models import Organisation
from headwater.core.secret import encrypt
from headwater.distribute.channels import mail, outside, webhook
from headwater.distribute.channels.outgoing import Down, NotTaken, Outgoing, Trouble
from headwater.distribute.messages import Message
from headwater.distribute.models import Channel, Delivery, Dispatch
from headwater.distribute.sending import STUCK_AFTER, plan
from headwater.people.models import Audience, Person
from tests.conftest import enrol
from tests.distribute.conftest import Postbox, send_all

Deliver = Callable[..., Delivery]
Say = Callable[[bytes], None]
HEARD_OUT: list[str] = []  # who was listened to until it had no more to say


@pytest.fixture(autouse=True)
def nobody_was_heard_out() -> None:
    HEARD_OUT.clear()


def outgoing(address: str) -> Outgoing:
    message = Message("Air", "Test the air.", "http://x.example/", essential=True)
    return Outgoing("key", address, "secret", message, "Ines", payload={"id": "key"}, organisation_id=1)


def test_whatever_is_sent_ends_before_it_is_taken_for_stuck() -> None:
    for seconds in (core_mail.MAIL_SECONDS, outside.TOTAL_SECONDS):
        assert seconds + core_mail.STEP_SECONDS <= STUCK_AFTER.total_seconds()


# --- Mail -------------------------------------------------------------------------------------------------------------


def drip(say: Say, lines: Iterator[bytes]) -> None:
    """A greeting without an end: no wait is long, and all together would be for ever."""
    for _time in range(100):
        say(b"220-patience\r\n")
        time.sleep(0.05)
    HEARD_OUT.append("mail server")


def drip_at_the_answer(say: Say, lines: Iterator[bytes]) -> None:
    """The same once the mail was announced."""
    say(b"220 here\r\n")
    for line in lines:
        if line.upper().startswith(b"MAIL"):
            drip(say, lines)
        say(b"250 OK\r\n")


def go_at_data(say: Say, lines: Iterator[bytes]) -> None:
    """Takes the connection away in the middle of the mail."""
    say(b"220 here\r\n")
    for line in lines:
        if line.upper().startswith(b"DATA"):
            say(b"354 go on\r\n")
            return
        say(b"250 OK\r\n")


def go_after_taking(say: Say, lines: Iterator[bytes]) -> None:
    """Takes the mail, and answers to nothing from then on."""
    say(b"220 here\r\n")
    for line in lines:
        if line.upper().startswith(b"DATA"):
            say(b"354 go on\r\n")
            assert b".\r\n" in lines
            say(b"250 taken\r\n")
            time.sleep(1)
            return
        say(b"250 OK\r\n")


@contextmanager
def mail_server_that(settings: Any, behaves: Callable[[Say, Iterator[bytes]], None]) -> Iterator[None]:
    """One that answers to each connection as it is told."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                behaves(self.connection.sendall, iter(self.rfile))
            except OSError:
                return  # it was left

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.HEADWATER_MAIL_URL = f"smtp://127.0.0.1:{server.server_address[1]}"
        yield
        server.shutdown()


@pytest.mark.parametrize("url", ["mail.example:25", "smtp://", "smtp://ada:se#cret@mail.example", "http://m.example"])
def test_an_address_of_no_mail_server_gives_nothing_up(settings: Any, url: str) -> None:
    settings.HEADWATER_MAIL_URL = url
    with pytest.raises(Down, match="HEADWATER_MAIL_URL names no mail server"):
        mail.send(outgoing("ines@waterworks.example"))


@pytest.mark.parametrize("behaves", [drip, drip_at_the_answer])
def test_a_mail_server_that_drips_is_left_in_time(
    settings: Any, monkeypatch: pytest.MonkeyPatch, behaves: Callable[[Say, Iterator[bytes]], None]
) -> None:
    monkeypatch.setattr(core_mail, "MAIL_SECONDS", 0.5)
    with mail_server_that(settings, behaves):
        with pytest.raises(Down, match="took more than"):
            mail.send(outgoing("ines@waterworks.example"))
        assert HEARD_OUT == []


def test_a_mail_server_that_goes_in_the_middle_of_a_mail_is_down(settings: Any) -> None:
    with mail_server_that(settings, go_at_data), pytest.raises(Down):
        mail.send(outgoing("ines@waterworks.example"))


def test_a_mail_that_was_taken_is_sent_though_nobody_says_goodbye(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_mail, "STEP_SECONDS", 0.3)
    with mail_server_that(settings, go_after_taking):
        mail.send(outgoing("ines@waterworks.example"))


def test_a_server_may_look_into_a_mail_for_longer_than_into_a_command(
    postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_mail, "STEP_SECONDS", 0.3)
    postbox.at_data = lambda: time.sleep(1)
    mail.send(outgoing("ines@waterworks.example"))
    assert len(postbox.mails) == 1, "who leaves then gets the mail delivered, and sends it again"


def test_a_mail_at_which_the_server_breaks_off_time_and_again_is_given_up_and_holds_nobody_up(
    organisation: Organisation, settings: Any, ines: Person, otto: Person, everyone: Audience, deliver: Deliver
) -> None:
    taken: list[bytes] = []

    def go_at_the_mail_to_ines(say: Say, lines: Iterator[bytes]) -> None:
        say(b"220 here\r\n")
        for line in lines:
            if line.upper().startswith(b"RCPT"):
                address = line
            if line.upper().startswith(b"DATA"):
                say(b"354 go on\r\n")
                if b"ines@" in address:
                    return
                assert b".\r\n" in lines
                taken.append(address)
            say(b"250 OK\r\n")

    def again(**ago: timedelta) -> Dispatch:
        for field, time_ago in ago.items():
            Dispatch.objects.exclude(**{field: None}).update(**{field: timezone.now() - time_ago})
        Dispatch.objects.filter(state__in=["queued", "failed"]).update(next_at=timezone.now())
        send_all(organisation)
        return Dispatch.objects.get(channel__person=ines)

    enrol(everyone)
    with mail_server_that(settings, go_at_the_mail_to_ines):
        plan([deliver(ines)])
        assert (again().refused_since, again().refused_since) == (None, None), "it may be the server"
        plan([deliver(otto)])
        Dispatch.objects.filter(channel__person=ines).update(next_at=timezone.now() + timedelta(minutes=5))
        send_all(organisation)
        assert len(taken) == 1
        assert again().refused_since is not None, "it answered to Otto's meanwhile"
        assert again(refused_since=timedelta(days=4)).state == Dispatch.State.FAILED
        assert again(refused_since=timedelta(days=6)).state == Dispatch.State.CANCELLED
    assert Channel.objects.get(person=ines).state == Channel.State.ACTIVE


# --- Webhooks ---------------------------------------------------------------------------------------------------------


def endless_answer(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    dripping(handler, b"x" * 1000)


def endless_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.flush_headers()
    dripping(handler, b"X-More: x\r\n")


def dripping(handler: BaseHTTPRequestHandler, piece: bytes) -> None:
    try:
        for _time in range(100):
            handler.wfile.write(piece)
            time.sleep(0.05)
    except OSError:
        return  # it was left
    HEARD_OUT.append(_address_of(cast(ThreadingHTTPServer, handler.server)))


def _address_of(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}/hook"


@contextmanager
def hook_that(settings: Any, answers: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answers(self)

        def log_message(self, *_words: Any) -> None:
            return

    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield _address_of(server)
        server.shutdown()


def test_no_more_than_its_status_is_read_of_what_a_webhook_answers(settings: Any) -> None:
    with hook_that(settings, endless_answer) as address:
        webhook.send(outgoing(address))
        assert address not in HEARD_OUT


def test_a_chat_service_that_drips_is_left_in_time_and_only_must_reads_are_repeated(
    organisation: Organisation,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    ines: Person,
    otto: Person,
    everyone: Audience,
    deliver: Deliver,
) -> None:
    enrol(everyone)
    monkeypatch.setattr(outside, "TOTAL_SECONDS", 0.5)
    Person.objects.update(email="")
    with hook_that(settings, endless_answer) as address:
        secret = encrypt(address.replace("http://", "json://"))
        for person in (ines, otto):
            person.email = ""
            Channel.objects.create(person=person, kind=Channel.Kind.CHAT, address="team chat", secret=secret)
        plan([deliver(ines, must_acknowledge=True), deliver(otto)])
        send_all(organisation)
    assert sorted(Dispatch.objects.values_list("channel__person__name", "purpose", "state")) == [
        ("Ines", "first", Dispatch.State.UNCERTAIN),
        ("Ines", "repeat", Dispatch.State.UNCERTAIN),
        ("Otto", "first", Dispatch.State.UNCERTAIN),
    ]


def test_a_webhook_that_drips_is_left_in_time(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "TOTAL_SECONDS", 0.5)
    with hook_that(settings, endless_headers) as address:
        with pytest.raises(NotTaken, match="slowly") as raised:
            webhook.send(outgoing(address))
        assert address not in HEARD_OUT
        assert isinstance(raised.value, Trouble)
