"""owners_replay: years of real changes to a handbook, and who owns which page: did exactly the owners hear of each?

Every line of the CODEOWNERS file is a standing directive on `path:`, for one invented person a team; since the last
line that matches wins, each leaves out what later lines of other teams match. The changes are replayed as files with
generated text in a watched folder, in their order, through the product's own pipeline; then every delivery is compared
with what an independent reader of CODEOWNERS says, version by version, deletions included.
"""

import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from bench.figures import Figure, at_least, needed, plain
from bench.stage import django_stage

WORDS = 60
Line = tuple[str, str]
"""A pattern and the team that owns what it matches."""


@dataclass
class Change:
    """What several commits did, none of them to the same file as another."""

    written: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)


@dataclass
class Expected:
    """What every owner should have in the end: (path, number of the version) → state, by replaying on paper."""

    numbers: dict[str, int] = field(default_factory=dict)
    states: dict[tuple[str, int], str] = field(default_factory=dict)

    def follow(self, change: Change) -> None:
        """What a change does: a new version replaces the one before; a deletion withdraws the last one."""
        for path in change.gone:
            if path in self.numbers:
                self.states[path, self.numbers[path]] = "withdrawn"
        for path in change.written:
            number = self.numbers.get(path, 0)
            if number:
                self.states[path, number] = "expired"
            self.numbers[path] = number + 1
            self.states[path, number + 1] = "due"


def run() -> Iterator[Figure]:
    """Precision and recall of all deliveries, with their states."""
    from headwater.gather.connectors.folder import is_ignored

    handbook = needed("handbook-18f")
    lines = _lines((handbook / "CODEOWNERS").read_text())
    changes, left_out = _changes(handbook / "changes.jsonl", is_ignored)
    with django_stage():
        folder = Path(tempfile.mkdtemp(prefix="headwater-handbook-"))
        started = time.monotonic()
        try:
            expected, found = _replay(lines, changes, folder)
        finally:
            shutil.rmtree(folder)
    right = len(expected & found)
    yield at_least("owners_replay_precision", right / max(1, len(found)), "share", 1.0)
    yield at_least("owners_replay_recall", right / max(1, len(expected)), "share", 1.0)
    yield plain("owners_replay_deliveries", len(found), "rows")
    yield plain("owners_replay_hidden_files_left_out", left_out, "changes")
    yield plain("owners_replay_seconds", time.monotonic() - started, "s")


def _lines(text: str) -> list[Line]:
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(pattern, owner.rpartition("/")[2]) for pattern, owner in rows]


def _changes(path: Path, is_ignored: Callable[[str], bool]) -> tuple[list[Change], int]:
    """The commits, oldest first, joined while no file is touched twice; and how many hidden files were left out."""
    joined, left_out = [Change()], 0
    for row in reversed([json.loads(line) for line in path.read_text().splitlines()]):
        kept = [(kind, name) for kind, name in row["files"] if not any(map(is_ignored, name.split("/")))]
        left_out += len(row["files"]) - len(kept)
        if any(name in joined[-1].written | joined[-1].gone for _kind, name in kept):
            joined.append(Change())
        for kind, name in kept:
            (joined[-1].gone if kind == "D" else joined[-1].written).add(name)
    return joined, left_out


# --- An independent reader of CODEOWNERS ------------------------------------------------------------------------------


def owner_of(path: str, lines: list[Line]) -> str | None:
    """The team of the last line that matches the path."""
    return next((team for pattern, team in reversed(lines) if _covers(pattern, path)), None)


def _covers(pattern: str, path: str) -> bool:
    """As GitHub documents it, for the kinds of pattern this file has: names, folders, and a star within a folder."""
    names, parts = path.split("/"), pattern.strip("/").split("/")
    if len(parts) == 1 and not pattern.startswith("/"):
        return any(fnmatchcase(name, parts[0]) for name in names)
    if parts[-1] == "*" and len(names) != len(parts):
        return False
    return len(names) >= len(parts) and all(map(fnmatchcase, names, parts))


# --- Replaying --------------------------------------------------------------------------------------------------------


def _replay(lines: list[Line], changes: list[Change], folder: Path) -> tuple[set[tuple], set[tuple]]:
    from headwater.distribute.matching import match_new_versions
    from headwater.distribute.withdrawing import follow_entries
    from headwater.gather.extract import Pool
    from headwater.gather.watching import Watched, take_up

    organisation_id, source_id, people = _founded(lines, folder)
    watched, pool, expected = Watched(organisation_id, source_id, folder), Pool(), Expected()
    chance = random.Random(18)
    for number, change in enumerate(changes):
        if number % 100 == 0:
            sys.stderr.write(f"{number} of {len(changes)} steps\n")
        written, gone = _apply(change, folder, chance)
        take_up(watched, written, gone, pool)
        expected.follow(change)
        while match_new_versions(organisation_id) or follow_entries(organisation_id):
            pass
    wanted = {
        (people[team], path, number, state)
        for (path, number), state in expected.states.items()
        if (team := owner_of(path, lines)) is not None
    }
    return wanted, _delivered(organisation_id)


def _apply(change: Change, folder: Path, chance: random.Random) -> tuple[list[Path], list[Path]]:
    gone = [folder / name for name in change.gone]
    for path in gone:
        path.unlink(missing_ok=True)
        while path.parent != folder and path.parent.is_dir() and not any(path.parent.iterdir()):
            path = path.parent
            path.rmdir()
    written = [folder / name for name in sorted(change.written)]
    for path in written:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {path.name}\n\n{' '.join(f'w{chance.randrange(10**6)}' for _ in range(WORDS))}\n")
    return written, gone


def _delivered(organisation_id: int) -> set[tuple]:
    from headwater.core.wall import organisation_context
    from headwater.distribute.models import Delivery

    with organisation_context(organisation_id):
        return set(Delivery.objects.values_list("person", "version__entry__path", "version__number", "state"))


def _founded(lines: list[Line], folder: Path) -> tuple[int, int, dict[str, int]]:
    """The organisation with one person a team and its directives, and the folder, read once while it is empty."""
    from headwater.core.actions import OPERATOR
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.distribute.actions import issue_directive, save_directive
    from headwater.gather import runs
    from headwater.gather.actions import create_source
    from headwater.people.membership import refresh
    from headwater.people.models import Audience, Person

    organisation = Organisation.objects.create(slug="handbook", name="Handbook")
    with organisation_context(organisation.pk):
        people = {team: Person.objects.create(name=f"Owner of {team}") for team in sorted({team for _, team in lines})}
        everyone = Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        audiences = {
            team: Audience.objects.create(slug=f"team-{number}", name=team, rule={"person": person.pk})
            for number, (team, person) in enumerate(people.items())
        }
        refresh()
        for at, (_pattern, team) in enumerate(lines):
            query = _query(lines, at)
            issue_directive(OPERATOR, save_directive(OPERATOR, audiences[team], query=query, due_days=5))
        owner = next(iter(people.values()))
        source = create_source(OPERATOR, "Handbook", "folder", owner, settings={"path": str(folder)}, audience=everyone)
        run = runs.begin(source, None)
    runs.carry_out(organisation.pk, run.pk)
    return organisation.pk, source.pk, {team: person.pk for team, person in people.items()}


def _query(lines: list[Line], at: int) -> str:
    """A line as a query: its pattern, without what later lines give to others."""
    pattern, team = lines[at]
    later = [f"path:{other}" for other, owner in lines[at + 1 :] if owner != team]
    return f"path:{pattern} NOT ({' OR '.join(later)})" if later else f"path:{pattern}"
