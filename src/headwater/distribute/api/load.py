"""The API of load: how much reaches the people of each unit, in counts."""

from typing import Literal

from django.utils.translation import gettext as _
from ninja import Query, Router, Schema

from headwater.core.actions import require
from headwater.core.paging import Paging
from headwater.distribute.load import Line, load_of
from headwater.distribute.proof import Scope
from headwater.distribute.rules import load_paths
from headwater.people.request import Request

router = Router(tags=["distribute"])


class LoadLine(Schema):
    """What reached the people of one unit; `unit_id` is empty for small units together, and for people in none.

    `over_budget` was held back only because of a person's budget; a larger one would have let it through. `near_copies`
    were held back because they say nearly the same as something else that came; no budget would have changed that.
    """

    unit_id: int | None
    unit: str
    people: int
    received: int
    a_person_and_day: float
    opened: int
    useful: int
    not_useful: int
    over_budget: int
    near_copies: int


class LoadLines(Schema):
    """A part of the units, the most burdened first; how many there are, and how many more are too small to be shown."""

    items: list[LoadLine]
    count: int
    hidden: int


class Period(Paging.Input):
    """Over how many days. Not any number: by the difference of two periods one person's day could be seen."""

    days: Literal["7", "30", "90"] = "30"


@router.get("/load", response=LoadLines, operation_id="measure_load")
def measure_load(request: Request, asked: Query[Period]) -> dict[str, object]:
    """How much reached the people of each unit in the last days, and what they made of it: counts, never people."""
    paths = load_paths(request.person)
    require(bool(paths), _("Only knowledge managers and executives see the load."))
    load = load_of(int(asked.days), Scope(paths))
    shown = load.lines[asked.offset : asked.offset + asked.limit]
    return {"items": [_line(line) for line in shown], "count": len(load.lines), "hidden": load.hidden}


def _line(line: Line) -> dict[str, object]:
    return {
        "unit_id": line.unit_id,
        "unit": line.name,
        "people": line.people,
        "received": line.received,
        "a_person_and_day": line.a_day,
        "opened": line.opened,
        "useful": line.useful,
        "not_useful": line.not_useful,
        "over_budget": line.over_budget,
        "near_copies": line.near_copies,
    }
