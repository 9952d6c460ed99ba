"""Where knowledge is fetched from: one file a kind. Plain Python; with the channels the only code on the network."""

from typing import Any

from headwater.gather.connectors.base import Connector, Fault, Fetched, FetchFailed, Found, Listing, SourceFailed
from headwater.gather.connectors.capture import Capture, captured_mail, captured_words
from headwater.gather.connectors.feed import Feed, is_feed
from headwater.gather.connectors.folder import Folder, watch_folders
from headwater.gather.connectors.guard import Client, Policy, Refused
from headwater.gather.connectors.mailbox import Mailbox
from headwater.gather.connectors.upload import Upload, uploaded
from headwater.gather.connectors.web import Site

__all__ = [
    "Connector",
    "Fault",
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
    "kind_of_address",
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


def kind_of_address(url: str, policy: Policy) -> str:
    """`feed` or `web`, by what an address answers. Raises SourceFailed when it does not."""
    client = Client(policy)
    try:
        return "feed" if is_feed(client.get(url)) else "web"
    except FetchFailed as error:
        raise SourceFailed.because(error) from error
    finally:
        client.close()
