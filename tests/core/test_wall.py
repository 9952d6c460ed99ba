"""The wall between organisations: what the database hides, and how a missing context fails."""

import pytest
from django.core.exceptions import ValidationError
from django.db import ProgrammingError, connection, transaction
from django.db.utils import DataError

from headwater.core import actions
from headwater.core.actions import SYSTEM, action
from headwater.core.models import Event, Organisation
from headwater.core.wall import (
    UNWALLED,
    OtherOrganisation,
    organisation_context,
    walled_models,
)
from headwater.core.wall_faults import wall_faults
from headwater.people.models import Unit


def test_the_wall_stands(db: None) -> None:
    assert wall_faults() == []


def test_every_table_is_walled_or_listed_with_a_reason(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {name for (name,) in cursor.fetchall()}
    walled = {model._meta.db_table for model in walled_models()}
    assert tables == walled | set(UNWALLED)
    assert all(UNWALLED.values())


def test_rows_of_another_organisation_do_not_exist(committed: None) -> None:
    one, other = (Organisation.objects.create(slug=slug, name=slug) for slug in ("one", "other"))
    with organisation_context(one.pk):
        Unit.objects.create(slug="roads", name="Roads")
    with organisation_context(other.pk):
        assert not Unit.objects.exists()
        assert Unit.objects.update(name="Taken") == 0
    with organisation_context(one.pk):
        assert Unit.objects.get().name == "Roads"
        assert Unit.objects.get().organisation_id == one.pk


def test_a_row_cannot_be_written_into_another_organisation(committed: None) -> None:
    one, other = (Organisation.objects.create(slug=slug, name=slug) for slug in ("one", "other"))
    with pytest.raises(ProgrammingError, match="row-level security"), organisation_context(one.pk):
        Unit.objects.create(slug="roads", name="Roads", organisation=other)


def test_a_missing_context_fails_loudly(committed: None) -> None:
    with pytest.raises((ProgrammingError, DataError)):
        Unit.objects.count()
    with pytest.raises((ProgrammingError, DataError)), transaction.atomic():
        Unit.objects.count()


def test_a_context_ends_with_its_transaction(committed: None) -> None:
    one = Organisation.objects.create(slug="one", name="One")
    with organisation_context(one.pk):
        assert Unit.objects.count() == 0
    with pytest.raises((ProgrammingError, DataError)):
        Unit.objects.count()


def test_contexts_do_not_nest_across_organisations(committed: None) -> None:
    one, other = (Organisation.objects.create(slug=slug, name=slug) for slug in ("one", "other"))
    with organisation_context(one.pk), pytest.raises(OtherOrganisation), organisation_context(other.pk):
        pass


def test_the_audit_log_cannot_be_rewritten(organisation: Organisation) -> None:
    event = Event.objects.create(verb="try", door="job")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Event.objects.update(verb="other")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        event.delete()


def test_an_action_is_logged_or_undone(organisation: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "REGISTRY", {})  # the verb is this test's alone; other tests compare the whole list

    @action
    def plant_unit(actor: object, slug: str) -> Unit:
        unit = Unit.objects.create(slug=slug, name=slug)
        if slug == "bad":
            raise ValidationError({"slug": "no"})
        return unit

    unit = plant_unit(SYSTEM, "good")
    event = Event.objects.get(verb="plant_unit")
    assert (event.subject, event.subject_id, event.actor_id) == ("people.unit", unit.pk, None)
    with pytest.raises(ValidationError):
        plant_unit(SYSTEM, "bad")
    assert not Unit.objects.filter(slug="bad").exists()
    assert Event.objects.filter(verb="plant_unit").count() == 1
