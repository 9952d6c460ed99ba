"""Bearer tokens of the API: how one is recognised."""

from django.http import HttpRequest
from django.utils import timezone

from headwater.core.secret import digest
from headwater.people.models import ApiToken, Person, held_access


def bearer_of(request: HttpRequest) -> str:
    """The token that a request carries in its Authorization header; empty when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def person_of_token(request: HttpRequest) -> tuple[ApiToken | None, Person | None]:
    """The valid token and its active person, in the current organisation; (None, None) for any other token."""
    now = timezone.now()
    found = ApiToken.objects.select_related("person").annotate(**held_access("person"))
    token = next(iter(found.filter(digest=digest(bearer_of(request)))), None)
    if token is None or not token.holds_at(now) or not token.person.is_active:
        return None, None
    if token.last_used_on != now.date():
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=now.date())
    token.person.remember_access(token)
    return token, token.person
