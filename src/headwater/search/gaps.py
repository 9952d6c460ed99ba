"""Gaps: searches that found nothing, kept without the person; and telling those who asked to be told."""

from urllib.parse import urlencode

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.addresses import address
from headwater.core.wall import organisation_context
from headwater.people.models import Person
from headwater.people.notices import tell
from headwater.search.access import asker_for
from headwater.search.indexing import current_index
from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse
from headwater.search.language.query import Near, Phrase, Prefix, Query, Word, leaves
from headwater.search.lexical.searching import Search
from headwater.search.models import GapAsker, SearchGap
from headwater.search.naming import Names, as_kept
from headwater.search.publishing import storable

_RECORD = """
    INSERT INTO search_searchgap (query, language, times, state, first_at, last_at)
    VALUES (%s, %s, 1, 'open', now(), now())
    ON CONFLICT (organisation_id, query) DO UPDATE SET times = search_searchgap.times + 1, last_at = now()
    RETURNING id
"""


def record_gap(text: str, query: Query, language: str) -> SearchGap | None:
    """Count a search that found nothing, without who searched. None when it asked for no words: then nothing lacks."""
    if not any(isinstance(leaf, Word | Prefix | Phrase | Near) for leaf in leaves(query)):
        return None
    asked = _words(as_kept(text, query))
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [asked, language[:10]])
        return SearchGap.objects.get(pk=cursor.fetchone()[0])


def _words(text: str) -> str:
    return " ".join(storable(text).split())[:500]


def is_about(gap: SearchGap, person: Person, text: str) -> bool:
    """Whether this is what the gap keeps, as it is kept or as the person would search for it."""
    if _words(text) == gap.query:
        return True
    try:
        return _words(as_kept(text, parse(text, Names(person)))) == gap.query
    except QueryError:
        return False


def finds_something(person: Person, text: str) -> bool:
    """Whether the person would find anything for this now."""
    try:
        return Search(current_index(), parse(text, Names(person)), asker_for(person)).count() > 0
    except QueryError:
        return False


def tell_answered(organisation_id: int) -> int:
    """Tell everyone who waits for a search that would find something for them now; how many were told."""
    told = 0
    with organisation_context(organisation_id):
        waiting = GapAsker.objects.filter(told_at=None, gap__state=SearchGap.State.OPEN).select_related("gap", "person")
        for asker in waiting:
            if finds_something(asker.person, asker.gap.query):
                tell_asker(asker)
                told += 1
    return told


def tell_asker(asker: GapAsker) -> None:
    """Tell one person that what they searched for can be found now; only once."""
    gap = asker.gap
    tell(
        asker.person,
        _("There is an answer now to what you searched for: %(query)s") % {"query": gap.query[:200]},
        url=f"{address('search:results')}?{urlencode({'q': gap.query})}",
        dedupe_key=f"gap-answered:{gap.pk}",
    )
    asker.told_at = timezone.now()
    asker.save(update_fields=["told_at"])
