"""Gathering that the disk or the database breaks off: told in words, and as JSON; nothing lost, nothing twice."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from headwater.core.cluster import SUPERUSER, Cluster
from tests.cli.conftest import Command
from tests.cli.test_running import eventually
from tests.gather.connectors.servers import web_server

# The kernel refuses to write files larger than that, as it refuses to write at all when the disk is full.
CRAMPED = """
import resource, sys
from headwater.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
sys.exit(main())
"""


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """Twenty papers of some 40 kB: each fits where no file may be larger than 100 kB, an index of all does not."""
    folder = tmp_path / "papers"
    folder.mkdir()
    for number in range(20):
        words = " ".join(f"sluice{number}x{word}" for word in range(2_500))
        (folder / f"{number}.md").write_text(f"# Sluices {number}\n\n{words}\n")
    return folder


def cramped(command: Command, *words: str) -> str:
    """What a command says that cannot write the search index."""
    program = [sys.executable, "-c", CRAMPED, *words, "--json"]
    ended = subprocess.run(program, env=command.environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    error: str = json.loads(ended.stdout)["error"]
    assert "search index could not be written: " in error
    assert ". Most likely the disk is full. Make room on it" in error
    assert ".." not in error
    assert "Traceback" not in ended.stderr
    return error


def test_an_index_that_cannot_be_written_is_told_and_catches_up(headwater: Command, papers: Path) -> None:
    error = cramped(headwater, "gather", str(papers), "--audience", "everyone")
    assert "What was gathered is kept: 20 seen, 20 new, 0 changed" in error
    for words in (["search", "sluice7x1234"], ["inbox"]):
        assert "What was gathered and published is kept. But" in cramped(headwater, *words, "--as", "ines")
    found = headwater.json("search", "sluice7x1234", "--as", "ines@waterworks.example")
    assert [each["title"] for each in found] == ["Sluices 7"]
    again = headwater.json("gather", str(papers))
    assert (again["seen"], again["new"], again["failed"]) == (20, 0, 0)


def kill_database(command: Command) -> None:
    postgres = int((Cluster(command.home).place.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postgres, signal.SIGKILL)


def connected(command: Command) -> psycopg.Connection[Any]:
    """A connection as soon as there is one: a server that was killed is being started again."""
    opened: list[psycopg.Connection[Any]] = []

    def opens() -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            opened.append(psycopg.connect(Cluster(command.home).url(SUPERUSER), autocommit=True))
        return bool(opened)

    eventually(opens)
    return opened[0]


@contextlib.contextmanager
def held_up(command: Command, table: str) -> Iterator[Callable[[], list[int]]]:
    """Nobody gets at the table; which of the server's processes wait for it."""
    with connected(command) as connection:
        connection.execute("BEGIN")
        connection.execute(psycopg.sql.SQL("LOCK TABLE {}").format(psycopg.sql.Identifier(table)))
        waits = "SELECT pid FROM pg_locks WHERE relation = %s::regclass AND NOT granted"
        yield lambda: [pid for (pid,) in connection.execute(waits, [table])]


@pytest.mark.parametrize(
    "words",
    [
        ["search", "sluice", "--as", "ines"],
        ["inbox", "--as", "ines"],
        ["do", "create_unit", "name=Sluices"],
        ["doctor"],
    ],
)
def test_a_database_that_goes_away_is_told_by_every_command(headwater: Command, words: list[str]) -> None:
    with contextlib.suppress(psycopg.OperationalError), held_up(headwater, "core_organisation") as waiting:
        process = headwater.start(*words, "--json")
        eventually(lambda: bool(waiting()))
        # The server follows it down. Were it the first, the one that holds the table might let this one through.
        os.kill(waiting()[0], signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    error = json.loads(out)["error"]
    assert error.startswith("The database does not go on: ")
    assert "is kept. Run the" in error
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [["search", "sluice"], ["doctor"], ["init"]])
def test_a_server_that_is_not_there_is_told_from_the_start(other_home: Command, words: list[str]) -> None:
    nowhere = "postgresql://headwater@127.0.0.1:9/headwater"
    other_home.environment |= {"DATABASE_URL": nowhere, "DATABASE_OWNER_URL": nowhere}
    answer = other_home(*words, "--json", code=1)
    assert "The database does not go on: connection failed" in json.loads(answer.stdout)["error"]
    assert "Traceback" not in answer.stderr


def test_a_database_that_goes_away_is_told_and_the_next_time_goes_on(headwater: Command) -> None:
    asked, gone = threading.Event(), threading.Event()

    def slow(handler: Any) -> None:
        asked.set()
        gone.wait(60)
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        handler.wfile.write(b"<p>Every sluice is opened once a month.")

    pages: dict[str, Any] = {"/docs/": slow}
    with web_server(pages) as server:
        allowed = Command(headwater.home)
        allowed.environment |= {"HEADWATER_ALLOW_FETCH": "127.0.0.1"}
        process = allowed.start("gather", server.url + "/docs/", "--json")
        assert asked.wait(60)
        kill_database(headwater)
        gone.set()
        out, err = process.communicate(timeout=120)
        assert process.returncode == 1, err
        error = json.loads(out)["error"]
        assert "The database does not go on" in error
        assert "Run the same command again" in error
        assert "Traceback" not in err
        again = allowed.json("gather", server.url + "/docs/")
        assert (again["seen"], again["new"], again["failed"]) == (1, 1, 0)
