"""Background work of the people room: days that come, and mail that lets people in."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from headwater.core import imports
from headwater.core.addresses import address
from headwater.core.jobs import MAIL_RETRIES, job, periodic
from headwater.core.languages import speaking
from headwater.core.models import Import, Organisation, User
from headwater.core.wall import organisation_context
from headwater.people import leaving, membership
from headwater.people.accounts import reset_mail
from headwater.people.actions.exchange import carry_in
from headwater.people.invitations import holds, mailed_link_of
from headwater.people.models import Invitation, Person
from headwater.people.notices import tell

OUTCOMES = {
    Import.State.DONE: gettext_lazy("Your import is done."),
    Import.State.FAILED: gettext_lazy("Your import failed."),
}


@periodic("4 * * * *")
def keep_days(organisation_id: int) -> None:
    """Carry out joining and leaving when their day comes; hourly, for midnight differs between organisations."""
    with organisation_context(organisation_id):
        leaving.settle_departures()
        membership.refresh()


@job()
def carry_out_import(organisation_id: int, import_id: int) -> None:
    """Bring in the file of an import, and tell who asked for it what came of it."""
    imports.carry_out(organisation_id, import_id, carry_in)
    with organisation_context(organisation_id):
        row = Import.objects.get(pk=import_id)
        person = Person.objects.filter(pk=row.asked_by or 0).first()
        if person is not None and row.has_ended:
            words = OUTCOMES[Import.State(row.state)]
            tell(person, words, address("people:import-progress", pk=row.pk), f"import:{row.pk}")


@job(retry=MAIL_RETRIES)
def mail_invitation(organisation_id: int, invitation_id: int) -> None:
    """Mail the link of an invitation, unless it no longer works by now. Twice is the same message."""
    with organisation_context(organisation_id):
        invitation = (
            Invitation.objects.select_related("person", "person__user")
            .filter(pk=invitation_id, used_at=None, expires_at__gt=timezone.now())
            .first()
        )
        if invitation is not None and invitation.person.email and holds(invitation):
            _message(invitation, Organisation.objects.get(pk=organisation_id)).send()


@job(retry=MAIL_RETRIES)
def mail_reset(organisation_id: int, user_id: int) -> None:
    """Mail the link by which who forgot a password sets a new one. An account is of no organisation: that is 0."""
    account = User.objects.filter(pk=user_id, is_active=True).first()
    if account is not None:
        with speaking(_language_of(account)):
            reset_mail(account).send()


def _language_of(account: User) -> str:
    """The language in which its owner reads, in the first organisation that knows them."""
    for organisation in Organisation.objects.order_by("pk"):
        with organisation_context(organisation.pk):
            person = Person.objects.filter(user=account).first()
            if person is not None:
                return person.reading_language
    return str(settings.LANGUAGE_CODE)


def _message(invitation: Invitation, organisation: Organisation) -> EmailMessage:
    person = invitation.person
    with speaking(person.reading_language):
        if person.user_id is None:
            subject = _("Your way into %(organisation)s") % {"organisation": organisation.name}
            first = _("You are invited to Headwater, where %(organisation)s keeps and shares what it knows.")
        else:
            subject = _("Set a new password for %(organisation)s") % {"organisation": organisation.name}
            first = _("Somebody who administers %(organisation)s made a link by which you set a new password.")
        lines = [
            _("Dear %(name)s,") % {"name": person.name},
            first % {"organisation": organisation.name},
            _("Open this link and choose a password:"),
            mailed_link_of(invitation),
            _("It works once. If you did not expect this, do nothing."),
        ]
    host = settings.HEADWATER_ORIGIN.partition("//")[2].partition(":")[0]
    message_id = f"<invitation-{invitation.organisation_id}-{invitation.pk}@{host}>"
    return EmailMessage(subject, "\n\n".join(lines), to=[person.email], headers={"Message-ID": message_id})
