"""Chat services open connections of their own: none of them leads inside, by whatever way."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from headwater.distribute.actions import add_channel
from headwater.distribute.channels import chat
from headwater.distribute.channels.outgoing import Outgoing, Refusal, Trouble
from headwater.distribute.messages import Message
from headwater.people.models import Person


class Service(ThreadingHTTPServer):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Crooked)
        self.asked: list[str] = []


class Crooked(BaseHTTPRequestHandler):
    """Takes a message at /plain, and leads from everywhere else to an address inside."""

    server: Service

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200 if self.path.startswith("/plain") else 307)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/inside")
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        return


@pytest.fixture
def service(settings: Any) -> Iterator[Service]:
    """A chat service under a name that the administrator allows; the address 127.0.0.1 is not allowed."""
    settings.HEADWATER_ALLOW_FETCH = ["localhost"]
    server = Service()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def outgoing(address: str) -> Outgoing:
    return Outgoing(
        "key", "json", address, Message("Air", "is tested", "http://x.example/", essential=True), "Ines", "", {}
    )


def test_an_allowed_service_takes_the_message(service: Service) -> None:
    chat.send(outgoing(f"json://localhost:{service.server_port}/plain"))
    assert service.asked == ["/plain"]


def test_a_redirect_does_not_lead_inside(service: Service) -> None:
    with pytest.raises(Trouble):
        chat.send(outgoing(f"json://localhost:{service.server_port}/away"))
    assert service.asked == ["/away"]


def test_a_name_that_changes_its_address_does_not_lead_inside(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "_outside", lambda _service: None)  # it was public when it was checked
    with pytest.raises(Trouble):
        chat.send(outgoing(f"json://127.0.0.1:{service.server_port}/plain"))
    assert service.asked == []


def test_a_host_is_allowed_at_the_port_that_is_named(service: Service, settings: Any) -> None:
    settings.HEADWATER_ALLOW_FETCH = [f"localhost:{service.server_port}"]
    chat.send(outgoing(f"json://localhost:{service.server_port}/plain"))
    assert service.asked == ["/plain"]
    with pytest.raises(Refusal, match="not a public address"):
        chat.check_address(f"json://localhost:{service.server_port + 1}/plain")


@pytest.mark.parametrize(
    ("allowed", "address"), [("localhost:80", "json://localhost/x"), ("localhost:443", "jsons://localhost/x")]
)
def test_without_a_port_it_is_the_schemes(allowed: str, address: str, settings: Any) -> None:
    settings.HEADWATER_ALLOW_FETCH = [allowed]
    chat.check_address(address)
    settings.HEADWATER_ALLOW_FETCH = ["localhost:8080"]
    with pytest.raises(Refusal):
        chat.check_address(address)


def test_a_second_chat_gets_a_name_of_its_own(ines: Person, settings: Any) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["localhost"]
    labels = [add_channel(ines, ines, "chat", f"json://localhost/{number}").address for number in range(3)]
    assert labels == ["json", "json 2", "json 3"]
    with pytest.raises(ValidationError) as taken:
        add_channel(ines, ines, "chat", "json://localhost/x", label="json 2")
    assert list(taken.value.message_dict) == ["label"]
