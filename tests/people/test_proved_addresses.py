"""An account that somebody made for an address that is not theirs never keeps the address's owner out."""

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.utils import is_mfa_enabled
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from headwater.core.models import Organisation, User
from headwater.core.wall import organisation_context
from headwater.people import actions
from headwater.people.invitations import mailed_link_of
from headwater.people.jobs import mail_invitation
from headwater.people.models import Invitation, Person
from tests.people.conftest import mail_resets_asked_for

ADDRESS = "owner@elsewhere.example"
MAKERS, OWNERS = "made-by-a-stranger-1", "river-stones-and-mist"


def path_of(link: str) -> str:
    return link.partition("8000")[2]


def choose(link: str, password: str, client: Client | None = None) -> Client:
    """Open a link and choose a password there."""
    client = client or Client()
    client.post(path_of(link), {"password": password, "again": password})
    return client


def account() -> User:
    return User.objects.get(email=ADDRESS)


def protect() -> None:
    """Put a second factor on the account."""
    TOTP.activate(account(), generate_totp_secret())


@pytest.fixture
def mails(settings: Settings) -> None:
    """There is a mail server."""
    settings.HEADWATER_MAIL_URL = "smtp://mail.waterworks.example"


@pytest.fixture
def makers(committed: None) -> Organisation:
    """An organisation whose administrator invited a stranger, opened the link and put a second factor on it."""
    organisation, link = actions.found_organisation("One", "one", ADDRESS)
    choose(link, MAKERS)
    protect()
    return organisation


def invite(slug: str, email: str = ADDRESS) -> tuple[str, str]:
    """Another organisation invites the address's owner; the link to copy, and the one in the mail."""
    organisation, link = actions.found_organisation(slug.title(), slug, email)
    with organisation_context(organisation.pk):
        return link, mailed_link_of(Invitation.objects.get())


def test_the_owner_of_an_address_comes_in_by_a_mailed_invitation(makers: Organisation, mails: None) -> None:
    copied, mailed = invite("two")
    assert "Sign in with it" in Client().get(path_of(copied)).content.decode()
    choose(copied, OWNERS)
    assert account().check_password(MAKERS), "a link that anybody may have copied takes over nothing"
    stranger = Client()
    stranger.force_login(account())
    owner = choose(mailed, OWNERS)
    assert owner.get("/o/two/people/").status_code == 200
    assert account().check_password(OWNERS)
    assert not is_mfa_enabled(account())
    assert stranger.get("/o/one/").status_code == 302, "who made the account is signed out"


def test_what_the_owner_proved_is_theirs(makers: Organisation, mails: None) -> None:
    choose(invite("two")[1], OWNERS)
    protect()
    for link in invite("three"):
        assert "Sign in with it" in Client().get(path_of(link)).content.decode()
        choose(link, MAKERS)
    assert account().check_password(OWNERS)
    assert is_mfa_enabled(account())


def test_the_owner_of_an_address_resets_the_password_by_mail(makers: Organisation, mails: None) -> None:
    for is_made_by_a_stranger in (True, False):
        mail.outbox.clear()
        client = Client()
        client.post(reverse("account_reset_password"), {"email": ADDRESS})
        mail_resets_asked_for()
        link = re.search(r"/accounts/password/reset/key/\S+", str(mail.outbox[0].body))
        assert link
        form = client.get(link.group(), follow=True)
        client.post(form.request["PATH_INFO"], {"password1": OWNERS, "password2": OWNERS})
        assert account().is_proved
        assert is_mfa_enabled(account()) is not is_made_by_a_stranger
        if is_made_by_a_stranger:
            protect()


def test_a_link_that_was_copied_proves_nothing(makers: Organisation, mails: None) -> None:
    """Nor does it leave standing what was proved: who has the password now is anybody who had the link."""
    with organisation_context(makers.pk):
        person = Person.objects.get()
        copied = actions.reset_password(person, person)
        mailed = mailed_link_of(Invitation.objects.latest("pk"))
    choose(mailed, OWNERS)
    assert account().is_proved
    with organisation_context(makers.pk):
        copied = actions.reset_password(person, person)
    choose(copied, MAKERS)
    assert not account().is_proved


def test_the_mark_of_a_mail_belongs_to_the_address_it_went_to(makers: Organisation, mails: None) -> None:
    """Nobody has it mailed to themselves and then names another address."""
    organisation, _link = actions.found_organisation("Two", "two", "me@two.example")
    with organisation_context(organisation.pk):
        person = Person.objects.get()
        mailed = mailed_link_of(Invitation.objects.get())
        actions.change_person(person, person, email=ADDRESS)
    assert "Sign in with it" in Client().get(path_of(mailed)).content.decode()
    choose(mailed, OWNERS)
    assert account().check_password(MAKERS)


def test_who_is_signed_in_keeps_the_second_factor(makers: Organisation, mails: None) -> None:
    client = Client()
    client.force_login(account())
    assert client.post(path_of(invite("two")[1])).status_code == 302
    assert account().is_proved
    assert is_mfa_enabled(account())


def test_an_account_that_nobody_uses_keeps_no_second_factor(makers: Organisation) -> None:
    """It was left behind by who made it; here even a link handed over on paper is enough."""
    with organisation_context(makers.pk):
        Person.objects.update(user=None)
    owner = choose(invite("two")[0], OWNERS)
    assert owner.get("/o/two/people/").status_code == 200
    assert not is_mfa_enabled(account())


def test_only_mail_that_leaves_here_is_marked(makers: Organisation, settings: Settings) -> None:
    """Others can read the outbox."""
    copied, unmarked = invite("two")
    assert unmarked == copied
    settings.HEADWATER_MAIL_URL = "smtp://mail.waterworks.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    organisation = Organisation.objects.get(slug="two")
    with organisation_context(organisation.pk):
        invitation = Invitation.objects.get()
        marked = mailed_link_of(invitation)
    mail_invitation(organisation.pk, invitation_id=invitation.pk)
    assert marked in str(mail.outbox[0].body)
    assert marked != copied
