"""Interest profiles: what one wants to hear of, and what that would have brought."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from headwater.core.acting import filled
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.core.typed import read_number
from headwater.distribute.actions import (
    pause_profile,
    remove_profile,
    restore_profile,
    resume_profile,
    save_profile,
)
from headwater.distribute.forms import ProfileForm
from headwater.distribute.models import InterestProfile
from headwater.distribute.preview import preview_profile
from headwater.distribute.quiet import brought_by
from headwater.distribute.rules import may_change_profile, may_write_directives
from headwater.people.models import Audience
from headwater.people.request import Request

DAYS = 90


@dataclass(frozen=True)
class Counted:
    """A profile, how many things it brought in the period, and whether it stood for all of it and brought nothing."""

    profile: InterestProfile
    brought: int
    is_silent: bool


@require_safe
def list_profiles(request: Request) -> HttpResponse:
    """The person's own profiles, and those of the groups they are in."""
    profiles = InterestProfile.objects.filter(removed_at=None).select_related("audience")
    mine = list(profiles.filter(person=request.person).order_by("name"))
    groups = list(profiles.filter(request.person.within()).order_by("name"))
    heading = ngettext("%(n)d interest of yours", "%(n)d interests of yours", len(mine)) % {"n": len(mine)}
    context = {"title": _("My interests"), "heading": heading, "mine": _with_count(mine), "groups": groups}
    return render(request, "distribute/profiles.html", context)


def _with_count(profiles: list[InterestProfile]) -> list[Counted]:
    counted = brought_by(profiles, DAYS)
    since = timezone.now() - timedelta(days=DAYS)
    return [
        Counted(each, counted.get(each.pk, 0), each.pk not in counted and each.created_at < since) for each in profiles
    ]


def edit_profile(request: Request, pk: int | None = None) -> HttpResponse:
    """Write a profile or change one, beside what it would have brought in the last 90 days."""
    profile = _own(request, pk) if pk else None
    groups = _groups(request) if profile is None else None
    form = ProfileForm(request.POST or None, initial=_initial(request, profile), groups=groups)
    kept = filled(form, lambda values: save_profile(request.person, profile=profile, **values))
    if kept is not None:
        tell(request, _("“%s” is kept. What is new and matches comes to you.") % kept.name)
        return redirect(address("distribute:profile", pk=kept.pk))
    context = {
        "title": profile.name if profile else _("A new interest"),
        "form": form,
        **_looking_back(request, str(form["query"].value() or ""), profile),
    }
    return render(request, "distribute/profile.html", context, status=400 if form.errors else 200)


def _looking_back(request: Request, query: str, profile: InterestProfile | None) -> dict[str, Any]:
    """What the right column shows: what the query would have brought, and what a change would do."""
    here = address("distribute:profile", pk=profile.pk) if profile else address("distribute:profile-new")
    found = preview_profile(request.person, query, DAYS, profile) if query.strip() else None
    return {"preview": found, "profile": profile, "days": DAYS, "narrow_url": here}


def _initial(request: Request, profile: InterestProfile | None) -> dict[str, str]:
    if profile is None:
        given = {"query": request.GET.get("query", ""), "when": request.GET.get("when", "digest")}
        return {**given, "audience": request.GET.get("audience", "")}
    return {"name": profile.name, "query": request.GET.get("query") or profile.query, "when": profile.when}


def _groups(request: Request) -> QuerySet[Audience] | None:
    """The audiences for which the person may keep a profile: all for who directs, else none at all."""
    return Audience.objects.order_by("name") if may_write_directives(request.person) else None


def _own(request: Request, pk: int) -> InterestProfile:
    profile = get_object_or_404(
        InterestProfile.objects.select_related("person", "audience"),
        Q(person=request.person) | request.person.within() | ~Q(audience=None),
        pk=pk,
    )
    require(may_change_profile(request.person, profile), _("Only those who keep this profile change it."))
    return profile


@require_safe
def preview(request: Request) -> HttpResponse:
    """What a query would have brought, drawn anew while it is typed; beside what a profile of theirs brings today."""
    kept = read_number(request.GET.get("profile", ""))
    profile = _own(request, kept) if kept is not None else None
    context = _looking_back(request, request.GET.get("query", ""), profile)
    return render(request, "distribute/profile_preview.html", {"form": ProfileForm(request.GET), **context})


@require_POST
def remove(request: Request, pk: int) -> HttpResponse:
    """Remove, restore, pause or resume a profile."""
    profile = _own(request, pk)
    here = address("distribute:profile-removal", pk=pk)
    match request.POST.get("do", "restore"):
        case "remove":
            remove_profile(request.person, profile)
            tell(request, _("“%s” is removed.") % profile.name, undo=here)
            return redirect(address("distribute:profiles"))
        case "pause":
            pause_profile(request.person, profile)
        case "resume":
            resume_profile(request.person, profile)
        case _restore:
            restore_profile(request.person, profile)
            tell(request, _("“%s” is back.") % profile.name)
    return redirect(address("distribute:profile", pk=pk))
