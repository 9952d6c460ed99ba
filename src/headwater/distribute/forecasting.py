"""Whom something would reach: the answers of the workers, counted by people, units and kinds of reason.

Three things are counted apart. What a must-read or a group's profile brings is known to whoever manages knowledge: they
issue the one and keep the other, and see who is in which audience. Whose own interests match is nobody's business but
theirs, and so is who is away, or has had enough: these are told in steps (see `telling`), own interests only among the
people whom nothing else reaches, and only where these are `FEWEST_TOGETHER` or more; units with fewer are counted
together. And what somebody is cleared for is known to who manages people, and to nobody else: how many lack the
clearance is told in steps as well, and whom it reaches is counted from there. Of an audience of fewer people nothing is
told, and of one that lacks so few of all who are looked after, nothing private. Never a name, a word or a query of
theirs. Each asking is in the audit log, and its answer is given once: whoever looks again sees the same numbers.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any

from django.db.models import BooleanField, Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import require
from headwater.core.models import Classification
from headwater.distribute.models import OVER_BUDGET, Channel, Delivery, Directive, Forecast, InterestProfile
from headwater.distribute.proof import Scope, no_channel
from headwater.distribute.reach import all_are_cleared, meant_for
from headwater.distribute.rules import FEWEST_TOGETHER, looked_after
from headwater.distribute.telling import day_zone, in_steps, people_key
from headwater.library.models import Article
from headwater.people.models import Absence, AudienceMember, Permission, Person
from headwater.people.models.person import PersonQuerySet
from headwater.search.models import Entry

ABOUT, AT_LEAST, AT_MOST = "≈", "≥", "≤"
FULL_DAY = timedelta(hours=24)
MOST_NAMED = 20


@dataclass(frozen=True)
class Asked:
    """What was asked of people, as far as the chance depends on it: the text, who may read it, and the day."""

    about: str = ""
    classification: int = Classification.INTERNAL
    on: date = date.min


@dataclass(frozen=True)
class Tally:
    """People of an audience, sorted by what would become of it for them; each is in one count, but for the last three.

    `closed` to them it is whatever they are cleared for: they are not in its audience. `cut_off` have no account and no
    working channel. Of the others `must` are reached by a must-read, `group` by a group's interest and no must-read;
    `open` by neither, and of these `own` by interests of their own. Who is not cleared for it is in none of these four,
    but in its `_lacking`. `refused` (a mail address that does not take mail), `away` (today) and `full` (their budget
    held something back in the last day) are of all whom something could reach.

    All are exact until `told` puts what is private in steps; a `_key` says who all of a kind are, cleared or not: see
    `telling`.
    """

    people: int = 0
    closed: int = 0
    cut_off: int = 0
    must: int = 0
    group: int = 0
    open: int = 0
    own: int = 0
    refused: int = 0
    away: int = 0
    full: int = 0
    cut_off_lacking: int = 0
    must_lacking: int = 0
    group_lacking: int = 0
    open_lacking: int = 0
    cut_off_key: int = 0
    must_key: int = 0
    group_key: int = 0
    open_key: int = 0
    is_withheld: bool = False
    is_clearance_told: bool = True

    def __add__(self, other: "Tally") -> "Tally":
        numbers = {name: getattr(self, name) + getattr(other, name) for name in _NUMBERS}
        told = self.is_clearance_told and other.is_clearance_told
        return Tally(**numbers, is_withheld=self.is_withheld or other.is_withheld, is_clearance_told=told)

    def told(self, asked: Asked, withheld: bool = False, cleared_known: bool = False) -> "Tally":
        """As it may be shown: what is private in steps, or nothing of it; who is cleared exactly, if that is known."""
        told = dict.fromkeys((*_PRIVATE, *_KEYS), 0)
        for kind in _REACHABLE:
            told |= self._told_of(kind, asked, withheld, cleared_known)
        if not withheld:
            # No more than was just told of them, not than there are: that is private too.
            told["own"] = in_steps(self.own, told["open"], self.open_key, "own", asked)
            most, at_hand = told["must"] + told["group"] + told["open"], self.must_key + self.group_key + self.open_key
            for name in _LATER:
                told[name] = in_steps(getattr(self, name), most, at_hand, name, asked.classification, asked.on)
        numbers = {name: told.get(name, getattr(self, name)) for name in _NUMBERS}
        return Tally(**numbers, is_withheld=withheld, is_clearance_told=cleared_known)

    def _told_of(self, kind: str, asked: Asked, withheld: bool, cleared_known: bool) -> dict[str, int]:
        """Those of a kind, and those of it who lack the clearance: together they are as many as they are."""
        known, lacking = self.named(kind), getattr(self, f"{kind}_lacking")
        if not cleared_known:
            # Another text is no other question here.
            drawn_from = (getattr(self, f"{kind}_key"), f"{kind} lacking", asked.classification, asked.on)
            lacking = 0 if withheld else in_steps(lacking, known, *drawn_from)
        return {kind: known - lacking, f"{kind}_lacking": lacking}

    def named(self, kind: str) -> int:
        """Of a kind, whether cleared or not: who manages knowledge may know these."""
        return int(getattr(self, kind) + getattr(self, f"{kind}_lacking"))

    @property
    def uncleared(self) -> int:
        """In its audience, and not cleared for it."""
        return sum(getattr(self, f"{kind}_lacking") for kind in _REACHABLE)

    @property
    def blind(self) -> int:
        """Who may not read it."""
        return self.closed + self.uncleared

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
    def reached_sign(self) -> str:
        """What stands before `reached`: about, at least, or nothing, for it is exact."""
        if self.known and not self.is_clearance_told:
            return ABOUT
        return "" if not self.is_about else ABOUT if self.own else AT_LEAST

    @property
    def unmatched_sign(self) -> str:
        """What stands before `unmatched`: about, at most, or nothing."""
        if not self.is_about:
            return ""
        return ABOUT if self.own or (self.uncleared and not self.is_clearance_told) else AT_MOST

    @property
    def unmatched(self) -> int | None:
        """Who may read it and follows nothing that matches; None where that may not be told."""
        return self.open - self.own if self.tells_own else None


_REACHABLE = ("cut_off", "must", "group", "open")
_LATER = ("refused", "away", "full")
_PRIVATE = ("own", *_LATER, *(f"{kind}_lacking" for kind in _REACHABLE))
_KEYS = tuple(f"{kind}_key" for kind in _REACHABLE)
_NUMBERS = [each.name for each in fields(Tally) if not each.name.startswith("is_")]


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

    @property
    def is_clearance_told(self) -> bool:
        """Whether who lacks the clearance is told exactly; else in steps."""
        return self.tally.is_clearance_told


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
    """What is told of the audience of a forecast, as far as the asker looks after its people: counted once.

    Whoever changes the audience, or a group of it, and looks again sees what they saw: other numbers take another
    asking, which is counted. Only who looks after others since, or may know more or less of them, is told anew, and
    again what they were told before when that goes to and fro.
    """
    cleared_known = knows_clearances(forecast.asked_by, scope)
    rights = json.dumps([*scope.paths, cleared_known])
    # Of two who look at once the later waits, and sees what the first was told.
    told = Forecast.objects.select_for_update().values_list("told", flat=True).get(pk=forecast.pk) or {}
    if rights in told:
        answer = _read(told[rights])
    else:
        answer = _told(forecast, found, scope, cleared_known)
        Forecast.objects.filter(pk=forecast.pk).update(told={**told, rights: asdict(answer)})
    if answer.is_few:
        return answer
    must_reads = found.must_reads(_entry_id(forecast))
    groups = _seen_by(forecast.asked_by, found.of_groups, scope)
    return replace(answer, must_reads=_named(must_reads), groups=_named(groups))


def _read(kept: dict[str, Any]) -> ReachForecast:
    by_unit = [UnitReach(**{**each, "tally": Tally(**each["tally"])}) for each in kept["by_unit"]]
    return ReachForecast(Tally(**kept["tally"]), by_unit, is_few=kept["is_few"])


def _told(forecast: Forecast, found: Answered, scope: Scope, cleared_known: bool) -> ReachForecast:
    units = counted(forecast, found, scope)
    total = sum((unit.tally for unit in units), Tally())
    if 0 < total.people < FEWEST_TOGETHER:
        return ReachForecast(Tally(people=total.people), is_few=True)
    rest = Person.objects.active().filter(scope.within()).count() - total.people
    withheld = 0 < rest < FEWEST_TOGETHER
    known = cleared_known or all_are_cleared(classification_of(forecast))
    asked = _asked(forecast)
    return ReachForecast(
        tally=total.told(asked, withheld, known),
        by_unit=[replace(unit, tally=unit.tally.told(asked, withheld, known)) for unit in told_together(units)],
    )


def _asked(forecast: Forecast) -> Asked:
    text = (forecast.entry_id, forecast.revision_id, forecast.title, forecast.text, forecast.language)
    on = _day_of(forecast)
    return Asked(sha256(repr(text).encode()).hexdigest(), classification_of(forecast), on)


def _day_of(forecast: Forecast) -> date:
    """On which day it was asked, in the organisation."""
    return timezone.localdate(forecast.asked_at, day_zone())


def counted(forecast: Forecast, found: Answered, scope: Scope) -> list[UnitReach]:
    """The people of the audience whom the asker looks after, by unit: exact, and not to be shown so."""
    must_reads = found.must_reads(_entry_id(forecast))
    return _by_unit(_people(forecast, scope), _flags(forecast, found, must_reads))


def knows_clearances(person: Person | None, scope: Scope) -> bool:
    """Whether the asker may know what each of these people is cleared for: the operator, and who manages them all."""
    if person is None:
        return True
    paths = person.paths_granted(Permission.ADMINISTRATOR)
    return all(path.startswith(tuple(paths)) for path in scope.paths) if paths else False


def entry_of(forecast: Forecast) -> Entry | None:
    """The entry a forecast is about; None for a text that is none yet."""
    return forecast.revision.article.entry if forecast.revision is not None else forecast.entry


def _entry_id(forecast: Forecast) -> int | None:
    entry = entry_of(forecast)
    return entry.pk if entry is not None else None


def classification_of(forecast: Forecast) -> int:
    """What somebody must be cleared for to read it."""
    entry = entry_of(forecast)
    return entry.classification if entry is not None else forecast.classification


def _people(forecast: Forecast, scope: Scope) -> PersonQuerySet:
    people = Person.objects.active().filter(scope.within())
    return people.filter(pk__in=AudienceMember.objects.filter(audience=forecast.audience).values("person"))


def _flags(forecast: Forecast, found: Answered, must_reads: Any) -> dict[str, Q]:
    entry = entry_of(forecast)
    today = _day_of(forecast)
    full = Delivery.objects.filter(OVER_BUDGET, created_at__gt=forecast.asked_at - FULL_DAY)
    mail = Channel.objects.filter(kind=Channel.Kind.MAIL, state=Channel.State.SUSPENDED)
    return {
        "invited": meant_for(entry) if entry is not None else Q(pk__gt=0),
        "cleared": Q(clearance__gte=classification_of(forecast)),
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
    if not row["invited"]:
        return Tally(people=n, closed=n)
    kind = "cut_off" if row["cut"] else "must" if row["asked"] else "group" if row["grouped"] else "open"
    counts: dict[str, Any] = {"people": n, f"{kind}_key": key}
    if not row["cleared"]:
        return Tally(**counts | {f"{kind}_lacking": n})
    if kind == "cut_off":
        return Tally(**counts, cut_off=n)
    marks = {"refused": row["refuses"], "away": row["gone"], "full": row["filled"]}
    if kind == "open":
        marks["own"] = row["interested"]
    return Tally(**counts | {kind: n} | {name: n * mark for name, mark in marks.items()})


def told_together(units: Sequence[UnitReach]) -> list[UnitReach]:
    """Units whose own interests may not be told are counted as one, with larger ones until they are enough together."""
    together: list[UnitReach] = []
    size = 0
    # Counted with those who lack the clearance: which units stand together must not tell who does.
    open_to = [(unit.tally.named("open"), unit) for unit in units if unit.tally.named("open")]
    for people, unit in sorted(open_to, key=lambda each: (each[0], each[1].name)):
        if people >= FEWEST_TOGETHER and (not together or size >= FEWEST_TOGETHER):
            break
        together.append(unit)
        size += people
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
