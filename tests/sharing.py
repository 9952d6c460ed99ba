"""How the workers share the tests: file by file, those in the browser together, for they share an installation.

The last worker begins with the files that mostly wait (for clocks, limits, processes that start and end), so that these
do not meet each other at the end, when a processor would stand idle.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

# The longest first.
WAITING = (
    "tests/core/test_kills.py",
    "tests/cli/test_running.py",
    "tests/core/cluster/test_cluster.py",
    "tests/gather/test_gathering.py",
    "tests/gather/connectors/test_sitemaps.py",
    "tests/gather/test_watching.py",
    "tests/gather/extract/test_pool.py",
    "tests/core/test_worker.py",
    "tests/gather/connectors/test_web.py",
    "tests/distribute/test_services.py",
    "tests/distribute/test_slow.py",
    "tests/gather/connectors/test_feed.py",
    "tests/gather/connectors/test_guard.py",
)


class ByInstallation(LoadFileScheduling):
    """A file goes to one worker, and so does the folder whose files share what takes long to make."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/browser" if nodeid.startswith("tests/browser/") else super()._split_scope(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Give the worker the next of those files that it begins with, then of the others."""
        waits = len(self.nodes) > 1 and node is self.nodes[-1]
        order = WAITING if waits else (scope for scope in self.workqueue if scope not in WAITING)
        for scope in order:
            if scope in self.workqueue:
                self.workqueue.move_to_end(scope, last=False)
                break
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByInstallation:
    """Asked by xdist when a run is shared."""
    return ByInstallation(config, log)
