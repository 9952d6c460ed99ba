"""Where knowledge is fetched from: one file a kind. Plain Python; with the channels the only code on the network."""

from typing import Any

from headwater.gather.connectors.base import Connector, Fetched, FetchFailed, Found, Listing, SourceFailed
from headwater.gather.connectors.capture import Capture, captured_mail, captured_words
from headwater.gather.connectors.feed import Feed
from headwater.gather.connectors.folder import Folder, watch_folders
from headwater.gather.connectors.guard import Policy, Refused
from headwater.gather.connectors.mailbox import Mailbox
from headwater.gather.connectors.upload import Upload, uploaded
from headwater.gather.connectors.web import Site

__all__ = [
    "Connector",
    "FetchFailed",
    "Fetched",
    "Found",
    "Listing",
    "Policy",
    "Refused",
    "SourceFailed",
    "captured_mail",
    "captured_words",
    "connector_for",
    "uploaded",
    "watch_folders",
]


def connector_for(kind: str, settings: dict[str, Any], secret: dict[str, str], policy: Policy) -> Connector:
    """The connector of a source. Raises SourceFailed when its settings say too little."""
    if kind == "folder":
        return Folder.from_settings(settings)
    if kind == "feed":
        return Feed.from_settings(settings, secret, policy)
    if kind == "web":
        return Site.from_settings(settings, secret, policy)
    if kind == "mailbox":
        return Mailbox.from_settings(settings, secret, policy)
    return Capture() if kind == "capture" else Upload()
