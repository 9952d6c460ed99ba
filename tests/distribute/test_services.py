"""A chat's address names a service and a place there, and nothing of the machine that sends."""

import builtins
import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apprise
import pytest
from apprise.manager_plugins import NotificationManager
from django.core.exceptions import ValidationError
from django.test import Client

from headwater.distribute.actions import add_channel
from headwater.distribute.channels import chat
from headwater.distribute.channels.outgoing import Outgoing, Refusal
from headwater.distribute.channels.services import SERVICES
from headwater.distribute.messages import Message
from headwater.distribute.models import Channel
from headwater.people.models import Person

# An address of each kind of service that is made of nothing but what every installation has: invented keys.
KEY = "abcdefABCDEF0123456789abcdefABCD"
TEAMS = "workflows://hooks.example:443/aaaabbbbccccddddeeeeffff00001111/AbCdEf_-0123456789"
ADDRESSES = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
    "discord": f"discord://{KEY}/{KEY}{KEY}",
    "workflow": TEAMS.replace("workflows", "workflow"),
    "workflows": TEAMS,
    "tgram": "tgram://123456789:abcdefg_hijklmnopabcdefg_hijklmnop/12315544/",
    "mmosts": "mmosts://hooks.example/3ccdd113474722377935511fc85d3dd4",
    "rockets": f"rockets://{KEY}/{KEY}{KEY}@hooks.example/",
    "matrixs": "matrixs://user:token@hooks.example/#room",
    "gchat": f"gchat://workspace/{KEY}/{KEY}",
    "zulip": f"zulip://bot@organisation/{KEY}",
    "ntfys": "ntfys://hooks.example/topic",
    "gotifys": f"gotifys://hooks.example/{KEY}",
    "jsons": "jsons://hooks.example/x",
}
NAMES_A_FILE = re.compile(r"file|template|attach|pgp|cert|^path$|keyfile|blocks|content|avatar|icon|image")


def plugins() -> list[tuple[str, type[apprise.NotifyBase]]]:
    """Every service that the library knows, by each of its schemes."""
    found = NotificationManager()
    return [(scheme, found[scheme]) for scheme in found.schemas()]


def test_no_listed_field_names_a_file_whatever_the_library_knows() -> None:
    named = {(scheme, field) for scheme, plugin in plugins() for field in plugin.template_args if _names_a_file(field)}
    assert {"template", "keyfile", "subfile", "pgppub", "attach"} <= {field for _scheme, field in named}
    assert not {(scheme, field) for scheme, field in named if field in SERVICES.get(scheme, ())}
    assert not {field for fields in SERVICES.values() for field in fields if _names_a_file(field)}


def _names_a_file(field: str) -> bool:
    return bool(NAMES_A_FILE.search(field))


def test_every_field_of_every_service_that_is_not_listed_is_refused() -> None:
    """Also the library's own: certificates unchecked, waiting without end, redirects, headers."""
    for scheme, address in ADDRESSES.items():
        plugin = dict(plugins())[scheme]
        for field in {*plugin.template_args, "+header", "-field", ":payload"} - SERVICES[scheme]:
            with pytest.raises(Refusal, match=f"“{re.escape(field.lower())}”"):
                chat.check_address(f"{address}?{field}=x")


def test_a_service_that_is_not_listed_is_refused() -> None:
    """Such as those that write to this machine, run something on it, or are configured by its files."""
    for address in ("syslog://", "dbus://", "fcm://project@key/device?keyfile=/etc/x.json", "mailto://a:b@c.example"):
        with pytest.raises(Refusal, match=r"is not among the services|understands"):
            chat.check_address(address)
    assert not {"syslog", "dbus", "fcm", "vapid", "mailto", "apprise", "form", "xml"} & set(SERVICES)


def test_usual_addresses_are_taken() -> None:
    for address in ADDRESSES.values():
        chat.check_address(address)
    chat.check_address("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")
    chat.check_address(f"{ADDRESSES['tgram']}?thread=3&silent=yes")


def test_no_file_of_the_server_is_opened_by_any_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each field that the library knows, listed or not, set to a file: it is refused, or the file stays closed."""
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"type": "message", "attachments": [], "content": "x", "blocks": [], "password": "p"}))
    opened = _watched(secret, monkeypatch)
    for scheme, address in ADDRESSES.items():
        for field in dict(plugins())[scheme].template_args:
            _try(f"{address}?{field}={secret}")
    assert opened == []
    apprise.Apprise.instantiate(f"{TEAMS}?template={secret}").notify(body="the library alone does read it")
    assert opened == [str(secret)]


def _watched(secret: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    opened: list[str] = []
    really = builtins.open

    def opening(file: Any, *rest: Any, **more: Any) -> Any:
        if str(file) == str(secret):
            opened.append(str(file))
        return really(file, *rest, **more)

    def nowhere(*_host: Any, **_more: Any) -> Any:
        raise OSError("no network here")

    monkeypatch.setattr(builtins, "open", opening)
    monkeypatch.setattr(apprise.NotifyBase, "throttle", lambda *_words, **_more: None)  # it would wait between messages
    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    return opened


def _try(address: str) -> None:
    try:
        message = Message("Air", "is tested", "http://x.example/", essential=True)
        chat.send(Outgoing("key", "json", address, message, "Ines", "", {}))
    except Exception:  # refused, or nobody there: what counts is which files were opened
        return


def test_all_doors_refuse_a_file(ines: Person, sign_in: Callable[[Person], Client]) -> None:
    address = f"{TEAMS}?template=/etc/x.json"
    browser, root = sign_in(ines), "/o/waterworks/"
    page = browser.post(f"{root}distribute/reaching/channels/", {"kind": "chat", "address": address})
    assert page.status_code == 400
    assert "This address carries “template”" in page.content.decode()
    body = {"kind": "chat", "address": address}
    answer = browser.post(f"{root}api/v1/distribute/channels", body, content_type="application/json")
    assert answer.status_code == 400, answer.content
    with pytest.raises(ValidationError) as refused:
        add_channel(ines, ines, "chat", address)  # as the command line does
    assert list(refused.value.message_dict) == ["address"]
    assert not Channel.objects.filter(kind="chat").exists()
