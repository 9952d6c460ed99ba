"""What a command does for itself when no worker may be running: it follows what was committed, as the worker would."""

from collections.abc import Collection

# Sending waits for a worker: a command at the keyboard shall not hang on a mail server.
LEFT_TO_WORKERS = {"distribute_dispatch", "distribute_digest"}


def catch_up(organisation_id: int, only: Collection[str] = ()) -> None:
    """Run the followers of an organisation until they have nothing more to do; with `only`, those of these tables.

    Called outside every transaction. Workers may do the same at the same time: a follower's step may run twice.
    """
    from headwater.core.jobs import discovered

    for _ in range(3):  # what one follower writes is what the next one follows
        for follower in discovered("FOLLOWERS"):
            if follower.channel not in LEFT_TO_WORKERS and (not only or follower.channel in only):
                while follower.step(organisation_id):
                    pass
