"""A mailbox: new messages once, nothing marked as read, a server that numbers anew."""

from typing import Any

import pytest

from headwater.gather.connectors.base import Found, SourceFailed
from headwater.gather.connectors.guard import Policy, Refused
from headwater.gather.connectors.mailbox import Mailbox
from tests.gather.connectors.servers import OPEN, MailServer, mail_server


def message(number: int, extra: str = "") -> bytes:
    head = f"Message-ID: <{number}@x>\r\nSubject: S{number}\r\nDate: Mon, 01 Jan 2024 10:00:00 +0000\r\n{extra}"
    return f"{head}\r\nBody {number}\r\n".encode()


def mailbox(server: MailServer, password: str = "s3cret", **settings: Any) -> Mailbox:
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "username": "ada", **settings}
    return Mailbox.from_settings(given, {"password": password}, OPEN)


def listed(box: Mailbox, cursor: dict[str, Any] | None = None) -> tuple[dict[str, Found], dict[str, Any]]:
    with box.open(cursor or {}) as listing:
        found = {one.key: one for one in listing}
        assert listing.complete
        return found, listing.cursor


def test_messages_are_listed_fetched_and_left_unread() -> None:
    with mail_server({1: message(1), 2: message(2)}) as server:
        with mailbox(server).open({}) as listing:
            found = {one.key: one for one in listing}
            assert set(found) == {"<1@x>", "<2@x>"}
            assert found["<2@x>"].fetch().content == message(2)
            assert found["<1@x>"].published is not None
        assert not [command for command in server.commands if "BODY[" in command or command.startswith("SELECT")]


def test_only_new_messages_are_asked_about_and_removed_ones_are_missing() -> None:
    with mail_server({1: message(1), 2: message(2)}) as server:
        _, cursor = listed(mailbox(server))
        server.commands.clear()
        del server.messages[1]
        server.messages[3] = message(3)
        found, _ = listed(mailbox(server), cursor)
        assert set(found) == {"<2@x>", "<3@x>"}
        assert [command.split()[2] for command in server.commands if command.lower().startswith("uid fetch")] == ["3"]


def test_a_server_that_numbers_anew_makes_no_message_new() -> None:
    with mail_server({1: message(1), 2: message(2)}) as server:
        before, cursor = listed(mailbox(server))
        server.validity = 2
        server.messages.clear()
        server.messages.update({7: message(1), 8: message(2)})
        after, _ = listed(mailbox(server), cursor)
        assert {key: one.stamp for key, one in after.items()} == {key: one.stamp for key, one in before.items()}


def test_messages_without_an_id_are_told_apart() -> None:
    with mail_server({1: b"Subject: a\r\n\r\nx", 2: b"Subject: a\r\n\r\ny"}) as server:
        assert len(listed(mailbox(server))[0]) == 2


def test_what_goes_wrong_is_said() -> None:
    with mail_server({}) as server:
        with pytest.raises(SourceFailed, match="refused the name or password"):
            mailbox(server, "wrong").open({})
        with pytest.raises(SourceFailed, match="Gone cannot be opened"):
            mailbox(server, folder="Gone").open({})
        with pytest.raises(Refused):
            Mailbox("127.0.0.1", server.port, "none", "INBOX", "ada", "x", Policy()).open({})
    with pytest.raises(SourceFailed, match="No answer"):
        mailbox(server).open({})
    with pytest.raises(SourceFailed, match="No mailbox"):
        Mailbox.from_settings({"host": ""}, {}, OPEN)
