"""Whom something would reach: the answers of the workers, counted by people, units and kinds of reason.

Two things are counted apart. What a must-read or a group's profile brings is known to whoever manages knowledge: they
issue the one and keep the other. Whose own interests match is nobody's business but theirs, and so is who is away, or
has had enough: these are told in steps (see `telling`), own interests only among the people whom nothing else reaches,
and only where these are `FEWEST_TOGETHER` or more; units with fewer are counted together. Of an audience of fewer
people nothing is told, and of one that lacks so few of all who are looked after, nothing private. Never a name, a word
or a query of theirs. Each asking is in the audit log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db.models import BooleanField, Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import require
from headwater.distribute.models import Channel, Delivery, Directive, Forecast, InterestProfile
from headwater.distribute.proof import Scope, no_channel
from headwater.distribute.reach import may_read
from headwater.distribute.rules import FEWEST_TOGETHER, looked_after
from headwater.distribute.telling import in_steps, people_key
from headwater.library.models import Article
from headwater.people.models import Absence, AudienceMember, Person
from headwater.people.models.person import PersonQuerySet
from headwater.search.models import Entry

FULL_DAY = timedelta(hours=24)
MOST_NAMED = 20


@dataclass(frozen=True)
class Tally:
    """People of an audience, sorted by what would become of it for them; each is in one count, but for the last three.

    `blind` may not read it (`uncleared` of them for want of clearance), `cut_off` may, and have no account and no
    working channel. Of the others `must` are reached by a must-read, `group` by a group's interest and no must-read;
    `open` by neither, and of these `own` by interests of their own. `refused` (a mail address that does not take mail),
    `away` (today) and `full` (their budget was used up in the last day) are of all who may read it and are not cut off.

    These four are exact until `told` puts them in steps; their `_key`s say who was counted, see `telling`.
    """

    people: int = 0
    blind: int = 0
    uncleared: int = 0
    cut_off: int = 0
    must: int = 0
    group: int = 0
    open: int = 0
    own: int = 0
    refused: int = 0
    away: int = 0
    full: int = 0
    own_key: int = 0
    refused_key: int = 0
    away_key: int = 0
    full_key: int = 0
    is_withheld: bool = False

    def __add__(self, other: "Tally") -> "Tally":
        numbers = {name: getattr(self, name) + getattr(other, name) for name in _NUMBERS}
        return Tally(**numbers, is_withheld=self.is_withheld or other.is_withheld)

    def told(self, withheld: bool = False) -> "Tally":
        """As it may be shown: what is private in steps, or nothing of it."""
        at_hand = self.must + self.group + self.open
        told = dict.fromkeys((*_PRIVATE, *_KEYS), 0)
        if not withheld:
            told["own"] = in_steps(self.own, self.own_key, self.open)
            told["refused"] = in_steps(self.refused, self.refused_key, at_hand)
            told["away"] = in_steps(self.away, self.away_key, at_hand)
            told["full"] = in_steps(self.full, self.full_key, at_hand)
        numbers = {name: told.get(name, getattr(self, name)) for name in _NUMBERS}
        return Tally(**numbers, is_withheld=withheld)

    @property
    def tells_own(self) -> bool:
        """Whether their own interests may be counted: nobody, or many enough, whom nothing else reaches."""
        return not self.open or (self.open >= FEWEST_TOGETHER and not self.is_withheld)

    @property
    def is_about(self) -> bool:
        """Whether what is told of own interests is no exact number."""
        return bool(self.open)

    @property
    def known(self) -> int:
        """Reached by a must-read or a group's interest."""
        return self.must + self.group

    @property
    def reached(self) -> int:
        """Whom it reaches, in steps as to own interests; where these may not be told, those of whom it is known."""
        return self.known + (self.own if self.tells_own else 0)

    @property
    def unmatched(self) -> int | None:
        """Who may read it and follows nothing that matches; None where that may not be told."""
        return self.open - self.own if self.tells_own else None


_PRIVATE = ("own", "refused", "away", "full")
_KEYS = ("own_key", "refused_key", "away_key", "full_key")
_NUMBERS = [each.name for each in fields(Tally) if each.name != "is_withheld"]


@dataclass(frozen=True)
class UnitReach:
    """One unit's part, or that of several small ones (`units` > 1, without a name)."""

    name: str
    tally: Tally
    units: int = 1
    pk: int | None = None


@dataclass(frozen=True)
class Named:
    """A must-read or a group's interest that matches, and how many people are in its audience."""

    name: str
    people: int


@dataclass(frozen=True)
class ReachForecast:
    """The answer to a forecast, for one asker. Of too few people (`is_few`) nothing is told but how many they are."""

    tally: Tally
    by_unit: list[UnitReach] = field(default_factory=list)
    must_reads: list[Named] = field(default_factory=list)
    groups: list[Named] = field(default_factory=list)
    is_few: bool = False


@dataclass(frozen=True)
class Answered:
    """The ids of the standing queries that match, of all parts together."""

    profiles: frozenset[int]
    directives: frozenset[int]

    @cached_property
    def personal(self) -> Any:
        """The people whose own profiles match."""
        own = InterestProfile.objects.filter(pk__among=self.profiles, removed_at=None, is_active=True)
        return own.filter(person__isnull=False).values("person")

    @cached_property
    def of_groups(self) -> Any:
        """The groups' profiles that match."""
        return InterestProfile.objects.filter(
            pk__among=self.profiles, removed_at=None, is_active=True, audience__isnull=False
        )

    def must_reads(self, entry_id: int | None) -> Any:
        """The must-reads that stand and would ask for it: standing ones that match, and those of the entry itself."""
        asks = Q(pk__among=self.directives) | (Q(entry=entry_id) if entry_id is not None else Q(pk__in=[]))
        still = Q(until=None) | Q(until__gte=timezone.localdate())
        return Directive.objects.filter(asks, still, state=Directive.State.ISSUED)


def scope_for(person: Person) -> Scope:
    """Whose people are counted for the person. Raises `Refused` for who looks after nobody."""
    paths = looked_after(person)
    require(bool(paths), _("Only knowledge managers look ahead at whom something reaches."))
    return Scope(paths)


def own_forecast(person: Person, pk: int) -> Forecast:
    """A question of the person's own, about what they may still read. Raises 404 for any other."""
    related = ("audience", "entry__unit", "revision__article__entry__unit")
    forecast = get_object_or_404(Forecast.objects.filter(asked_by=person).select_related(*related), pk=pk)
    if forecast.entry is not None:
        get_object_or_404(Entry.objects.readable_by(person), pk=forecast.entry.pk)
    if forecast.revision is not None:
        get_object_or_404(Article.objects.draft_circle(person), pk=forecast.revision.article_id)
    return forecast


def answered(forecast: Forecast) -> Answered | None:
    """What the workers answered; None until all parts of one division have."""
    parts = list(forecast.answers.values_list("of", "profiles", "directives"))
    for whole in {of for of, _profiles, _directives in parts}:
        mine = [(profiles, directives) for of, profiles, directives in parts if of == whole]
        if len(mine) == whole:
            return Answered(
                frozenset(pk for profiles, _directives in mine for pk in profiles),
                frozenset(pk for _profiles, directives in mine for pk in directives),
            )
    return None


def taken_back(forecast: Forecast) -> str:
    """What is said to who waits for a question that has no answer: what happened, what was kept and what to do."""
    if forecast.taken_back_at is None:
        return ""
    return _(
        "The text could not be held against what people follow: a fault of Headwater. Nobody was told anything, and "
        "what you asked about is as it was. Ask again after changing the text, or about a part of it; if that fails "
        "too, tell who runs Headwater: the worker’s log has the fault under forecast %(number)d."
    ) % {"number": forecast.pk}


def forecast_for(forecast: Forecast, found: Answered, scope: Scope) -> ReachForecast:
    """What is told of the audience of a forecast, as far as the asker looks after its people."""
    entry = entry_of(forecast)
    units = counted(forecast, found, scope)
    total = sum((unit.tally for unit in units), Tally())
    if 0 < total.people < FEWEST_TOGETHER:
        return ReachForecast(Tally(people=total.people), is_few=True)
    rest = Person.objects.active().filter(scope.within()).count() - total.people
    withheld = 0 < rest < FEWEST_TOGETHER
    return ReachForecast(
        tally=total.told(withheld),
        by_unit=[replace(unit, tally=unit.tally.told(withheld)) for unit in told_together(units)],
        must_reads=_named(found.must_reads(entry.pk if entry is not None else None)),
        groups=_named(_seen_by(forecast.asked_by, found.of_groups, scope)),
    )


def counted(forecast: Forecast, found: Answered, scope: Scope) -> list[UnitReach]:
    """The people of the audience whom the asker looks after, by unit: exact, and not to be shown so."""
    entry = entry_of(forecast)
    must_reads = found.must_reads(entry.pk if entry is not None else None)
    return _by_unit(_people(forecast, scope), _flags(forecast, found, must_reads))


def entry_of(forecast: Forecast) -> Entry | None:
    """The entry a forecast is about; None for a text that is none yet."""
    return forecast.revision.article.entry if forecast.revision is not None else forecast.entry


def _people(forecast: Forecast, scope: Scope) -> PersonQuerySet:
    people = Person.objects.active().filter(scope.within())
    return people.filter(pk__in=AudienceMember.objects.filter(audience=forecast.audience).values("person"))


def _flags(forecast: Forecast, found: Answered, must_reads: Any) -> dict[str, Q]:
    entry = entry_of(forecast)
    classification = entry.classification if entry is not None else forecast.classification
    today = timezone.localdate()
    full = Delivery.objects.filter(rolled=True, created_at__gt=timezone.now() - FULL_DAY)
    mail = Channel.objects.filter(kind=Channel.Kind.MAIL, state=Channel.State.SUSPENDED)
    return {
        "reads": may_read(entry) if entry is not None else Q(clearance__gte=classification),
        "cleared": Q(clearance__gte=classification),
        "cut": no_channel(),
        "asked": Q(pk__in=AudienceMember.objects.filter(audience__in=must_reads.values("audience")).values("person")),
        "grouped": Q(pk__in=_members(found.of_groups)),
        "interested": Q(pk__in=found.personal),
        "refuses": Q(pk__in=mail.values("person")),
        "gone": Q(pk__in=Absence.objects.filter(since__lte=today, until__gte=today).values("person")),
        "filled": Q(pk__in=full.values("person")),
    }


def _members(holders: Any) -> Any:
    return AudienceMember.objects.filter(audience__in=holders.values("audience")).values("person")


def _by_unit(people: PersonQuerySet, flags: dict[str, Q]) -> list[UnitReach]:
    """One statement: people counted by unit and by all that is asked of each."""
    marks = {
        name: Case(When(test, then=Value(True)), default=Value(False), output_field=BooleanField())
        for name, test in flags.items()
    }
    rows = people.annotate(**marks).values("unit", "unit__name", *flags).annotate(n=Count("pk"), key=people_key())
    units: dict[int | None, UnitReach] = {}
    for row in rows.order_by():
        before = units.get(row["unit"], UnitReach(row["unit__name"] or "", Tally(), pk=row["unit"]))
        units[row["unit"]] = replace(before, tally=before.tally + _sorted(row, row["n"], row["key"]))
    return sorted(units.values(), key=lambda unit: (-unit.tally.people, unit.name))


def _sorted(row: dict[str, Any], n: int, key: int) -> Tally:
    if not row["reads"]:
        return Tally(people=n, blind=n, uncleared=0 if row["cleared"] else n)
    if row["cut"]:
        return Tally(people=n, cut_off=n)
    marks = {"refused": row["refuses"], "away": row["gone"], "full": row["filled"]}
    later = {name: n * mark for name, mark in marks.items()}
    later |= {f"{name}_key": key * mark for name, mark in marks.items()}
    if row["asked"]:
        return Tally(people=n, must=n, **later)
    if row["grouped"]:
        return Tally(people=n, group=n, **later)
    return Tally(people=n, open=n, own=n * row["interested"], own_key=key * row["interested"], **later)


def told_together(units: Sequence[UnitReach]) -> list[UnitReach]:
    """Units whose own interests may not be told are counted as one, with larger ones until they are enough together."""
    together: list[UnitReach] = []
    size = 0
    for unit in sorted((each for each in units if each.tally.open), key=lambda each: (each.tally.open, each.name)):
        if unit.tally.tells_own and (not together or size >= FEWEST_TOGETHER):
            break
        together.append(unit)
        size += unit.tally.open
    if len(together) < 2:
        return list(units)
    joined = UnitReach("", sum((unit.tally for unit in together), Tally()), len(together))
    return [*(unit for unit in units if unit not in together), joined]


def _seen_by(person: Person | None, holders: QuerySet[Any], scope: Scope) -> QuerySet[Any]:
    """Those of the groups' interests that the person may know: of groups they are in, lead, or look after all of."""
    if "" in scope.paths or person is None:
        return holders
    mine = AudienceMember.objects.filter(person=person).values("audience")
    led = [{"community": slug} for slug in person.leads.values_list("slug", flat=True)]
    others = AudienceMember.objects.exclude(scope.within("person__")).filter(audience=OuterRef("audience"))
    return holders.filter(Q(audience__in=mine) | Q(audience__rule__in=led) | ~Exists(others))


def _named(holders: QuerySet[Any]) -> list[Named]:
    counted = holders.annotate(n=Count("audience__member_links")).values_list("name", "n")
    return [Named(name, n) for name, n in counted.order_by("-n", "name")[:MOST_NAMED]]
