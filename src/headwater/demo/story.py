"""What happened in the ministry, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headwater.demo.clock import moment


@dataclass(frozen=True)
class Step:
    """Something that happened at a moment; `order` decides among those of the same moment."""

    at: datetime
    order: int
    happen: Callable[[], Any]


def live(steps: Iterable[Step]) -> None:
    """Let everything happen, each step with the clock set to its moment."""
    for step in sorted(steps, key=lambda step: (step.at, step.order)):
        with moment(step.at):
            step.happen()
