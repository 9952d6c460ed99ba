"""The worker: one process that does the jobs, follows what was committed, and runs the rooms' services.

    headwater work

Jobs are procrastinate's, taken as soon as they are enqueued. A job whose worker was killed is found by its missing
heartbeat and tried again. Followers and services each have a thread (see headwater.core.jobs). Everything here may be
killed at any moment, and everything here goes on by itself when PostgreSQL comes back.
"""

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import psycopg
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection, connections
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from headwater.core.actions import door
from headwater.core.jobs import LANES, Follower, Service, discovered, organisation_ids
from headwater.core.memory import give_back_memory

HEARTBEAT = 5.0  # seconds between signs of life of this worker
STALLED_AFTER = 20.0  # a job whose worker gave no sign for so long is tried again
LOOK_FOR_STALLED_EVERY = 10.0
PAUSE_AFTER_FAULT = 1.0
POLITE_STOP = 8.0  # seconds that running jobs get when the worker is asked to stop
MOST_CONNECTIONS = 20  # threads hold one only while they work; PostgreSQL allows 200
IDLE_CONNECTION = 2.0  # seconds until one that nobody needed is closed, one at a time: each weighs 7 MB
APART = 0.2  # seconds between followers that look by the clock: together they would need a connection each

logger = logging.getLogger("headwater.worker")


class FollowerThread(threading.Thread):
    """Runs one follower for the organisations that changed, and for all of them every few seconds, however often one
    of them changes.

    By the clock it looks `offset` seconds later than one without.
    """

    def __init__(self, follower: Follower, stop: threading.Event, offset: float = 0.0) -> None:
        super().__init__(name=f"follower {follower.name}", daemon=True)
        self.follower = follower
        self._stop_event = stop
        self._changed: set[int] | None = None  # None: look at all
        self._condition = threading.Condition()
        self._woken = True
        self._began = float("-inf")
        self._clock = time.monotonic() + offset
        self._turn = self._turn_now()  # of the clock, when it has last looked at all

    def wake(self, organisation_id: int | None) -> None:
        """Something changed in that organisation; with None, perhaps in any."""
        with self._condition:
            if organisation_id is None:
                self._changed = None
            elif self._changed is not None:
                self._changed.add(organisation_id)
            self._woken = True
            self._condition.notify()

    def _next(self) -> set[int] | None:
        """Wait for a change or for the clock; which organisations to look at, None for all."""
        with self._condition:
            if not self._woken and not self._is_its_time():
                self._condition.wait(self._until_its_time())
        self._stop_event.wait(max(0.0, self._began + self.follower.rest - time.monotonic()))
        self._began = time.monotonic()
        with self._condition:
            changed = None if self._is_its_time() else self._changed
            self._changed, self._woken = set(), False
            return changed

    def _until_its_time(self) -> float:
        """Seconds until it looks by the clock."""
        every = self.follower.every_seconds
        return every - (time.monotonic() - self._clock) % every

    def _is_its_time(self) -> bool:
        """Whether its turn by the clock has come since it looked at all."""
        return self._turn_now() > self._turn

    def _turn_now(self) -> int:
        return int((time.monotonic() - self._clock) // self.follower.every_seconds)

    def run(self) -> None:
        while not self._stop_event.is_set():
            changed = self._next()
            if self._stop_event.is_set():
                break
            try:
                with door("job"):
                    self._step_through(changed)
            except DatabaseError as error:
                logger.warning("%s waits for the database: %s", self.name, str(error).splitlines()[0])
                self._try_again()
            except Exception:
                logger.exception("%s failed; it is tried again", self.name)
                self._try_again()
            finally:
                connections.close_all()

    def _step_through(self, changed: Iterable[int] | None) -> None:
        given = organisation_ids() if changed is None else sorted(changed)
        faults = [fault for organisation_id in given if (fault := self._step_in(organisation_id))]
        if changed is None:
            self._turn = self._turn_now()  # turns that came meanwhile are over: it shall not look without a pause
        if faults:
            raise faults[0]

    def _step_in(self, organisation_id: int) -> Exception | None:
        """All there is to do for one organisation. Any fault but the database's keeps the others from nothing."""
        try:
            while not self._stop_event.is_set() and self.follower.step(organisation_id):
                pass
        except DatabaseError:
            raise
        except Exception as fault:
            return fault
        return None

    def _try_again(self) -> None:
        self.wake(None)
        self._stop_event.wait(PAUSE_AFTER_FAULT)


class Listener(threading.Thread):
    """Hears PostgreSQL's announcements and wakes the followers."""

    def __init__(self, threads: list[FollowerThread], stop: threading.Event) -> None:
        super().__init__(name="listener", daemon=True)
        self._stop_event = stop
        self._by_channel: dict[str, list[FollowerThread]] = {}
        for thread in threads:
            self._by_channel.setdefault(thread.follower.channel, []).append(thread)

    def run(self) -> None:
        while not self._stop_event.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                logger.warning("The listener lost the database: %s", str(error).splitlines()[0])
                self._stop_event.wait(0.3)

    def _listen(self) -> None:
        with psycopg.connect(**connection_parameters(), autocommit=True) as heard:
            for channel in self._by_channel:
                heard.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            for threads in self._by_channel.values():
                for thread in threads:
                    thread.wake(None)  # whatever was announced while nobody listened
            while not self._stop_event.is_set():
                for notice in heard.notifies(timeout=1.0):
                    organisation_id = int(notice.payload) if notice.payload.isdigit() else None
                    for thread in self._by_channel[notice.channel]:
                        thread.wake(organisation_id)


def connection_parameters() -> dict[str, Any]:
    """How psycopg reaches the database by itself, outside Django's pool."""
    parameters = connection.get_connection_params()
    for name in ("pool", "cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    return parameters


def run_service(service: Service, stop: threading.Event) -> None:
    """Run a service, and start it again when it ends or fails before it should."""
    while not stop.is_set():
        try:
            service(stop)
        except Exception:
            logger.exception("Service %s failed; it is started again", getattr(service, "__name__", service))
        connections.close_all()
        stop.wait(PAUSE_AFTER_FAULT)


def retry_stalled_jobs(stop: threading.Event) -> None:
    """A service: jobs whose worker died are tried again."""
    while not stop.wait(LOOK_FOR_STALLED_EVERY):
        with contextlib.suppress(DatabaseError):
            asyncio.run(_retry_stalled())
        close_old_connections()


async def _retry_stalled() -> None:
    worker_app = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]  # Django's has it
    async with worker_app.open_async():
        manager = worker_app.job_manager
        await manager.prune_stalled_workers(STALLED_AFTER * 3)
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
            logger.warning("Job %s (%s) lost its worker; it is tried again", job.id, job.task_name)
            try:
                await manager.retry_job(job)
            except UniqueViolation:  # a periodic job whose next turn waits already: that one does the work
                await manager.finish_job(job, status=Status.FAILED, delete_job=True)
        await manager.delete_old_jobs(nb_hours=72)


async def run_jobs(stop: threading.Event) -> None:
    """Do jobs until asked to stop, through every absence of the database."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    while not asked.is_set():
        # A second app on the same tasks: jobs enqueued *by* a job still go through Django's own transaction.
        worker_app = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
        try:
            async with worker_app.open_async():
                await _work(worker_app, asked)
        except Exception as error:
            logger.warning("The job worker waits for the database: %s", str(error).splitlines()[:1])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), PAUSE_AFTER_FAULT)
    stop.set()


async def _work(worker_app: Any, asked: asyncio.Event) -> None:
    """One life of procrastinate's workers: all end when asked, or when one of them loses PostgreSQL."""
    lanes = [asyncio.ensure_future(_lane(worker_app, queue, at_once)) for queue, at_once in _our_lanes().items()]
    wish = asyncio.ensure_future(asked.wait())
    tidying = asyncio.ensure_future(_give_back_connection())
    await asyncio.wait({*lanes, wish}, return_when=asyncio.FIRST_COMPLETED)
    for task in (wish, tidying, *lanes):
        task.cancel()
    for outcome in await asyncio.gather(*lanes, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


async def _give_back_connection() -> None:
    """Periodic jobs are enqueued in a thread of asgiref's, which would keep a connection for one of them a minute."""
    while True:
        await asyncio.sleep(IDLE_CONNECTION)
        try:
            await sync_to_async(close_old_connections)()
        except Exception as error:
            logger.warning("An idle connection was not closed; it is tried again: %s", str(error).splitlines()[:1])


def _our_lanes() -> dict[str, int]:
    """The queues that this host serves: of sources only where it is to gather."""
    return {
        queue: at_once for queue, at_once in LANES.items() if queue != "gather" or "gather" in settings.HEADWATER_PARTS
    }


async def _lane(worker_app: Any, queue: str, at_once: int) -> None:
    """The jobs of one queue, each in a thread."""
    await worker_app.run_worker_async(
        queues=[queue],
        name=f"headwater {queue}",
        concurrency=at_once,
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT,
        stalled_worker_timeout=STALLED_AFTER * 3,
        shutdown_graceful_timeout=POLITE_STOP,
    )


def start_threads(stop: threading.Event) -> list[threading.Thread]:
    """Start every follower and service of the rooms."""
    found = enumerate(discovered("FOLLOWERS"))
    followers = [FollowerThread(follower, stop, number * APART) for number, follower in found]
    services: list[Callable[[threading.Event], None]] = [retry_stalled_jobs, give_back_memory, *discovered("SERVICES")]
    threads: list[threading.Thread] = [*followers, Listener(followers, stop)]
    threads += [
        threading.Thread(target=run_service, args=(service, stop), name=f"service {service.__name__}", daemon=True)
        for service in services
    ]
    for thread in threads:
        thread.start()
    return threads


def work() -> None:
    """Work until SIGTERM or SIGINT. Django is set up."""
    pool = connection.settings_dict["OPTIONS"].get("pool")
    if isinstance(pool, dict):
        pool.update(max_size=MOST_CONNECTIONS, max_idle=IDLE_CONNECTION)
    stop = threading.Event()
    threads = start_threads(stop)
    asyncio.run(run_jobs(stop))
    for thread in threads:
        if isinstance(thread, FollowerThread):
            thread.wake(None)
    deadline = time.monotonic() + POLITE_STOP
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
