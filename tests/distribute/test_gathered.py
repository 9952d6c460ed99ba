"""The page of a source says what became of what was gathered: whom it concerned, and how many were reached."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from headwater.core.actions import SYSTEM
from headwater.core.addresses import address
from headwater.distribute.gathered import matched_of_run, reached_by_source
from headwater.distribute.models import Delivery
from headwater.gather import runs
from headwater.gather.actions import create_source
from headwater.gather.models import Run, Source
from headwater.people.models import Audience, Person
from headwater.search.models import EntryVersion


@pytest.fixture
def source(tmp_path: Path, nadia: Person, everyone: Audience) -> Source:
    """A folder with two circulars, gathered."""
    folder = tmp_path / "circulars"
    folder.mkdir()
    (folder / "air.md").write_text("# Air\n\nTest the air before anyone goes in.")
    (folder / "rain.md").write_text("# Rain\n\nClean the culverts before the season of rain begins.")
    settings = {"path": str(folder)}
    source = create_source(SYSTEM, "Circulars", "folder", nadia, settings=settings, audience=everyone)
    runs.carry_out(source.organisation_id, source.runs.get().pk)
    return source


def test_the_page_of_a_source_shows_what_was_matched(
    source: Source, nadia: Person, ines: Person, otto: Person, sign_in: Callable[[Person], Client]
) -> None:
    run = Run.objects.get()
    assert (matched_of_run(run.pk).count, matched_of_run(run.pk).note) == (0, "")
    version = EntryVersion.objects.get(title="Air")
    for person in (ines, otto):
        Delivery.objects.create(person=person, version=version)
    matched = matched_of_run(run.pk)
    assert (matched.count, matched.note) == (1, "to 2 people")
    assert reached_by_source(source.pk).count == 2
    page = sign_in(nadia).get(address("gather:source", pk=source.pk)).content.decode()
    assert "<strong>Matched</strong>" in page
    assert "to 2 people" in page
    assert "People reached, 90 days" in page
