"""`serve web` and `serve live`, which `up` runs: the two servers, each one process with its workers.

The web is Django in WSGI mode. The application is loaded before the workers are forked, so that they share its memory.
A worker is killed by the kernel when its server dies: an orphan would go on answering on the shared port.
"""

import gc
import os
import signal
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from headwater.cli.port import port
from headwater.cli.running import address
from headwater.core.cluster.guardian import end_with_parent

WEB_WORKERS = 2
THREADS_A_WORKER = 6  # below the 8 connections of each worker's pool


def serve(options: Namespace) -> None:
    """Serve until SIGTERM or SIGINT. `up` has prepared the environment."""
    if options.what == "live":
        _serve("headwater.live:application", port() + 1, "asginl", workers=1)
    else:
        _serve("headwater.wsgi:application", port(), "wsgi", WEB_WORKERS, _load_web(), THREADS_A_WORKER)


def _load_web() -> Any:
    from django.urls import get_resolver

    from headwater.wsgi import application

    assert get_resolver().url_patterns  # every room's pages are imported now, not at the first request
    gc.collect()
    gc.freeze()
    return application


def _serve(
    target: str, number: int, interface: str, workers: int, application: Any = None, threads: int | None = None
) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.utils.proxies import wrap_wsgi_with_proxy_headers

    server = Granian(
        target,
        address=address(),
        port=number,
        interface=Interfaces(interface),
        workers=workers,
        blocking_threads=threads,
        backlog=1024,
        log_enabled=os.environ.get("HEADWATER_LOG") == "INFO",
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )
    trusted = [word for word in os.environ.get("HEADWATER_PROXIES", "").split(",") if word]
    if application is not None and trusted:
        application = wrap_wsgi_with_proxy_headers(application, trusted_hosts=trusted)
    server.serve(target_loader=_loader(application), wrap_loader=False)


def _loader(application: Any) -> Callable[[], Any]:
    """Runs in each worker: hands over the application, which dies with its server."""
    follow = end_with_parent(signal.SIGKILL)

    def load() -> Any:
        follow()
        if application is not None:
            return application
        from headwater.live import application as live

        return live

    return load
