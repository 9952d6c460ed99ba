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


def note_mail_server(answered: bool, is_down: bool) -> None:
    """What the mails of one round showed of the server. Neither: none of them got as far as to ask it.

    Each mail that it was not there for keeps since when (`down_since`), until the server has answered to some mail.
    """
    waiting = Dispatch.objects.filter(channel__kind=Channel.Kind.MAIL, state=Dispatch.State.FAILED)
    if answered:
        settle(_MATTER)
        rows = waiting.filter(down_since__isnull=False).select_for_update(skip_locked=True, of=("self",))
        Dispatch.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(down_since=None)
    elif is_down and waiting.filter(down_since__lt=timezone.now() - TOLD_AFTER).exists():
        _tell_administrators()


def _tell_administrators() -> None:
    words = _("The mail server cannot be reached: mail waits, and goes out when it is back. See HEADWATER_MAIL_URL.")
    holders = Grant.objects.filter(permission=Permission.ADMINISTRATOR, unit=None).values("person")
    for person in Person.objects.active().filter(pk__in=holders):
        tell(person, words, address("distribute:outbox"), _MATTER)
