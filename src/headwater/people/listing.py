"""What a room holds about a person, as lists: the queries are made once, for whoever is asked about next."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from headwater.core.lists import Lists
from headwater.people.models import Person
from headwater.people.reading import GivenReader, Reader, given_of, reader_like


class ListsAbout:
    """Lists about any person, from queries about a `Reader`; keep it as long as the process lives."""

    def __init__(self, queries: Callable[[Reader], Mapping[str, QuerySet[Any, Any]]]) -> None:
        self._for = lru_cache(64)(lambda reader: Lists(lambda: queries(reader)))

    def of(self, person: Person) -> dict[str, list[Any]]:
        """{name: rows}, as core/lists.py gives them."""
        reader: GivenReader = reader_like(person)
        return self._for(reader).rows(**given_of(person))
