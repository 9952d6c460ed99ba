"""A mail address that is not the person's own on record is used once they show that they read what comes there."""

import secrets

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from headwater.core.addresses import link
from headwater.core.jobs import job
from headwater.core.secret import decrypt
from headwater.core.wall import organisation_context
from headwater.distribute.messages import speaking_to
from headwater.distribute.models import Channel
from headwater.people.models import Person

# Without the letters and digits that are mistaken for one another.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_LENGTH = 8
MOST_TRIES = 5


def new_code() -> str:
    """What the mail says and the person types in: 39 bits, and five tries."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def is_own(person: Person, address: str) -> bool:
    """Whether the organisation, or the account, already says that this is the person's address."""
    known = {person.email.lower(), person.user.email.lower() if person.user else ""}
    return address.lower() in known


@job(retry=8)
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
