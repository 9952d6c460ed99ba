"""A line with suggestions: what may be meant is offered below it while one types, and what was typed is understood.

A list of all there is would make a form as long as the organisation; this costs the same for ten and for a hundred
thousand, and works without JavaScript by typing a name in full.
"""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from headwater.core.addresses import address

SPARE = 2  # empty lines to type more names into


class OfferingInput(forms.TextInput):
    """A line for a name, with a list below it that the page called `asks` fills while one types.

    `asks_besides` is what that page is told besides what was typed.
    """

    asks = ""
    asks_besides: dict[str, Any] = {}

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """The line, and its list, empty at first."""
        offered = f"{(attrs or {}).get('id') or name}_offered"
        asking = {
            "list": offered,
            "autocomplete": "off",
            "hx-get": address(self.asks) + (f"?{urlencode(self.asks_besides)}" if self.asks_besides else ""),
            "hx-trigger": "input changed delay:200ms",
            "hx-target": f"#{offered}",
            "hx-swap": "innerHTML",
            "hx-sync": "this:replace",
        }
        line = super().render(name, value, {**asking, **(attrs or {})}, renderer)
        return format_html('{}<datalist id="{}"></datalist>', line, offered)


class OfferingLines(OfferingInput):
    """Several such lines of one field: one for each name that stands there, and some to type more. Its value has one
    name a line.
    """

    use_fieldset = True

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """The lines below each other."""
        names = [*(value or "").splitlines(), *[""] * SPARE]
        number = (attrs or {}).get("id") or name
        lines = (
            (super(OfferingLines, self).render(name, each, {**(attrs or {}), "id": f"{number}_{at}"}, renderer),)
            for at, each in enumerate(names)
        )
        return format_html_join("\n", "{}", lines)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        """What was typed into all of them."""
        typed = data.getlist(name) if hasattr(data, "getlist") else [data.get(name) or ""]
        return "\n".join(line for line in typed if line.strip())
