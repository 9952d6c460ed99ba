"""The door to an organisation: who is asking, inside which wall, in one transaction."""

import zoneinfo
from collections.abc import Callable
from typing import cast

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import door
from headwater.core.entering import organisation_named
from headwater.core.languages import speaking
from headwater.core.models import Organisation
from headwater.people.asking import person_of_user
from headwater.people.models import Person
from headwater.people.request import Request
from headwater.people.tokens import bearer_of, person_of_token

_NOBODY = "There is no such organisation, or you are not one of its people."


class OrganisationMiddleware:
    """For `/o/<slug>/…`: open the transaction around view and rendering, set the organisation, find the person.

    Sets `request.organisation`, `request.person` and `request.token` (an `ApiToken`, for API calls with a bearer). A
    token opens the API and no page: what its scope forbids, a page would do for it.
    Somebody who is not an active person of the organisation sees the same 404 as for an organisation that does not
    exist. A response of 500 or more rolls the transaction back. Views outside `/o/` (sign-in) are not touched.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        parts = request.path_info.split("/", 3)
        if len(parts) < 4 or parts[1] != "o":
            return self.get_response(request)
        public = parts[3].startswith("public/")  # private feeds and links that carry their own secret
        by_token = parts[3].startswith("api/") and bool(bearer_of(request))
        if not (public or by_token or request.user.is_authenticated):
            return self._unknown(request, parts[3])
        try:
            with organisation_named(parts[2]) as organisation, door("api" if parts[3].startswith("api/") else "web"):
                request = cast(Request, request)
                request.organisation = organisation
                request.token, person = person_of_token(request) if by_token else (None, self._signed_in(request))
                request.person = cast(Person, person)  # None under public/ only
                if person is None and not public:
                    return self._not_one_of_them(request, parts[3], by_token)
                response = self._respond(request)
                if response.status_code >= 500:
                    transaction.set_rollback(True)
                return response
        except Organisation.DoesNotExist:
            raise Http404(_NOBODY) from None

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        """Views inside an organisation do not take its slug: it is on the request, and in `address()`."""
        if hasattr(request, "organisation"):
            kwargs.pop("organisation", None)

    def _signed_in(self, request: HttpRequest) -> Person | None:
        if not request.user.is_authenticated:
            return None
        person = person_of_user(request.user.pk)
        return person if person is not None and person.is_active else None

    def _respond(self, request: Request) -> HttpResponse:
        person = request.person
        if person is None:
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(person.timezone)), speaking(person.reading_language) as language:
            response = self.get_response(request)
            response.headers["Content-Language"] = language
        return response

    def _not_one_of_them(self, request: HttpRequest, rest: str, by_token: bool) -> HttpResponse:
        if by_token:
            return self._unknown(request, rest)
        raise Http404(_NOBODY)

    def _unknown(self, request: HttpRequest, rest: str) -> HttpResponse:
        if rest.startswith("api/"):
            return JsonResponse({"detail": _("Sign in, or send a valid API token."), "field": None}, status=401)
        return redirect_to_login(request.get_full_path())
