"""Coming in from outside: by a link, or into a demonstration. No organisation's context is open here."""

import ipaddress
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from headwater.core.acting import complain
from headwater.core.actions import Refused, door
from headwater.core.models import Organisation, User
from headwater.core.typed import read_number
from headwater.core.wall import organisation_context
from headwater.people.actions import accept_invitation
from headwater.people.forms import PasswordForm
from headwater.people.invitations import is_known_elsewhere, open_invitation, organisation_of, was_mailed
from headwater.people.models import Grant, Person, PersonRole
from headwater.people.models.person import PersonQuerySet
from headwater.people.picking import offered_people

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
RANKS = ["knowledge_manager", "executive", "administrator", "steward", "expert", "contributor", "reader"]
MOST_SHOWN, MOST_ROLES = 100, 30
EMPTY_LINK = "people/join_closed.html"


# --- By a link --------------------------------------------------------------------------------------------------------


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Set a password by a link (or join with the account one is signed in with), and come in."""
    organisation = organisation_of(token)
    if organisation is None:
        return render(request, EMPTY_LINK, status=404)
    mailed = request.GET.get("mailed", "")
    account, is_owners = _account_of_link(organisation, token, mailed)
    standing = _standing(request, organisation, account, is_owners)
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and standing != "sign_in" and (standing == "join" or form.is_valid()):
        entered = _come_in(request, organisation, token, standing, account, form)
        if entered is not None:
            return entered
    with organisation_context(organisation.pk):
        invitation = open_invitation(token)
        if invitation is None:
            return render(request, EMPTY_LINK, status=404)
        context = {"organisation": organisation, "invited": invitation.person, "form": form, "standing": standing}
        return render(request, "people/join.html", context)


def _account_of_link(organisation: Organisation, token: str, mailed: str) -> tuple[User | None, bool]:
    """The account that the invited person has, or that was made for their address; whether its owner opened the link.

    They did when the link came by mail to the address of an account that nobody has yet proved to be theirs.
    """
    with organisation_context(organisation.pk):
        invitation = open_invitation(token)
        if invitation is None:
            return None, False
        person, came_by_mail = invitation.person, was_mailed(invitation, mailed)
        account = person.user or User.objects.filter(email__iexact=person.email).first()
    is_theirs = account is not None and account.email == person.email.lower() and not account.is_proved
    return account, came_by_mail and is_theirs


def _standing(request: HttpRequest, organisation: Organisation, account: User | None, is_owners: bool) -> str:
    """new: choose a password; join: signed in with an account of one's own; sign_in: do that first.

    An account that another organisation knows gets no new password from a link of this one, not even when its person
    has left there or is yet to join: they may be back tomorrow. But somebody there may have made it for an address
    that is not theirs: the address's owner takes it over by a link that was mailed to them.
    """
    if account is None or not is_known_elsewhere(account, organisation):
        return "new"
    if request.user.is_authenticated and request.user.pk == account.pk:
        return "join"
    return "new" if is_owners else "sign_in"


def _come_in(
    request: HttpRequest,
    organisation: Organisation,
    token: str,
    standing: str,
    account: User | None,
    form: PasswordForm,
) -> HttpResponse | None:
    """Accept and sign in; None with the form's errors filled in when a value was refused."""
    try:
        with organisation_context(organisation.pk), door("web"):
            invitation = open_invitation(token)
            if invitation is None:
                return render(request, EMPTY_LINK, status=404)
            password = "" if standing == "join" else form.cleaned_data["password"]
            mailed = request.GET.get("mailed", "")
            person = accept_invitation(invitation.person, token, password, user=account, mailed=mailed)
            user = person.user
    except (ValidationError, Refused) as error:
        complain(form, error)
        return None
    return _sign_in(request, user, organisation)


def _sign_in(request: HttpRequest, user: User | None, organisation: Organisation) -> HttpResponse:
    """Signed in at once, except who protects their account with a second factor: they show it first."""
    if user is None or is_mfa_enabled(user):
        return redirect(settings.LOGIN_URL)
    login(request, user, backend=BACKEND)
    return redirect("home:today", organisation=organisation.slug)


# --- Into a demonstration ---------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "POST"])
def demonstration(request: HttpRequest) -> HttpResponse:
    """Pick a person of the demonstration and be signed in as them. From this machine only."""
    if not settings.HEADWATER_DEMO or not is_local(request):
        raise Http404("There is no demonstration here, or you do not sit at its machine.")
    organisations = list(Organisation.objects.filter(is_demonstration=True).order_by("name"))
    if request.method == "POST":
        return _step_into(request, organisations)
    typed = request.GET.get("q", "").strip()
    shown = [(organisation, *_cast(organisation, typed)) for organisation in organisations]
    return render(request, "people/demonstration.html", {"shown": shown, "typed": typed})


def is_local(request: HttpRequest) -> bool:
    """Whether the browser runs on this machine: a loopback address, a loopback name, and no proxy between."""
    forwarded = {"HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA"} & set(request.META)
    host = request.get_host().rpartition(":")[0] or request.get_host()
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return address.is_loopback and not forwarded and host.strip("[]") in ("127.0.0.1", "localhost", "::1")


def _cast(organisation: Organisation, typed: str) -> tuple[list[dict[str, Any]], bool]:
    """The people of a demonstration, those who see most of the product first; and whether there are more of them."""
    with organisation_context(organisation.pk):
        has_more = Person.objects.active()[MOST_SHOWN:].exists()
        people = _chosen(typed) if has_more else Person.objects.active()
        people = people.select_related("unit").prefetch_related("grants", "roles").order_by("name")
        cast = [
            {
                "pk": person.pk,
                "name": person.name,
                "unit": person.unit.name if person.unit else "",
                "language": dict(settings.LANGUAGES).get(person.language, person.language),
                "rank": min((RANKS.index(grant.permission) for grant in person.grants.all()), default=len(RANKS)),
                "roles": ", ".join(role.name for role in person.roles.all()),
                "permissions": [
                    grant.get_permission_display() for grant in person.grants.all() if grant.permission != "reader"
                ],
            }
            for person in people
        ]
    return sorted(cast, key=lambda each: (each["rank"], each["name"])), has_more


def _chosen(typed: str) -> PersonQuerySet:
    """Of too many people to list: whom the typed words name, or else one for each permission and each role."""
    people = Person.objects.active()
    if typed:
        return people.filter(pk__in=[person.pk for person in offered_people(typed)])
    granted = Grant.objects.filter(person__in=people).order_by("permission", "person__name").distinct("permission")
    doing = PersonRole.objects.filter(person__in=people).order_by("role_id", "person__name").distinct("role_id")
    first = [*granted.values_list("person", flat=True), *doing.values_list("person", flat=True)[:MOST_ROLES]]
    return people.filter(pk__in=first)


def _step_into(request: HttpRequest, organisations: list[Organisation]) -> HttpResponse:
    organisation = next((each for each in organisations if str(each.pk) == request.POST.get("organisation")), None)
    if organisation is None:
        raise Http404("There is no such demonstration.")
    with organisation_context(organisation.pk):
        person = get_object_or_404(Person.objects.active(), pk=read_number(request.POST.get("person", "")) or 0)
        if person.user is None:
            email = person.email or f"person-{person.pk}@{organisation.slug}.invalid"
            person.user = User.objects.create_user(email, name=person.name)
            person.save(update_fields=["user"])
        user = person.user
    login(request, user, backend=BACKEND)
    return redirect("home:today", organisation=organisation.slug)
