"""`{% load home %}`: small words about entries and deliveries on the pages that draw on every room."""

from collections.abc import Collection

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from headwater.core.addresses import address
from headwater.search.models import EntryVersion, Kind

register = template.Library()


@register.filter
def entry_note(version: EntryVersion) -> str:
    """What it is: “procedure, version 7, Site Safety”."""
    entry = version.entry
    parts = [str(Kind(entry.kind).label).lower()]  # Django's own way to it goes through all kinds for each line
    if version.number > 1:
        parts.append(_("version %(number)s") % {"number": version.number})
    if entry.unit is not None:
        parts.append(entry.unit.name)
    return ", ".join(parts)


@register.simple_tag
def entry_link(entry_id: int, title: str, readable: Collection[int]) -> SafeString:
    """A title that opens its entry, for those who may read it; for others only that there is something."""
    if entry_id not in readable:
        return format_html('<span class="quiet">{}</span>', _("not open to you"))
    return format_html('<a class="plain" href="{}"><bdi>{}</bdi></a>', address("home:entry", pk=entry_id), title)
