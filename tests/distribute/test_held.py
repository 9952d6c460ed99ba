"""What distribute holds about a person is shown to them, and what is no record is forgotten."""

from collections.abc import Callable

from headwater.core.models import Organisation
from headwater.distribute import held
from headwater.distribute.actions import acknowledge_delivery, change_preferences, rotate_feed
from headwater.distribute.models import Acknowledgement, Channel, Delivery, InterestProfile, PrivateFeed
from headwater.distribute.sending import channels_of
from headwater.people.models import Audience, Person
from tests.conftest import enrol


def test_everything_is_shown_and_only_records_stay(
    organisation: Organisation, ines: Person, everyone: Audience, deliver: Callable[..., Delivery]
) -> None:
    enrol(everyone)
    acknowledge_delivery(ines, deliver(ines, must_acknowledge=True))
    change_preferences(ines, ines, budget=2)
    rotate_feed(ines, ines)
    channels_of([ines])
    shown = held.of_person(ines)
    assert [interest["query"] for interest in shown["interests"]] == ["air"]
    assert shown["deliveries"][0]["version__title"] == "Working in confined spaces"
    assert len(shown["acknowledgements"]) == len(shown["channels"]) == len(shown["private_feed_since"]) == 1
    assert "ines@" not in str(shown["sent"])
    held.forget(ines)
    for model in (InterestProfile, Channel, PrivateFeed):
        assert not model.objects.filter(person=ines).exists()
    assert Acknowledgement.objects.filter(person=ines).exists()
    assert Delivery.objects.get(person=ines).reasons.get().words == []
