"""`up` and `down`: everything runs, what is killed comes back, and nothing is left behind."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench.first_page import free_port, resident_megabytes

from headwater.core.cluster import Cluster
from tests.cli.conftest import Command, remove_cluster


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("running") / "home"
    Command(folder)("init", "--name", "Waterworks")
    yield folder
    remove_cluster(folder)


@pytest.fixture
def running(home: Path) -> Iterator[tuple[Command, "subprocess.Popen[str]"]]:
    """An `up` that has answered, stopped at the end if it still runs."""
    command = Command(home, free_port())
    process = command.start("up")
    eventually(lambda: status(command) is not None, 90)
    yield command, process
    if process.poll() is None:
        process.terminate()
    process.communicate(timeout=60)


def eventually(check: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def status(command: Command, path: str = "/accounts/login/", offset: int = 0) -> int | None:
    """The status of a page, None when nobody answers."""
    port = int(command.environment["HEADWATER_PORT"]) + offset
    with contextlib.suppress(OSError, http.client.HTTPException):
        return fetched(port, path)[0]
    return None


def fetched(port: int, path: str) -> tuple[int, str]:
    """The status of a page and what it says."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        with connection.getresponse() as response:
            return response.status, response.read().decode(errors="replace")


def processes(home: Path, *words: str) -> list[int]:
    """The living processes of an installation whose command line has these words."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_ours = f"HEADWATER_HOME={home}\0".encode() in (path / "environ").read_bytes()
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if is_ours and all(word in line for word in words):
                found.append(int(path.name))
    return found


def test_it_serves_pages_and_live_changes_and_stops_without_a_trace(
    running: tuple[Command, "subprocess.Popen[str]"],
) -> None:
    command, process = running
    assert status(command) == 200
    assert status(command, "/live/waterworks", offset=1) == 401
    assert status(command, "/elsewhere", offset=1) == 404
    eventually(lambda: any(each["found"].startswith("1 at work") for each in command.json("doctor")))
    assert resident_megabytes(str(command.home)) < 600
    assert "running on" in command("up", code=1).stderr
    command("down")
    assert process.wait(10) == 0
    assert processes(command.home) == []
    assert not Cluster(command.home).is_running()
    assert "not running" in command("down").stderr


def test_whatever_is_killed_comes_back(running: tuple[Command, "subprocess.Popen[str]"]) -> None:
    command, _ = running
    for words in (("serve", "web"), ("serve", "live"), ("guardian",)):
        old = processes(command.home, *words)
        assert old
        for process in old:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        eventually(lambda words=words, old=old: bool(set(processes(command.home, *words)) - set(old)))
        eventually(lambda: status(command) == 200)
    eventually(Cluster(command.home).is_running)
    postgres = int((Cluster(command.home).place.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postgres, signal.SIGKILL)
    eventually(lambda: status(command) == 200)
    eventually(lambda: status(command, "/live/waterworks", offset=1) == 401)


def test_killing_up_leaves_nobody(running: tuple[Command, "subprocess.Popen[str]"]) -> None:
    command, process = running
    process.kill()
    process.wait()
    eventually(lambda: processes(command.home) == [])
    eventually(lambda: not Cluster(command.home).is_running())


@pytest.mark.parametrize("wish", ["abc", "99999", "65535", "0", "-1"])
@pytest.mark.parametrize("command", [("up",), ("inbox",)])
def test_what_is_no_port_is_refused_in_words(home: Path, wish: str, command: tuple[str, ...]) -> None:
    headwater = Command(home)
    headwater.environment["HEADWATER_PORT"] = wish
    answer = headwater(*command, code=2)
    assert answer.stderr.startswith(f"headwater: HEADWATER_PORT={wish} is no port")


@pytest.mark.parametrize("command", ["up", "work"])
def test_an_address_of_no_mail_server_is_refused_in_words(home: Path, command: str) -> None:
    headwater = Command(home, free_port())
    headwater.environment["HEADWATER_MAIL_URL"] = "smtp://ada:se#cret@mail.example"
    said = headwater(command, code=2).stderr
    assert "HEADWATER_MAIL_URL names no mail server" in said
    assert "cret" not in said


def test_no_port_is_the_usual_one(home: Path) -> None:
    headwater = Command(home)
    headwater.environment["HEADWATER_PORT"] = ""
    assert headwater.json("inbox", "--as", "administrator@localhost") == []


def test_a_command_asks_for_nothing_once_it_lets_the_database_go(home: Path) -> None:
    code = (
        "from headwater.cli.installation import open_installation\n"
        "with open_installation():\n"
        "    from django.db import connection\n"
        "    connection.ensure_connection()\n"
        "    pool = connection.pool\n"
        "    assert not pool.closed\n"
        "assert pool.closed"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], env=Command(home).environment, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_full_disk_is_told_in_words_and_leaves_nobody(home: Path) -> None:
    (home / "up.pid").unlink(missing_ok=True)  # of an `up` that was killed before
    (home / "up.pid").symlink_to("/dev/full")
    said = Command(home, free_port())("up", code=1).stderr
    assert "disk is full: No space left on device" in said
    assert "What was kept is untouched. Make room on it" in said
    assert processes(home) == []
    assert not (home / "up.pid").is_symlink()


def test_a_taken_port_is_named(home: Path) -> None:
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + 1))
        other.listen()
        assert f"Port {port + 1} is taken" in Command(home, port)("up", code=1).stderr
