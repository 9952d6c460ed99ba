"""What the loader has made so far, by the names that the ministry's files use."""

from __future__ import annotations

from dataclasses import dataclass, field

from headwater.demo.content import Ministry
from headwater.gather.models import Source
from headwater.people.models import Audience, Person, Unit
from headwater.search.models import Entry
from headwater.taxonomy.models import Concept


@dataclass
class Cast:
    """The written ministry beside its rows: people by key, articles' entries by reference, documents by path."""

    ministry: Ministry
    units: dict[str, Unit] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    audiences: dict[str, Audience] = field(default_factory=dict)
    topics: dict[str, Concept] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    documents: dict[str, Entry] = field(default_factory=dict)
    articles: dict[str, Entry] = field(default_factory=dict)

    def named(self, keys: list[str]) -> list[Person]:
        """The people with those keys, in that order."""
        return [self.people[key] for key in keys]
