"""Where knowledge is fetched from: one file a kind. Plain Python; with the channels the only code on the network."""

from typing import Any

from headwater.gather.connectors.base import Connector, Fault, Fetched, FetchFailed, Found, Listing, SourceFailed
from headwater.gather.connectors.base import marked as _
from headwater.gather.connectors.capture import Capture, captured_mail, captured_words
from headwater.gather.connectors.feed import Feed, is_feed
from headwater.gather.connectors.folder import Folder, watch_folders
from headwater.gather.connectors.guard import Client, Policy, Refused, check_written
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
    """`feed` or `web`, by what an address answers. Raises SourceFailed when it does not, or answers with an error."""
    check_written(url, policy, "url")
    client = Client(policy)
    try:
        answer = client.get(url)
    except FetchFailed as error:
        raise SourceFailed.because(error) from error
    finally:
        client.close()
    if answer.status >= 400:
        message, remedy = (
            _("The address answered %(status)s"),
            _("Check how it is written and whether it asks for a name"),
        )
        raise SourceFailed(message, remedy, status=answer.status)
    return "feed" if is_feed(answer) else "web"
