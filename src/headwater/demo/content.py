"""The ministry as written in `ministry/`: readable files in, plain objects out. Nothing here touches the database."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from headwater.demo.dates import Calendar

MINISTRY = Path(__file__).parent / "ministry"
TEXT = {".md", ".txt", ".html", ".csv", ".eml", ".atom"}


@dataclass(frozen=True)
class WrittenRevision:
    """One revision of an article: its number from 1, its whole text, who wrote it, who reviewed it, and when."""

    number: int
    body: str
    by: str
    reviewed_by: tuple[str, ...]
    days_ago: float
    summary: str


@dataclass(frozen=True)
class WrittenArticle:
    """One file of `articles/`: the fields of its head, and its revisions from the oldest on."""

    head: dict[str, Any]
    revisions: tuple[WrittenRevision, ...]

    @property
    def reference(self) -> str:
        return str(self.head["reference"])


@dataclass(frozen=True)
class Happening:
    """A file of a source appears, changes or vanishes, so many hours ago."""

    hours_ago: float
    name: str
    what: str


@dataclass(frozen=True)
class Ministry:
    """Everything that is written about the ministry, with its dates counted from one moment."""

    calendar: Calendar

    @cached_property
    def organisation(self) -> dict[str, Any]:
        """Name, units, roles, communities."""
        found: dict[str, Any] = yaml.safe_load(self._text("organisation.yaml"))
        return found

    @cached_property
    def people(self) -> list[dict[str, str]]:
        """The rows of people.csv."""
        return list(csv.DictReader(self._text("people.csv").splitlines()))

    @cached_property
    def topics(self) -> str:
        """The concept scheme as SKOS in Turtle."""
        return self._text("topics.ttl")

    @cached_property
    def documents(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Source slug → path within it → when it appeared, changed, vanished."""
        found: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(self._text("documents.yaml"))
        return found

    @cached_property
    def habits(self) -> dict[str, dict[str, float]]:
        """Unit slug → the share of deliveries its people open, and in how many hours half of that."""
        found: dict[str, dict[str, float]] = yaml.safe_load(self._text("reading.yaml"))
        return found

    @cached_property
    def articles(self) -> list[WrittenArticle]:
        """The library, by reference."""
        return [
            read_article(self.calendar.fill(path.read_text("utf-8")))
            for path in sorted((MINISTRY / "articles").iterdir())
        ]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """A file that is a list: absences, audiences, directives, learning, needs, profiles, searches, sources."""
        found: list[dict[str, Any]] = yaml.safe_load(self._text(f"{name}.yaml"))
        return found

    def happenings(self, source: str) -> list[Happening]:
        """What happened to a source's files, the oldest first."""
        found = []
        for name, fate in self.documents[source].items():
            found.append(Happening(fate["hours_ago"], name, "appears"))
            if "changed_hours_ago" in fate:
                found.append(Happening(fate["changed_hours_ago"], name, "changes"))
            if "vanished_hours_ago" in fate:
                found.append(Happening(fate["vanished_hours_ago"], name, "vanishes"))
        return sorted(found, key=lambda each: -each.hours_ago)

    def play(self, source: str, happening: Happening, folder: Path) -> None:
        """Do to the folder what happened to the source."""
        target = folder / happening.name
        if happening.what == "vanishes":
            target.unlink()
            return
        origin = (
            MINISTRY / ("documents-later" if happening.what == "changes" else "documents") / source / happening.name
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        if origin.suffix in TEXT:
            target.write_text(self.calendar.fill(origin.read_text("utf-8")), "utf-8")
        else:
            shutil.copyfile(origin, target)
        at = self.calendar.ago(hours=happening.hours_ago).timestamp()
        os.utime(target, (at, at))

    def _text(self, name: str) -> str:
        return self.calendar.fill((MINISTRY / name).read_text("utf-8"))


def read_article(text: str) -> WrittenArticle:
    """An article from its file: a head between two lines of three hyphens, then the latest text.

    Each revision in the head says by `was` how its text differed from the one before it, so that older texts are
    read by undoing. Raises ValueError when a passage to undo does not stand there exactly once.
    """
    _, head_text, body = text.split("---\n", 2)
    head = yaml.safe_load(head_text)
    newest_first = list(_undo(head["reference"], head.pop("revisions"), body))
    return WrittenArticle(head, tuple(reversed(newest_first)))


def _undo(reference: str, revisions: list[dict[str, Any]], body: str) -> Iterator[WrittenRevision]:
    for number, row in zip(range(len(revisions), 0, -1), revisions, strict=True):
        reviewers = tuple(row.get("reviewed_by", ()))
        yield WrittenRevision(number, body, row["by"], reviewers, row["days_ago"], row["summary"])
        for change in row.get("was", ()):
            if body.count(change["now"]) != 1:
                raise ValueError(f"{reference} revision {number}: {change['now']!r} must stand there once")
            body = body.replace(change["now"], change["before"])
