"""A network of network namespaces for measurements: hosts with an address each, on a bridge with this machine.

Needs root. Everything goes when the measurement ends, also when it is killed: a janitor, a process of its own, waits
for the end of a pipe that only the measurement holds open.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BRIDGE = "hwbench0"
PREFIX = "10.77.91"
HERE = f"{PREFIX}.1"  # the address of this machine
NETWORK = f"{PREFIX}.0/24"
MOST = 4  # hosts
# Names are fixed, so that whatever a janitor that was killed itself has left behind goes at the next start.
_CLEAN = (
    f"for n in {' '.join(f'hwbench{number}' for number in range(1, MOST + 1))}; do "
    "for p in $(ip netns pids $n 2>/dev/null); do kill -9 $p; done; ip netns del $n 2>/dev/null; done; "
    f"ip link del {BRIDGE} 2>/dev/null; true"
)


@dataclass(frozen=True)
class Host:
    """One namespace. `cable` is the end of its cable that is here."""

    number: int

    @property
    def name(self) -> str:
        return f"hwbench{self.number}"

    @property
    def cable(self) -> str:
        return f"hwcable{self.number}"

    @property
    def address(self) -> str:
        return f"{PREFIX}.{10 + self.number}"

    def start(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
        """A process in it; it does not outlive us."""
        with log.open("ab") as file:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.name, *command],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def cut(self) -> None:
        """Nothing goes through its cable any more, either way, and nobody is told."""
        _run("ip", "link", "set", self.cable, "nomaster")

    def heal(self) -> None:
        """All goes through again."""
        _run("ip", "link", "set", self.cable, "master", BRIDGE)

    def bytes_through(self) -> int:
        """How much has gone through its cable, both ways."""
        folder = Path("/sys/class/net") / self.cable / "statistics"
        return sum(int((folder / name).read_text()) for name in ("rx_bytes", "tx_bytes"))


def is_allowed() -> bool:
    """Whether namespaces can be made here."""
    if os.geteuid() != 0:
        return False
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        _run("ip", "netns", "add", "hwbenchtry")
        _run("ip", "netns", "del", "hwbenchtry")
        return True
    return False


@contextlib.contextmanager
def network(hosts: int) -> Iterator[list[Host]]:
    """So many hosts, gone afterwards with all that runs in them."""
    subprocess.run(["sh", "-c", _CLEAN], check=False, capture_output=True)
    janitor = subprocess.Popen(["sh", "-c", f"cat; {_CLEAN}"], stdin=subprocess.PIPE, start_new_session=True)
    assert janitor.stdin is not None
    try:
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "addr", "add", f"{HERE}/24", "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")
        yield [_host(number) for number in range(1, hosts + 1)]
    finally:
        janitor.stdin.close()
        janitor.wait(60)


def _host(number: int) -> Host:
    host = Host(number)
    _run("ip", "netns", "add", host.name)
    _run("ip", "link", "add", host.cable, "type", "veth", "peer", "name", "eth0", "netns", host.name)
    _run("ip", "link", "set", host.cable, "master", BRIDGE, "up")
    for words in (("addr", "add", f"{host.address}/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
        _run("ip", "-n", host.name, *words)
    _run("ip", "-n", host.name, "link", "set", "lo", "up")
    return host


def end(process: "subprocess.Popen[bytes]", seconds: float = 20) -> None:
    """Ask the process and all it started to end, and see to it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
