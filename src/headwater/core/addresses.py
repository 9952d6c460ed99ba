"""Addresses of pages inside an organisation, without naming the organisation at every call.

address("gather:source", pk=3)   ->  /o/public-works/gather/sources/3/
"""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import reverse

from headwater.core.models import Organisation
from headwater.core.wall import current_organisation_id

_slugs: dict[int, str] = {}


def organisation_slug() -> str:
    """The slug of the current organisation. Slugs never change, so they are looked up once a process."""
    organisation_id = current_organisation_id()
    if organisation_id not in _slugs:
        _slugs[organisation_id] = Organisation.objects.values_list("slug", flat=True).get(pk=organisation_id)
    return _slugs[organisation_id]


def address(name: str, **arguments: Any) -> str:
    """The path of a named page of the current organisation. Raises `NoReverseMatch` when there is none."""
    return _path(name, organisation_slug(), tuple(arguments.items()))


@lru_cache(20_000)
def _path(name: str, organisation: str, arguments: tuple[tuple[str, Any], ...]) -> str:
    """A page has some fifty addresses, and most of them again and again."""
    return reverse(name, kwargs={"organisation": organisation, **dict(arguments)})


def link(name: str, **arguments: Any) -> str:
    """The same as a whole address, for mail, feeds and copying."""
    return settings.HEADWATER_ORIGIN + address(name, **arguments)
