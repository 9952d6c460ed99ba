"""The worker's threads: woken by what commits, tried again after faults, and jobs of dead workers done again."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, close_old_connections, connection, connections
from procrastinate.contrib.django import app

from headwater.core import worker
from headwater.core.jobs import LANES, MAIL_RETRIES, PAUSE, Follower, job
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.people.models import Person


class Steps:
    """A follower's step that notes for which organisation it was called, and can be made to fail."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.faults: list[Exception] = []
        self.more = 0

    def __call__(self, organisation_id: int) -> bool:
        self.calls.append(organisation_id)
        if self.faults:
            raise self.faults.pop()
        self.more -= 1
        return self.more > 0


def eventually(check: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def two(committed: None) -> tuple[int, int]:
    """Two organisations."""
    made = [Organisation.objects.create(slug=slug, name=slug).pk for slug in ("waterworks", "harbour")]
    return made[0], made[1]


@pytest.fixture
def steps(two: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """A step that follows notices in a thread of the worker, with a listener; it has looked at everything once."""
    monkeypatch.setattr(worker, "PAUSE_AFTER_FAULT", 0.05)
    stop, steps = threading.Event(), Steps()
    thread = worker.FollowerThread(Follower("test", "people_notice", steps, every_seconds=600), stop)
    listener = worker.Listener([thread], stop)
    thread.start()
    listener.start()
    eventually(lambda: len(steps.calls) >= 4)  # once at its start, once when the listener listens
    time.sleep(0.2)
    steps.calls.clear()
    yield steps
    stop.set()
    thread.wake(None)
    thread.join(10)
    listener.join(10)


def notify(organisation_id: int) -> None:
    from headwater.people.notices import tell

    with organisation_context(organisation_id):
        tell(Person.objects.create(name="Ines"), "words", "", "matter")


def test_a_commit_wakes_it_for_that_organisation_at_once(steps: Steps, two: tuple[int, int]) -> None:
    notify(two[1])
    eventually(lambda: steps.calls == [two[1]], 5)


def test_it_goes_on_while_there_is_more(steps: Steps, two: tuple[int, int]) -> None:
    steps.more = 3
    notify(two[0])
    eventually(lambda: steps.calls == [two[0]] * 3)


def test_after_a_fault_everything_is_looked_at_again(steps: Steps, two: tuple[int, int]) -> None:
    steps.faults = [ValueError("a bug"), OperationalError("the connection is lost")]
    notify(two[0])
    eventually(lambda: not steps.faults and {*two} <= set(steps.calls[2:]))


def test_a_lost_listener_listens_again_and_misses_nothing(steps: Steps, two: tuple[int, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            " AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
    notify(two[1])
    eventually(lambda: two[1] in steps.calls)


def test_without_announcements_it_looks_every_few_seconds(two: tuple[int, int]) -> None:
    stop, steps = threading.Event(), Steps()
    thread = worker.FollowerThread(Follower("test", "nothing", steps, every_seconds=0.05), stop)
    thread.start()
    eventually(lambda: len(steps.calls) >= 6)
    stop.set()
    thread.join(10)
    assert steps.calls[:2] == sorted(two)


def test_an_organisation_that_changes_all_the_time_leaves_the_others_their_clock(two: tuple[int, int]) -> None:
    """What waits for an hour, as a retry does, is announced by nobody. Each look takes longer than the next change."""
    stop, steps = threading.Event(), Steps()
    looked_at: list[int] = []

    def look(organisation_id: int) -> bool:
        looked_at.append(organisation_id)
        if organisation_id == two[0]:
            thread.wake(two[0])
        time.sleep(0.02)
        return steps(organisation_id)

    thread = worker.FollowerThread(Follower("test", "nothing", look, every_seconds=0.5), stop)
    thread.start()
    eventually(lambda: looked_at.count(two[1]) >= 3)
    stop.set()
    thread.join(10)
    assert looked_at.count(two[0]) > 2 * looked_at.count(two[1]), "the other one is looked at by the clock alone"


def test_who_looks_at_all_for_longer_than_the_clock_goes_round_pauses_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0

    def look(organisation_id: int) -> bool:
        nonlocal now
        now += 8
        return False

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(worker, "organisation_ids", lambda: [1, 2, 3])
    thread = worker.FollowerThread(Follower("test", "nothing", look, every_seconds=10), threading.Event())
    now = 111.0
    assert thread._is_its_time()
    thread._step_through(None)
    assert (now, thread._is_its_time(), thread._until_its_time()) == (135.0, False, 5.0)
    thread._step_through([1])
    assert thread._is_its_time(), "it has not looked at the others"


def test_by_the_clock_followers_look_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    follower = Follower("test", "nothing", Steps(), every_seconds=10)
    threads = [worker.FollowerThread(follower, threading.Event(), number * 0.5) for number in range(3)]
    for now, waits in ((100.0, [10.0, 0.5, 1.0]), (100.75, [9.25, 9.75, 0.25]), (125.0, [5.0, 5.5, 6.0])):
        monkeypatch.setattr(time, "monotonic", lambda now=now: now)
        assert [thread._until_its_time() for thread in threads] == waits


def test_what_comes_while_it_rests_is_taken_together(two: tuple[int, int]) -> None:
    stop, steps = threading.Event(), Steps()
    thread = worker.FollowerThread(Follower("test", "nothing", steps, every_seconds=600, rest=0.5), stop)
    thread.start()
    eventually(lambda: steps.calls == sorted(two))
    for _ in range(100):
        thread.wake(two[1])
    eventually(lambda: len(steps.calls) > 2)
    stop.set()
    thread.wake(None)
    thread.join(10)
    assert set(steps.calls[2:]) == {two[1]}
    assert len(steps.calls) < 10


def test_a_job_of_a_dead_worker_is_done_again(committed: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 hours') RETURNING id"
        )
        (dead,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
            " VALUES ('default', 'some.task', '{}', 'doing', %s) RETURNING id",
            [dead],
        )
        (job,) = cursor.fetchone()
    asyncio.run(worker._retry_stalled())
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM procrastinate_jobs WHERE id = %s", [job])
        assert cursor.fetchone() == ("todo",)


def test_a_service_that_ends_or_fails_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PAUSE_AFTER_FAULT", 0.01)
    stop, starts = threading.Event(), []

    def service(told: threading.Event) -> None:
        starts.append(told)
        if len(starts) == 1:
            raise ValueError("a bug")
        if len(starts) == 3:
            told.set()

    worker.run_service(service, stop)
    assert starts == [stop] * 3


GATE = threading.Event()
DONE: list[int] = []


@job(queue="gather")
def wait_at_the_gate(organisation_id: int, number: int) -> None:
    """A source that does not answer."""
    GATE.wait(20)


@job()
def note_done(organisation_id: int, number: int) -> None:
    """An upload, say."""
    DONE.append(number)


def test_sources_that_do_not_answer_hold_up_no_other_job(committed: None) -> None:
    GATE.clear()
    DONE.clear()
    for number in range(LANES["gather"] + 2):
        wait_at_the_gate.defer(organisation_id=1, number=number)
    note_done.defer(organisation_id=1, number=7)

    asyncio.run(serve(lambda: DONE == [7], GATE.set))
    assert DONE == [7]


async def serve(check: Callable[[], bool], then: Callable[[], None] = lambda: None) -> None:
    """Do jobs until the check holds."""
    asked = asyncio.Event()
    serving = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]  # Django's has it
    async with serving.open_async():
        working = asyncio.ensure_future(worker._work(serving, asked))
        await asyncio.to_thread(eventually, check)
        then()
        asked.set()
        await working


@pytest.mark.parametrize("faults", [[], [OperationalError("the connection is lost")]])
def test_the_connection_that_enqueued_a_periodic_job_is_given_back(
    committed: None, monkeypatch: pytest.MonkeyPatch, faults: list[Exception]
) -> None:
    def close() -> None:
        if faults:
            raise faults.pop()
        close_old_connections()

    def enqueue() -> Any:
        connection.ensure_connection()
        return connections["default"]

    async def enqueue_and_serve() -> None:
        held = await sync_to_async(enqueue)()
        await serve(lambda: held.connection is None)

    monkeypatch.setattr(worker, "IDLE_CONNECTION", 0.05)
    monkeypatch.setattr(worker, "close_old_connections", close)
    asyncio.run(enqueue_and_serve())
    assert not faults


@job()
def speak_with_a_server_that_is_away(organisation_id: int, number: int) -> None:
    """A mail, say."""
    DONE.append(number)
    raise ConnectionRefusedError


def test_a_job_that_failed_is_not_tried_again_at_once(committed: None) -> None:
    DONE.clear()
    speak_with_a_server_that_is_away.defer(organisation_id=1, number=8)
    asyncio.run(serve(lambda: DONE == [8]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status::text, extract(epoch FROM scheduled_at - at) FROM procrastinate_jobs AS jobs"
            " JOIN procrastinate_events AS events ON events.job_id = jobs.id AND events.type = 'started'"
            " WHERE task_name LIKE %s",
            ["%server_that_is_away"],
        )
        ((status, wait),) = cursor.fetchall()
    assert (status, DONE) == ("todo", [8])
    assert wait >= PAUSE


def test_what_goes_to_a_mail_server_is_tried_again_for_days() -> None:
    assert 3 < sum(PAUSE**number for number in range(1, MAIL_RETRIES + 1)) / 86_400 < 4


def test_a_job_needs_a_queue_that_a_worker_serves() -> None:
    with pytest.raises(ValueError, match="no worker serves the queue nowhere"):
        job(queue="nowhere")


def test_only_hosts_that_gather_serve_the_queue_of_sources(settings: Any) -> None:
    settings.HEADWATER_PARTS = ["match"]
    assert set(worker._our_lanes()) == set(LANES) - {"gather"}
    settings.HEADWATER_PARTS = ["match", "gather"]
    assert worker._our_lanes() == LANES


def test_a_fault_in_one_organisation_keeps_the_others_from_nothing(two: tuple[int, int]) -> None:
    looked: list[int] = []

    def look(organisation_id: int) -> bool:
        looked.append(organisation_id)
        if organisation_id == two[0]:
            raise ZeroDivisionError
        return False

    thread = worker.FollowerThread(Follower("test", "nothing", look), threading.Event())
    with pytest.raises(ZeroDivisionError):
        thread._step_through(None)
    assert looked == list(two)
