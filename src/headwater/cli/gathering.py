"""`gather PATH_OR_URL`: one place, gathered to its end while one waits."""

import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from headwater.cli.broken_off import follow_or_tell, told_without_database
from headwater.cli.errors import CommandFailed
from headwater.cli.installation import acting, opened
from headwater.cli.output import print_data
from headwater.cli.values import read_value

if TYPE_CHECKING:
    from headwater.core.actions import Actor
    from headwater.gather.runs import Progress
    from headwater.people.models import Audience

RESUMED = (
    "What was gathered until then is kept. Run the same command again: it goes on from there, and nothing comes twice."
)
TELL_EVERY = 1.0  # seconds between lines of progress at a terminal


def gather(options: Namespace) -> None:
    """Gather a place, bring what is new to the inboxes, and say what came of it."""
    with told_without_database(RESUMED), opened(options) as organisation:
        with acting(organisation, options) as actor:
            who, audience = actor, _audience(options.audience)
        outcome = _gather_place(organisation.pk, who, options.place, audience, options.replace)
        follow_or_tell(organisation.pk, f"What was gathered is kept: {_counted(outcome)}.")
    _say(outcome, options.json)


def _gather_place(
    organisation_id: int, actor: "Actor", place: str, audience: "Audience | None", is_replacing: bool
) -> dict[str, Any]:
    from headwater.gather.connectors import SourceFailed
    from headwater.gather.gathering import gather as gather_now

    try:
        return gather_now(organisation_id, actor, place, audience, watcher=_Teller(), is_replacing=is_replacing)
    except SourceFailed as error:
        raise CommandFailed(f"{error.message}. {error.remedy}".strip()) from error


def _audience(wish: str | None) -> "Audience | None":
    from headwater.people.models import Audience

    found: Audience | None = read_value("audience", Audience, wish) if wish else None
    return found


class _Teller:
    """Says on a terminal how far the run is."""

    def __init__(self) -> None:
        self._next = time.monotonic() + TELL_EVERY

    def __call__(self, progress: "Progress") -> None:
        if sys.stderr.isatty() and time.monotonic() >= self._next:
            self._next = time.monotonic() + TELL_EVERY
            of = f" of {progress.total}" if progress.total else ""
            sys.stderr.write(f"{progress.counts.get('done', 0)}{of} done\n")


def _say(outcome: dict[str, Any], as_json: bool) -> None:
    if remark := outcome.pop("remark"):
        sys.stderr.write(f"headwater: {remark}.\n")
    if as_json:
        print_data(outcome, as_json=True)
        return
    sys.stdout.write(f"{_counted(outcome)}, in {outcome['seconds']:.1f} s\n")
    for failure in outcome["failures"]:
        sys.stdout.write(f"    {failure['path']}: {failure['reason']}\n")


def _counted(outcome: dict[str, Any]) -> str:
    return ", ".join(f"{outcome[name]} {name}" for name in ("seen", "new", "changed", "vanished", "failed"))
