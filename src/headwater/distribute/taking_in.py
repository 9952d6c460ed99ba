"""Taking in: open broadcasts become rows of a person's inbox when they look into it.

    take_in_broadcasts(person)      all that concern them
    take_in_first(person, shown)    those on the first lines of lists; what else there is comes back
    look_in(request, shown)         the same for a page, and all the rest a moment after the page was sent

A row takes a tenth of a millisecond: of somebody who comes to five hundred, the first page would wait for all of them.
Where a row stands does not depend on when it is taken in, so a page can be turned before the rest has come.
"""

from collections.abc import Sequence, Set
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from headwater.core.afterwards import afterwards
from headwater.core.counting import SPARE
from headwater.core.lookups import numbers
from headwater.core.prepared import Given, Prepared, PreparedObjects
from headwater.core.wall import organisation_context
from headwater.distribute.ahead import NOTHING_AHEAD, STANDING_FIELDS, Ahead, Coming, Shown, Standing
from headwater.distribute.deadlines import Asked, own_dues
from headwater.distribute.delivering import deliver_broadcasts
from headwater.distribute.following import one_deliverer_at_a_time
from headwater.distribute.models import Broadcast, Delivery, Directive
from headwater.people.models import AudienceMember, Person
from headwater.people.reading import GivenReader, Reader, given_of, readable, reader_like
from headwater.people.request import Request
from headwater.search.models import Entry, EntryVersion

_A_STEP = 100  # rows: a hundredth of a second
_first_ones: set[int] = set()  # versions that this process knows to be the first of their entries
_AT_MOST_KNOWN = 10_000


class _Missing(NamedTuple):
    """An open broadcast that is no row of the person's yet.

    Moments come as text: that is read ten times as fast as the moments of the database are.
    """

    broadcast: int
    version: int
    must: bool
    urgent: bool
    due_days: int | None
    zone: str
    audience: int
    opened_at: str
    due_at: str | None

    def asked(self, person: Person, since: datetime) -> Asked:
        """What it asks of the person, who belongs to whom it asks since then."""
        opened_at = datetime.fromisoformat(self.opened_at)
        due_at = None if self.due_at is None else datetime.fromisoformat(self.due_at)
        place = person.timezone, person.work_until, since
        return Asked(person.pk, opened_at, due_at, self.zone, self.due_days, self.urgent, *place)


_ASKED = ("acknowledge", "urgent", "due_days", "due_zone", "audience")
_FIELDS = ("pk", "version", *(f"directive__{name}" for name in _ASKED))


def take_in_broadcasts(person: Person) -> int:
    """Give the person a row for each open broadcast that concerns them; returns how many."""
    return _take_in(person, _missing_of(person))


def look_in(request: Request, shown: Sequence[Shown]) -> Ahead:
    """Take in what a page shows, and the rest once it was sent; everything before, where it begins further on."""
    if not shown:
        take_in_broadcasts(request.person)
        return NOTHING_AHEAD
    ahead = take_in_first(request.person, shown)
    if ahead.texts:
        organisation, person, rest = request.organisation.pk, request.person.pk, ahead.broadcasts
        afterwards(request, ("rest", organisation, person), lambda: _take_in_rest(organisation, person, rest))
    return ahead


def take_in_first(person: Person, shown: Sequence[Shown]) -> Ahead:
    """Take in what a page shows of lists: must, unread, all, done, urgent must, urgent unread. Returns the rest."""
    missing, lines = _missing_of(person), max(part.lines for part in shown)
    # Held, nobody else takes in what is counted as ahead; while one waits for it, some may be taken in, or recalled.
    if len(missing) > lines and one_deliverer_at_a_time():
        missing = _missing_of(person)
    if len(missing) <= lines:
        _take_in(person, missing)
        return NOTHING_AHEAD
    known = _reckoned(person, missing)
    unknown = {one.version for one in missing}.difference(text.then.version for text in known)
    first = unknown.union(*(part.of(known, leaving=len(unknown)) for part in shown))
    _take_in(person, [one for one in missing if one.version in first])
    rest = [text for text in known if text.then.version not in first]
    return Ahead(rest, [one.broadcast for one in missing if one.version not in first])


def _reckoned(person: Person, missing: Sequence[_Missing]) -> list[Coming]:
    """The texts of which can be said what comes of them to the person; of the others only taking them in will tell."""
    brought = _brought(person, missing)
    rows = {row.version_id: row for row in _rows.all(person=person.pk, versions=numbers(brought))}
    coming = {version: Coming(None, text) for version, text in brought.items() if version not in rows}
    if len(rows) <= SPARE:  # so many can be taken off a count
        standing = {row.version_id: Standing.of(row) for row in rows.values() if row.state in _STANDING}
        coming |= {version: Coming(now, now.and_by(brought[version])) for version, now in standing.items()}
    replacing = _replacing(person, coming.keys())
    return [text for version, text in coming.items() if version not in replacing]


def _brought(person: Person, missing: Sequence[_Missing]) -> dict[int, Standing]:
    """{version: how it will stand where nothing of it does}."""
    since = dict(_memberships.rows(person=person.pk))
    still = [one for one in missing if one.audience in since]  # some they may have left a moment ago
    asked = [one.asked(person, since[one.audience]) for one in still]
    found: dict[int, Standing] = {}
    for one, each, due_at in zip(still, asked, own_dues(asked), strict=True):
        text = Standing(one.version, one.must, one.urgent, due_at, max(each.opened_at, each.since))
        found[one.version] = found[one.version].and_by(text) if one.version in found else text
    return found


def _replacing(person: Person, versions: Set[int]) -> set[int]:
    """Which of the versions replace an earlier one that the person has, or had.

    First versions of their entries are remembered, for so they stay: nobody who looks after has to ask of them.
    """
    unknown = versions - _first_ones
    if not unknown:
        return set()
    later = {version for (version,) in _later_ones.rows(versions=numbers(unknown))}
    if len(_first_ones) > _AT_MOST_KNOWN:
        _first_ones.clear()
    _first_ones.update(unknown - later)
    return {version for (version,) in _had_before.rows(person=person.pk, versions=numbers(later))} if later else set()


def _take_in_rest(organisation_id: int, person_id: int, broadcasts: Sequence[int]) -> None:
    """In small steps: whoever looks meanwhile waits for one of them. What has ended since is left out there."""
    for first in range(0, len(broadcasts), _A_STEP):
        with organisation_context(organisation_id):
            deliver_broadcasts(broadcasts[first : first + _A_STEP], people=[person_id])


def _take_in(person: Person, missing: Sequence[_Missing]) -> int:
    return deliver_broadcasts([one.broadcast for one in missing], people=[person.pk])


def _missing_of(person: Person) -> list[_Missing]:
    if not person.is_active:
        return []
    return [_Missing(*row) for row in _missing(reader_like(person)).rows(**given_of(person))]


@lru_cache(256)
def _missing(reader: GivenReader) -> Prepared:
    as_text = [Cast(moment, TextField()) for moment in ("opened_at", "due_at")]
    return Prepared(lambda: missing_broadcasts(reader).values_list(*_FIELDS, *as_text), keeps_plan=True)


def missing_broadcasts(person: Reader) -> QuerySet[Broadcast]:
    """Open broadcasts that concern the person and have not become rows of theirs."""
    # A sum, so that no index of reasons by directive is looked into: while a directive is spread to a hundred thousand,
    # PostgreSQL, which takes it for one of few, would go through all of their reasons at each look of each of them.
    # A value, not a join, so that it is asked of each broadcast by itself, and before all else: nearly all became rows.
    own = Delivery.objects.filter(person=person.pk, version=OuterRef("version")).exclude(state=Delivery.State.WITHDRAWN)
    told = own.alias(asked_by=F("reasons__directive") + 0).filter(asked_by=OuterRef("directive"))
    # By its current version, and so without a way through the version.
    entry = Entry.objects.filter(readable(person), current_version=OuterRef("version"), withdrawn_at=None)
    return Broadcast.objects.alias(told=Subquery(told.values("pk")[:1])).filter(
        Exists(entry),
        person.within("directive__audience"),
        directive__state=Directive.State.ISSUED,
        told=None,
        closed_at=None,
        spread_at=None,
    )


_memberships = Prepared(
    lambda: AudienceMember.objects.filter(person=Given("person")).values_list("audience", "since"), keeps_plan=True
)

# What a person has of some versions; which of these have an earlier one, and of which of those the person has one.
_own = Delivery.objects.filter(person=Given("person"))
_STANDING = {Delivery.State.DUE, Delivery.State.OPENED, Delivery.State.ACKNOWLEDGED}
_rows = PreparedObjects(
    lambda: _own.filter(version__among=Given("versions")).only("state", *STANDING_FIELDS), keeps_plan=True
)
_versions = EntryVersion.objects.filter(pk__among=Given("versions")).values_list("pk")
_later_ones = Prepared(lambda: _versions.filter(number__gt=1), keeps_plan=True)
_had_before = Prepared(lambda: _versions.filter(Exists(_own.filter(version__entry=OuterRef("entry")))), keeps_plan=True)
