"""Taking in: open broadcasts become rows of a person's inbox when they look into it.

    take_in_broadcasts(person)      all that concern them
    take_in_first(person, lines)    those that may stand on the first lines of a tab; what else there is comes back
    look_in(request, lines)         the same for a page, and all the rest once the page was sent

A row takes a tenth of a millisecond: of somebody who comes to five hundred, the first page would wait for all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from headwater.core.afterwards import afterwards
from headwater.core.lookups import numbers
from headwater.core.prepared import Given, Prepared
from headwater.core.wall import organisation_context
from headwater.distribute.deadlines import Asked, own_dues
from headwater.distribute.delivering import deliver_broadcasts
from headwater.distribute.following import one_deliverer_at_a_time
from headwater.distribute.models import Broadcast, Delivery, Directive
from headwater.people.models import AudienceMember, Person
from headwater.people.reading import GivenReader, Reader, given_of, readable, reader_like
from headwater.people.request import Request
from headwater.search.models import Entry, EntryVersion

_NEVER = datetime.max.replace(tzinfo=UTC)
_JUST_BEFORE = timedelta(microseconds=1)


class _Missing(NamedTuple):
    """An open broadcast that is no row of the person's yet, and since when they belong to whom it asks.

    Moments come as text: that is read ten times as fast as the moments of the database are.
    """

    broadcast: int
    version: int
    must: bool
    urgent: bool
    due_days: int | None
    zone: str
    opened_at: str
    due_at: str | None
    since: str

    def asked(self, person: Person) -> Asked:
        """What it asks of the person."""
        opened_at, since = datetime.fromisoformat(self.opened_at), datetime.fromisoformat(self.since)
        due_at = None if self.due_at is None else datetime.fromisoformat(self.due_at)
        place = person.timezone, person.work_until, since
        return Asked(person.pk, opened_at, due_at, self.zone, self.due_days, self.urgent, *place)


_MISSING = (
    "pk",
    "version",
    "directive__acknowledge",
    "directive__urgent",
    "directive__due_days",
    "directive__due_zone",
)


class Coming(NamedTuple):
    """A text that open broadcasts bring: whether the person is asked to acknowledge it, and when it is due for them."""

    must: bool = False
    urgent: bool = False
    due_at: datetime | None = None

    def and_by(self, one: _Missing, due_at: datetime | None) -> "Coming":
        """The same when one more broadcast brings it."""
        hours = [hour for hour in (self.due_at, due_at) if hour]
        return Coming(self.must or one.must, self.urgent or one.urgent, min(hours, default=None))


@dataclass(frozen=True)
class Ahead:
    """What is in an inbox and will be rows of it in a moment: texts of which its person has nothing yet.

    It came just before `came`, so that it stands behind what was taken in then.
    """

    texts: Sequence[Coming] = ()
    came: datetime | None = None

    @property
    def asked(self) -> int:
        """How many are to be acknowledged; the others are to be read."""
        return sum(text.must for text in self.texts)

    def due_before(self, moment: datetime) -> int:
        """How many are to be acknowledged by an hour before this moment."""
        return sum(text.must and text.due_at is not None and text.due_at < moment for text in self.texts)

    def on(self, tab: str) -> int:
        """How many lines of a tab of the inbox they will be."""
        return {"must": self.asked, "unread": len(self.texts) - self.asked, "all": len(self.texts)}.get(tab, 0)


NOTHING_AHEAD = Ahead()


def take_in_broadcasts(person: Person, came: datetime | None = None) -> int:
    """Give the person a row for each open broadcast that concerns them, which came now or then; returns how many."""
    return _take_in(person, _missing_of(person), came)


def look_in(request: Request, lines: int | None) -> Ahead:
    """Take in for a page what may stand on the first `lines` of a list (None: everything), and the rest after it."""
    if lines is None:
        take_in_broadcasts(request.person)
        return NOTHING_AHEAD
    ahead = take_in_first(request.person, lines)
    if ahead.came:
        organisation, person, came = request.organisation.pk, request.person.pk, ahead.came
        afterwards(request, lambda: _take_in_rest(organisation, person, came))
    return ahead


def take_in_first(person: Person, lines: int) -> Ahead:
    """Take in what may stand on the first `lines` of a tab, in whatever order it has; returns the rest.

    What comes now stands before what came earlier, and must-reads stand by their hour: so these are the most pressing
    of either kind. What somebody has a row of, or of an earlier version, is taken in too, for that row may change tabs.
    """
    missing = _missing_of(person)
    if len(missing) <= lines:
        _take_in(person, missing)
        return NOTHING_AHEAD
    one_deliverer_at_a_time()  # from here on nobody else takes in what is counted as ahead
    coming, came = _coming(person, missing), timezone.now()
    held = {version for (version,) in _held.rows(person=person.pk, versions=numbers(coming))}
    first = held.union(_first({version: text for version, text in coming.items() if version not in held}, lines))
    _take_in(person, [one for one in missing if one.version in first], came)
    rest = [text for version, text in coming.items() if version not in first]
    return Ahead(rest, came) if rest else NOTHING_AHEAD


def _first(coming: Mapping[int, Coming], lines: int) -> Iterator[int]:
    """The versions that may stand on the first lines: of must-reads and of others, of all and of the urgent ones."""
    pressing = sorted(coming, key=lambda version: coming[version].due_at or _NEVER)
    for must in (True, False):
        of_kind = [version for version in pressing if coming[version].must == must]
        yield from of_kind[:lines]
        yield from islice((version for version in of_kind if coming[version].urgent), lines)


def _coming(person: Person, missing: Sequence[_Missing]) -> dict[int, Coming]:
    """{version: what is asked of the person}."""
    dues = own_dues([one.asked(person) for one in missing])
    found: dict[int, Coming] = {}
    for one, due in zip(missing, dues, strict=True):
        found[one.version] = found.get(one.version, Coming()).and_by(one, due)
    return found


def _take_in_rest(organisation_id: int, person_id: int, came: datetime) -> None:
    with organisation_context(organisation_id):
        take_in_broadcasts(Person.objects.get(pk=person_id), came - _JUST_BEFORE)


def _take_in(person: Person, missing: Sequence[_Missing], came: datetime | None = None) -> int:
    return deliver_broadcasts([one.broadcast for one in missing], people=[person.pk], came=came)


def _missing_of(person: Person) -> list[_Missing]:
    if not person.is_active:
        return []
    return [_Missing(*row) for row in _missing(reader_like(person)).rows(**given_of(person))]


@lru_cache(256)
def _missing(reader: GivenReader) -> Prepared:
    member = AudienceMember.objects.filter(person=reader.pk, audience=OuterRef("directive__audience"))
    moments = ("opened_at", "due_at", Subquery(member.values("since")[:1]))
    as_text = [Cast(moment, TextField()) for moment in moments]
    return Prepared(lambda: missing_broadcasts(reader).values_list(*_MISSING, *as_text), keeps_plan=True)


def missing_broadcasts(person: Reader) -> QuerySet[Broadcast]:
    """Open broadcasts that concern the person and have not become rows of theirs."""
    # A sum, so that no index of reasons by directive is looked into: while a directive is spread to a hundred thousand,
    # PostgreSQL, which takes it for one of few, would go through all of their reasons at each look of each of them.
    # A subquery with a value is asked first, and of each broadcast by itself: nearly all became rows long ago. As a
    # join, whoever has ten thousand deliveries would wait until the reasons of all of them were read.
    own = Delivery.objects.filter(person=person.pk, version=OuterRef("version")).exclude(state=Delivery.State.WITHDRAWN)
    told = own.alias(asked_by=F("reasons__directive") + 0).filter(asked_by=OuterRef("directive"))
    current = Entry.objects.filter(readable(person), current_version=OuterRef("version"), withdrawn_at=None)
    return Broadcast.objects.alias(told=Subquery(told.values("pk")[:1])).filter(
        Exists(current),
        person.within("directive__audience"),
        directive__state=Directive.State.ISSUED,
        told=None,
        closed_at=None,
        spread_at=None,
    )


# Of which of some versions a person has a row, if only a withdrawn one, and which take the place of an earlier one.
_held = Prepared(
    lambda: EntryVersion.objects.filter(
        Q(number__gt=1) | Exists(Delivery.objects.filter(person=Given("person"), version=OuterRef("pk"))),
        pk__among=Given("versions"),
    ).values_list("pk"),
    keeps_plan=True,
)
