"""The way out leads to public addresses only, however one tries."""

import socket
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.gather.connectors.base import FetchFailed
from headwater.gather.connectors.guard import Client, Policy, Refused, checked_address, connect, is_public
from tests.gather.connectors.servers import OPEN, Page, web_server


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_outside_are(address: str) -> None:
    assert is_public(address)


@given(st.integers(0, 2**32 - 1))
def test_a_mapped_address_is_judged_like_the_one_inside(number: int) -> None:
    plain = socket.inet_ntoa(number.to_bytes(4, "big"))
    assert is_public(f"::ffff:{plain}") == is_public(plain)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/", "http://2130706433/"])
def test_inside_is_refused_by_any_name(url: str) -> None:
    client = Client(Policy())
    with pytest.raises(Refused, match="HEADWATER_ALLOW_FETCH"):
        client.get(url)


def test_an_administrator_may_allow_a_host_or_one_port_of_it() -> None:
    with web_server({"/": Page(b"hello")}) as server:
        port = int(server.url.rpartition(":")[2])
        assert Client(OPEN).get(server.url).content == b"hello"
        assert Client(Policy(frozenset({f"127.0.0.1:{port}"}))).get(server.url).status == 200
        with pytest.raises(Refused):
            Client(Policy(frozenset({"127.0.0.1:1"}))).get(server.url)


def test_a_redirect_inside_is_refused() -> None:
    with web_server({"/secret": Page(b"secret")}) as inner:
        outer_pages = {"/": Page(status=302, headers={"Location": inner.url + "/secret"})}
        with web_server(outer_pages) as outer:
            only_outer = Policy(frozenset({outer.url.removeprefix("http://")}))
            with pytest.raises(Refused):
                Client(only_outer).get(outer.url)
            assert inner.requests == []


def test_a_redirect_to_a_file_is_refused() -> None:
    pages = {"/": Page(status=302, headers={"Location": "file:///etc/passwd"})}
    with web_server(pages) as server, pytest.raises(FetchFailed):
        Client(OPEN).get(server.url)


def test_a_name_that_changes_its_address_leads_to_the_address_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: public at the first question, loopback at the second. There is no second question."""
    answers = iter(["93.184.216.34", "127.0.0.1"])
    asked: list[str] = []

    def lookup(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(host)
        address = next(answers) if host == "rebind.example" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    dialled: list[str] = []

    def dial(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        dialled.append(address[0])
        raise OSError("not in a test")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket, "create_connection", dial)
    with pytest.raises(FetchFailed):
        Client(Policy()).get("http://rebind.example/")
    assert asked == ["rebind.example"]
    assert dialled == ["93.184.216.34"]


def test_one_inside_address_among_several_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Refused):
        checked_address("mixed.example", 80, Policy())


def test_other_protocols_are_guarded_alike() -> None:
    with pytest.raises(Refused):
        connect("127.0.0.1", 9, Policy())


def test_an_answer_larger_than_the_limit_is_cut_off() -> None:
    with web_server({"/": Page(b"x" * 100_000)}) as server, pytest.raises(FetchFailed, match="larger"):
        Client(Policy(OPEN.allowed, max_bytes=10_000)).get(server.url)


def test_an_answer_that_drips_is_cut_off() -> None:
    heard_out: list[bool] = []

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(50):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)
        heard_out.append(True)

    with web_server({"/": drip}) as server:
        with pytest.raises(FetchFailed, match="slowly"):
            Client(Policy(OPEN.allowed, total_seconds=0.5)).get(server.url)
        assert heard_out == []


def test_endless_redirects_end() -> None:
    pages = {"/": Page(status=302, headers={"Location": "/"})}
    with web_server(pages) as server, pytest.raises(FetchFailed):
        Client(OPEN).get(server.url)


@pytest.mark.parametrize("url", ["", "ftp://x.org/", "gopher://x", "http://", "http://[", "not an address"])
def test_nonsense_is_named(url: str) -> None:
    with pytest.raises(FetchFailed):
        Client(OPEN).get(url)


def test_headers_that_drip_are_cut_off() -> None:
    heard_out: list[bool] = []

    def drip_headers(handler: Any) -> None:
        """One header after the other, and none the last."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(50):
            handler.wfile.write(b"X-%d: x\r\n" % number)
            handler.wfile.flush()
            time.sleep(0.1)
        heard_out.append(True)

    with web_server({"/": drip_headers}) as server:
        with pytest.raises(FetchFailed, match="slowly"):
            Client(Policy(OPEN.allowed, total_seconds=0.5)).get(server.url)
        assert heard_out == []


def test_each_answer_has_its_own_time() -> None:
    def slow(handler: Any) -> None:
        time.sleep(0.4)
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with web_server({"/": slow}) as server:
        client = Client(Policy(OPEN.allowed, total_seconds=1))
        assert [client.get(server.url).status for _time in range(3)] == [200, 200, 200]
        client.close()
