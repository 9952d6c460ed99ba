"""Small real servers on the loopback address: one speaks HTTP, one speaks enough IMAP for a mailbox."""

import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from headwater.gather.connectors import Policy

OPEN = Policy(allowed=frozenset({"127.0.0.1", "localhost"}), step_seconds=5)


@dataclass
class Page:
    """What a path answers: status, body, headers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class WebServer:
    """The pages by path, and the requests that came: (path, headers)."""

    url: str
    pages: dict[str, Page | Callable[[Any], None]]
    requests: list[tuple[str, dict[str, str]]]

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]


@contextmanager
def web_server(pages: dict[str, Any]) -> Iterator[WebServer]:
    """Serves the pages; an ETag in a page's headers is honoured."""
    seen: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heads = {name.lower(): value for name, value in self.headers.items()}
            seen.append((self.path, heads))
            page = pages.get(self.path, Page(status=404))
            if callable(page):
                page(self)
                return
            if page.headers.get("ETag") and heads.get("if-none-match") == page.headers["ETag"]:
                page = Page(status=304, headers=page.headers)
            self.send_response(page.status)
            for name, value in {"Content-Type": "text/html", **page.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield WebServer(f"http://127.0.0.1:{server.server_address[1]}", pages, seen)
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class MailServer:
    """One folder, INBOX: messages by UID, and the commands that came."""

    port: int
    messages: dict[int, bytes]
    validity: int = 1
    commands: list[str] = field(default_factory=list)


@contextmanager
def mail_server(messages: dict[int, bytes]) -> Iterator[MailServer]:
    """An IMAP server for the user `ada` with the password `s3cret`."""
    state = MailServer(0, messages)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK ready\r\n")
            while line := self.rfile.readline():
                tag, _, command = line.decode().strip().partition(" ")
                state.commands.append(command)
                if command == "LOGOUT":
                    self.wfile.write(b"* BYE\r\n")
                for reply in _answers(state, command):
                    self.wfile.write(reply)
                done = b"NO refused" if reply_is_refused(state, command) else b"OK done"
                self.wfile.write(tag.encode() + b" " + done + b"\r\n")
                if command == "LOGOUT":
                    return

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    server = Server(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def reply_is_refused(state: MailServer, command: str) -> bool:
    """Wrong passwords and folders other than INBOX."""
    if command.startswith("LOGIN"):
        return command != 'LOGIN "ada" "s3cret"'
    return command.startswith(("STATUS", "EXAMINE")) and "INBOX" not in command


def _answers(state: MailServer, command: str) -> Iterator[bytes]:
    if command == "CAPABILITY":
        yield b"* CAPABILITY IMAP4REV1\r\n"
    elif command.startswith("STATUS"):
        yield f'* STATUS "INBOX" (UIDVALIDITY {state.validity})\r\n'.encode()
    elif command.startswith("EXAMINE"):
        yield f"* {len(state.messages)} EXISTS\r\n".encode()
    elif command.startswith("UID SEARCH"):
        yield b"* SEARCH " + " ".join(map(str, state.messages)).encode() + b"\r\n"
    elif match := re.match(r"UID fetch ([\d,]+) (.*)", command, re.I):
        for uid in map(int, match[1].split(",")):
            if uid in state.messages:
                yield from _fetched(uid, state.messages[uid], "HEADER" in match[2])


def _fetched(uid: int, message: bytes, only_headers: bool) -> Iterator[bytes]:
    head = message.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    body = head if only_headers else message
    yield f"* {uid} FETCH (UID {uid} BODY[] {{{len(body)}}}\r\n".encode() + body + b")\r\n"
