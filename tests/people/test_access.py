"""Permissions, invitations, resets, tokens, erasure: what works, and what is refused."""

import re
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from headwater.core.actions import OPERATOR, SYSTEM, Refused
from headwater.core.models import Organisation, User
from headwater.core.wall import organisation_context
from headwater.people import actions
from headwater.people.held import held_about
from headwater.people.invitations import is_known_elsewhere, organisation_of
from headwater.people.jobs import mail_invitation
from headwater.people.models import ApiToken, Audience, Grant, Invitation, Permission, Person, Unit
from tests.conftest import make_person
from tests.people.conftest import World

PASSWORD = "river-stones-and-mist"


def token_in(link: str) -> str:
    return link.rstrip("/").rpartition("/")[2]


def test_permissions_are_given_and_taken(ada: Person, ines: Person, unit: Unit) -> None:
    grant = actions.grant_permission(ada, ines, Permission.STEWARD, unit)
    assert actions.grant_permission(ada, ines, Permission.STEWARD, unit) == grant
    assert Person.objects.get(pk=ines.pk).may(Permission.STEWARD, unit)
    actions.revoke_permission(ada, grant)
    assert not Person.objects.get(pk=ines.pk).may(Permission.STEWARD, unit)


def test_permissions_refused(world: World, ada: Person, nadia: Person) -> None:
    ana, ben = world.people["Ana"], world.people["Ben"]
    water = world.units["water"]
    Grant.objects.create(person=ana, permission=Permission.ADMINISTRATOR, unit=water)
    assert actions.grant_permission(ana, ben, Permission.EXPERT, world.units["pumps"])
    for refused in (
        lambda: actions.grant_permission(ana, ben, Permission.EXPERT),
        lambda: actions.grant_permission(ana, ben, Permission.EXPERT, world.units["roads"]),
        lambda: actions.grant_permission(nadia, ben, Permission.EXPERT),
        lambda: actions.revoke_permission(ana, Grant.objects.get(person=ada)),
    ):
        with pytest.raises(Refused):
            refused()
    with pytest.raises(ValidationError, match="no permission"):
        actions.grant_permission(ada, ben, "emperor")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="last administrator"):
        actions.revoke_permission(ada, Grant.objects.get(person=ada))
    actions.end_membership(ada, ben)
    with pytest.raises(ValidationError, match="not a member"):
        actions.grant_permission(ada, ben, Permission.EXPERT)


def test_an_invitation_makes_an_account_once(ada: Person) -> None:
    person = actions.create_person(ada, "Fatou", "fatou@waterworks.example")
    link = actions.invite_person(ada, person, by_mail=False)
    token = token_in(link)
    organisation = organisation_of(token)
    assert organisation is not None
    assert organisation.pk == person.organisation_id
    with pytest.raises(ValidationError, match="too short"):
        actions.accept_invitation(person, token, "short")
    actions.accept_invitation(person, token, PASSWORD)
    user = User.objects.get(email="fatou@waterworks.example")
    assert user.check_password(PASSWORD)
    assert Person.objects.get(pk=person.pk).user == user
    with pytest.raises(Refused, match="used already"):
        actions.accept_invitation(person, token, PASSWORD)
    with pytest.raises(ValidationError, match="account already"):
        actions.invite_person(ada, person)


def test_links_that_no_longer_hold(ada: Person, ines: Person) -> None:
    person = actions.create_person(ada, "Fatou", "fatou@waterworks.example")
    old = token_in(actions.invite_person(ada, person, by_mail=False))
    new = token_in(actions.invite_person(ada, person, by_mail=False))
    for token, actor in ((old, person), (new, ines), (f"{person.organisation_id}-forged", person)):
        with pytest.raises(Refused):
            actions.accept_invitation(actor, token, PASSWORD)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Refused):
        actions.accept_invitation(person, new, PASSWORD)
    assert not User.objects.filter(email="fatou@waterworks.example").exists()


@pytest.mark.parametrize("token", ["", "x", "-", "0-abc", "999999-abc", "²-abc", "1" * 40 + "-a"])
def test_links_of_nobody(organisation: Organisation, token: str) -> None:
    assert organisation_of(token) is None


def test_a_link_never_takes_over_an_account(ada: Person) -> None:
    """Somebody who administers here must not set the password of an account that is used elsewhere."""
    user = User.objects.create_user("victim@elsewhere.example", "old-and-secret-word")
    person = actions.create_person(ada, "Victim", "Victim@elsewhere.example")
    token = token_in(actions.invite_person(ada, person, by_mail=False))
    with pytest.raises(Refused, match="Sign in with it"):
        actions.accept_invitation(person, token, PASSWORD)
    actions.accept_invitation(person, token, user=user)
    user.refresh_from_db()
    assert user.check_password("old-and-secret-word")
    assert Person.objects.get(pk=person.pk).user == user


def test_one_account_is_one_person(ada: Person, ines: Person) -> None:
    person = actions.create_person(ada, "Twin", "twin@waterworks.example")
    token = token_in(actions.invite_person(ada, person, by_mail=False))
    with pytest.raises(ValidationError, match="another person"):
        actions.accept_invitation(person, token, user=ines.user)


def test_invitations_refused(ada: Person, nadia: Person, ines: Person) -> None:
    person = actions.create_person(ada, "Fatou")
    with pytest.raises(Refused):
        actions.invite_person(nadia, person)
    with pytest.raises(ValidationError, match="has no address"):
        actions.invite_person(ada, person)
    actions.change_person(ada, person, email="fatou@waterworks.example")
    with pytest.raises(ValidationError, match="no account yet"):
        actions.reset_password(ada, person)
    actions.end_membership(ada, person)
    with pytest.raises(ValidationError, match="not a member"):
        actions.invite_person(ada, person)


def test_a_reset_link(ada: Person, ines: Person, unit: Unit) -> None:
    token = token_in(actions.reset_password(ada, ines))
    actions.accept_invitation(ines, token, PASSWORD)
    assert ines.user is not None
    assert User.objects.get(pk=ines.user.pk).check_password(PASSWORD)
    head = make_person("Unit admin", unit=unit)
    Grant.objects.create(person=head, permission=Permission.ADMINISTRATOR, unit=unit)
    boss = make_person("Boss", Permission.ADMINISTRATOR, unit=unit)
    with pytest.raises(Refused, match="whole organisation"):
        actions.reset_password(head, boss)


def test_invitations_are_mailed_in_the_persons_language(ada: Person, home: Path, settings: Any) -> None:
    settings.EMAIL_BACKEND = "headwater.core.mail.Backend"
    person = actions.create_person(ada, "Fatou", "fatou@waterworks.example")
    link = actions.invite_person(ada, person)
    invitation = Invitation.objects.get()
    mail_invitation(person.organisation_id, invitation_id=invitation.pk)
    mail_invitation(person.organisation_id, invitation_id=invitation.pk)
    files = sorted((home / "outbox" / str(person.organisation_id)).glob("*.eml"))
    messages = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert len({message["Message-ID"] for message in messages}) == 1
    assert messages[0]["To"] == "fatou@waterworks.example"
    body = messages[0].get_body()
    assert body is not None
    assert link in body.get_content()
    actions.accept_invitation(person, token_in(link), PASSWORD)
    mail_invitation(person.organisation_id, invitation_id=invitation.pk)
    assert len(list((home / "outbox" / str(person.organisation_id)).glob("*.eml"))) == 2


def test_appointing_an_administrator(organisation: Organisation, ines: Person, nadia: Person) -> None:
    link = actions.appoint_administrator(OPERATOR, ines.email)
    assert re.search(r"/join/\d+-[\w-]+/$", link)
    assert Person.objects.get(pk=ines.pk).may(Permission.ADMINISTRATOR)
    with pytest.raises(Refused):
        actions.appoint_administrator(nadia, "me@waterworks.example")


def test_founding_an_organisation(committed: None) -> None:
    organisation, link = actions.found_organisation(
        "Ministry of Works", "works", "first@works.example", timezone="Africa/Nairobi"
    )
    with organisation_context(organisation.pk):
        person = Person.objects.get()
        assert (person.email, person.timezone) == ("first@works.example", "Africa/Nairobi")
        assert person.may(Permission.ADMINISTRATOR)
        assert list(Audience.objects.get(slug="everyone").members.all()) == [person]
        actions.accept_invitation(person, token_in(link), PASSWORD)
    assert not is_known_elsewhere(User.objects.get(), organisation)
    for wrong in ({"slug": "works"}, {"language": "xx-none"}, {"timezone": "Nowhere"}, {"slug": "not ok"}):
        values = {"name": "Other", "slug": "other", "admin_email": "a@b.example", **wrong}
        with pytest.raises(ValidationError):
            actions.found_organisation(**values)
    assert Organisation.objects.count() == 1


def test_tokens(ines: Person, nadia: Person, ada: Person) -> None:
    secret = actions.create_token(ines, "report script", ApiToken.Scope.READ, days=30)
    token = ApiToken.objects.get()
    assert secret.startswith("hw_")
    assert secret not in str(ApiToken.objects.values().get())
    with pytest.raises(Refused):
        actions.revoke_token(nadia, token)
    actions.revoke_token(ada, token)
    actions.revoke_token(ines, token)
    assert token.revoked_at is not None
    with pytest.raises(ValidationError, match="one day to ten years"):
        actions.create_token(ines, "script", days=0)
    with pytest.raises(ValidationError):
        actions.create_token(ines, "", days=1)
    with pytest.raises(ValidationError):
        actions.create_token(ines, "x", scope="everything")
    with pytest.raises(Refused):
        actions.create_token(SYSTEM, "x")  # type: ignore[arg-type]


def test_tokens_have_a_limit(ines: Person) -> None:
    now = timezone.now() + timedelta(days=1)
    ApiToken.objects.bulk_create(ApiToken(person=ines, name="x", digest=f"{n}", expires_at=now) for n in range(50))
    with pytest.raises(ValidationError, match="50 tokens"):
        actions.create_token(ines, "one more")


def test_what_is_held_about_me(ines: Person, unit: Unit) -> None:
    actions.create_token(ines, "script")
    held = actions.export_own_data(ines)
    assert held["people"]["profile"]["name"] == "Ines"
    assert held["people"]["profile"]["unit"] == "Drainage"
    assert held["people"]["tokens"][0]["name"] == "script"
    assert "create_token" in {line["verb"] for line in held["people"]["log_of_your_actions"]}
    assert "digest" not in str(held["people"])
    with pytest.raises(Refused):
        actions.export_own_data(SYSTEM)  # type: ignore[arg-type]


def test_erasing(ada: Person, ines: Person, nadia: Person) -> None:
    audience = actions.create_audience(ada, "All", {"everyone": True})
    with pytest.raises(Refused):
        actions.erase_person(nadia, ines)
    with pytest.raises(ValidationError, match="end the membership first"):
        actions.erase_person(ada, ines)
    actions.record_absence(ines, ines, timezone.now().date(), timezone.now().date())
    actions.tag_person(ada, ines, "duty")
    actions.end_membership(ada, ines)
    actions.erase_person(ada, ines)
    ines.refresh_from_db()
    assert ines.name == f"Former member {ines.pk}"
    assert (ines.email, ines.user, ines.title) == ("", None, "")
    assert not User.objects.filter(email="ines@waterworks.example").exists()
    assert not ines.absences.exists()
    assert not ines.tags.exists()
    assert not audience.members.filter(pk=ines.pk).exists()
    assert "Ines" not in str({k: v for k, v in held_about(ines)["people"].items() if k != "log_of_your_actions"})
    with pytest.raises(ValidationError, match="erased already"):
        actions.erase_person(ada, ines)


def test_a_head_is_not_erased(ada: Person, otto: Person) -> None:
    Person.objects.filter(pk=otto.pk).update(left_on=timezone.now().date())
    otto.refresh_from_db()
    with pytest.raises(ValidationError, match="still heads a unit"):
        actions.erase_person(ada, otto)


def test_an_account_used_elsewhere_outlives_erasure(committed: None) -> None:
    first, _link = actions.found_organisation("One", "one", "a@one.example")
    second, _link = actions.found_organisation("Two", "two", "a@two.example")
    user = User.objects.create_user("both@one.example", PASSWORD)
    for organisation in (first, second):
        with organisation_context(organisation.pk):
            Person.objects.create(name="Both", user=user)
    with organisation_context(first.pk):
        both = Person.objects.get(user=user)
        actions.end_membership(OPERATOR, both)
        actions.erase_person(OPERATOR, both)
    assert User.objects.filter(pk=user.pk).exists()
    assert is_known_elsewhere(user, first)
