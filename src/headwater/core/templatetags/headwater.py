"""`{% load headwater %}`: everything pages are made of. docs/design.md shows each with an example."""

import json
from collections.abc import Iterable
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from headwater.core.display import assets, dates, figures, parts
from headwater.core.offering import OfferingLines

register = template.Library()

register.simple_tag(assets.asset)
register.simple_tag(assets.icon)
register.simple_tag(figures.figure)
register.filter(figures.number)
register.filter(figures.duration)
register.filter(figures.minutes)
register.filter(figures.size)
register.simple_tag(figures.percent)
register.filter(dates.when)
register.filter(dates.due)
register.simple_tag(dates.span)
register.simple_tag(parts.state)
register.filter(parts.breakable)
register.simple_tag(parts.because)
register.simple_tag(parts.because_line)
register.simple_tag(parts.avatar)
register.simple_tag(parts.stream)


@register.simple_tag
def writing_direction() -> str:
    """rtl or ltr, by the language being spoken."""
    return "rtl" if get_language_bidi() else "ltr"


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """light or dark when the reader chose one, else empty: the device decides."""
    request: HttpRequest | None = context.get("request")
    chosen = getattr(getattr(request, "user", None), "theme", "auto")
    return chosen if chosen in ("light", "dark") else ""


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, Any]:
    """One form field: label, control, help, error; a group of choices becomes a fieldset."""
    widget = bound.field.widget
    return {
        "field": bound,
        "hint": hint,
        "is_check": isinstance(widget, CheckboxInput),
        "is_group": isinstance(widget, RadioSelect | CheckboxSelectMultiple | OfferingLines),
    }


@register.simple_tag
def hits(text: str, words: Iterable[str]) -> SafeString:
    """A text with the searched words marked, wherever they begin a word."""
    return parts.marked(str(text), words)


@register.filter
def toast_icon(level: str) -> str:
    """The icon that stands beside a message of Django's level."""
    return {"success": "check", "warning": "alert-triangle", "error": "alert-circle"}.get(level, "info-circle")


@register.filter
def page_numbers(page: Page[Any]) -> list[int]:
    """The page numbers worth showing: the ends and the neighbours; 0 stands for a gap."""
    shown = sorted(
        {1, 2, page.number - 1, page.number, page.number + 1, page.paginator.num_pages} & set(page.paginator.page_range)
    )
    return [
        n
        for before, here in zip([0, *shown], shown, strict=False)
        for n in ([0, here] if here - before > 1 else [here])
    ]


@register.simple_tag
def editor_words() -> str:
    """What the buttons of the editor are called, as JSON for its script: icon → words."""
    words = {"bold": _("Bold"), "italic": _("Italic"), "heading": _("Heading"), "list": _("List")}
    words |= {"list-numbers": _("Numbered list"), "quote": _("Quotation"), "link": _("Link"), "code": _("Code")}
    return json.dumps(words)
