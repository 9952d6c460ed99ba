"""An installation of its own for the command line's tests, used as people use it: as a program."""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import headwater.distribute.matcher  # says where compiled loops are kept: numba asks once, when it is loaded
from headwater.core.cluster import Cluster

SOURCE = Path(__file__).parents[2] / "src"


# Commands are forked from a process that has the large libraries loaded: each would take two seconds to load them.
# Only what reads no settings at its import can be among them.
LIBRARIES = """
    numpy numba tantivy httpx apprise psycopg psycopg_pool procrastinate pydantic rdflib markdown_it feedparser
    imap_tools cryptography.fernet fido2.server lxml.html protego watchfiles croniter nh3
    django.db.models django.forms django.template django.views.generic django.core.handlers.wsgi
"""
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(LIBRARIES.split())


@dataclass
class Answer:
    """How a command ended."""

    returncode: int | None
    stdout: str
    stderr: str


def run_command(words: Sequence[str], environment: dict[str, str], folder: Path) -> None:
    """In the forked process: become `headwater …` with that environment, printing into files."""
    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    from headwater.cli import main

    code = main(words)
    sys.stdout.flush()
    sys.exit(code)


class Command:
    """Runs `headwater …` on one home folder."""

    def __init__(self, home: Path, port: int = 8391) -> None:
        self.home = home
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DATABASE_", "HEADWATER_", "DJANGO_", "PYTHONDONT"))
        }
        self.environment = kept | {
            "HEADWATER_HOME": str(home),
            "HEADWATER_PORT": str(port),
            "PYTHONPATH": str(SOURCE),
        }

    def __call__(self, *words: str, code: int = 0) -> Answer:
        """Run to the end in a process of its own; the exit code must be the expected one."""
        folder = Path(tempfile.mkdtemp(prefix="headwater-command-"))
        process = PROCESSES.Process(target=run_command, args=(words, self.environment, folder))
        process.start()
        process.join(240)
        answer = Answer(process.exitcode, (folder / "out").read_text(), (folder / "err").read_text())
        shutil.rmtree(folder)
        assert answer.returncode == code, f"{words} ended with {answer.returncode}:\n{answer.stdout}\n{answer.stderr}"
        return answer

    def json(self, *words: str, code: int = 0) -> Any:
        """The value printed with --json."""
        return json.loads(self(*words, "--json", code=code).stdout)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Run in the background."""
        return subprocess.Popen(
            [sys.executable, "-m", "headwater", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def remove_cluster(home: Path) -> None:
    """As root the cluster lies outside the home folder."""
    if (home / "cluster").exists():
        shutil.rmtree(Cluster(home).place.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def headwater(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """An installation with the Waterworks, two people (Ada administers, Ines reads), and its database running."""
    home = tmp_path_factory.mktemp("installation") / "home"
    command = Command(home)
    with Cluster(home, durable=False).enter():
        command("init", "--name", "Waterworks", "--email", "ada@waterworks.example")
        command("do", "create_person", "name=Ines", "email=ines@waterworks.example")
        command("do", "grant_permission", "person=ines@waterworks.example", "permission=reader")
        yield command
    remove_cluster(home)


@pytest.fixture
def other_home(tmp_path: Path) -> Iterator[Command]:
    """A home folder that does not exist yet."""
    yield Command(tmp_path / "other", 8393)
    remove_cluster(tmp_path / "other")
