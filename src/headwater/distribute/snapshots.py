"""Files of standing queries, in the home folder's `standing`: who takes up a shard reads its file, and goes on from it.

A file is a cache: without it, or where anything about it is not as it should be, the queries are loaded from their
rows. It holds no text of any document, but what people follow, so it is its owner's alone. What a person had erased is
out of it within minutes, while a worker runs that sees the folder: whoever holds the shard writes its file anew or
removes it, and whoever does not, removes it (see `keeping`).

Which database a file belongs to: its token stands there too (`StandingSnapshot`), committed after all that the file
tells. A database that was put back to a day before it does not know it.
"""

import contextlib
import logging
import os
import re
import secrets
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from headwater.core.wall import organisation_context
from headwater.distribute import standing
from headwater.distribute.models import MatchShard, StandingSnapshot
from headwater.distribute.shards import Part, gone_of, were_erased
from headwater.distribute.standing import Standing

if TYPE_CHECKING:
    from headwater.distribute.matcher.lists import Saved

log = logging.getLogger(__name__)

OLDEST = 24 * 3600  # seconds; who holds a shard writes its file more often
ERASING = timedelta(minutes=10)  # a transaction that erases has ended by then
OLDEST_DRAFT = 600  # seconds; whoever began it is gone
_NAME = re.compile(r"(\d{1,18})-(\d{1,4})-of-(\d{1,4})", re.ASCII)


def place_of(part: Part) -> Path:
    """Where the file of a part lies."""
    return _folder() / f"{part.organisation_id}-{part.number}-of-{part.of}"


def keep(saved: "Saved", tx: int, part: Part) -> bool:
    """Write the file of a part that has followed up to `tx`, whole or not at all; False: there is no such part.

    Opens its own transaction, in which the file comes to its place: should the two part, the file is refused.
    """
    from headwater.distribute.matcher.snapshot import write_snapshot

    path, token = place_of(part), secrets.token_hex(8)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{token}.draft")
    try:
        write_snapshot(draft, saved, {"part": _named(part), "meaning": _meaning(), "tx": tx, "token": token})
        with organisation_context(part.organisation_id):
            shard = _shard(part)
            if shard is None:
                return False
            kept = {"token": token, "kept_at": timezone.now()}
            StandingSnapshot.objects.update_or_create(shard=shard, host=settings.HEADWATER_HOST[-80:], defaults=kept)
            draft.replace(path)
            _settle(path.parent)
    finally:
        draft.unlink(missing_ok=True)
    return True


def take_up(empty: Standing, part: Part, upper: int) -> bool:
    """Fill a standing that has followed nothing yet from its part's file, if that can be used; whether it was.

    Inside a transaction, in which everything of transactions below `upper` has ended.
    """
    from headwater.distribute.matcher.snapshot import Unusable, read_snapshot

    path, started = place_of(part), time.monotonic()
    if not path.exists():
        return False
    try:
        about, saved = read_snapshot(path)
        _require_ours(about, part, upper)
        empty.restore(saved, about["tx"])
    except (Unusable, LookupError, TypeError, ValueError) as error:
        log.warning("the snapshot %s is not used, and the queries are loaded from their rows: it %s", path, error)
        return False
    empty.kept_at = started
    empty.forget(gone_of(empty.keys(), part))
    log.info("%d standing queries were taken from a snapshot in %.2f s", len(empty), time.monotonic() - started)
    return True


def holds_erased(part: Part) -> bool:
    """Whether a part's file, whoever wrote it, may hold what somebody has had erased: it is from before that, or from
    just after.
    """
    try:
        written = datetime.fromtimestamp(place_of(part).stat().st_mtime, UTC)
    except FileNotFoundError:
        return False
    with organisation_context(part.organisation_id):
        return were_erased(written - ERASING, part)


def drop(part: Part) -> None:
    """Remove the file of a part; there may be none. Whoever takes the part up next reads its rows."""
    place_of(part).unlink(missing_ok=True)


def tidy(held: Collection[Part] = ()) -> None:
    """Remove files that nobody renews, those of parts that are no more, and drafts that nobody will end.

    Of parts that are not `held` here also those that may hold what was erased. Whoever does hold one writes it anew.
    """
    for path in sorted(_folder().glob("*-of-*")):
        with contextlib.suppress(FileNotFoundError):
            if _is_of_no_use(path, held):
                path.unlink()


def _is_of_no_use(path: Path, held: Collection[Part]) -> bool:
    age = time.time() - path.stat().st_mtime
    if path.suffix == ".draft":
        return age > OLDEST_DRAFT
    part = _part_named(path.name)
    return age > OLDEST or part is None or (part not in held and holds_erased(part))


def _require_ours(about: Any, part: Part, upper: int) -> None:
    """Raises `Unusable` for a file of other queries, or of another database."""
    from headwater.distribute.matcher.snapshot import Unusable

    if about["part"] != _named(part):
        raise Unusable("holds other queries")
    if about["meaning"] != _meaning():
        raise Unusable("was written by another version")
    if about["tx"] > upper or not StandingSnapshot.objects.filter(shard=_shard(part), token=about["token"]).exists():
        raise Unusable("was not written for this database as it is now")


@cache
def _meaning() -> str:
    """Differs when it does what a `Standing` holds."""
    return sha256(Path(standing.__file__).read_bytes()).hexdigest()[:16]


def _shard(part: Part) -> MatchShard | None:
    return MatchShard.objects.filter(number=part.number, of=part.of, until_tx=None).first()


def _named(part: Part) -> list[int]:
    return [part.organisation_id, part.number, part.of]


def _part_named(name: str) -> Part | None:
    """The part whose file has this name; None when no such part is matched."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    part = Part(*map(int, found.groups()))
    with organisation_context(part.organisation_id):
        return part if _shard(part) is not None else None


def _folder() -> Path:
    return settings.HEADWATER_HOME / "standing"


def _settle(folder: Path) -> None:
    """Let what was renamed in a folder outlast a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
