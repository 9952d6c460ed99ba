"""What search does in the background: its index follows the entries, and gaps are looked at again."""

import threading

from django.db import connections

from headwater.core.jobs import Follower, organisation_ids, periodic
from headwater.search.gaps import tell_answered
from headwater.search.indexing import follow_entries, mend_index

MEND_EVERY = 600.0  # seconds

FOLLOWERS = [Follower("search index", "search_entry", follow_entries, every_seconds=5.0, rest=0.2)]


def mend_indexes(stop: threading.Event) -> None:
    """A service, since every host has indexes of its own: correct what following cannot see.

    That is deleted rows, moved units, renamed topics.
    """
    while not stop.wait(MEND_EVERY):
        for organisation_id in organisation_ids():
            if not stop.is_set():
                mend_index(organisation_id)
        connections.close_all()


SERVICES = [mend_indexes]


@periodic("7,37 * * * *")
def look_again(organisation_id: int) -> None:
    """Tell those who asked when a search that found nothing would find something now."""
    tell_answered(organisation_id)
