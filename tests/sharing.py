"""How the workers share the tests: file by file, those in the browser together, for they share an installation."""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling


class ByInstallation(LoadFileScheduling):
    """A file goes to one worker, and so does the folder whose files share what takes long to make."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/browser" if nodeid.startswith("tests/browser/") else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByInstallation:
    """Asked by xdist when a run is shared."""
    return ByInstallation(config, log)
