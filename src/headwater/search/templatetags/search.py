"""Small things for showing entries in lists."""

from typing import Any

from django import template

from headwater.core.addresses import address
from headwater.search.models import Entry, Kind
from headwater.search.naming import source_names

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


@register.simple_tag(takes_context=True)
def source_name(context: template.Context, slug: str) -> str:
    """What a source is called. All are looked up in one query, when the first name on a page is wanted."""
    kept: dict[str, Any] = vars(context["request"]) if "request" in context else {}
    if "source_names" not in kept:
        kept["source_names"] = source_names()
    return str(kept["source_names"].get(slug, slug))
