"""Administrators are told, once, when the mail server has not been spoken with for an hour; not any more when it has.

Nothing is given up meanwhile and nobody's address is held to be broken, so nothing else would tell them.
"""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.addresses import address
from headwater.distribute.models import Channel, Dispatch
from headwater.people.models import Grant, Permission, Person
from headwater.people.notices import settle, tell

TOLD_AFTER = timedelta(hours=1)
_MATTER = "mail-server-down"


def note_mail_server(claimed: list[tuple[int, str]], is_down: bool) -> None:
    """What became of these dispatches, (id, channel kind) of each, says whether the server of the mails answers."""
    mails = [pk for pk, kind in claimed if kind == Channel.Kind.MAIL]
    if mails and not is_down:
        settle(_MATTER)
    elif Dispatch.objects.filter(pk__in=mails, created_at__lt=timezone.now() - TOLD_AFTER).exists():
        _tell_administrators()


def _tell_administrators() -> None:
    words = _("The mail server cannot be reached: mail waits, and goes out when it is back. See HEADWATER_MAIL_URL.")
    holders = Grant.objects.filter(permission=Permission.ADMINISTRATOR, unit=None).values("person")
    for person in Person.objects.active().filter(pk__in=holders):
        tell(person, words, address("distribute:outbox"), _MATTER)
