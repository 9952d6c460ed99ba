"""A line with suggestions: what may be meant is offered below it while one types, and what was typed is understood.

A list of all there is would make a form as long as the organisation; this costs the same for ten and for a hundred
thousand, and works without JavaScript by typing a name in full.
"""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from headwater.core.addresses import address


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
