"""Two workers, each a process: one stands still or is killed in the middle of a step, and the other takes over."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings

from headwater.distribute.matching import forget_standing
from headwater.distribute.models import Delivery, MatchRun, Reason
from headwater.distribute.shards import divide
from tests.distribute.test_matching import House
from tests.distribute.test_shards import profiles_in_each

# A worker that does nothing but match, in less time than a whole one needs. At the end of a step, when all is written
# and nothing is committed, it does to itself what the file says that the test writes. Both keep what they hold in files
# of one folder, over and over: whoever takes over begins with what the other has left there.
WORKER = """
import os, pathlib, signal, threading, django
django.setup()
from headwater.core.jobs import Follower
from headwater.core.worker import FollowerThread
from headwater.distribute import holding, keeping, matching
keeping.LOOK_EVERY, keeping.SOONEST, keeping.CHANGED, keeping.WORTH_IT = 0.1, 0.2, 0.0, 1
holding.LOOK_EVERY, holding.SILENCE, matching.LONGEST_PAUSE = 0.2, 2, 2
order, record = pathlib.Path(os.environ["ORDER"]), matching._record
def obey(*values):
    record(*values)
    if order.exists():
        number = int(order.read_text())
        order.unlink()
        os.kill(os.getpid(), number)
matching._record = obey
stop = threading.Event()
for service in (holding.hold_shards, keeping.keep_standing):
    threading.Thread(target=service, args=(stop,), daemon=True).start()
FollowerThread(Follower("match", "search_entryversion", matching.match_new_versions, 0.1), stop).run()
"""


@pytest.fixture
def house(committed: None) -> House:
    forget_standing()
    return House()


def database_url() -> str:
    database = settings.DATABASES["default"]
    password, host = quote(database["PASSWORD"], safe=""), quote(database["HOST"], safe="/")
    port = f"&port={database['PORT']}" if database["PORT"] else ""
    return f"postgresql://{database['USER']}:{password}@/{database['NAME']}?host={host}{port}"


@contextmanager
def worker(name: str, order: Path, home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = dict(os.environ) | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "headwater.settings",
        "HEADWATER_HOME": str(home),
        "HEADWATER_HOST": name,
        "ORDER": str(order),
    }
    environment.pop("DATABASE_OWNER_URL", None)
    process = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_another_worker_takes_over_and_nothing_is_lost_or_twice(house: House, home: Path, tmp_path: Path) -> None:
    with house.inside():
        divide(2)
    profiles_in_each(house, house.ines, "pump", 2)
    published: list[str] = []

    def publish(number: int) -> None:
        for _ in range(number):
            published.append(f"Pump {len(published)}")
            house.publish(published[-1])

    def is_there() -> bool:
        with house.inside():
            return Reason.objects.count() >= 2 * len(published)

    def matched_by() -> set[str]:
        with house.inside():
            return {host.partition(":")[0] for host in MatchRun.objects.values_list("host", flat=True)}

    one, two = tmp_path / "one", tmp_path / "two"
    with worker("one", one, home) as first, worker("two", two, home) as second:
        eventually(lambda: (publish(1), is_there(), matched_by() == {"one", "two"})[-1])
        one.write_text(str(int(signal.SIGSTOP)))
        publish(3)
        eventually(lambda: not one.exists())
        eventually(is_there)  # by the other, while the first stands still with all of it written and not committed
        first.send_signal(signal.SIGCONT)
        publish(3)
        eventually(is_there)
        eventually(lambda: (publish(1), time.sleep(0.3), _hosts_of_last(house, 4) == {"one", "two"})[-1])
        two.write_text(str(int(signal.SIGKILL)))
        publish(3)
        assert second.wait(60) == -signal.SIGKILL
        eventually(is_there)
        assert first.poll() is None
    with house.inside():
        assert sorted(Delivery.objects.values_list("version__title", flat=True)) == sorted(published)
        rows = list(Reason.objects.values_list("delivery", "profile"))
    assert len(rows) == len(set(rows)) == 2 * len(published)


def _hosts_of_last(house: House, number: int) -> set[str]:
    """Which workers made the last steps."""
    with house.inside():
        hosts = MatchRun.objects.order_by("-pk").values_list("host", flat=True)[:number]
        return {host.partition(":")[0] for host in hosts}
