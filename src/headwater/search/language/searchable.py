"""What search and standing profiles see of a version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headwater.search.language.folding import base_language, facet_key


@dataclass(frozen=True, slots=True)
class Searchable:
    """One version as the query language sees it; the index, the matcher and the oracle all judge this and nothing else.

    `language` is a tag such as "en" or "pt-BR" ("" when unknown). `topics` holds the slug and the labels of each
    concept and of all its broader concepts; `unit` the slugs of the owning unit's line from the root down, so that
    asking for a department finds what its offices own. `path` has forward slashes and no leading one ("" when there
    is none). `published_at` is aware of its zone.
    """

    entry_id: int
    version_id: int
    title: str
    text: str
    language: str
    kind: str
    source: str
    topics: tuple[str, ...]
    unit: tuple[str, ...]
    path: str
    published_at: datetime


def facet_keys(name: str, version: Searchable) -> set[str]:
    """The keys of all values a version has of a facet. A language with a region counts as both."""
    values = {
        "topic": version.topics,
        "unit": version.unit,
        "source": (version.source,),
        "kind": (version.kind,),
        "lang": (version.language, base_language(version.language)),
    }[name]
    return {facet_key(value) for value in values} - {""}
