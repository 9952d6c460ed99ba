"""Links by which people set their password: how their secret is made, found again, and who may use one.

The secret is computed from the installation's key, the invitation and what its person may do: the job that mails it
needs the id only, and nobody comes by a link to more than the person held when it was made, for with other permissions
or another clearance it stops working. The database holds its SHA-256.
"""

import base64
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from headwater.core.models import Organisation, User
from headwater.core.secret import digest
from headwater.core.typed import read_number
from headwater.core.wall import current_organisation_id, organisation_context
from headwater.people.models import Grant, Invitation, Permission, Person

INVITED_FOR = timedelta(days=14)
RESET_FOR = timedelta(days=1)


def new_invitation(person: Person, lasts: timedelta) -> Invitation:
    """A fresh link for that person; earlier ones that are still open stop working."""
    now = timezone.now()
    Invitation.objects.filter(person=person, used_at=None, expires_at__gt=now).update(expires_at=now)
    invitation = Invitation.objects.create(person=person, digest=f"new:{now.timestamp()}", expires_at=now + lasts)
    invitation.digest = digest(token_of(invitation))
    invitation.save(update_fields=["digest"])
    return invitation


def token_of(invitation: Invitation) -> str:
    """The secret in the link: the organisation's number, then what only this installation can compute.

    It is another one as soon as the person may do other things than when the link was made (`holds`).
    """
    return _token(invitation, _allowed([invitation.person])[invitation.person_id])


def _token(invitation: Invitation, allowed: list[str]) -> str:
    return f"{current_organisation_id()}-{_mark('invitation', invitation, *allowed)}"


def _allowed(people: Sequence[Person]) -> dict[int, list[str]]:
    """What a link makes each capable of who holds it. Being a reader allows nothing, and giving it ends no link."""
    grants = Grant.objects.filter(person__in=people).exclude(permission=Permission.READER)
    held: dict[int, list[str]] = defaultdict(list)
    for pk, permission, unit in grants.values_list("person", "permission", "unit"):
        held[pk].append(f"{permission}/{unit or ''}")
    return {person.pk: [f"clearance/{int(person.clearance)}", *sorted(held[person.pk])] for person in people}


def holds(invitation: Invitation) -> bool:
    """Whether the person may do now exactly what they might when the link was made."""
    return hmac.compare_digest(digest(token_of(invitation)), invitation.digest)


def invited_at(people: Sequence[Person]) -> dict[int, datetime]:
    """When the link was made that waits to be opened by each, by the person's id; only links that still work.

    Two queries, however many they are.
    """
    waiting = Invitation.objects.filter(person__in=people, used_at=None, expires_at__gt=timezone.now())
    newest = {each.person_id: each for each in waiting.order_by("created_at")}
    allowed = _allowed(people)
    return {
        pk: each.created_at
        for pk, each in newest.items()
        if hmac.compare_digest(digest(_token(each, allowed[pk])), each.digest)
    }


def _mark(purpose: str, invitation: Invitation, *more: str) -> str:
    parts = [purpose, current_organisation_id(), invitation.pk, invitation.created_at.isoformat(), *more]
    message = ":".join(str(part) for part in parts).encode()
    made = hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def link_of(invitation: Invitation) -> str:
    """The whole address that the person opens."""
    return settings.HEADWATER_ORIGIN + reverse("join:accept", kwargs={"token": token_of(invitation)})


def mailed_link_of(invitation: Invitation) -> str:
    """The address as it stands in the mail: it also shows that who opens it reads what comes to the person's address.

    Without a mail server it is the plain one: others can read the outbox.
    """
    link = link_of(invitation)
    return f"{link}?mailed={_mailed(invitation)}" if settings.HEADWATER_MAIL_URL else link


def was_mailed(invitation: Invitation, mark: str) -> bool:
    """Whether the mark stood in a mail that went to the address that the person has now."""
    return hmac.compare_digest(mark.encode(), _mailed(invitation).encode())


def _mailed(invitation: Invitation) -> str:
    return _mark("mailed", invitation, invitation.person.email.lower())


def organisation_of(token: str) -> Organisation | None:
    """The organisation that a link belongs to; None when there is none (whether the link holds is seen inside)."""
    number = read_number(token.partition("-")[0])
    return Organisation.objects.filter(pk=number).first() if number is not None else None


def open_invitation(token: str, now: datetime | None = None) -> Invitation | None:
    """The invitation of that link, in the current organisation, when it may still be used."""
    found = (
        Invitation.objects.select_related("person", "person__user")
        .filter(digest=digest(token), used_at=None, expires_at__gt=now or timezone.now())
        .first()
    )
    return found if found is not None and found.person.is_active and holds(found) else None


def is_invited(person: Person) -> bool:
    """Whether a link of theirs waits to be opened."""
    return person.pk in invited_at([person])


def is_known_elsewhere(user: User, organisation: Organisation) -> bool:
    """Whether the account belongs to a person of another organisation, be it one who has left or is yet to join.

    Called outside every organisation, for each has a wall of its own.
    """
    for other in Organisation.objects.exclude(pk=organisation.pk):
        with organisation_context(other.pk):
            if Person.objects.filter(user=user).exists():
                return True
    return False
