"""`{% load addresses %}{% address "gather:source" pk=source.pk %}`: a page of the current organisation."""

from typing import Any

from django import template

from headwater.core.addresses import address as address_of

register = template.Library()


@register.simple_tag
def address(name: str, **arguments: Any) -> str:
    """The path of a named page inside the organisation that is open."""
    return address_of(name, **arguments)
