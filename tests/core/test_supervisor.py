"""Processes kept running: started again when they die, ended politely, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = """
import sys, time
from pathlib import Path
from headwater.core.supervisor import Service, Supervisor
folder = Path(sys.argv[1])
child = '''
import os, sys, time, subprocess
from pathlib import Path
grandchild = subprocess.Popen(["sleep", "600"])
with Path(sys.argv[1], "born").open("a") as file:
    file.write(f"{os.getpid()} {grandchild.pid}\\\\n")
time.sleep(600)
'''
service = Service("sleeper", [sys.executable, "-c", child, str(folder)])
Supervisor([service], lambda: (folder / "ticks").write_text("x")).run()
(folder / "ended").touch()
"""


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def births(folder: Path, number: int) -> list[list[int]]:
    """The processes born so far, once there are that many generations."""
    deadline = time.monotonic() + 20
    while True:
        path = folder / "born"
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= number:
            return [[int(word) for word in line.split()] for line in lines]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def start(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)])


def wait_dead(process: int) -> None:
    deadline = time.monotonic() + 20
    while alive(process):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_dies_is_started_again_and_its_children_go_with_it(tmp_path: Path) -> None:
    supervisor = start(tmp_path)
    [[child, grandchild]] = births(tmp_path, 1)
    os.kill(child, signal.SIGKILL)
    [_, [second, _]] = births(tmp_path, 2)
    wait_dead(grandchild)
    assert alive(second)
    supervisor.terminate()
    assert supervisor.wait(20) == 0


def test_a_polite_end_leaves_nobody(tmp_path: Path) -> None:
    supervisor = start(tmp_path)
    [[child, grandchild]] = births(tmp_path, 1)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(20) == 0
    assert (tmp_path / "ended").exists()
    assert (tmp_path / "ticks").exists()
    wait_dead(child)
    wait_dead(grandchild)


def test_a_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    supervisor = start(tmp_path)
    [[child, grandchild]] = births(tmp_path, 1)
    supervisor.kill()
    supervisor.wait()
    wait_dead(child)
    os.kill(grandchild, signal.SIGKILL)  # a child that has children must itself end them: see web.py
