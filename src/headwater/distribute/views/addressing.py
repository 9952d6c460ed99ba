"""Whom a must-read is for: a saved audience, or conditions put together on its own page; and what it asks of them."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.core.actions import require
from headwater.core.typed import read_number
from headwater.distribute import messages
from headwater.distribute.forms import DirectiveForm
from headwater.distribute.models import Directive
from headwater.distribute.preview import Preview, preview_profile
from headwater.distribute.reach import Reach, reach_of, reach_of_people
from headwater.distribute.rules import FEWEST_TOGETHER, may_write_directives
from headwater.people.actions import create_audience
from headwater.people.audiences import describe, name_for, select
from headwater.people.models import Audience, Person
from headwater.people.request import Request
from headwater.people.rules import may_manage_audiences
from headwater.people.views.audiences import Builder, built, choices
from headwater.search.models import Entry

DAYS = 90


@dataclass(frozen=True)
class Addressed:
    """Who was chosen: a saved audience, or what the rule builder holds (None where its reader may save no rule)."""

    audience: Audience | None
    builder: Builder | None

    @property
    def name(self) -> str:
        """What its people are called, for the because-line."""
        if self.audience is not None:
            return self.audience.name
        return name_for(self.builder.rule) if self.builder is not None and self.builder.rule is not None else ""

    def reach(self, entry: Entry | None, asker: Person) -> Reach | None:
        """What a must-read of the entry would mean for them, as the asker may know; None while nobody is chosen."""
        if self.audience is not None:
            return reach_of(self.audience, entry, asker)
        if self.builder is None or self.builder.rule is None:
            return None
        return reach_of_people(select(self.builder.rule), entry, asker)


def require_writer(request: Request) -> None:
    """Only who writes must-reads sees how."""
    require(may_write_directives(request.person), _("Only knowledge managers write must-reads."))


def addressed(request: Request, form: DirectiveForm) -> Addressed:
    """Who is chosen in the form as the request leaves it; “start” takes a saved audience's rule into the builder."""
    audience = Audience.objects.filter(pk=read_number(str(form["audience"].value())) or 0).first()
    may_compose = may_manage_audiences(request.person)
    if audience is not None and may_compose and request.POST.get("op") == "start":
        return Addressed(None, built(request, audience.rule))
    if audience is not None or not may_compose:
        return Addressed(audience, None)
    return Addressed(None, built(request, None))


def audience_for(request: Request, chosen: Addressed, name: str) -> Audience:
    """The audience to save with a directive: the chosen one, the one with the same rule, or one made for this."""
    if chosen.audience is not None:
        return chosen.audience
    builder = chosen.builder
    if builder is None or builder.error or builder.rule is None:
        said = _("Choose an audience.") if builder is None else _("Choose an audience, or add a condition.")
        raise ValidationError({"audience": said})
    known = None if name.strip() else Audience.objects.filter(rule=builder.rule).order_by("pk").first()
    return known or create_audience(request.person, name.strip() or name_for(builder.rule), builder.rule)


def entry_of(request: Request, form: DirectiveForm) -> Entry | None:
    """What the form is about, if its reader may read it."""
    readable = Entry.objects.current().readable_by(request.person).select_related("current_version", "unit")
    readable = readable.defer("current_version__text")
    return readable.filter(pk=read_number(str(form["entry"].value())) or 0).first()


def page_context(request: Request, form: DirectiveForm) -> dict[str, Any]:
    """What the page and its parts show: the entry, who is chosen, whom it reaches, and the mail as they will get it."""
    entry, chosen = entry_of(request, form), addressed(request, form)
    reach = chosen.reach(entry, request.person)
    return {
        "form": form,
        "entry": entry,
        "chosen": chosen,
        "audiences": Audience.objects.order_by("name"),
        "builder": chosen.builder,
        "choices": choices() if chosen.builder is not None else [],
        "may_compose": may_manage_audiences(request.person),
        "words": describe(chosen.audience.rule) if chosen.audience is not None else "",
        "reach": reach,
        "fewest": FEWEST_TOGETHER,
        "past": _past(request, form) if entry is None else None,
        "days": DAYS,
        "mail": _mail(request, form, entry, chosen.name) if entry is not None and reach is not None else None,
    }


def _past(request: Request, form: DirectiveForm) -> Preview | None:
    """What a standing must-read would have asked in the last days, as far as its author may read it."""
    query = str(form["query"].value() or "")
    return preview_profile(request.person, query, DAYS, is_own=False) if query.strip() else None


def _mail(request: Request, form: DirectiveForm, entry: Entry, name: str) -> messages.Message | None:
    if entry.current_version is None:
        return None
    if form.is_bound:
        form.is_valid()
    values = form.cleaned_data if form.is_bound else form.initial
    draft = Directive(
        audience=Audience(name=name),
        sentence=values.get("sentence") or "",
        acknowledge=bool(values.get("acknowledge")),
        urgent=bool(values.get("urgent")),
        due_at=values.get("due_at"),
        due_days=values.get("due_days"),
        due_zone=request.person.timezone,
    )
    return messages.of_preview(draft, entry.current_version, request.person)


@require_POST
def choose_people(request: Request) -> HttpResponse:
    """The part that says who, after one of its buttons or another audience; with the right column beside it."""
    require_writer(request)
    context = page_context(request, DirectiveForm(request.POST, person=request.person))
    return render(request, "distribute/directive_people.html", {**context, "is_part": True})
