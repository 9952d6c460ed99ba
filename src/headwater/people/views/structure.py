"""Units, roles, communities."""

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.core.acting import attempt, back_to, filled, kept, page_of, posted, pressed
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.core.typed import read_number
from headwater.people import actions, rules
from headwater.people.audiences import Mentioned
from headwater.people.forms import CommunityForm, MemberForm, NameForm, UnitForm
from headwater.people.models import Community, Person, Role, Unit
from headwater.people.request import Request

ASKED = gettext_lazy("Asked. You are told when somebody has decided.")


def _active() -> Q:
    return Q(people__in=Person.objects.active())


# --- Units ------------------------------------------------------------------------------------------------------------


@require_GET
def list_units(request: Request) -> HttpResponse:
    """The tree of units with heads and how many people."""
    units = list(Unit.objects.select_related("head", "deputy").annotate(own=Count("people", filter=_active())))
    rows = _tree(units)
    count = len(rows)
    context = {
        "title": _("Units"),
        "heading": ngettext("%(n)s unit", "%(n)s units", count) % {"n": count},
        "rows": rows,
        "headless": sum(1 for unit in units if unit.head_id is None),
        "may_manage": rules.may_anywhere(request.person, "administrator"),
    }
    return render(request, "people/units.html", context)


def _tree(units: list[Any]) -> list[dict[str, Any]]:
    """The units in the order of a tree, each with its depth and the people in and below it."""
    by_id = {unit.pk: unit for unit in units}
    below = dict.fromkeys(by_id, 0)
    for unit in units:
        for pk in _ids(unit):
            below[pk] += unit.own
    order = sorted(units, key=lambda unit: [(by_id[pk].name, pk) for pk in _ids(unit) if pk in by_id])
    rows = []
    for unit in order:
        depth = unit.path.count("/") - 2
        rows.append({"unit": unit, "rungs": range(depth), "below": below[unit.pk]})
    return rows


def _ids(unit: Unit) -> list[int]:
    return [int(part) for part in unit.path.strip("/").split("/") if part]


@require_GET
def show_unit(request: Request, pk: int) -> HttpResponse:
    """One unit: what lies below, who heads it, who works there."""
    unit = get_object_or_404(Unit.objects.select_related("head", "deputy", "parent"), pk=pk)
    above = Unit.objects.in_bulk(_ids(unit)[:-1])
    crumbs = [(_("Units"), address("people:units"))]
    crumbs += [(above[each].name, address("people:unit", pk=each)) for each in _ids(unit)[:-1] if each in above]
    people = Person.objects.active().filter(Q(unit=unit) | Q(other_units=unit)).distinct()
    context = {
        "title": unit.name,
        "unit": unit,
        "crumbs": [*crumbs, (unit.name, "")],
        "children": unit.children.select_related("head")
        .annotate(own=Count("people", filter=_active()))
        .order_by("name"),
        "page": page_of(request, people.prefetch_related("roles").order_by("name")),
        "may_manage": rules.may_manage_structure(request.person, unit),
    }
    return render(request, "people/unit.html", context)


@require_http_methods(["GET", "POST"])
def add_unit(request: Request) -> HttpResponse:
    """Make a unit."""
    require(rules.may_anywhere(request.person, "administrator"), _("Only an administrator makes units."))
    form = UnitForm(posted(request), initial={"parent": request.GET.get("parent")})
    if request.method == "POST":
        unit = filled(form, lambda values: actions.create_unit(request.person, **values))
        if unit is not None:
            return redirect(address("people:unit", pk=unit.pk))
    crumbs = [(_("Units"), address("people:units")), (_("Make a unit"), "")]
    context = {"title": _("Make a unit"), "form": form, "crumbs": crumbs, "done": _("Make the unit"), "icon": "plus"}
    return render(request, "people/form.html", context)


@require_http_methods(["GET", "POST"])
def edit_unit(request: Request, pk: int) -> HttpResponse:
    """Rename a unit, move it with everything below, name its head."""
    unit = get_object_or_404(Unit.objects.select_related("head__unit", "deputy__unit", "parent"), pk=pk)
    require(rules.may_manage_structure(request.person, unit), _("Only an administrator of this unit changes it."))
    now = {name: getattr(unit, name) for name in ("name", "parent", "head", "deputy")}
    form = UnitForm(posted(request), initial=now, unit=unit)
    if request.method == "POST":
        changed = filled(form, lambda values: _unit_changed(request, unit, values))
        if changed is not None:
            return redirect(address("people:unit", pk=unit.pk))
    crumbs = [(_("Units"), address("people:units")), (unit.name, address("people:unit", pk=pk)), (_("Change"), "")]
    context = {"title": unit.name, "form": form, "crumbs": crumbs, "done": _("Save"), "icon": "check"}
    return render(request, "people/form.html", context)


def _unit_changed(request: Request, unit: Unit, values: dict[str, Any]) -> Unit:
    if values["name"] != unit.name:
        actions.rename_unit(request.person, unit, values["name"])
    if (values["head"], values["deputy"]) != (unit.head, unit.deputy):
        actions.set_unit_head(request.person, unit, values["head"], values["deputy"])
    if values["parent"] != unit.parent:
        actions.move_unit(request.person, unit, values["parent"])
    return unit


@require_POST
def remove_unit(request: Request, pk: int) -> HttpResponse:
    """Remove an empty unit."""
    unit = get_object_or_404(Unit.objects.select_related("parent"), pk=pk)
    done = _("%(name)s is removed.") % {"name": unit.name}
    if attempt(request, lambda: actions.remove_unit(request.person, unit) or True, done):
        return redirect(address("people:units"))
    return redirect(address("people:unit", pk=pk))


# --- Roles ------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def list_roles(request: Request) -> HttpResponse:
    """Every job role with how many have it; administrators add one."""
    form = NameForm(posted(request))
    if request.method == "POST":
        role = filled(form, lambda values: actions.create_role(request.person, values["name"]))
        if role is not None:
            return redirect(address("people:roles"))
    roles = Role.objects.annotate(number=Count("people", filter=_active())).order_by("name")
    context = {
        "title": _("Roles"),
        "page": page_of(request, roles),
        "form": form,
        "may_manage": rules.may_manage_structure(request.person),
    }
    return render(request, "people/roles.html", context)


@require_POST
def change_role(request: Request, pk: int) -> HttpResponse:
    """Rename a role (name=…), or remove it (remove=1)."""
    role = get_object_or_404(Role, pk=pk)
    if request.POST.get("remove"):
        attempt(request, lambda: actions.remove_role(request.person, role), _("The role is removed."))
    else:
        attempt(request, lambda: actions.rename_role(request.person, role, request.POST.get("name", "")))
    return redirect(address("people:roles"))


# --- Communities ------------------------------------------------------------------------------------------------------


@require_GET
def list_communities(request: Request) -> HttpResponse:
    """Every community, with those one is in marked."""
    active = Q(members__in=Person.objects.active())
    rows = Community.objects.select_related("lead").annotate(number=Count("members", filter=active)).order_by("name")
    page = page_of(request, rows)
    mentioned = Mentioned.by_audiences()
    context = {
        "title": _("Communities"),
        "joinable": {one.pk for one in page.object_list if rules.may_join(request.person, one, mentioned)},
        "leavable": {one.pk for one in page.object_list if rules.may_leave(request.person, one, mentioned)},
        "heading": ngettext("%(n)s community", "%(n)s communities", page.paginator.count) % {"n": page.paginator.count},
        "page": page,
        "mine": set(request.person.memberships.values_list("community", flat=True)),
        "asked": set(request.person.membership_requests.values_list("community", flat=True)),
        "may_manage": rules.may_manage_communities(request.person),
    }
    return render(request, "people/communities.html", context)


@require_GET
def show_community(request: Request, pk: int) -> HttpResponse:
    """One community: what it is for, who is in it."""
    community = get_object_or_404(Community.objects.select_related("lead"), pk=pk)
    members = Person.objects.active().filter(communities=community).select_related("unit").order_by("name")
    may_manage = rules.may_manage_communities(request.person, community.lead_id == request.person.pk)
    context = {
        "title": community.name,
        "community": community,
        "crumbs": [(_("Communities"), address("people:communities")), (community.name, "")],
        "page": page_of(request, members),
        "is_member": community.memberships.filter(person=request.person).exists(),
        "has_asked": community.requests.filter(person=request.person).exists(),
        "may_join": rules.may_join(request.person, community),
        "may_leave": rules.may_leave(request.person, community),
        "requests": _open_requests(community) if may_manage else [],
        "may_manage": may_manage,
        "form": MemberForm(initial=kept(request, MemberForm)) if may_manage else None,
    }
    return render(request, "people/community.html", context)


def _open_requests(community: Community) -> list[Person]:
    """Who asks to come in or, being a member, to leave; first asked first."""
    asking = Person.objects.active().filter(membership_requests__community=community)
    asking = asking.annotate(is_leaving=Exists(community.memberships.filter(person=OuterRef("pk"))))
    return list(asking.select_related("unit").order_by("membership_requests__asked_at"))


@require_http_methods(["GET", "POST"])
def add_community(request: Request) -> HttpResponse:
    """Found a community."""
    require(rules.may_manage_communities(request.person), _("Only a knowledge manager founds communities."))
    form = CommunityForm(posted(request))
    if request.method == "POST":
        community = filled(form, lambda values: actions.create_community(request.person, **values))
        if community is not None:
            return redirect(address("people:community", pk=community.pk))
    crumbs = [(_("Communities"), address("people:communities")), (_("Found a community"), "")]
    context = {
        "title": _("Found a community"), "form": form, "crumbs": crumbs, "done": _("Found it"), "icon": "users-group"
    }  # fmt: skip
    return render(request, "people/form.html", context)


@require_http_methods(["GET", "POST"])
def edit_community(request: Request, pk: int) -> HttpResponse:
    """Change a community's name, purpose and lead, and who may come in."""
    community = get_object_or_404(Community.objects.select_related("lead__unit"), pk=pk)
    leads = community.lead_id == request.person.pk
    require(rules.may_manage_communities(request.person, leads), _("Only its lead or a knowledge manager changes it."))
    now = {name: getattr(community, name) for name in ("name", "purpose", "lead", "is_open")}
    form = CommunityForm(posted(request), initial=now)
    if request.method == "POST":
        changed = filled(form, lambda values: actions.change_community(request.person, community, **values))
        if changed is not None:
            return redirect(address("people:community", pk=pk))
    crumbs = [(_("Communities"), address("people:communities")), (community.name, "")]
    context = {"title": community.name, "form": form, "crumbs": crumbs, "done": _("Save"), "icon": "check"}
    return render(request, "people/form.html", context)


@require_POST
def change_membership(request: Request, pk: int) -> HttpResponse:
    """Join, ask, bring in (what=join), leave, withdraw or decline (what=leave), oneself or (person=…) somebody."""
    community = get_object_or_404(Community.objects.select_related("lead"), pk=pk)
    if request.POST.get("what") == "leave":
        number = read_number(request.POST.get("person", ""))
        who = request.person if number is None else get_object_or_404(Person, pk=number)
        attempt(request, lambda: actions.leave_community(request.person, community, who))
        if who == request.person and community.memberships.filter(person=who).exists():
            tell(request, ASKED)
    elif "person" in request.POST:
        form = MemberForm(request.POST)
        if pressed(request, form, lambda new: actions.join_community(request.person, community, new["person"])) is None:
            return back_to(address("people:community", pk=pk), form)
    else:
        attempt(request, lambda: actions.join_community(request.person, community), _joined(request, community))
    return redirect(address("people:community", pk=pk))


def _joined(request: Request, community: Community) -> str:
    is_member = community.memberships.filter(person=request.person).exists()
    return "" if is_member or rules.may_join(request.person, community) else str(ASKED)


@require_POST
def remove_community(request: Request, pk: int) -> HttpResponse:
    """Dissolve a community."""
    community = get_object_or_404(Community.objects.select_related("lead"), pk=pk)
    done = _("%(name)s is dissolved.") % {"name": community.name}
    if attempt(request, lambda: actions.remove_community(request.person, community) or True, done):
        return redirect(address("people:communities"))
    return redirect(address("people:community", pk=pk))
