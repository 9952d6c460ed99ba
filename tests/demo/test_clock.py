"""The demonstration's past: what happens in a moment is dated then, and the clock goes on afterwards."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from headwater.core.models import Event, Organisation
from headwater.demo.clock import moment
from headwater.people.models import Notice, Person

THEN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def test_in_a_moment_defaults_and_calls_say_then(ines: Person) -> None:
    with moment(THEN):
        assert timezone.now() == THEN
        notice = Notice.objects.create(person=ines, text="Read this", dedupe_key="1")
        event = Event.objects.create(door="cli", verb="try_it")
    assert notice.created_at == event.at == THEN


def test_afterwards_the_clock_goes_on_even_after_an_error(organisation: Organisation) -> None:
    with pytest.raises(RuntimeError), moment(THEN):
        raise RuntimeError
    assert abs(timezone.now() - Event.objects.create(door="cli", verb="try_it").at) < timedelta(minutes=1)
    assert timezone.now() - THEN > timedelta(0) or timezone.now().year >= 2026


def test_names_imported_into_our_modules_are_set_too(organisation: Organisation) -> None:
    from headwater.people.models import person

    with moment(THEN):
        assert person.now() == THEN
    assert person.now is timezone.now
