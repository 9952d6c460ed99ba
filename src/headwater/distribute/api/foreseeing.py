"""The API of looking ahead: whom would this reach, and to whom nothing comes."""

from datetime import datetime
from typing import Any

from ninja import Field, Query, Router, Schema

from headwater.core.bodies import Body
from headwater.core.models import Classification
from headwater.core.paging import Paging
from headwater.core.references import Id, Reference, referred
from headwater.distribute import actions, forecasting, quiet
from headwater.distribute.models import Forecast
from headwater.library.models import Article
from headwater.people.models import Audience
from headwater.people.request import Request
from headwater.search.models import Entry

router = Router(tags=["distribute"])


class ForecastIn(Body):
    """What it is about: an entry, an article (its newest draft), or a title and a text with the audience it is for."""

    entry: Id | None = None
    article: Id | None = None
    audience: Reference | None = None
    title: str = ""
    text: str = ""
    language: str = ""
    classification: int = Classification.INTERNAL.value


class ForecastAsked(Schema):
    id: int
    asked_at: datetime


class TallyOut(Schema):
    """People by what would become of it. `own` and `unmatched` are null where they would tell of fewer than eight.

    Where somebody is reached by nothing else, `own`, and `away`, `budget_used` and `address_suspended` always, are told
    in steps of eight, up or down by chance; 0 says "fewer than eight, if any", and 8 may be nobody. `reached` and
    `unmatched` follow `own`. `budget_used` had something held back by their budget in the last day.

    Unless `is_clearance_told`, so is `uncleared`: who lacks the clearance. `must_read`, `group` and `cut_off` are all
    of whom that holds, less who is told to lack it; null says that nothing is told of it, and nobody is taken off.
    """

    people: int
    reached: int
    must_read: int
    group: int
    own: int | None
    unmatched: int | None
    may_not_read: int
    uncleared: int | None
    cut_off: int
    away: int
    budget_used: int
    address_suspended: int


class UnitTallyOut(TallyOut):
    """One unit, or several small ones together."""

    unit_id: int | None
    name: str
    units: int


class NamedOut(Schema):
    name: str
    people: int


class ForecastOut(Schema):
    """The answer, once `is_answered`; each person counts once, by the strongest reason. `is_few`: nothing is told.

    The numbers are those of the first time it was looked at. For others, ask again.

    `taken_back` is empty, or says why there will be no answer and what to do.
    """

    id: int
    asked_at: datetime
    is_answered: bool
    taken_back: str = ""
    is_few: bool = False
    is_clearance_told: bool = False
    total: TallyOut | None = None
    by_unit: list[UnitTallyOut] = []
    must_reads: list[NamedOut] = []
    groups: list[NamedOut] = []


@router.post("/forecasts", response=ForecastAsked, operation_id="forecast_reach")
def forecast_reach(request: Request, body: ForecastIn) -> Forecast:
    """Ask whom something would reach; workers answer within a second or two. Nobody is told anything."""
    values = body.dict(include={"title", "text", "language", "classification"})
    readable = Entry.objects.current().readable_by(request.person)
    return actions.forecast_reach(
        request.person,
        entry=referred(readable, body.entry, "entry"),
        article=referred(Article.objects.draft_circle(request.person), body.article, "article"),
        audience=referred(Audience, body.audience, "audience"),
        **values,
    )


@router.get("/forecasts/{int:pk}", response=ForecastOut, operation_id="show_forecast")
def show_forecast(request: Request, pk: int) -> dict[str, Any]:
    """What was answered to a question of one's own: counts and kinds of reason."""
    scope = forecasting.scope_for(request.person)
    forecast = forecasting.own_forecast(request.person, pk)
    asked = {"id": forecast.pk, "asked_at": forecast.asked_at}
    found = forecasting.answered(forecast)
    if found is None:
        return {**asked, "is_answered": False, "taken_back": forecasting.taken_back(forecast)}
    answer = forecasting.forecast_for(forecast, found, scope)
    return {
        **asked,
        "is_answered": True,
        "is_few": answer.is_few,
        "is_clearance_told": answer.is_clearance_told,
        "total": None if answer.is_few else _tally(answer.tally, answer.is_clearance_told),
        "by_unit": [
            {"unit_id": each.pk, "name": each.name, "units": each.units, **_tally(each.tally, answer.is_clearance_told)}
            for each in answer.by_unit
        ],
        "must_reads": [{"name": each.name, "people": each.people} for each in answer.must_reads],
        "groups": [{"name": each.name, "people": each.people} for each in answer.groups],
    }


def _tally(tally: forecasting.Tally, is_clearance_told: bool) -> dict[str, int | None]:
    return {
        **{name: getattr(tally, name) for name in ("people", "reached", "group", "unmatched", "cut_off")},
        "uncleared": tally.uncleared if is_clearance_told or not tally.is_withheld else None,
        "must_read": tally.must,
        "own": tally.own if tally.tells_own else None,
        "may_not_read": tally.blind,
        "away": tally.away,
        "budget_used": tally.full,
        "address_suspended": tally.refused,
    }


class Silent(Paging.Input):
    days: int = Field(30, ge=1, le=366)


class SilentPerson(Schema):
    """Somebody to whom no group's interest brought anything; never whether their own did."""

    person_id: int
    person: str
    unit_id: int | None
    location: str
    had_must_reads: bool


class SilentUnit(Schema):
    """`alone` are in no group with an interest. To `own` interests of their own brought something: in steps of eight,
    moved by chance, so that 8 may be nobody; 0 says "fewer than eight, if any", and null that it is not told of so many
    days, but of 30 and of 90."""

    unit_id: int | None
    name: str
    people: int
    nothing: int
    must_reads_only: int
    alone: int
    own: int | None
    cut_off: int


class SilentPeople(Schema):
    items: list[SilentPerson]
    count: int


class SilentUnits(Schema):
    items: list[SilentUnit]
    count: int


@router.get("/quiet", response=SilentPeople, operation_id="list_silent")
def list_silent(request: Request, asked: Query[Silent]) -> dict[str, Any]:
    """People to whom no group's interest brought anything in the last days, by name."""
    rows = quiet.silent_people(asked.days, forecasting.scope_for(request.person))
    fields = ("pk", "name", "unit", "location", "had_must")
    items = [
        {"person_id": pk, "person": name, "unit_id": unit, "location": location, "had_must_reads": had_must}
        for pk, name, unit, location, had_must in rows.values_list(*fields)[asked.offset : asked.offset + asked.limit]
    ]
    return {"items": items, "count": rows.count()}


@router.get("/quiet/units", response=SilentUnits, operation_id="measure_silence")
def measure_silence(request: Request, asked: Query[Silent]) -> dict[str, Any]:
    """By unit: to how many no group's interest brought anything, and about how many find something by themselves."""
    units = quiet.silence_by_unit(asked.days, forecasting.scope_for(request.person))
    items = [
        {
            "unit_id": each.pk,
            "name": each.name,
            "people": each.silence.people,
            "nothing": each.silence.nothing,
            "must_reads_only": each.silence.must_only,
            "alone": each.silence.alone,
            "own": each.silence.told(asked.days).own if quiet.tells_own(asked.days) else None,
            "cut_off": each.silence.cut_off,
        }
        for each in units[asked.offset : asked.offset + asked.limit]
    ]
    return {"items": items, "count": len(units)}
