"""The pages of signing in: ours in look, no open sign-up, nothing inline."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import get_resolver, reverse

from headwater.core.models import User
from headwater.people.models import Person
from tests.people.conftest import mail_resets_asked_for

PASSWORD = "river-stones-and-mist"


@pytest.fixture
def ines_signs_in(ines: Person) -> Person:
    assert ines.user is not None
    ines.user.set_password(PASSWORD)
    ines.user.save()
    return ines


@pytest.mark.parametrize(
    "name", ["account_login", "account_signup", "account_reset_password", "account_reset_password_done"]
)
def test_pages_before_signing_in(db: None, name: str) -> None:
    page = Client().get(reverse(name)).content.decode()
    assert "<h1>" in page
    assert page.count("<h1") == 1
    assert "door-brand" in page
    assert not re.search(r"<script(?![^>]*src=)(?![^>]*json)", page)


@pytest.mark.parametrize("name", ["account_logout", "account_change_password", "mfa_index", "account_reauthenticate"])
def test_pages_of_ones_account(ines_signs_in: Person, name: str) -> None:
    client = Client()
    client.post(reverse("account_login"), {"login": ines_signs_in.email, "password": PASSWORD})
    page = client.get(reverse(name), follow=True).content.decode()
    assert page.count("<h1") == 1
    assert "door-brand" in page


def test_signing_in_and_out(ines_signs_in: Person) -> None:
    client = Client()
    page = client.post(reverse("account_login"), {"login": ines_signs_in.email, "password": "wrong"})
    assert page.status_code == 200
    assert (
        client.post(reverse("account_login"), {"login": ines_signs_in.email, "password": PASSWORD}).status_code == 302
    )
    assert client.get("/o/waterworks/people/me/").status_code == 200
    client.get(reverse("account_logout"))
    assert client.get("/o/waterworks/people/me/").status_code == 200
    client.post(reverse("account_logout"))
    assert client.get("/o/waterworks/people/me/").status_code == 302


FORMS = {
    "account_login": ["Mail address", "Password", "Stay signed in on this device"],
    "account_change_password": ["Present password", "New password", "The same again"],
    "account_reauthenticate": ["Password"],
    "mfa_activate_totp": ["Code"],
}


@pytest.mark.parametrize("name, labels", FORMS.items())
def test_forms_speak_as_everywhere_else(ines_signs_in: Person, name: str, labels: list[str]) -> None:
    """Also about what is wrong; and no label stands inside a line, where it goes as soon as one types."""
    client = Client()
    if name != "account_login":
        client.post(reverse("account_login"), {"login": ines_signs_in.email, "password": PASSWORD})
    if name == "mfa_activate_totp":
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse(name), follow=True)
    form = page.context["form"]
    assert [str(field.label) for field in form.visible_fields()] == labels
    assert not any("placeholder" in field.field.widget.attrs for field in form)
    assert all(label in page.content.decode() for label in labels)


def test_what_is_refused_is_said_in_own_words(ines_signs_in: Person) -> None:
    client, login = Client(), reverse("account_login")
    page = client.post(login, {"login": ines_signs_in.email, "password": "wrong"}).content.decode()
    assert "Address and password do not belong together." in page
    assert "Forgot your password?" in page
    client.post(login, {"login": ines_signs_in.email, "password": PASSWORD})
    given = {"oldpassword": "wrong", "password1": "grain-of-salt-9", "password2": "other"}
    page = client.post(reverse("account_change_password"), given).content.decode()
    assert "This is not your present password." in page
    assert "The two are not the same." in page
    page = client.post(reverse("account_change_password"), {**given, "password2": ""}).content.decode()
    assert "This field is required." in page
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.post(reverse("mfa_activate_totp"), {"code": "1"}, follow=True).content.decode()
    assert "This code is not right" in page


def test_nobody_signs_themselves_up(db: None) -> None:
    values = {"email": "me@x.example", "password1": PASSWORD}
    assert "by invitation" in Client().post(reverse("account_signup"), values).content.decode()
    assert not User.objects.exists()


@pytest.fixture
def mails(settings: Any) -> None:
    """There is a mail server."""
    settings.HEADWATER_MAIL_URL = "smtp://mail.waterworks.example"


def test_a_forgotten_password_where_no_mail_leaves(ines_signs_in: Person) -> None:
    """Nobody is told to wait for a mail that never comes."""
    page = Client().get(reverse("account_reset_password")).content.decode()
    assert "Ask your administrator for a link" in page
    assert 'name="email"' not in page
    refused = Client().post(reverse("account_reset_password"), {"email": ines_signs_in.email})
    assert refused.status_code == 200
    assert not mail.outbox


def test_a_forgotten_password_by_mail(mails: None, ines_signs_in: Person) -> None:
    client = Client()
    asked = client.post(reverse("account_reset_password"), {"email": ines_signs_in.email})
    assert (asked.status_code, mail.outbox) == (302, []), "nobody waits for the mail server"
    mail_resets_asked_for()
    assert mail.outbox[0].to == [ines_signs_in.email]
    assert mail.outbox[0].subject == "A new password for Headwater"
    assert "sign up" not in str(mail.outbox[0].body)
    link = re.search(r"https?://\S+/accounts/password/reset/key/\S+", str(mail.outbox[0].body))
    assert link
    form = client.get(link.group().partition("testserver")[2] or link.group(), follow=True)
    assert form.content.decode().count("<h1") == 1
    new = "mist-over-river-stones"
    client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    assert ines_signs_in.user is not None
    assert User.objects.get(pk=ines_signs_in.user.pk).check_password(new)


def test_no_link_is_mailed_for_an_account_that_was_switched_off_meanwhile(mails: None, ines_signs_in: Person) -> None:
    Client().post(reverse("account_reset_password"), {"email": ines_signs_in.email})
    User.objects.update(is_active=False)
    mail_resets_asked_for()
    assert not mail.outbox


def test_a_second_factor_can_be_set_up(ines_signs_in: Person) -> None:
    client = Client()
    client.post(reverse("account_login"), {"login": ines_signs_in.email, "password": PASSWORD})
    asked = client.get(reverse("mfa_activate_totp"), follow=True)
    assert "Is it still you?" in asked.content.decode()
    where = f"{reverse('account_reauthenticate')}?next={reverse('mfa_activate_totp')}"
    page = client.post(where, {"password": PASSWORD}, follow=True).content.decode()
    assert "data:image/svg+xml" in page
    assert page.count("<h1") == 1


def test_a_wrong_address_is_not_told_apart(mails: None, db: None) -> None:
    page = Client().post(reverse("account_reset_password"), {"email": "nobody@x.example"})
    assert page.status_code == 302
    assert "If there is an account" in Client().get(page.headers["Location"]).content.decode()
    mail_resets_asked_for()
    assert not mail.outbox  # nor does a stranger get mail from here


# --- What is mounted --------------------------------------------------------------------------------------------------

MOUNTED = {
    "account_login", "account_logout", "account_inactive", "account_signup", "account_reauthenticate",
    "account_change_password", "account_set_password", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done", "mfa_index", "mfa_authenticate",
    "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_download_recovery_codes",
}  # fmt: skip


def test_only_what_the_product_uses_is_mounted() -> None:
    """No page by which an account gets another address, confirms one, or is made by somebody who was not invited."""
    accounts = next(each for each in get_resolver().url_patterns if str(each.pattern) == "accounts/")
    assert {each.name for each in accounts.url_patterns} == MOUNTED


@pytest.mark.parametrize("path", ["email/", "confirm-email/", "confirm-email/x/", "3rdparty/", "login/code/", "phone/"])
def test_addresses_of_an_account_have_no_page(ines_signs_in: Person, path: str) -> None:
    client = Client()
    client.post(reverse("account_login"), {"login": ines_signs_in.email, "password": PASSWORD})
    assert client.get(f"/accounts/{path}").status_code == 404
    assert client.post(f"/accounts/{path}", {"email": "boss@third.example", "action_add": ""}).status_code == 404
    assert not EmailAddress.objects.exclude(email=ines_signs_in.email).exists()


def test_the_link_goes_to_the_accounts_own_address_only(mails: None, ines_signs_in: Person) -> None:
    """Even where an address nobody proved has come to stand beside the account's own."""
    EmailAddress.objects.create(user=ines_signs_in.user, email="boss@third.example", verified=True, primary=True)
    client = Client()
    client.post(reverse("account_reset_password"), {"email": "boss@third.example"})
    mail_resets_asked_for()
    assert not mail.outbox
    client.post(reverse("account_reset_password"), {"email": ines_signs_in.email.upper()})
    mail_resets_asked_for()
    assert [each.to for each in mail.outbox] == [[ines_signs_in.email]]
