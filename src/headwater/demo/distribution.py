"""What people asked to be told, what they were told to read, and how they answered."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import F

from headwater.demo import past
from headwater.demo.cast import Cast
from headwater.demo.story import Step
from headwater.distribute import actions
from headwater.distribute.ladder import climb
from headwater.distribute.models import Broadcast, Delivery, Directive
from headwater.people.models import Person
from headwater.search.models import Entry

FRIDAY = 4


def profile_steps(cast: Cast) -> Iterator[Step]:
    """Everybody saves what they want to be told about."""
    for row in cast.ministry.rows("profiles"):
        audience = cast.audiences[row["audience"]] if "audience" in row else None
        actor = cast.people[row["by"] if audience else row["person"]]
        save = partial(actions.save_profile, actor, row["query"], name=row["name"], audience=audience, when=row["when"])
        yield Step(cast.ministry.calendar.ago(days=row["days_ago"]), 5, save)


def learning_steps(cast: Cast) -> Iterator[Step]:
    """Some let Headwater learn what they want: they switch it on, name examples, weigh words."""
    for row in cast.ministry.rows("learning"):
        yield Step(cast.ministry.calendar.ago(days=row["days_ago"]), 5, partial(_teach, cast, row))


def _teach(cast: Cast, row: dict[str, Any]) -> None:
    person = cast.people[row["person"]]
    if row["from_use"]:
        actions.start_learning(person, person)
    for references, wanted in ((row["more"], True), (row["less"], False)):
        for reference in references:
            example = cast.articles.get(reference) or cast.documents[reference]
            actions.add_example(person, person, example, wanted=wanted)
    for word, strength in row["words"].items():
        actions.weigh_word(person, person, word, strength)


def directive_steps(cast: Cast) -> Iterator[Step]:
    """Directives are issued; what is about one entry reaches its people at once, and they answer."""
    for row in cast.ministry.rows("directives"):
        issued_at = cast.ministry.calendar.ago(hours=row["issued_hours_ago"])
        due_at = _due(cast.ministry.calendar.now, row["due_in_hours"]) if "due_in_hours" in row else None
        issue = partial(_issue, cast, row, due_at)
        yield Step(issued_at, 6, issue)
        if due_at is not None:
            yield from _Answers(cast, row, _subject(cast, row), issued_at, due_at).steps()
        if "ended_hours_ago" in row:
            yield Step(cast.ministry.calendar.ago(hours=row["ended_hours_ago"]), 9, partial(_end, row))


def standing_steps(cast: Cast) -> Iterator[Step]:
    """How people answered what standing directives asked of them. For after matching."""
    rows = {row["name"]: row for row in cast.ministry.rows("directives") if "query" in row}
    current = Broadcast.objects.filter(directive__name__in=rows, version=F("version__entry__current_version"))
    for broadcast in current.select_related("directive", "version__entry"):
        row = rows[broadcast.directive.name]
        assert broadcast.due_at is not None
        entry = broadcast.version.entry
        yield from _Answers(cast, row, entry, broadcast.opened_at, broadcast.due_at).steps()


def _due(now: datetime, in_hours: float) -> datetime:
    """17 o'clock: the last before that moment when it has passed, else the next; on a working day, but for today's."""
    at = now + timedelta(hours=in_hours)
    five = at.replace(hour=17, minute=0, second=0, microsecond=0)
    if in_hours < 0:
        five -= timedelta(days=0 if five <= at else 1)
        return five - timedelta(days=max(0, five.weekday() - FRIDAY))
    five += timedelta(days=0 if five >= at else 1)
    return five + timedelta(days=max(0, 7 - five.weekday()) if in_hours > 24 and five.weekday() > FRIDAY else 0)


def _subject(cast: Cast, row: dict[str, Any]) -> Entry | str:
    """The document, or the reference of an article that is perhaps not written yet."""
    return cast.documents[row["document"]] if "document" in row else str(row["article"])


def _issue(cast: Cast, row: dict[str, Any], due_at: datetime | None) -> None:
    author, subject = cast.people[row["by"]], None if "query" in row else _subject(cast, row)
    directive = actions.save_directive(
        author,
        cast.audiences[row["audience"]],
        name=row["name"],
        entry=cast.articles[subject] if isinstance(subject, str) else subject,
        query=row.get("query", ""),
        sentence=row["sentence"],
        due_at=due_at,
        due_days=row.get("due_days"),
        urgent=row.get("urgent", False),
        remind_days=row["remind_days"],
        tell_head_after_days=row.get("tell_head_after_days", 1),
    )
    for key, hours in row.get("joined_hours_ago", {}).items():
        past.date_member(directive.audience, cast.people[key], cast.ministry.calendar.ago(hours=hours))
    directive = actions.issue_directive(author, directive)
    past.date_directive(directive)


def _end(row: dict[str, Any]) -> None:
    directive = Directive.objects.get(name=row["name"])
    assert directive.issued_by is not None
    actions.end_directive(directive.issued_by, directive)


@dataclass
class _Answers:
    """How the people of a directive's audience answered for one entry."""

    cast: Cast
    row: dict[str, Any]
    subject: Entry | str
    asked_at: datetime
    due_at: datetime

    def steps(self) -> Iterator[Step]:
        """Openings, signatures and the rungs of the ladder, up to now."""
        now = self.cast.ministry.calendar.now
        steps = [*self._openings(), *self._signatures(), *self._lists(), *self._rungs()]
        yield from (step for step in steps if self.asked_at < step.at <= now)

    def _openings(self) -> Iterator[Step]:
        signing = {key for _place, key in self._first(self.row["acknowledged"], leave_out=self._named("never"))}
        for place, key in self._first(self.row["opened"], leave_out=self._named("never")[::2]):
            if key in signing:  # signing opens
                continue
            yield Step(self._when(place, key), 7, partial(self._open, key))

    def _signatures(self) -> Iterator[Step]:
        for place, key in self._first(self.row["acknowledged"], leave_out=self._named("never")):
            at = self._when(place, key) + timedelta(minutes=4 + 3 * place)
            late = key in self._named("late")
            yield Step(
                self.due_at + timedelta(hours=9) if late else min(at, self._last_minute()), 8, partial(self._sign, key)
            )

    def _lists(self) -> Iterator[Step]:
        for key in self._named("on_list"):
            yield Step(self.asked_at + (self.due_at - self.asked_at) * 0.8, 8, partial(self._record, key))

    def _rungs(self) -> Iterator[Step]:
        head_after = self.row.get("tell_head_after_days", 1)
        for day in [*(-day for day in self.row["remind_days"]), head_after, 2 * head_after]:
            at = self.due_at + timedelta(days=day, minutes=1)
            yield Step(at, 9, partial(self._climb, at))

    def _first(self, share: float, leave_out: list[str]) -> list[tuple[float, str]]:
        """(place from 0 to 1, key) of the people who answer, in the order in which they do."""
        asked = {person.pk for person in self.cast.audiences[self.row["audience"]].members.all()}
        silent = {*leave_out, *self.row.get("joined_hours_ago", {})}
        able = [
            row["key"]
            for row in self.cast.ministry.people
            if row["account"] == "yes" and self.cast.people[row["key"]].pk in asked and row["key"] not in silent
        ]
        random.Random(f"{self.row['name']} {self.asked_at:%j}").shuffle(able)
        answering = able[: round(share * (len(able) + len(leave_out)))]
        return [(place / max(1, len(answering)), key) for place, key in enumerate(answering)]

    def _when(self, place: float, key: str) -> datetime:
        """Half of them answer within the first sixth of the time, the rest more and more slowly."""
        wait = (self._last_minute() - self.asked_at) * (0.02 + 0.93 * place**2.6)
        return self.asked_at + wait + timedelta(minutes=len(key))

    def _last_minute(self) -> datetime:
        return min(self.due_at, self.cast.ministry.calendar.now) - timedelta(minutes=10)

    def _named(self, kind: str) -> list[str]:
        found: list[str] = self.row.get(kind, [])
        return found

    def _delivery(self, key: str) -> Delivery | None:
        entry = self.cast.articles[self.subject] if isinstance(self.subject, str) else self.subject
        wanted = Delivery.objects.filter(person=self.cast.people[key], reasons__directive__name=self.row["name"])
        return (
            wanted.filter(version__entry=entry).select_related("person", "version").order_by("-version__number").first()
        )

    def _open(self, key: str) -> None:
        if delivery := self._delivery(key):
            actions.open_delivery(delivery.person, delivery)

    def _sign(self, key: str) -> None:
        if delivery := self._delivery(key):
            actions.acknowledge_delivery(delivery.person, delivery, delivery.version.checksum)

    def _record(self, key: str) -> None:
        if delivery := self._delivery(key):
            head = self._head(delivery.person)
            actions.record_acknowledgement(head, delivery, self.row["evidence"])

    def _head(self, person: Person) -> Person:
        assert person.unit is not None
        assert person.unit.head is not None
        return person.unit.head

    def _climb(self, at: datetime) -> None:
        climb(Directive.objects.get(name=self.row["name"]), at)
        past.settle_dispatches(at)
