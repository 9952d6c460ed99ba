"""The forms of signing in, which django-allauth brings along, in the product's own words."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from headwater.core.models import User
from headwater.people.accounts import prove_address
from headwater.people.jobs import mail_reset

LABELS = {
    "login": gettext_lazy("Mail address"),
    "email": gettext_lazy("Mail address"),
    "password": gettext_lazy("Password"),
    "remember": gettext_lazy("Stay signed in on this device"),
    "oldpassword": gettext_lazy("Present password"),
    "password1": gettext_lazy("New password"),
    "password2": gettext_lazy("The same again"),
    "code": gettext_lazy("Code"),
}
NEW_PASSWORD = gettext_lazy("At least eight characters; several words that do not belong together are good.")


class OwnWords(forms.Form):
    """Before one of allauth's forms: labels and hints as everywhere else, and none of them inside the line."""

    about_code = gettext_lazy("The six digits that your app shows now, or one of your recovery codes.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hints: dict[str, Any] = {"password1": NEW_PASSWORD, "code": self.about_code, "password": _forgotten()}
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)
            field.help_text = hints.get(name, "")

    def add_error(self, field: str | None, error: Any) -> None:
        """What allauth says of two passwords that differ is said as everywhere else."""
        is_differing = field == "password2" and not isinstance(error, ValidationError)
        super().add_error(field, _("The two are not the same.") if is_differing else error)


def _forgotten() -> str:
    return format_html('<a href="{}">{}</a>', reverse("account_reset_password"), _("Forgot your password?"))


class LoginForm(OwnWords, account.LoginForm):
    """Address and password."""


class PasswordChangeForm(OwnWords, account.ChangePasswordForm):
    """The present password, and another one."""


class PasswordSetForm(OwnWords, account.SetPasswordForm):
    """A first password, for who signed in without one."""


class ReauthenticateForm(OwnWords, account.ReauthenticateForm):
    """The password once more, before what only its owner may do."""


class CodeForm(OwnWords, mfa.AuthenticateForm):
    """The code of a second factor, to sign in."""


class CodeAgainForm(OwnWords, mfa.ReauthenticateForm):
    """The code once more, before what only its owner may do."""


class ActivationForm(OwnWords, totp.ActivateTOTPForm):
    """The first code of an app that was given the secret."""

    about_code = gettext_lazy("The six digits that your app shows now.")


class MailedPasswordForm(OwnWords, account.ResetPasswordKeyForm):
    """A new password, by the link that was mailed to the account's address."""

    user: User

    def save(self) -> None:
        was_owners = self.user.is_proved
        super().save()
        prove_address(self.user, was_owners)


class ForgottenPasswordForm(OwnWords, account.ResetPasswordForm):
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

    def save(self, request: HttpRequest, **more: Any) -> str:
        """Mailed in the background: nobody waits for the mail server, nor learns from it who has an account here."""
        for user in self.users:
            mail_reset.defer(organisation_id=0, user_id=user.pk)
        return str(self.cleaned_data["email"])
