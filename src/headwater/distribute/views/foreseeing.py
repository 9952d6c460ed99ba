"""Looking ahead: whom would this reach, who would be missed, and to whom nothing comes at all."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from headwater.core.acting import filled, posted
from headwater.core.addresses import address
from headwater.core.typed import read_number
from headwater.distribute import forecasting, quiet
from headwater.distribute.actions import forecast_reach
from headwater.distribute.forms import ForecastForm
from headwater.distribute.models import Forecast
from headwater.distribute.rules import FEWEST_TOGETHER
from headwater.distribute.sheets import csv_response
from headwater.library.models import Article
from headwater.people.request import Request
from headwater.search.models import Entry

PAGE = 50
PATIENCE = timedelta(seconds=20)  # then the page says that no worker answers


def ask(request: Request) -> HttpResponse:
    """Ask whom something would reach: an entry (`entry` in the address), an article's draft (`article`), or a text."""
    forecasting.scope_for(request.person)
    entry, article = _entry(request), _article(request)
    is_about_text = entry is None and article is None
    form = ForecastForm(posted(request), is_about_text=is_about_text)
    asked = filled(form, lambda values: forecast_reach(request.person, entry=entry, article=article, **values))
    if asked is not None:
        return redirect(address("distribute:forecast", pk=asked.pk))
    context = {
        "title": _("Whom would it reach?"),
        "form": form,
        "about": entry.title if entry else article.latest.title if article and article.latest else "",
    }
    return render(request, "distribute/forecast_ask.html", context, status=400 if form.errors else 200)


def _entry(request: Request) -> Entry | None:
    pk = read_number(request.GET.get("entry", ""))
    readable = Entry.objects.current().readable_by(request.person)
    return get_object_or_404(readable, pk=pk) if pk is not None else None


def _article(request: Request) -> Article | None:
    pk = read_number(request.GET.get("article", ""))
    drafts = Article.objects.draft_circle(request.person).select_related("latest", "entry")
    return get_object_or_404(drafts, pk=pk) if pk is not None else None


@require_safe
def show_forecast(request: Request, pk: int) -> HttpResponse:
    """What the workers answered; until then the page asks again by itself."""
    scope = forecasting.scope_for(request.person)
    forecast = forecasting.own_forecast(request.person, pk)
    found = forecasting.answered(forecast)
    answer = forecasting.forecast_for(forecast, found, scope) if found is not None else None
    taken_back = forecasting.taken_back(forecast) if answer is None else ""
    waiting = _("This could not be answered") if taken_back else _("Asking those who hold what people follow")
    context = {
        "title": _("Whom would it reach?"),
        "heading": _heading(answer) if answer else waiting,
        "taken_back": taken_back,
        "forecast": forecast,
        "about": forecast.revision.title if forecast.revision else str(forecast),
        "answer": answer,
        "fewest": FEWEST_TOGETHER,
        "is_late": answer is None and timezone.now() - forecast.asked_at > PATIENCE,
        "again_url": _again(forecast),
    }
    return render(request, "distribute/forecast.html", context)


def _heading(answer: forecasting.ReachForecast) -> str:
    tally = answer.tally
    if not tally.people:
        return _("Nobody whom you look after is in this audience")
    values = {"n": tally.reached, "all": tally.people}
    if answer.is_few:
        return _("Of fewer than eight people nothing is told")
    if tally.reached_sign == forecasting.AT_LEAST:
        return _("It would reach at least %(n)d of %(all)d") % values
    if tally.reached_sign == forecasting.ABOUT:
        return _("It would reach about %(n)d of %(all)d") % values
    return _("It would reach %(n)d of %(all)d") % values


def _again(forecast: Forecast) -> str:
    new = address("distribute:forecast-new")
    if forecast.revision is not None:
        return f"{new}?article={forecast.revision.article_id}"
    return f"{new}?entry={forecast.entry_id}" if forecast.entry_id else new


@require_safe
def list_silent(request: Request) -> HttpResponse:
    """People to whom no group's interest brought anything in 30 or 90 days: by unit with the remedy, then by name."""
    scope = forecasting.scope_for(request.person)
    days = 90 if request.GET.get("days") == "90" else 30
    if request.GET.get("format") == "csv":
        return csv_response("nothing-came", quiet.HEADER, quiet.silent_rows(days, scope))
    units = quiet.silence_by_unit(days, scope)
    total = sum((each.silence for each in units), quiet.Silence()).told(days)
    unit = read_number(request.GET.get("unit", ""))
    page = Paginator(quiet.silent_people(days, scope, unit), PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "title": _("Who gets nothing"),
        "heading": _silent_heading(total.silent, total.people, days),
        "days": days,
        "periods": quiet.PERIODS,
        "units": [replace(each, silence=each.silence.told(days)) for each in units if each.silence.silent],
        "total": total,
        "unit": unit,
        "unit_name": next((each.name for each in units if each.pk == unit), ""),
        "page": page,
        "fewest": FEWEST_TOGETHER,
    }
    return render(request, "distribute/quiet.html", context)


def _silent_heading(silent: int, people: int, days: int) -> str:
    if not silent:
        return _("Something came to everybody in %(days)d days") % {"days": days}
    words = ngettext(
        "To %(n)d of %(all)d people no group’s interest brought anything in %(days)d days",
        "To %(n)d of %(all)d people no group’s interest brought anything in %(days)d days",
        silent,
    )
    return words % {"n": silent, "all": people, "days": days}
