"""Background work: jobs, which somebody enqueues, and followers, which read what was committed.

A job is a function that may run twice. It carries ids only, and always begins with the organisation it works in:

    @job()
    def send_digest(organisation_id: int, person_id: int) -> None:
        with organisation_context(organisation_id):
            ...

    send_digest.defer(organisation_id=…, person_id=…)      # enqueued in the caller's own transaction

A job opens its own transactions with `organisation_context`, so that long work can commit as it goes. `periodic` runs a
function on a cron line for every organisation.

A follower is called when PostgreSQL announces a change in a table (`channel` is the table's name), and every few
seconds in any case. Rooms list theirs as FOLLOWERS in <room>/jobs.py; the worker finds them there. Long-running threads
(the folder watcher) are listed as SERVICES: functions that take a `threading.Event` and return when it is set.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from headwater.core.actions import door
from headwater.core.models import Organisation

# The queues, and how many jobs of each a worker does at once: slow web sites shall not hold up an upload or a mail.
LANES = {"default": 2, "gather": 4}

# A job that failed is tried again after so many seconds, then after their square, their cube, and so on.
PAUSE = 3
# So often what goes to a mail server: for three days, for it may be away, or ask strangers to come again (greylisting).
MAIL_RETRIES = 11


class Step(Protocol):
    """One step of a follower, for one organisation: True when there may be more at once."""

    def __call__(self, organisation_id: int) -> bool: ...


@dataclass(frozen=True)
class Follower:
    """Something that keeps up with committed changes. `step` opens its own transactions and may run twice.

    It begins at once when something changes, but not sooner than `rest` seconds after it last began: what comes closer
    together is taken together.
    """

    name: str
    channel: str
    step: Step
    every_seconds: float = 5.0
    rest: float = 0.0


Service = Callable[[threading.Event], None]


class Job:
    """A function that can be enqueued. Calling it runs it here and now."""

    def __init__(self, function: Callable[..., None], queue: str, retry: int) -> None:
        self._function = function
        name = f"{function.__module__}.{function.__name__}"
        again = RetryStrategy(max_attempts=retry, exponential_wait=PAUSE)
        self._task = app.task(name=name, queue=queue, retry=again)(self)
        functools.update_wrapper(self, function)

    def __call__(self, organisation_id: int, **ids: int) -> None:
        with door("job"):
            self._function(organisation_id, **ids)

    def defer(self, organisation_id: int, **ids: int) -> None:
        """Enqueue it in the transaction that is open: it runs only if that commits."""
        self._task.defer(organisation_id=organisation_id, **ids)


def job(queue: str = "default", retry: int = 5) -> Callable[[Callable[..., None]], Job]:
    """Make a function of an organisation id and further ids a job; a failed one is tried again up to `retry` times.

    Raises ValueError for a queue that no worker serves.
    """
    if queue not in LANES:
        raise ValueError(f"no worker serves the queue {queue}; there are {', '.join(LANES)}")
    return lambda function: Job(function, queue, retry)


def periodic(cron: str) -> Callable[[Callable[[int], None]], Callable[[int], None]]:
    """Run the function for each organisation at those minutes (a cron line, in UTC)."""

    def register(function: Callable[[int], None]) -> Callable[[int], None]:
        def for_each(timestamp: int) -> None:
            with door("job"):
                for organisation_id in organisation_ids():
                    function(organisation_id)

        name = f"{function.__module__}.{function.__name__}"
        app.periodic(cron=cron, periodic_id=name)(app.task(name=name, queueing_lock=name, pass_context=False)(for_each))
        return function

    return register


def organisation_ids() -> list[int]:
    """Every organisation of this installation."""
    return list(Organisation.objects.order_by("pk").values_list("pk", flat=True))


def safe_tx() -> int:
    """The number below which every writing transaction has ended: a follower may read up to there and lose nothing.

    Numbers are drawn when a transaction first writes, not when it commits, so the newest ones may still be open.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return cursor.fetchone()[0]


def discovered(attribute: str) -> Iterator[Any]:
    """What every room's jobs.py lists under that name (FOLLOWERS, SERVICES)."""
    from importlib import import_module
    from importlib.util import find_spec

    from django.conf import settings

    for room in settings.ROOMS:
        if find_spec(f"{room}.jobs"):
            yield from getattr(import_module(f"{room}.jobs"), attribute, [])
