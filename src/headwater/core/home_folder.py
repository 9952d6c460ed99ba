"""The home folder: everything one installation keeps on this machine, and the environment made from it.

    cluster/            the embedded PostgreSQL, or a pointer to it (see headwater.core.cluster)
    keys.json           the secret key; back it up, or encrypted secrets cannot be read again
    installation.json   what was chosen once, such as whether this is a demonstration
    blobs/ index/       gathered bytes by content; this host's copy of the search index
    standing/           what people follow, for a quick start of who matches (see headwater.distribute.snapshots)
    documents/          the demonstration's own; folders in it are all here that a source may read

`HEADWATER_HOME` names it; otherwise it is `headwater` in the user's data folder.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any, Self

from headwater.core.cluster import APP, OWNER, Cluster, Lease
from headwater.core.cluster.places import write_once, write_privately

FOLDERS = ("blobs", "index")
DOCUMENTS = "documents"


def home_folder() -> Path:
    """The home folder's path, whether or not it exists yet."""
    wish = os.environ.get("HEADWATER_HOME")
    if wish:
        return Path(wish).expanduser().absolute()
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "headwater"


def make_home_folder() -> Path:
    """Create the home folder and the folders in it, for its owner alone."""
    home = home_folder()
    for folder in (home, *(home / name for name in FOLDERS)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


def secret_key(home: Path) -> str:
    """The installation's secret key, made the first time. Sessions and encrypted secrets depend on it."""
    fresh = json.dumps({"secret_key": secrets.token_urlsafe(50)})
    return str(json.loads(write_once(home / "keys.json", fresh))["secret_key"])


def installation_choices(home: Path) -> dict[str, Any]:
    """What was chosen for this installation, such as `{"demo": true}`."""
    path = home / "installation.json"
    choices: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return choices


def remember_choice(home: Path, **choices: object) -> None:
    """Keep choices for the next command."""
    write_privately(home / "installation.json", json.dumps(installation_choices(home) | choices))


class Installation:
    """An installation in use: its database answers until `close`.

    `cluster` is None when DATABASE_URL names a server; `owner_url` is None when nobody said how to reach it as owner.
    """

    def __init__(self, home: Path, lease: Lease | None, app_url: str, owner_url: str | None) -> None:
        self.home = home
        self.lease = lease
        self.app_url = app_url
        self.owner_url = owner_url

    @property
    def cluster(self) -> Cluster | None:
        """The embedded PostgreSQL, if that is what is used."""
        return self.lease.cluster if self.lease else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the database go; the last one out stops it."""
        if self.lease:
            self.lease.leave()

    def migrating_environment(self) -> dict[str, str]:
        """The environment for a process that migrates: the only one that may act as the owner."""
        return dict(os.environ) | ({"DATABASE_OWNER_URL": self.owner_url} if self.owner_url else {})


def prepare_environment(*, alone: bool = False) -> Installation:
    """Open the installation and set the variables that settings.py reads. Call it before Django starts.

    Sets HEADWATER_HOME, HEADWATER_SECRET_KEY, HEADWATER_DEMO and DATABASE_URL (the application's role) where they are
    not set, and takes DATABASE_OWNER_URL away, so that nothing but a migration can act as the owner.
    `alone`: as the only user of the embedded database; others wait. Raises ClusterError when there is none to be had.
    """
    home = make_home_folder()
    owner_url = os.environ.pop("DATABASE_OWNER_URL", None)
    lease = None
    if not os.environ.get("DATABASE_URL"):
        lease = Cluster(home).enter(alone=alone)
        os.environ["DATABASE_URL"] = lease.cluster.url(APP)
        owner_url = lease.cluster.url(OWNER)
    os.environ["HEADWATER_HOME"] = str(home)
    os.environ.setdefault("HEADWATER_SECRET_KEY", secret_key(home))
    os.environ.setdefault("HEADWATER_DEMO", "1" if installation_choices(home).get("demo") else "0")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.settings")
    return Installation(home, lease, os.environ["DATABASE_URL"], owner_url)
