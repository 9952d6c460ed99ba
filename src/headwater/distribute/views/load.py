"""Load: how much reaches the people of each unit, for who manages knowledge. Counts only: behind none is a list."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from headwater.core.actions import require
from headwater.core.display.figures import number
from headwater.core.typed import read_number
from headwater.distribute import load
from headwater.distribute.proof import Scope
from headwater.distribute.rules import load_paths
from headwater.distribute.sheets import csv_response
from headwater.people.request import Request

DAYS = (7, 30, 90)
MUCH = 0.2  # of what reaches a unit is past the budgets of its people: the page says so


@require_safe
def show_load(request: Request) -> HttpResponse:
    """Received, opened, useful and over budget by unit and by day; as CSV with ?format=csv."""
    paths = load_paths(request.person)
    require(bool(paths), _("Only knowledge managers and executives see the load."))
    asked = read_number(request.GET.get("days", ""))
    days = asked if asked in DAYS else 30
    found = load.load_of(days, Scope(paths))
    if request.GET.get("format") == "csv":
        return csv_response("load", load.HEADER, load.as_rows(found))
    each_day = load.by_day(found, days, Scope(paths))
    context = {
        "title": _("Load"),
        "heading": heading_of(found),
        "load": found,
        "least": load.LEAST_PEOPLE,
        "days": days,
        "all_days": DAYS,
        "series": [
            (_("received"), [day.received for day in each_day]),
            (_("opened"), [day.opened for day in each_day]),
            (_("over budget"), [day.over_budget for day in each_day]),
        ],
        "tones": ("s5", "s3", "warn"),
        "labels": [date_format(day.day, "j M") for day in each_day],
        "most": max((line.a_day for line in found.lines), default=0),
    }
    return render(request, "distribute/load.html", context)


def heading_of(found: load.Load) -> str:
    """What the figures say, in one sentence."""
    if not found.lines:
        return _("Nothing to count in these days")
    worst = max(found.lines, key=lambda line: (line.over_share, line.a_day))
    if worst.over_share >= MUCH:
        return _("%(share)s %% of what reaches %(unit)s is past their budgets") % {
            "share": number(round(100 * worst.over_share)),
            "unit": worst.name,
        }
    if found.whole.over_budget:
        return _("Nearly all that arrives fits the budgets: %(n)s a person and day") % {"n": number(found.whole.a_day)}
    return _("All that arrives fits the budgets: %(n)s a person and day") % {"n": number(found.whole.a_day)}
