"""Time zones, and the field in which one is chosen."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

# Places by continent; the rest of the names are older spellings and zones of no place.
ZONES = {"UTC", *(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "US/")))}


def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every time zone, in groups by continent, each called by its place."""
    groups: dict[str, list[tuple[str, str]]] = {"UTC": [("UTC", "UTC")]}
    for name in sorted(ZONES - {"UTC"}):
        continent, _slash, place = name.partition("/")
        groups.setdefault(continent, []).append((name, place.replace("_", " ").replace("/", ", ")))
    return list(groups.items())


class ZoneSelect(forms.Select):
    """A list of all time zones: its hundreds of lines are written once, for a template of each took 0.2 seconds.

    A zone that is none of them, kept from elsewhere, is shown as it is called.
    """

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """The list with `value` chosen."""
        attributes = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        own = format_html('<option value="{0}" selected>{0}</option>', value) if value and value not in ZONES else ""
        chosen = f'value="{conditional_escape(value)}"'
        lines = SafeString(_lines().replace(chosen, f"{chosen} selected", 1))
        return format_html("<select{}>{}{}</select>", attributes, own, lines)


@cache
def _lines() -> SafeString:
    groups = (
        (continent, format_html_join("", '<option value="{}">{}</option>', places))
        for continent, places in zone_choices()
    )
    return format_html_join("", '<optgroup label="{}">{}</optgroup>', groups)
