"""What becomes of what was gathered, upstairs: rooms above offer it here, and the pages of sources show it.

A room above registers its functions when the application starts (its `apps.py`), so that nothing here knows of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True)
class Onward:
    """A number about what a run or a source led to, its name, and a few words beside it."""

    label: str | Promise
    count: int
    note: str = ""


Offer = Callable[[int], Onward]
# Run id → one more step of its pipeline; source id → one more line of what it is good for.
STEPS_OF_RUN: list[Offer] = []
USES_OF_SOURCE: list[Offer] = []


def steps_of_run(run_id: int) -> list[Onward]:
    """The steps that come after gathering, in the order the rooms offered them."""
    return [offer(run_id) for offer in STEPS_OF_RUN]


def uses_of_source(source_id: int) -> list[Onward]:
    """What a source is good for, as rooms above know it."""
    return [offer(source_id) for offer in USES_OF_SOURCE]
