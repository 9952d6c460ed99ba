"""Entering an organisation by its name: the wall stands, and nobody is let into two at once."""

import pytest

from headwater.core.entering import organisation_named
from headwater.core.models import Organisation
from headwater.core.wall import OtherOrganisation, current_organisation_id, maybe_organisation_id, organisation_context
from headwater.people.models import Unit


def test_its_rows_are_seen_and_no_others(committed: None) -> None:
    one, other = (Organisation.objects.create(slug=slug, name=slug.title()) for slug in ("one", "other"))
    with organisation_context(other.pk):
        Unit.objects.create(slug="roads", name="Roads")
    with organisation_named("one") as found:
        assert (found, found.name, current_organisation_id()) == (one, "One", one.pk)
        assert not Unit.objects.exists()
    with organisation_named("other"):
        assert Unit.objects.get().organisation_id == other.pk
    assert maybe_organisation_id() is None


def test_one_that_does_not_exist_is_not_entered(committed: None) -> None:
    with pytest.raises(Organisation.DoesNotExist), organisation_named("nowhere"):
        raise AssertionError("entered")
    assert maybe_organisation_id() is None


def test_nobody_is_in_two(committed: None) -> None:
    one, _ = (Organisation.objects.create(slug=slug, name=slug) for slug in ("one", "other"))
    with organisation_context(one.pk):
        Unit.objects.create(slug="roads", name="Roads")
        with pytest.raises(OtherOrganisation), organisation_named("other"):
            raise AssertionError("entered")
        assert Unit.objects.get().slug == "roads"
        with organisation_named("one"):
            assert Unit.objects.exists()
