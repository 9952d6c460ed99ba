"""Dates that move with the calendar: `{{-4 date}}` in the ministry's texts becomes the date four days ago."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

_MARK = re.compile(r"\{\{([+-]?\d+) (date|long|weekday|iso|mail|year)\}\}")
_FORMS: dict[str, Callable[[datetime], str]] = {
    "date": lambda moment: f"{moment.day} {moment:%B}",
    "long": lambda moment: f"{moment.day} {moment:%B %Y}",
    "weekday": lambda moment: f"{moment:%A}",
    "iso": lambda moment: moment.isoformat(timespec="seconds"),
    "mail": format_datetime,
    "year": lambda moment: f"{moment.year}",
}


@dataclass(frozen=True)
class Calendar:
    """Every date of the demonstration, counted from `now` (aware of its zone)."""

    now: datetime

    def ago(self, *, days: float = 0, hours: float = 0) -> datetime:
        """About that long before now: what happened on an earlier day happened between 7 and 17 o'clock.

        Later stays later: a whole day is pressed into those ten hours.
        """
        at = self.now - timedelta(days=days, hours=hours)
        if at.date() >= self.now.date():
            return at
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(hours=7) + (at - midnight) * 10 / 24

    def fill(self, text: str) -> str:
        """The text with each mark replaced by its date."""
        return _MARK.sub(lambda mark: _FORMS[mark[2]](self.now + timedelta(days=int(mark[1]))), text)
