"""What search does in the background: its index follows the entries, and gaps are looked at again."""

from headwater.core.jobs import Follower, periodic
from headwater.search.gaps import tell_answered
from headwater.search.indexing import follow_entries, mend_index

FOLLOWERS = [Follower("search index", "search_entry", follow_entries, every_seconds=5.0)]


@periodic("*/10 * * * *")
def mend_indexes(organisation_id: int) -> None:
    """Correct what following cannot see: deleted rows, moved units, renamed topics."""
    mend_index(organisation_id)


@periodic("7,37 * * * *")
def look_again(organisation_id: int) -> None:
    """Tell those who asked when a search that found nothing would find something now."""
    tell_answered(organisation_id)
