"""`doctor`: is everything well, and if not, what to do. Exits with 3 when something is wrong.

Every check looks at one thing and says one `Finding`. The checks only read.
"""

import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from math import ceil

from headwater.cli.errors import first_line
from headwater.cli.following import catch_up
from headwater.cli.installation import open_installation
from headwater.cli.output import print_data
from headwater.core.cluster.locks import FileLock
from headwater.core.home_folder import Installation

UNWELL = 3
LEAST_FREE = 1.0  # gigabytes
BLOBS_READ = 200  # files of each organisation that are read and compared with their name, beside those looked for
LONGEST_SILENCE = 60  # seconds since a worker's last sign of life
MOST_APART = 5.0  # seconds between this host's clock and the database's
LONGEST_QUEUE = 600  # seconds that a job may have waited while a worker runs


@dataclass(frozen=True)
class Finding:
    """What a check found. `remedy` says what to do, and is empty when all is well."""

    check: str
    well: bool
    found: str
    remedy: str = ""


def doctor(options: Namespace) -> int:
    """Look at everything, and print a line for each finding."""
    with open_installation() as installation:
        findings = [finding for check in CHECKS for finding in check(installation)]
    if options.json:
        print_data([asdict(finding) for finding in findings], as_json=True)
    else:
        for finding in findings:
            sys.stdout.write(f"{'ok   ' if finding.well else 'FAULT'}  {finding.check}: {finding.found}\n")
            if not finding.well:
                sys.stdout.write(f"       What to do: {finding.remedy}\n")
    return 0 if all(finding.well for finding in findings) else UNWELL


def check_database(installation: Installation) -> Iterator[Finding]:
    """Which PostgreSQL this is, and how large."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), pg_size_pretty(pg_database_size(current_database()))")
        version, size = cursor.fetchone()
    old = int(version.split(".")[0]) < 15
    kind = "embedded" if installation.cluster is not None else "on a server"
    remedy = "Headwater needs PostgreSQL 15 or later: upgrade the server." if old else ""
    yield Finding("database", not old, f"PostgreSQL {version} {kind}, {size}", remedy)


def check_schema(installation: Installation) -> Iterator[Finding]:
    """Whether every migration of this version was run."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    found = f"{len(missing)} migrations are missing" if missing else "the tables are this version's"
    remedy = "Delete schema.stamp in the home folder and run any command; it migrates." if missing else ""
    yield Finding("schema", not missing, found, remedy)


def check_wall(installation: Installation) -> Iterator[Finding]:
    """Whether row-level security holds for every table, role and view, and records cannot be rewritten."""
    from headwater.core.wall_faults import wall_faults

    faults = wall_faults()
    remedy = "Do not serve anybody until this is mended: run `headwater up` with DATABASE_URL naming the application's "
    remedy += "role and DATABASE_OWNER_URL the owner, or restore a backup."
    for fault in faults:
        yield Finding("wall", False, fault, remedy)
    if not faults:
        yield Finding("wall", True, "organisations cannot see one another; the application's role owns nothing")


def check_key(installation: Installation) -> Iterator[Finding]:
    """Whether the secret key is private."""
    path = installation.home / "keys.json"
    if not path.exists():
        yield Finding("key", True, "given by HEADWATER_SECRET_KEY")
        return
    private = path.stat().st_mode & 0o077 == 0
    remedy = f"chmod 600 {path}, and rotate the secrets of sources if others could read it."
    yield Finding("key", private, "private" if private else "others can read it", "" if private else remedy)


def check_disk(installation: Installation) -> Iterator[Finding]:
    """Whether there is room to write, in the home folder and where the cluster lies."""
    folders = {installation.home}
    if installation.cluster is not None:
        folders.add(installation.cluster.place.folder)
    for folder in sorted(folders):
        free = shutil.disk_usage(folder).free / 1e9
        remedy = "Free some room; PostgreSQL stops accepting changes when the disk is full (nothing is lost)."
        well = free >= LEAST_FREE and os.access(folder, os.W_OK)
        yield Finding("disk", well, f"{free:.1f} GB free at {folder}", "" if well else remedy)


def check_workers(installation: Installation) -> Iterator[Finding]:
    """Whether somebody does the jobs, and whether they get done."""
    from django.db import connection

    from headwater.core.jobs import LANES

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %s)",
            [LONGEST_SILENCE],
        )
        workers = ceil(cursor.fetchone()[0] / len(LANES))  # each of our workers counts once in every lane
        cursor.execute(
            "SELECT count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()),"
            " count(*) FILTER (WHERE status = 'failed'),"
            " coalesce(extract(epoch FROM now() - min(scheduled_at) FILTER (WHERE status = 'todo')), 0)"
            " FROM procrastinate_jobs"
        )
        waiting, failed, oldest = cursor.fetchone()
    if _is_up(installation):
        remedy = "See what `headwater up` prints about the worker; `headwater work` starts another."
        yield Finding("workers", workers > 0, f"{workers} at work, {waiting} jobs wait", "" if workers else remedy)
    else:
        yield Finding("workers", True, f"Headwater is not running; {waiting} jobs wait for it")
    late = float(oldest) > LONGEST_QUEUE and workers > 0
    remedy = "Start another worker with `headwater work`." if late else ""
    yield Finding("jobs", not late, f"{failed} failed for good in the last days", remedy)


def _is_up(installation: Installation) -> bool:
    return FileLock(installation.home / "up.lock").is_held_elsewhere()


def check_index(installation: Installation) -> Iterator[Finding]:
    """Whether this host's index holds what the database holds. Without a worker it is brought up to date first."""
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.search.models import Entry

    for organisation in Organisation.objects.order_by("slug"):
        with organisation_context(organisation.pk):
            entries = Entry.objects.filter(withdrawn_at=None, current_version__isnull=False).count()
        try:
            indexed = _indexed(installation, organisation.pk)
        except (OSError, ValueError) as error:  # a ValueError: whatever befalls tantivy
            remedy = "Make room on the disk. If there is enough, stop Headwater and delete "
            found = f"{organisation.slug}: cannot be opened: {first_line(error)}"
            yield Finding("index", False, found, f"{remedy}{installation.home / 'index'}: it is built anew.")
            continue
        well = entries == indexed
        remedy = f"A worker catches up. If it does not, stop Headwater and delete {installation.home / 'index'}."
        found = f"{organisation.slug}: {indexed} of {entries} entries"
        yield Finding("index", well, found, "" if well else remedy)


def _indexed(installation: Installation, organisation_id: int) -> int:
    """How many entries this host's index holds."""
    from headwater.search.indexing import index_of

    if not _is_up(installation):
        catch_up(organisation_id, only={"search_entry"})
    return index_of(organisation_id).searcher().num_docs


def check_matching(installation: Installation) -> Iterator[Finding]:
    """Whether workers hold every shard of the standing queries and get on, and whether anything was set aside."""
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.distribute.shards import lags
    from headwater.distribute.unmatched import still_shards, unmatched_versions

    for organisation in Organisation.objects.order_by("slug"):
        with organisation_context(organisation.pk):
            found, still, aside = lags(), still_shards(), unmatched_versions().count()
        free = [lag for lag in found if not lag.is_held]
        stuck = [lag for lag in found if lag.is_held and (lag.number, lag.of) in still]
        said = f"{organisation.slug}: {len(found) - len(free)} of {len(found)} shards held by workers, "
        said += f"{sum(lag.behind for lag in found)} versions wait"
        remedies = []
        if free and _is_up(installation):
            remedies.append("A worker takes a free shard within seconds. If none does, see what the workers print.")
        if stuck:
            said += f"; {len(stuck)} shards have stood still for a minute"
            remedies.append(
                "See what the workers print, and whether a transaction in PostgreSQL has been open for long."
            )
        if aside:
            said += f"; {aside} could not be matched and did not reach everybody"
            remedies.append(f"headwater do retry_versions --organisation {organisation.slug}; workers print the fault.")
        yield Finding("matching", not remedies, said, " ".join(remedies))


def check_clock(installation: Installation) -> Iterator[Finding]:
    """Whether this host's clock agrees with the database's: what is due, and whose work is stuck, is told by clocks."""
    import time

    from django.db import connection

    with connection.cursor() as cursor:
        asked = time.time()
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        apart = abs(float(cursor.fetchone()[0]) - (asked + time.time()) / 2)
    well = apart <= MOST_APART
    remedy = "Let a time service (systemd-timesyncd, chrony) set the clocks of all hosts."
    yield Finding("clock", well, f"{apart:.1f} s from the database's", "" if well else remedy)


def check_blobs(installation: Installation) -> Iterator[Finding]:
    """Whether the bytes that the database speaks of are there, and some of them unharmed."""
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context

    for organisation in Organisation.objects.order_by("slug"):
        with organisation_context(organisation.pk):
            missing, harmed, number = _look_at_blobs()
        found = f"{organisation.slug}: {number} kept, {len(missing)} missing, {len(harmed)} damaged"
        remedy = "Restore a backup beside this installation and copy these files from its blobs folder: "
        remedy += ", ".join([*missing, *harmed][:5])
        well = not missing and not harmed
        yield Finding("blobs", well, found, "" if well else remedy)


def _look_at_blobs() -> tuple[list[str], list[str], int]:
    """Digests that are missing, digests whose file is something else, and how many there are."""
    import hashlib

    from headwater.core.blobs import blob_path, digests_in_use

    digests = sorted(digests_in_use())
    missing = [digest for digest in digests if not blob_path(digest).exists()]
    sample = digests[:: max(1, len(digests) // BLOBS_READ)]
    harmed = [
        digest
        for digest in sample
        if digest not in missing and hashlib.sha256(blob_path(digest).read_bytes()).hexdigest() != digest
    ]
    return missing, harmed, len(digests)


def check_audiences(installation: Installation) -> Iterator[Finding]:
    """Whether the kept members of every audience are those whom its rule selects."""
    from headwater.core.models import Organisation
    from headwater.core.wall import organisation_context
    from headwater.people.membership import faults

    for organisation in Organisation.objects.order_by("slug"):
        with organisation_context(organisation.pk):
            found = faults()
        for fault in found:
            remedy = f"headwater do refresh_audiences --organisation {organisation.slug}"
            yield Finding("audiences", False, f"{organisation.slug}: {fault}", remedy)
        if not found:
            yield Finding("audiences", True, f"{organisation.slug}: members are as the rules say")


def check_programs(installation: Installation) -> Iterator[Finding]:
    """Which PostgreSQL programs serve the embedded cluster."""
    if installation.cluster is None:
        return
    binaries = installation.cluster.binaries
    yield Finding("programs", True, f"PostgreSQL {binaries.major} in {binaries.folder}")


CHECKS: tuple[Callable[[Installation], Iterator[Finding]], ...] = (
    check_programs,
    check_database,
    check_schema,
    check_wall,
    check_key,
    check_disk,
    check_clock,
    check_workers,
    check_matching,
    check_index,
    check_blobs,
    check_audiences,
)
