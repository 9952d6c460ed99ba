"""Bearer tokens of the API: how one is recognised."""

from django.http import HttpRequest
from django.utils import timezone

from headwater.core.secret import digest
from headwater.people.asking import token_of_digest
from headwater.people.models import ApiToken, Person


def bearer_of(request: HttpRequest) -> str:
    """The token that a request carries in its Authorization header; empty when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def person_of_token(request: HttpRequest) -> tuple[ApiToken | None, Person | None]:
    """The valid token and its active person, in the current organisation; (None, None) for any other token."""
    now = timezone.now()
    token = token_of_digest(digest(bearer_of(request)))
    if token is None or not token.holds_at(now) or not token.person.is_active:
        return None, None
    if token.last_used_on != now.date():
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=now.date())
    return token, token.person
