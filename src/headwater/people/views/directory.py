"""The directory: people, and one person."""

from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.core.acting import attempt, back_to, filled, kept, page_of, posted, pressed
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.typed import read_number
from headwater.people import actions, rules
from headwater.people.days import today
from headwater.people.forms import AbsenceForm, GrantForm, LeavingForm, PersonForm, TagForm
from headwater.people.models import Absence, Community, Person, Role, Unit
from headwater.people.picking import label_of, offered_people
from headwater.people.request import Request
from headwater.people.views.access import telling_what_ends


@require_GET
def list_people(request: Request) -> HttpResponse:
    """Everybody, filtered by words, unit and below, role, community."""
    filters = {name: request.GET.get(name, "").strip() for name in ("q", "unit", "role", "community", "state")}
    people = _filtered(filters)
    page = page_of(request, people.select_related("unit").prefetch_related("roles"))
    context = {
        "title": _("People"),
        "heading": _heading(page.paginator.count, any(filters.values())),
        "page": page,
        "filters": filters,
        "units": Unit.objects.order_by("name"),
        "roles": Role.objects.all(),
        "communities": Community.objects.all(),
        "may_manage": rules.may_anywhere(request.person, "administrator"),
        "may_exchange": rules.may_write_about_people(request.person),
        "may_see_audiences": rules.may_see_audiences(request.person),
    }
    return render(request, "people/people.html", context)


def _filtered(filters: dict[str, str]) -> QuerySet[Person]:
    people = Person.objects.filter(erased_at=None)
    if filters["state"] == "left":
        people = people.filter(left_on__lte=today())
    else:
        people = Person.objects.active()
    for word in filters["q"].split():
        people = people.filter(
            Q(name__icontains=word) | Q(title__icontains=word) | Q(email__icontains=word) | Q(location__icontains=word)
        )
    if filters["unit"]:
        unit = Unit.objects.filter(slug=filters["unit"]).first()
        inside = Unit.objects.below(unit) if unit is not None else Unit.objects.none()
        people = people.filter(Q(unit__in=inside) | Q(other_units__in=inside)).distinct()
    if filters["role"]:
        people = people.filter(roles__slug=filters["role"])
    if filters["community"]:
        people = people.filter(communities__slug=filters["community"])
    return people.order_by("name", "pk")


def _heading(count: int, is_filtered: bool) -> str:
    if is_filtered:
        return ngettext("%(n)s person found", "%(n)s people found", count) % {"n": count}
    return ngettext("%(n)s person", "%(n)s people", count) % {"n": count}


@require_GET
def offer_people(request: Request) -> HttpResponse:
    """Members whom what was typed so far fits, for the list below a field; the field may have any name."""
    typed = request.GET.get(request.htmx.trigger_name or "q", "")
    people = offered_people(typed, read_number(request.GET.get("without", "")) or 0)
    return HttpResponse(format_html_join("", '<option value="{}"></option>', ((label_of(one),) for one in people)))


@require_GET
def show_person(request: Request, pk: int) -> HttpResponse:
    """One person: where they belong, how to reach them; for who manages them, what they may do."""
    person = get_object_or_404(Person.objects.select_related("unit", "user", "successor"), pk=pk)
    may_manage = rules.may_manage_people(request.person, person.unit)
    context: dict[str, Any] = {
        "title": person.name,
        "shown": person,
        "crumbs": [(_("People"), address("people:people")), (person.name, "")],
        "units_above": _units_above(person.unit),
        "language_name": dict(settings.LANGUAGES).get(person.language, person.language),
        "roles": person.roles.all(),
        "communities": person.communities.all(),
        "heads": person.heads.all(),
        "absences": person.absences.filter(until__gte=today()).select_related("deputy").order_by("since"),
        "may_manage": may_manage,
        "may_act": rules.may_act_for(request.person, person),
        "sees_facts": rules.may_see_confidential_facts(request.person, person),
    }
    if context["sees_facts"]:
        context |= {"grants": person.grants.select_related("unit"), "tags": person.tags.all()}
    if context["may_act"]:
        context["absence_form"] = AbsenceForm(person=person, initial=kept(request, AbsenceForm))
    if may_manage:
        context |= {
            "may_answer": rules.may_answer_for(request.person, person),
            "leaving_form": LeavingForm(person=person, initial={"on": today()} | kept(request, LeavingForm)),
            "grant_form": GrantForm(),
            "tag_form": TagForm(),
            "link": request.session.pop(f"link-{person.pk}", ""),
            "may_erase": rules.may_administer(request.person) and not person.is_active and person.erased_at is None,
        }
    return render(request, "people/person.html", context)


def _units_above(unit: Unit | None) -> list[Unit]:
    """The unit and those above it, from the top."""
    if unit is None:
        return []
    ids = [int(part) for part in unit.path.strip("/").split("/") if part][:-1]
    found = Unit.objects.in_bulk(ids)
    return [*(found[pk] for pk in ids if pk in found), unit]


EDITED = (
    "name", "email", "number", "unit", "title", "location", "clearance", "language", "timezone", "work_from",
    "work_until", "joined_on",
)  # fmt: skip


@require_http_methods(["GET", "POST"])
def add_person(request: Request) -> HttpResponse:
    """Add a person."""
    require(rules.may_anywhere(request.person, "administrator"), _("Only an administrator adds people."))
    usual = {
        "language": request.organisation.language,
        "timezone": request.organisation.timezone,
        "work_from": "08:00",
        "work_until": "17:00",
        "joined_on": today(),
        "unit": Unit.objects.filter(slug=request.GET.get("unit", "")).first(),
    }
    form = PersonForm(posted(request), initial=usual)
    _limit(form, request.person)
    if request.method == "POST":
        person = filled(form, lambda values: _created(request, values))
        if person is not None:
            return redirect(address("people:person", pk=person.pk))
    crumbs = [(_("People"), address("people:people")), (_("Add a person"), "")]
    return render(
        request,
        "people/form.html",
        {"title": _("Add a person"), "form": form, "crumbs": crumbs, "done": _("Add the person"), "icon": "user-plus"},
    )


def _limit(form: PersonForm, actor: Person, person: Person | None = None) -> None:
    """A unit's administrator clears nobody for more than themselves, nor decides over who outranks them."""
    if rules.may_administer(actor):
        return
    if person is None or rules.may_clear(actor, person, actor.clearance):
        form.offer_clearances(actor.clearance)
    else:
        form.show_only("clearance")
    if person is not None and not rules.may_answer_for(actor, person):
        form.show_only("email")


def _created(request: Request, values: dict[str, Any]) -> Person:
    hours = {name: values.pop(name) for name in ("work_from", "work_until")}
    values["other_units"], values["roles"] = list(values["other_units"]), list(values["roles"])
    person = actions.create_person(request.person, **values)
    return actions.change_person(request.person, person, **hours)


@require_http_methods(["GET", "POST"])
def edit_person(request: Request, pk: int) -> HttpResponse:
    """Change what is kept of a person."""
    person = get_object_or_404(Person.objects.select_related("unit"), pk=pk, erased_at=None)
    require(
        rules.may_manage_people(request.person, person.unit),
        _("Only an administrator of that part of the organisation changes its people."),
    )
    now = {name: getattr(person, name) for name in EDITED}
    now |= {"other_units": person.other_units.all(), "roles": person.roles.all()}
    form = PersonForm(posted(request), initial=now, person=person)
    _limit(form, request.person, person)
    if request.method == "POST":
        with telling_what_ends(request, person):
            changed = filled(form, lambda values: _changed(request, person, values))
        if changed is not None:
            return redirect(address("people:person", pk=person.pk))
    crumbs = [
        (_("People"), address("people:people")),
        (person.name, address("people:person", pk=person.pk)),
        (_("Change"), ""),
    ]
    context = {"title": person.name, "form": form, "crumbs": crumbs, "done": _("Save"), "icon": "check"}
    return render(request, "people/form.html", context)


def _changed(request: Request, person: Person, values: dict[str, Any]) -> Person:
    """Only what differs; what was emptied is cleared."""
    given: dict[str, Any] = {"other_units": list(values.pop("other_units")), "roles": list(values.pop("roles"))}
    clear = []
    for name, value in values.items():
        if value != getattr(person, name):
            if value in ("", None):
                clear.append(name)
            else:
                given[name] = value
    return actions.change_person(request.person, person, clear=clear, **given)


# --- What buttons on a person's page do -------------------------------------------------------------------------------


def _back(person: Person, refused: Form | None = None) -> HttpResponse:
    return back_to(address("people:person", pk=person.pk), refused)


@require_POST
def end_membership(request: Request, pk: int) -> HttpResponse:
    """Let a person leave; undone by coming back."""
    person = get_object_or_404(Person, pk=pk)
    form = LeavingForm(request.POST, person=person)
    done = pressed(
        request,
        form,
        lambda values: actions.end_membership(request.person, person, values["on"], values["successor"]),
        _("%(name)s leaves. What they own goes to who takes over.") % {"name": person.name},
        address("people:resumption", pk=pk),
    )
    return _back(person, form if done is None else None)


@require_POST
def resume_membership(request: Request, pk: int) -> HttpResponse:
    """A person stays after all, or comes back."""
    person = get_object_or_404(Person, pk=pk)
    done = _("%(name)s is a member.") % {"name": person.name}
    attempt(request, lambda: actions.resume_membership(request.person, person), done)
    return _back(person)


@require_POST
def erase(request: Request, pk: int) -> HttpResponse:
    """Put a number in place of somebody who left."""
    person = get_object_or_404(Person, pk=pk)
    attempt(request, lambda: actions.erase_person(request.person, person), _("Erased. Records keep a number only."))
    return _back(person)


@require_POST
def add_absence(request: Request, pk: int) -> HttpResponse:
    """Record that a person is away."""
    person = get_object_or_404(Person, pk=pk)
    form = AbsenceForm(request.POST, person=person)
    done = pressed(
        request,
        form,
        lambda values: actions.record_absence(request.person, person, **values),
        _("The absence is recorded."),
    )
    return _back(person, form if done is None else None)


@require_POST
def remove_absence(request: Request, pk: int) -> HttpResponse:
    """Take an absence back."""
    absence = get_object_or_404(Absence.objects.select_related("person", "person__unit"), pk=pk)
    person = absence.person
    attempt(request, lambda: actions.remove_absence(request.person, absence), _("The absence is taken back."))
    return _back(person)


@require_POST
def change_tags(request: Request, pk: int) -> HttpResponse:
    """Add a mark (tag=…), or take one off (drop=…)."""
    person = get_object_or_404(Person.objects.select_related("unit"), pk=pk)
    drop = request.POST.get("drop", "")
    if drop:
        attempt(request, lambda: actions.untag_person(request.person, person, drop))
    else:
        pressed(request, TagForm(request.POST), lambda values: actions.tag_person(request.person, person, **values))
    return _back(person)
