"""A mail address that is not the person's own on record is used once they show that they read what comes there."""

import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.addresses import link
from headwater.core.display.dates import when_words
from headwater.core.jobs import MAIL_RETRIES, job
from headwater.core.secret import decrypt, digest
from headwater.core.wall import current_organisation_id, organisation_context
from headwater.distribute.messages import speaking_to
from headwater.distribute.models import Channel, MailedCode
from headwater.people.models import Person

# Without the letters and digits that are mistaken for one another.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_LENGTH = 8
MOST_TRIES = 5
# How many codes may be mailed to one address, and for one person: in an hour and in a day.
MOST_CODES = ((timedelta(hours=1), 3), (timedelta(days=1), 10))


def new_code() -> str:
    """What the mail says and the person types in: 39 bits, and five tries."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def is_own(person: Person, address: str) -> bool:
    """Whether the organisation, or the account, already says that this is the person's address."""
    known = {person.email.lower(), person.user.email.lower() if person.user else ""}
    return address.lower() in known


def count_code(person: Person, address: str) -> None:
    """Write down that a code goes to that address for that person; what is older than a day is forgotten.

    Raises `ValidationError` when either has had as many as there may be: nobody bombards a stranger with codes.
    """
    now, digested = timezone.now(), digest(address.lower())
    with connection.cursor() as cursor:  # of two at once the later counts the earlier
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('mailed codes'), %s)", [current_organisation_id()])
    MailedCode.objects.filter(at__lte=now - MOST_CODES[-1][0]).delete()
    for mine in (Q(digest=digested), Q(person=person)):
        sent = list(MailedCode.objects.filter(mine).order_by("-at").values_list("at", flat=True))
        for window, most in MOST_CODES:
            if len(sent) >= most and (again := sent[most - 1] + window) > now:
                said = _("So many codes were mailed that no more go out for now. Add this address after %(time)s.")
                raise ValidationError({"address": said % {"time": when_words(again)}})
    MailedCode.objects.create(person=person, digest=digested)


@job(retry=MAIL_RETRIES)
def mail_confirmation(organisation_id: int, channel_id: int) -> None:
    """Send the code to an address that waits for its confirmation. Twice is the same code."""
    with organisation_context(organisation_id):
        waiting = Channel.objects.select_related("person").filter(pk=channel_id, state=Channel.State.UNCONFIRMED)
        channel = waiting.first()
        if channel is not None and channel.secret is not None:
            with speaking_to(channel.person):
                _message(channel, decrypt(channel.secret)).send()


def _message(channel: Channel, code: str) -> EmailMessage:
    body = _(
        "%(name)s wants to be reached at this address.\n\n"
        "If that is you, enter this code under “How I am reached”:\n\n%(code)s\n\n%(url)s\n\n"
        "If it is not, do nothing: no mail will come here."
    )
    values = {"name": channel.person.name, "code": code, "url": link("distribute:reaching")}
    return EmailMessage(_("Your code for mail from Headwater"), body % values, to=[channel.address])
