"""Small things for showing entries in lists."""

from django import template

from headwater.core.addresses import address
from headwater.search.models import Entry, Kind

register = template.Library()

ICONS = {
    Kind.GATHERED: "file-text",
    Kind.HOW_TO: "list-check",
    Kind.PROCEDURE: "clipboard-check",
    Kind.POLICY: "scale",
    Kind.LESSON: "bulb",
    Kind.FAQ: "message-question",
    Kind.DECISION: "rubber-stamp",
    Kind.REFERENCE: "book",
    Kind.CONTACT: "phone",
    Kind.BEST_PRACTICE: "star",
}


@register.filter
def kind_icon(kind: str) -> str:
    """The name of the icon that stands for a kind of entry."""
    return ICONS.get(Kind(kind), "file-text")


@register.simple_tag
def entry_url(entry: Entry) -> str:
    """Where an entry is read."""
    return address("home:entry", pk=entry.pk)
