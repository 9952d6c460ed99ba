"""Versions as the query language sees them, many at once."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Left

from headwater.people.models import Unit
from headwater.search.language.searchable import Searchable
from headwater.search.models import EntryVersion

# A topic is also what was merged into it: a query that was kept with the old one's slug goes on meaning the same.
_TOPICS = """
    WITH RECURSIVE line(entry_id, concept_id) AS (
        SELECT entry_id, concept_id FROM search_entrytopic WHERE entry_id = ANY(%s) AND NOT proposed
        UNION
        SELECT line.entry_id, also.id FROM line JOIN (
            SELECT narrower_id AS of_id, broader_id AS id FROM taxonomy_broader
            UNION ALL
            SELECT merged_into_id, id FROM taxonomy_concept WHERE merged_into_id IS NOT NULL
        ) also ON also.of_id = line.concept_id
    )
    SELECT line.entry_id, c.slug, c.labels FROM line JOIN taxonomy_concept c ON c.id = line.concept_id
"""


def searchables(versions: Sequence[EntryVersion]) -> list[Searchable]:
    """Each version, in order, with what its entry says of it. Wants `entry` at hand (select_related): three queries."""
    topics = _topics({version.entry_id for version in versions})
    units = _units()
    return [
        Searchable(
            entry_id=version.entry_id,
            version_id=version.pk,
            title=version.title,
            text=version.text,
            language=version.language,
            kind=version.entry.kind,
            source=version.entry.source_slug,
            topics=tuple(topics.get(version.entry_id, ())),
            unit=units.get(version.entry.unit_id or 0, ()),
            path=version.entry.path,
            published_at=version.published_at,
        )
        for version in versions
    ]


def beginnings(versions: QuerySet[EntryVersion], letters: int) -> list[EntryVersion]:
    """The versions with so many letters of their text at hand in its place: to be looked at, never to be kept.

    The database hands out no more of them: a text may be as long as a shelf of books, and a page looks at hundreds.
    """
    found: list[EntryVersion] = list(versions.defer("text").annotate(beginning=Left("text", letters)))
    for version in found:
        version.text = version.__dict__["beginning"]
    return found


def _topics(entry_ids: Collection[int]) -> dict[int, list[str]]:
    """Entry id → slug and labels of each of its concepts, of all that are broader, and of what was merged into them."""
    found: dict[int, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_TOPICS, [list(entry_ids)])
        for entry_id, slug, labels in cursor.fetchall():
            values = json.loads(labels) if isinstance(labels, str) else labels
            found[entry_id] += [slug, *values.values()]
    return found


def _units() -> dict[int, tuple[str, ...]]:
    """Unit id → the slugs of its line from the root down to itself."""
    rows = list(Unit.objects.values_list("pk", "slug", "path"))
    slugs = {pk: slug for pk, slug, _path in rows}
    return {
        pk: tuple(slugs[int(step)] for step in path.split("/") if step and int(step) in slugs) or (slug,)
        for pk, slug, path in rows
    }
