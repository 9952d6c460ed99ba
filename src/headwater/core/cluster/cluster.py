"""One cluster: created, entered, left. See the package's docstring for how to use it."""

import contextlib
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from headwater.core.cluster import roles
from headwater.core.cluster.binaries import Binaries, find_binaries
from headwater.core.cluster.errors import ClusterError
from headwater.core.cluster.guardian import Plan
from headwater.core.cluster.locks import FileLock
from headwater.core.cluster.places import Place, find_place, make_folders, reachable, write_once, write_privately

DATABASE = "headwater"
LONGEST_START = 90  # seconds; recovery after a crash may have much log to replay
LEAST_FREE = 2**24  # bytes; PostgreSQL's log of changes grows by that much at a time
LONGEST_LEAVING = 5  # seconds until PostgreSQL has stopped behind a killed process
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")  # bytes
LONGEST_TURN = 300  # seconds to wait while another process creates, starts or stops the cluster


def cache_size() -> str:
    """PostgreSQL's own cache: a sixteenth of the machine's memory, between 96 and 256 MB; taken only as it fills.

    With 96 MB 25,000 entries are served from memory, with 256 what inboxes are counted by among a million.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # a container's own limit; "max", or no file, where there is none
        memory = min(memory, int(CONTAINER_LIMIT.read_text()))
    return f"{min(max((memory >> 20) // 16, 96), 256)}MB"


# Small enough for the whole system to idle in 600 MB.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "shared_buffers": cache_size(),
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "200",  # a place costs 50 kB, a worker may need twenty-five
    "max_wal_size": "3GB",  # each checkpoint makes writing dearer for a while: docs/decisions/delivery.md
    "min_wal_size": "80MB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than it saves on queries of a few milliseconds
    "max_parallel_workers_per_gather": "0",  # two cores; and containers often have little shared memory
    "max_parallel_maintenance_workers": "0",
    "max_worker_processes": "4",
    "max_logical_replication_workers": "0",  # nothing here subscribes, and their launcher is a process
    "autovacuum_naptime": "10s",  # queries on a table just filled are planned as if it were empty, until it is analysed
    # What nobody changes is vacuumed soon, too: until then an index alone does not tell who may read an entry.
    "autovacuum_vacuum_insert_scale_factor": "0.02",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
}
# No synchronous_commit=off here: that would lose commits when PostgreSQL is killed, and tests kill it.
CARELESS = {"fsync": "off", "full_page_writes": "off"}


class Cluster:
    """The embedded PostgreSQL of one home folder.

    `durable=False` gives up safety against power cuts (never against killed processes) for speed, for tests.
    `erase=True` deletes everything when the last one leaves.
    """

    def __init__(self, home: Path, *, durable: bool = True, erase: bool = False) -> None:
        self.home = home
        self.durable = durable
        self.erase = erase

    @property
    def place(self) -> Place:
        """Where the cluster lies and as whom it runs; decided at the first call."""
        return find_place(self.home)

    @property
    def binaries(self) -> Binaries:
        """The programs that serve this cluster: of the version that made it, where its user can run them."""
        place = self.place
        return reachable(find_binaries(place.major), place)

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address of a database for one of the three roles."""
        return roles.role_url(role, self._passwords()[role], str(self.place.socket), database)

    def enter(self, *, alone: bool = False) -> "Lease":
        """Make sure PostgreSQL is there and answering, and hold it until the lease is left.

        `alone`: as its only user; whoever comes meanwhile waits. Raises ClusterError when it cannot be created or
        started, or has other users.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        users = FileLock(self.place.control / "users.lock")
        with self._turn():
            if alone and not users.own(LONGEST_LEAVING):
                raise ClusterError(
                    f"Another command uses {self.home}: a worker, a run of `gather`, or one that was started by hand. "
                    "Nothing was changed. End it, and try again."
                )
            if not alone and not users.share(LONGEST_TURN):
                raise ClusterError("The database is still being stopped by another command. Try again in a minute.")
            try:
                self._start()
            except BaseException:
                users.release()
                raise
        return Lease(self, users)

    def revive(self) -> None:
        """Start the guardian again if it was killed. For processes that hold a lease for long."""
        if not self._is_guarded():
            with self._turn():
                self._start()

    def is_running(self) -> bool:
        """Whether PostgreSQL answers now, whoever started it."""
        from headwater.core.cluster.databases import answers

        with contextlib.suppress(FileNotFoundError):
            return answers(self.url(roles.SUPERUSER, "postgres"))
        return False

    def create_database(self, name: str) -> None:
        """Create a database like the installation's own, unless it is there. The cluster must be running."""
        from headwater.core.cluster import databases

        databases.create_database(self.url(roles.SUPERUSER, "postgres"), self.url(roles.SUPERUSER, name), name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it. The cluster must be running."""
        from headwater.core.cluster import databases

        databases.drop_database(self.url(roles.SUPERUSER, "postgres"), name)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One process at a time creates or starts."""
        lock = FileLock(self.place.control / "start.lock")
        if not lock.own(LONGEST_TURN):
            raise ClusterError("Another command has been starting the database for minutes. End it, and try again.")
        try:
            yield
        finally:
            lock.release()

    def _start(self) -> None:
        """Create what is missing, start the guardian if there is none, and wait for an answer."""
        place = self.place
        binaries = self.binaries
        make_folders(place)
        if place.major is None:
            self._create(place, binaries)
        if not self._is_guarded():
            self._start_guardian(place, binaries)
        self._await_answer()
        prepared = place.control / "prepared"
        if not prepared.exists():
            from headwater.core.cluster import databases

            databases.ensure_roles(self.url(roles.SUPERUSER, "postgres"), self._passwords())
            self.create_database(DATABASE)
            prepared.touch()

    def _create(self, place: Place, binaries: Binaries) -> None:
        """Run initdb in a draft folder and rename it, so that a half-made cluster is never taken for a whole one."""
        draft = place.folder / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        password = place.folder / "password"
        write_privately(password, self._passwords()[roles.SUPERUSER])
        if place.user:
            shutil.chown(password, place.user)
        command = [binaries.program("initdb"), "-D", str(draft), f"--pwfile={password}", *_initdb_options(binaries)]
        if not self.durable:
            command.append("--no-sync")
        try:
            answer = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                cwd="/",
                env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
                user=place.user,
                group=pwd.getpwnam(place.user).pw_gid if place.user else None,
                extra_groups=[] if place.user else None,
            )
        finally:
            password.unlink()
        if answer.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            said = answer.stderr.strip()
            raise ClusterError(f"The database could not be created, and nothing was kept. initdb said: {said}")
        draft.rename(place.data)

    def _start_guardian(self, place: Place, binaries: Binaries) -> None:
        settings = SETTINGS | {"unix_socket_directories": str(place.socket)} | ({} if self.durable else CARELESS)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        erase = [str(place.data), str(place.folder), str(place.socket), str(place.control)] if self.erase else []
        command = [binaries.program("postgres"), "-D", str(place.data), *options]
        plan = Plan(command, place.user, str(place.control), erase)
        with (place.control / "postgresql.log").open("ab") as log:
            subprocess.run(
                [sys.executable, "-m", "headwater.core.cluster.guardian", plan.as_text()],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _is_guarded(self) -> bool:
        return FileLock(self.place.control / "guardian.lock").is_held_elsewhere()

    def _await_answer(self) -> None:
        deadline = time.monotonic() + LONGEST_START
        while not self.is_running():
            if time.monotonic() > deadline or not self._is_guarded():
                raise ClusterError(
                    f"PostgreSQL does not answer. The data are untouched. {self._about_the_disk()}Its last words, from "
                    f"{self.place.control / 'postgresql.log'}:\n{self._last_words()}"
                )
            time.sleep(0.02)

    def _about_the_disk(self) -> str:
        """A sentence when its disk is full; then it could not write its last words either."""
        folder = self.place.folder
        if shutil.disk_usage(folder).free >= LEAST_FREE:
            return ""
        return f"The disk of {folder} is full: free some room, and try again. "

    def _last_words(self) -> str:
        lines = (self.place.control / "postgresql.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-8:])

    def _passwords(self) -> dict[str, str]:
        """The roles' passwords, made once and readable only by the home folder's owner."""
        fresh = {role: secrets.token_urlsafe(24) for role in roles.ROLES}
        known: dict[str, str] = json.loads(write_once(self.place.control / "passwords.json", json.dumps(fresh)))
        return known


class Lease:
    """The right to a running cluster. Ends with `leave`, at the end of a `with`, or with the process."""

    def __init__(self, cluster: Cluster, users: FileLock) -> None:
        self.cluster = cluster
        self._users = users

    def __enter__(self) -> Cluster:
        return self.cluster

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Let go. The last one out stops PostgreSQL and waits until it has stopped."""
        control = self.cluster.place.control
        if self._users.own():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
                guardian = FileLock(control / "guardian.lock")
                if guardian.is_held_elsewhere():
                    os.kill(int((control / "guardian.pid").read_text()), signal.SIGTERM)
                guardian.own(LONGEST_START)
                guardian.release()
        self._users.release()


@contextlib.contextmanager
def throw_away_cluster() -> Iterator[Cluster]:
    """A running cluster with an empty `headwater` database, quick and careless, erased at the end."""
    home = Path(tempfile.mkdtemp(prefix="headwater-"))
    cluster = Cluster(home, durable=False, erase=True)
    try:
        with cluster.enter():
            yield cluster
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _initdb_options(binaries: Binaries) -> list[str]:
    """Scram for everyone, checksums, and a collation that is the same on every machine."""
    if binaries.major >= 17:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    else:
        locale = ["--locale=C.UTF-8"]
    scram = ["--auth-local=scram-sha-256", "--auth-host=scram-sha-256", f"--username={roles.SUPERUSER}"]
    return [*scram, *locale, "--encoding=UTF8", "--data-checksums"]
