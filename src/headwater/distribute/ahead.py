"""What is ahead in an inbox: what becomes of its lists and counts by broadcasts that are not taken in yet.

Reckoned as taking them in will have it, so that a page need not wait for it: what the statement that writes rows
(delivering.py) does to one that is there, `Standing.and_by` says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from headwater.distribute.models import Delivery

# What `Standing.of` reads of a row.
STANDING_FIELDS = ("version", "must_acknowledge", "urgent", "due_at", "came_at", "acknowledged_at", "read_at", "rolled")
_NEVER = datetime.max.replace(tzinfo=UTC)


class Standing(NamedTuple):
    """How a text stands in somebody's inbox, as its row says or will say.

    Whether they are to acknowledge it, by when, since when it is there; when they acknowledged it; whether they have
    read it, and whether it was left to their digest.
    """

    version: int
    must: bool
    urgent: bool
    due_at: datetime | None
    came_at: datetime
    acknowledged_at: datetime | None = None
    is_read: bool = False
    rolled: bool = False

    @classmethod
    def of(cls, row: Delivery) -> "Standing":
        """As the row says. Of one that was withdrawn only its place holds."""
        asked = row.must_acknowledge, row.urgent, row.due_at
        return cls(row.version_id, *asked, row.came_at, row.acknowledged_at, row.read_at is not None, row.rolled)

    @property
    def waits(self) -> bool:
        """Whether it was not acknowledged."""
        return self.acknowledged_at is None

    @property
    def is_essential(self) -> bool:
        """Whether no budget holds it back, or counts it."""
        return self.must or self.urgent

    def and_by(self, other: "Standing") -> "Standing":
        """The same when a broadcast brings it that would make the other of it."""
        hours = [hour for hour in (self.due_at, other.due_at) if hour]
        return self._replace(
            must=self.must or other.must,
            urgent=self.urgent or other.urgent,
            due_at=min(hours, default=None),
            came_at=min(self.came_at, other.came_at),
        )


class Coming(NamedTuple):
    """A text that broadcasts bring: how it stands now, if it does, and how it will."""

    now: Standing | None
    then: Standing


class _List(NamedTuple):
    """Which texts a list holds, and their place in it: what is less comes first."""

    holds: Callable[[Standing], bool]
    place: Callable[[Standing], tuple[Any, ...]]


def _newest_first(text: Standing) -> tuple[Any, ...]:
    return _NEVER - text.came_at, -text.version


def _most_pressing_first(text: Standing) -> tuple[Any, ...]:
    return text.due_at or _NEVER, _NEVER - text.came_at, -text.version


def _to_sign(text: Standing) -> bool:
    return text.must and text.waits


def _for_you(text: Standing) -> bool:
    return text.waits and not (text.must or text.is_read)


# The lists that a page may show, each as the same list of rows holds and sorts them (inbox.py, home/today.py). Nothing
# becomes acknowledged by coming, or takes another place among what is: of that list no place is needed, and all that
# changes in it is taken to be shown. What was left to the digest is only counted.
_LISTS: Mapping[str, _List] = {
    "must": _List(_to_sign, _most_pressing_first),
    "urgent must": _List(lambda text: text.urgent and _to_sign(text), _most_pressing_first),
    "unread": _List(_for_you, _newest_first),
    "urgent unread": _List(lambda text: text.urgent and _for_you(text), _newest_first),
    "all": _List(lambda _text: True, _newest_first),
    "done": _List(lambda text: not text.waits, lambda _text: ()),
    "rolled": _List(lambda text: text.rolled and _for_you(text), _newest_first),
}


@dataclass(frozen=True)
class Shown:
    """What a page shows of a list: its first `lines`.

    `row_below` finds the row that stands so many lines below the last of them now, if one does. Without it whatever
    somebody has a row of already is taken to be shown.
    """

    name: str
    lines: int
    row_below: Callable[[int], Delivery | None] | None = None

    def of(self, coming: Sequence[Coming], leaving: int) -> set[int]:
        """The versions of those texts that the page shows or will show, if so many other rows may leave the list."""
        holds, place = _LISTS[self.name]
        now, then = [text.now for text in coming if text.now], [text.then for text in coming if holds(text.then)]
        held = [text for text in now if holds(text)]
        if row := self._below(leaving + len(held)) if held or then else None:
            last = place(Standing.of(row))
            held = [text for text in held if place(text) <= last]
            then = [text for text in then if place(text) < last]
        rows = now if self.row_below is None else held
        return {text.version for text in (*rows, *sorted(then, key=place)[: self.lines])}

    def _below(self, lines: int) -> Delivery | None:
        return self.row_below(lines) if self.row_below else None


@dataclass(frozen=True)
class Ahead:
    """What will be in an inbox in a moment and its rows do not say yet; `broadcasts` are those that bring it."""

    texts: Sequence[Coming] = ()
    broadcasts: Sequence[int] = ()

    def due_before(self, moment: datetime) -> int:
        """How many more are to be acknowledged by an hour before this moment."""
        return self._more(lambda text: _to_sign(text) and text.due_at is not None and text.due_at < moment)

    def on(self, name: str) -> int:
        """How many more lines a list will have; fewer than none where some leave it."""
        return self._more(_LISTS[name].holds)

    def late_since(self, moment: datetime) -> int:
        """How many more of what was acknowledged from this moment on will have been late."""

        def is_late(text: Standing) -> bool:
            done, due = text.acknowledged_at, text.due_at
            return done is not None and due is not None and moment <= done > due

        return self._more(is_late)

    @property
    def becoming_essential(self) -> list[int]:
        """The versions of what a budget may have counted, and will not."""
        may_be_counted = {text.version for text in self._now if not text.is_essential}
        return [text.version for text in self._then if text.is_essential and text.version in may_be_counted]

    def _more(self, holds: Callable[[Standing], bool]) -> int:
        return sum(map(holds, self._then)) - sum(map(holds, self._now))

    @cached_property
    def _then(self) -> list[Standing]:
        return [text.then for text in self.texts]

    @cached_property
    def _now(self) -> list[Standing]:
        return [text.now for text in self.texts if text.now]


NOTHING_AHEAD = Ahead()
