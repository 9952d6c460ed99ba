"""The process that reads files nobody vouches for. It has no secrets, no network, and may be killed at any time.

It speaks over one socket: each message is eight bytes of length, that many bytes of JSON, and, where the JSON has
`size`, that many bytes of content. It answers `{"more_time": true}` at most once and then exactly one outcome.
"""

import ctypes
import json
import os
import resource
import socket
import sys
from typing import Any

from headwater.gather.extract.outcome import Cause, Context, ExtractionFailed, Limits

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_SET_DEATH_SIGNAL, _NO_NEW_PRIVILEGES = 1, 38


def send(channel: socket.socket, message: dict[str, Any], content: bytes = b"") -> None:
    """One message, and its content if there is any."""
    words = json.dumps(message).encode()
    channel.sendall(len(words).to_bytes(8, "big") + words)
    if content:
        channel.sendall(content)


def receive(channel: socket.socket) -> dict[str, Any]:
    """The JSON part of the next message. Raises EOFError when the other side is gone."""
    words = json.loads(receive_exactly(channel, int.from_bytes(receive_exactly(channel, 8), "big")))
    return words if isinstance(words, dict) else {}


def receive_exactly(channel: socket.socket, size: int) -> bytes:
    """So many bytes. Raises EOFError when they end earlier."""
    pieces = bytearray()
    while len(pieces) < size:
        piece = channel.recv(min(size - len(pieces), 1 << 20))
        if not piece:
            raise EOFError
        pieces += piece
    return bytes(pieces)


def confine(memory_bytes: int) -> None:
    """Bounds on memory and files, no core dumps, no new rights, no network where the kernel allows that."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000_000, 100_000_000))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    os.nice(5)
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_SET_DEATH_SIGNAL, 9, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    # A network of one's own has no routes out. Without root it takes a user namespace, which some hosts forbid.
    if libc.unshare(_NEW_NETWORK) != 0:
        libc.unshare(_NEW_USER | _NEW_NETWORK)


def answer(channel: socket.socket, message: dict[str, Any]) -> None:
    """Reads one file and sends its outcome. Every Python error becomes a named failure."""
    from headwater.gather.extract.readers import read

    content = receive_exactly(channel, message["size"])
    asked = False

    def ask_for_time() -> None:
        nonlocal asked
        if not asked:
            send(channel, {"more_time": True})
        asked = True

    context = Context(message["name"], message["mime"], Limits(**message["limits"]), ask_for_time=ask_for_time)
    try:
        outcome: dict[str, Any] = {"extracted": read(content, context).as_message()}
    except ExtractionFailed as failure:
        outcome = {"cause": failure.cause, "detail": failure.detail}
    except MemoryError:
        outcome = {"cause": Cause.MEMORY, "detail": ""}
    except RecursionError:
        outcome = {"cause": Cause.DAMAGED, "detail": "nested too deeply"}
    except Exception as error:  # a reader's own bug must cost one document, not the run
        outcome = {"cause": Cause.CRASHED, "detail": f"{type(error).__name__}: {error}"[:300]}
    outcome["resident"] = resident_bytes()
    send(channel, outcome)


def warm_up() -> None:
    """Loads what nearly every file needs while the pool is still fetching the first."""
    from headwater.gather.extract.readers import read

    read(b"It takes a while to load the model that tells languages apart.", Context("warm.md", "", Limits()))


def resident_bytes() -> int:
    """Memory this process holds now."""
    try:
        with open("/proc/self/statm", "rb") as status:
            return int(status.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Serves the socket whose number is the first argument until the pool hangs up."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    confine(int(sys.argv[2]))
    warm_up()
    while True:
        try:
            answer(channel, receive(channel))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


if __name__ == "__main__":
    main()
