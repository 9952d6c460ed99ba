"""PostgreSQL of our own, for an installation that has no server: found, created, started, watched and stopped.

No Django here. What others use:

    cluster = Cluster(home, durable=True)      # home: a folder; nothing happens yet
    lease = cluster.enter()                    # creates it the first time, starts it if it is not running, waits for it
    cluster.url(APP), cluster.url(OWNER)       # postgresql://role:password@/headwater?host=/socket/folder
    cluster.create_database("other")           # owned by the owner, the application's role granted what it needs
    cluster.drop_database("other")
    lease.leave()                              # the last one out stops PostgreSQL (a killed process counts as out)

For tests, a cluster that forgets its promises about power cuts, is ready in about a second, and is deleted at the end
even if the tests are killed:

    with throw_away_cluster() as cluster:
        os.environ["DATABASE_URL"] = cluster.url(APP)
        os.environ["DATABASE_OWNER_URL"] = cluster.url(OWNER)

How it works. The first process in starts a *guardian* (guardian.py), which is the parent of PostgreSQL: it starts it
again when it dies, and stops it when nobody holds the users' lock any more. Locks are held by the kernel (flock), so a
process killed with -9 leaves nothing behind. PostgreSQL listens on a Unix socket in a folder only its user can enter,
never on TCP, and asks for a password (scram).

Three roles. SUPERUSER creates the other two, databases and extensions, and is used for nothing else. OWNER owns the
database and runs migrations. APP is what the product runs as: it owns nothing, and row-level security holds for it.

As root, PostgreSQL refuses to run; then it runs as an unprivileged user, under /var/lib/headwater/<id>/, and `home`
keeps a pointer to that folder (places.py).
"""

from headwater.core.cluster.binaries import Binaries, find_binaries
from headwater.core.cluster.cluster import Cluster, Lease, throw_away_cluster
from headwater.core.cluster.errors import ClusterError
from headwater.core.cluster.roles import APP, OWNER, SUPERUSER

__all__ = [
    "APP",
    "OWNER",
    "SUPERUSER",
    "Binaries",
    "Cluster",
    "ClusterError",
    "Lease",
    "find_binaries",
    "throw_away_cluster",
]
