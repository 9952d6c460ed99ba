"""Documents and articles that may answer a question are proposed to its owner: what is there, and what comes."""

from collections.abc import Iterable, Iterator
from itertools import islice

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import ngettext_lazy

from headwater.core.addresses import address
from headwater.core.following import locked_cursor, move_cursor
from headwater.core.jobs import safe_tx
from headwater.core.wall import organisation_context
from headwater.gather.health import Said
from headwater.gather.models import InformationNeed, NeedEntry
from headwater.people.notices import tell
from headwater.search.access import languages_of
from headwater.search.finding import search_entries
from headwater.search.language.oracle import matches
from headwater.search.language.parser import QueryError, parse
from headwater.search.models import Entry, EntryVersion
from headwater.search.seen import searchables

_MOST_AT_ONCE = 50
_VERSIONS_AT_ONCE = 200


def propose_existing(need: InformationNeed) -> int:
    """Proposes the newest readable entries that match a need's query, at most 50; how many are new to it."""
    if not need.query or need.state != InformationNeed.State.OPEN:
        return 0
    found = search_entries(need.owner, need.query, sort="newest", limit=_MOST_AT_ONCE, is_kept=True)
    return _propose(need, [result.entry.pk for result in found.results])


def _matching(need: InformationNeed, versions: Iterable[EntryVersion]) -> Iterator[EntryVersion]:
    """Those of the versions that the need's query finds for its owner."""
    try:
        query = parse(need.query)
    except QueryError:
        return
    languages, now = languages_of(need.owner), timezone.now()
    waiting = iter(versions)
    while batch := list(islice(waiting, _VERSIONS_AT_ONCE)):
        for version, seen in zip(batch, searchables(batch), strict=True):
            if matches(query, seen, languages, now):
                yield version


def _propose(need: InformationNeed, entry_ids: list[int]) -> int:
    """Links that were not there; the owner is told how many wait for a decision."""
    known = set(need.entry_links.filter(entry__in=entry_ids).values_list("entry", flat=True))
    fresh = [NeedEntry(need=need, entry_id=pk) for pk in entry_ids if pk not in known]
    NeedEntry.objects.bulk_create(fresh, ignore_conflicts=True)
    if fresh:
        _tell_owner(need)
    return len(fresh)


def _tell_owner(need: InformationNeed) -> None:
    waiting = need.entry_links.filter(state=NeedEntry.State.PROPOSED).count()
    words = ngettext_lazy("%(n)d document may answer “%(question)s”", "%(n)d documents may answer “%(question)s”", "n")
    url = address("gather:need", pk=need.pk)
    tell(need.owner, Said(words, {"n": waiting, "question": need.question}), url, f"need-proposals:{need.pk}")


def propose_new(organisation_id: int) -> bool:
    """A follower's step: versions committed since the last time are matched against the open needs."""
    with organisation_context(organisation_id):
        cursor = locked_cursor("gather.needs")
        if cursor is None:
            return False
        safe = safe_tx()
        fresh = EntryVersion.objects.filter(tx__gte=cursor.tx, tx__lt=safe, entry__withdrawn_at=None)
        if not fresh.exists():
            return False
        needs = list(_open_needs())
        versions = list(fresh.select_related("entry")) if needs else []
        for need in needs:
            _propose_from(need, versions)
        move_cursor(cursor, safe)
    return False


def _open_needs() -> QuerySet[InformationNeed]:
    return InformationNeed.objects.filter(state=InformationNeed.State.OPEN).exclude(query="").select_related("owner")


def _propose_from(need: InformationNeed, versions: list[EntryVersion]) -> None:
    if not versions:
        return
    matched = [version.entry_id for version in _matching(need, versions)]
    readable = Entry.objects.readable_by(need.owner).filter(pk__in=matched, copy_of=None)
    _propose(need, list(readable.values_list("pk", flat=True)))
