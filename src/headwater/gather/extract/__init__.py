"""From bytes to text: `extract` for one file, `Pool` for a run. Plain Python; knows nothing of Django."""

from functools import cache
from pathlib import Path

from headwater.gather.extract.outcome import WORDS, Cause, Extracted, ExtractionFailed, Limits
from headwater.gather.extract.pool import Job, Pool

__all__ = ["WORDS", "Cause", "Extracted", "ExtractionFailed", "Job", "Limits", "Pool", "extract", "shared_pool"]


@cache
def shared_pool() -> Pool:
    """The pool of this process, started by its first file and idle without cost afterwards."""
    return Pool(idle_seconds=180)


def extract(content: bytes | Path, name: str = "", mime: str = "") -> Extracted:
    """The text of one file, by its bytes or its path. Raises ExtractionFailed with cause, message and remedy."""
    return shared_pool().extract(content, name, mime)
