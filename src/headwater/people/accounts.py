"""Sign-in by django-allauth: nobody signs themselves up; an invitation brings people in."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordForm
from django.http import HttpRequest

from headwater.core.models import User


class InvitedOnlyAdapter(DefaultAccountAdapter):
    """There is no open sign-up: accounts come from invitations."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class ForgottenPasswordForm(ResetPasswordForm):
    """The link goes to the account's own address, which an invitation proved, and to no other."""

    users: list[Any]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip()
        self.users = list(User.objects.filter(email__iexact=email, is_active=True))
        return email
