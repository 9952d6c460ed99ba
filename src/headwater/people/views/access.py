"""Permissions, invitations and reset links."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.core.acting import attempt, page_of, pressed
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.core.typed import read_numbers
from headwater.people import actions, rules
from headwater.people.forms import GrantForm
from headwater.people.invitations import invited_at, is_invited
from headwater.people.models import Grant, Permission, Person
from headwater.people.request import Request

MANAGED = "administrator"


@require_GET
def list_grants(request: Request) -> HttpResponse:
    """Who may do what: every permission with who holds it, and where."""
    refusal = _("Only administrators, knowledge managers and executives see who may do what.")
    require(rules.may_see_grants(request.person), refusal)
    chosen = request.GET.get("permission", "")
    grants = Grant.objects.filter(person__in=Person.objects.active()).select_related("person", "person__unit", "unit")
    if chosen in Permission.values:
        grants = grants.filter(permission=chosen)
    page = page_of(request, grants.order_by("permission", "person__name"))
    context = {
        "title": _("Permissions"),
        "page": page,
        "permissions": Permission.choices,
        "chosen": chosen,
        "may_manage": rules.may_anywhere(request.person, MANAGED),
    }
    return render(request, "people/grants.html", context)


@require_POST
def grant(request: Request, pk: int) -> HttpResponse:
    """Give a person a permission."""
    person = get_object_or_404(Person, pk=pk)
    with telling_what_ends(request, person):
        pressed(
            request,
            GrantForm(request.POST),
            lambda new: actions.grant_permission(request.person, person, Permission(new["permission"]), new["unit"]),
        )
    return redirect(address("people:person", pk=pk))


@contextmanager
def telling_what_ends(request: Request, person: Person) -> Iterator[None]:
    """Whoever changes what somebody may do hears that a link which was made before has ended by that."""
    was_invited = is_invited(person)
    yield
    if was_invited and not is_invited(person):
        message = _("The link made for %(name)s before no longer works: make another one.")
        tell(request, message % {"name": person.name}, level=messages.WARNING)


@require_POST
def revoke(request: Request, pk: int) -> HttpResponse:
    """Take a permission away."""
    held = get_object_or_404(Grant.objects.select_related("person", "unit"), pk=pk)
    done = _("%(name)s no longer has this permission.") % {"name": held.person.name}
    with telling_what_ends(request, held.person):
        attempt(request, lambda: actions.revoke_permission(request.person, held), done)
    return redirect(address("people:person", pk=held.person_id))


@require_http_methods(["GET", "POST"])
def list_uninvited(request: Request) -> HttpResponse:
    """Who cannot sign in yet; (POST) invite everybody on the page who has an address, by mail."""
    require(rules.may_anywhere(request.person, MANAGED), _("Only administrators invite people."))
    page = page_of(request, _uninvited(request.person))
    if request.method == "POST":
        chosen = set(read_numbers(request.POST.getlist("person")))
        return _invite_all(request, [person for person in page.object_list if person.pk in chosen])
    count = page.paginator.count
    people = list(page.object_list)
    invited = invited_at(people)
    finding = ngettext("%(n)s person cannot sign in yet", "%(n)s people cannot sign in yet", count) % {"n": count}
    context = {
        "title": _("Invitations"),
        "crumbs": [(_("People"), address("people:people")), (_("Invitations"), "")],
        "heading": finding if count else _("Everybody can sign in"),
        "page": page,
        "rows": [(person, invited.get(person.pk)) for person in people],
    }
    return render(request, "people/invitations.html", context)


def _invite_all(request: Request, people: list[Person]) -> HttpResponse:
    def inviting(person: Person) -> Callable[[], str]:
        return lambda: actions.invite_person(request.person, person)

    number = sum(1 for person in people if attempt(request, inviting(person)))
    tell(request, ngettext("%(n)s invited.", "%(n)s invited.", number) % {"n": number})
    return redirect(address("people:invitations"))


def _uninvited(actor: Person) -> QuerySet[Person]:
    """Members without a password whom the actor may invite."""
    paths = actor.paths_granted(MANAGED)
    people = Person.objects.active().filter(Q(user=None) | Q(user__password__startswith="!"))
    if "" not in paths:
        inside = Q(pk=None)
        for path in paths:
            inside |= Q(unit__path__startswith=path)
        people = people.filter(inside)
        people = people.exclude(pk__in=rules.outranking(actor))
    return people.select_related("unit").order_by("name")


@require_POST
def invite(request: Request, pk: int) -> HttpResponse:
    """Make an invitation link and show it once on the person's page."""
    person = get_object_or_404(Person.objects.select_related("unit", "user"), pk=pk)
    by_mail = bool(request.POST.get("mail"))
    link = attempt(request, lambda: actions.invite_person(request.person, person, by_mail))
    return _show(request, person, link)


@require_POST
def reset(request: Request, pk: int) -> HttpResponse:
    """Make a reset link and show it once on the person's page."""
    person = get_object_or_404(Person.objects.select_related("unit", "user"), pk=pk)
    by_mail = bool(request.POST.get("mail"))
    link = attempt(request, lambda: actions.reset_password(request.person, person, by_mail))
    return _show(request, person, link)


def _show(request: Request, person: Person, link: str | None) -> HttpResponse:
    if link:
        request.session[f"link-{person.pk}"] = link
    return redirect(address("people:person", pk=person.pk))
