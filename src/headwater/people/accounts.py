"""Sign-in by django-allauth: nobody signs themselves up; an invitation brings people in.

Whoever is handed a link may set a password, and so anybody who may invite can make an account for a stranger's address.
Such an account never stands in the way of the address's owner: the account is theirs as soon as they set its password
by a link that was mailed there, and a second factor from before goes.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from headwater.core.models import User

WRONG_CODE = _("This code is not right, or no longer. Wait for the next one and try again.")
TOO_OFTEN = _("Too many tries. Nothing was changed; try again in a few minutes.")


def reset_mail(account: User) -> EmailMessage:
    """The mail with the link by which somebody who forgot their password sets a new one, in the language that is on.

    It goes to the account's own address; the link works for three days from now.
    """
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(account), "key": default_token_generator.make_token(account)},
    )
    origin = str(settings.HEADWATER_ORIGIN)
    words = {"password_reset_url": origin + path, "origin": origin.partition("//")[2]}
    subject = render_to_string("account/email/password_reset_key_subject.txt").strip()
    body = render_to_string("account/email/password_reset_key_message.txt", words).strip()
    return EmailMessage(subject, body, to=[account.email])


class InvitedOnlyAdapter(DefaultAccountAdapter):
    """There is no open sign-up: accounts come from invitations. What is refused is said in the product's own words."""

    error_messages: dict[str, Any] = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is switched off. Ask your administrator."),
        "email_password_mismatch": _("Address and password do not belong together. Check both, or set a new password."),
        "enter_current_password": _("This is not your present password."),
        "incorrect_password": _("This is not your password."),
        "incorrect_code": WRONG_CODE,
        "invalid_password_reset": _("This link was used already or has expired. Ask for another."),
        "too_many_login_attempts": TOO_OFTEN,
        "rate_limited": TOO_OFTEN,
    }

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


class SecondFactors(DefaultMFAAdapter):
    """Second factors; what is refused is said in the product's own words."""

    error_messages: dict[str, Any] = {**DefaultMFAAdapter.error_messages, "incorrect_code": WRONG_CODE}
