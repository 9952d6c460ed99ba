"""The verbs of search. `publish_version` and its kin are for the rooms above, inside actions of their own."""

from headwater.search.publishing import (
    NewVersion,
    publish_version,
    publish_versions,
    restore_entry,
    withdraw_entries,
    withdraw_entry,
)

__all__ = [
    "NewVersion",
    "publish_version",
    "publish_versions",
    "restore_entry",
    "withdraw_entries",
    "withdraw_entry",
]
