"""Mail goes to no stranger: an address that is not on record as the person's own waits for the code sent there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db.models import F
from django.test import Client
from pytest_django.fixtures import Settings

from headwater.core.actions import Refused
from headwater.core.secret import decrypt
from headwater.distribute import confirming
from headwater.distribute.actions import add_channel, change_channel, confirm_channel, remove_channel
from headwater.distribute.models import Channel, MailedCode
from headwater.distribute.sending import channels_of
from headwater.people.models import Person


@pytest.fixture
def waiting(ines: Person) -> Channel:
    """An address elsewhere, not confirmed yet."""
    return add_channel(ines, ines, "mail", "ines@elsewhere.example")


def code_of(channel: Channel) -> str:
    return decrypt(channel.secret or b"")


def test_the_code_goes_to_the_address_and_opens_it(waiting: Channel, ines: Person, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    confirming.mail_confirmation(waiting.organisation_id, channel_id=waiting.pk)
    (sent,) = mail.outbox
    assert sent.to == ["ines@elsewhere.example"]
    assert code_of(waiting) in sent.body
    channel = confirm_channel(ines, waiting, f" {code_of(waiting).lower()} ")
    assert (channel.state, channel.secret) == ("active", None)
    mail.outbox.clear()
    confirming.mail_confirmation(waiting.organisation_id, channel_id=waiting.pk)
    assert mail.outbox == []


def test_nothing_is_sent_there_before_and_ones_own_address_goes_on(waiting: Channel, ines: Person) -> None:
    used = channels_of([ines])[ines.pk]
    assert [channel.address for channel in used] == [ines.email]
    with pytest.raises(ValidationError, match="code"):
        change_channel(ines, waiting, "active")


def test_five_wrong_codes_and_no_more(waiting: Channel, ines: Person) -> None:
    for _try in range(confirming.MOST_TRIES):
        assert confirm_channel(ines, waiting, "WRONG").state == "asked"
    with pytest.raises(ValidationError, match="Too many tries"):
        confirm_channel(ines, waiting, code_of(waiting))
    remove_channel(ines, waiting)
    assert not Channel.objects.filter(pk=waiting.pk).exists()


def add_again(person: Person, address: str) -> Channel:
    """What somebody does who wants another code sent there."""
    person.channels.filter(kind="mail", state="asked").delete()
    return add_channel(person, person, "mail", address)


def test_three_codes_an_hour_and_ten_a_day_to_one_address(ines: Person) -> None:
    """Removing an address and adding it again must not bombard a stranger."""
    for hour in range(3):
        for _number in range(3):
            add_again(ines, "stranger@elsewhere.example")
        with pytest.raises(ValidationError, match="Add this address after"):
            add_again(ines, "Stranger@elsewhere.example")
        MailedCode.objects.update(at=F("at") - timedelta(hours=1))
        assert MailedCode.objects.count() == 3 * (hour + 1)
    add_again(ines, "stranger@elsewhere.example")
    MailedCode.objects.update(at=F("at") - timedelta(hours=1))
    with pytest.raises(ValidationError, match="Add this address after"):
        add_again(ines, "stranger@elsewhere.example")
    MailedCode.objects.update(at=F("at") - timedelta(hours=24))
    assert add_again(ines, "stranger@elsewhere.example").state == "asked"
    assert MailedCode.objects.count() == 1, "what is older than a day is forgotten"


def test_codes_are_counted_by_person_and_by_address(ines: Person, otto: Person) -> None:
    for number in range(3):
        add_again(ines, f"stranger{number}@elsewhere.example")
    with pytest.raises(ValidationError, match="Add this address after"):
        add_again(ines, "stranger3@elsewhere.example")
    for _ in range(2):
        add_again(otto, "stranger1@elsewhere.example")
    with pytest.raises(ValidationError, match="Add this address after"):
        add_again(otto, "stranger1@elsewhere.example")
    assert add_again(otto, "stranger3@elsewhere.example").state == "asked"
    assert add_channel(ines, ines, "mail", ines.email).state == "active", "one's own address needs no code"


def test_the_page_says_when_the_next_code_goes_out(ines: Person, sign_in: Callable[[Person], Client]) -> None:
    browser = sign_in(ines)
    for _ in range(3):
        add_again(ines, "stranger@elsewhere.example")
    Channel.objects.filter(person=ines, state="asked").delete()
    form = {"kind": "mail", "address": "stranger@elsewhere.example"}
    answer = browser.post("/o/waterworks/distribute/reaching/channels/", form)
    assert answer.status_code == 400
    assert "no more go out for now" in answer.content.decode()


def test_ones_own_address_needs_no_code(ines: Person) -> None:
    assert add_channel(ines, ines, "mail", ines.email.upper()).state == "active"


def test_nobody_confirms_for_another(waiting: Channel, otto: Person) -> None:
    with pytest.raises(Refused):
        confirm_channel(otto, waiting, code_of(waiting))


def test_the_page_takes_the_code(waiting: Channel, ines: Person, sign_in: Callable[[Person], Client]) -> None:
    browser, path = sign_in(ines), f"/o/waterworks/distribute/reaching/channels/{waiting.pk}/"
    answer = browser.post(path, {"do": "confirm", "code": "WRONG"}, follow=True)
    assert "That is not the code." in answer.content.decode()
    answer = browser.post(path, {"do": "confirm", "code": code_of(waiting)}, follow=True)
    assert "is a way to reach you now" in answer.content.decode()
    answer = browser.post(path, {"do": "confirm", "code": "AGAIN"}, follow=True)
    assert "waits for no code" in answer.content.decode()
