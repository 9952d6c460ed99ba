"""Which chat and push services may be written to, and what their addresses may carry.

The library that speaks to them knows many more, and fields of an address that name a file of this machine (a template,
a key) which it then reads and sends out. So nothing is let through that is not named here: a service or field that a
later version brings is refused until somebody has looked at it.
"""

from typing import Any

import apprise
from apprise.plugins import url_to_dict
from django.utils.translation import gettext as _

from headwater.distribute.channels.outgoing import Refusal

# Scheme → the fields that may stand behind the question mark: whom it goes to, or how; never a file, never the way the
# connection is made (certificates unchecked, waiting without end).
SERVICES: dict[str, frozenset[str]] = {
    scheme: frozenset(fields.split())
    for schemes, fields in (
        ("slack discord", "to thread"),
        ("workflow workflows", "api-version id pa powerautomate route routeid sig sp sv ver"),  # Teams
        ("tgram", "to thread topic silent"),
        ("mmost mmosts", "to channel channels team"),
        ("rocket rockets", "to mode"),
        ("matrix matrixs", "to mode version"),
        ("gchat", "workspace key token thread threadkey"),
        ("zulip twist line flock pbul", "to"),
        ("webex wxteams", "to mode"),
        ("nctalk nctalks", "silent"),
        ("signal signals", "to from"),
        ("feishu lark wecombot", "key token"),
        ("dingtalk", "to token"),
        ("cliq zcliq zohocliq", "to token company region"),
        ("ntfy ntfys", "to mode priority token"),
        ("gotify gotifys", "priority"),
        ("pover", "to priority sound"),
        ("json jsons", ""),  # any other service, through a small program of one's own
    )
    for scheme in schemes.split()
}


def service_of(url: str) -> apprise.NotifyBase:
    """The service behind an address. Raises `Refusal` for one that nobody understands, or that is not on the list.

    What is compared with the list is what the library itself read from the address, and just that is built from.
    """
    found: dict[str, Any] | None = url_to_dict(url)
    if not found or "qsd" not in found:
        raise Refusal(_("No chat or push service understands this address."))
    scheme = str(found["schema"]).lower()
    if scheme not in SERVICES:
        known = ", ".join(sorted(SERVICES))
        raise Refusal(
            _("“%(scheme)s” is not among the services that are written to: %(known)s.")
            % {"scheme": scheme, "known": known}
        )
    if beyond := sorted(set(found["qsd"]) - SERVICES[scheme]):
        raise Refusal(
            _("This address carries “%(field)s”, which is not used here. Take it out and try again.")
            % {"field": beyond[0]}
        )
    service = apprise.Apprise.instantiate(found)
    if service is None:
        raise Refusal(_("No chat or push service understands this address."))
    return service
