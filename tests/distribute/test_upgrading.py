"""What a migration does to the deliveries of an installation that has some, as the owner of its tables."""

from importlib import import_module

import psycopg
from django.conf import settings

from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.distribute.models import Delivery
from headwater.search.models import Entry
from tests.conftest import _owner_dsn
from tests.distribute.test_matching import House
from tests.distribute.test_matching import house as house

ENABLED = "SELECT bool_and(tgenabled = 'O') FROM pg_trigger WHERE tgrelid = 'distribute_delivery'::regclass"


def test_each_delivery_names_the_entry_of_its_version_and_is_as_it_was_otherwise(house: House) -> None:
    """Also where another organisation has none, and without its followers being told of all of them."""
    Organisation.objects.create(slug="empty", name="Empty")
    versions = [house.publish(f"Text {number}") for number in range(3)]
    with house.inside():
        for version in versions:
            Delivery.objects.create(person=house.ines, version=version)
        Delivery.objects.update(entry=Entry.objects.earliest("pk"))
        before = rows()
    fill = import_module("headwater.distribute.migrations.0031_entries_of_deliveries").FILL
    with psycopg.connect(**_owner_dsn(settings.DATABASES["owner"]["NAME"])) as owner:
        owner.execute(fill)
        assert owner.execute(ENABLED).fetchone() == (True,)
    with organisation_context(house.organisation.pk):
        entries = {version.pk: version.entry_id for version in versions}
        assert rows() == [{**row, "entry_id": entries[row["version_id"]]} for row in before]


def rows() -> list[dict[str, object]]:
    return list(Delivery.objects.order_by("pk").values())
