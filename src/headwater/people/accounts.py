"""Sign-in by django-allauth: nobody signs themselves up; an invitation brings people in."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordForm
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from headwater.core.models import User


class InvitedOnlyAdapter(DefaultAccountAdapter):
    """There is no open sign-up: accounts come from invitations."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class ForgottenPasswordForm(ResetPasswordForm):
    """The link goes to the account's own address, which an invitation proved, and to no other."""

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
