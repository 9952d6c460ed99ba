"""Sign-in by django-allauth: nobody signs themselves up; an invitation brings people in.

Whoever is handed a link may set a password, and so anybody who may invite can make an account for a stranger's address.
Such an account never stands in the way of the address's owner: the account is theirs as soon as they set its password
by a link that was mailed there, and a second factor from before goes.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordForm, ResetPasswordKeyForm
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from headwater.core.models import User


class InvitedOnlyAdapter(DefaultAccountAdapter):
    """There is no open sign-up: accounts come from invitations."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


def prove_address(account: User, was_owners: bool) -> None:
    """Whoever sets the account's password now, or is signed in with it, reads what is mailed to its address.

    Unless it was theirs before, nobody knows who put second factors on it: those go.
    """
    if not was_owners:
        drop_second_factors(account)
    account.proved_email = account.email
    account.save(update_fields=["proved_email"])


def drop_second_factors(account: User) -> None:
    """The account is signed in to with its password alone until its owner sets up another factor."""
    Authenticator.objects.filter(user=account).delete()


class MailedPasswordForm(ResetPasswordKeyForm):
    """A new password, by the link that was mailed to the account's address."""

    user: User

    def save(self) -> None:
        was_owners = self.user.is_proved
        super().save()
        prove_address(self.user, was_owners)


class ForgottenPasswordForm(ResetPasswordForm):
    """The link goes to the account's own address and to no other."""

    users: list[Any]

    @property
    def sends_mail(self) -> bool:
        """Whether there is a mail server; without one, an administrator makes the link."""
        return bool(settings.HEADWATER_MAIL_URL)

    def clean_email(self) -> str:
        if not self.sends_mail:
            raise ValidationError(_("No mail leaves here. Ask your administrator for a link to set a new password."))
        email = str(self.cleaned_data["email"]).strip()
        self.users = list(User.objects.filter(email__iexact=email, is_active=True))
        return email
