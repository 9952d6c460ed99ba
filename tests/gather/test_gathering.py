"""Gathering a place here and now, as the command line does, with real transactions."""

from pathlib import Path
from typing import Any

import pytest

from headwater.core.actions import OPERATOR, Refused
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.gather.connectors import SourceFailed
from headwater.gather.extract import Pool
from headwater.gather.gathering import gather
from headwater.gather.models import Source
from headwater.gather.runs import Progress
from headwater.people.models import Person
from headwater.search.models import Entry
from tests.gather.connectors.servers import Page, web_server


@pytest.fixture
def organisation_id(committed: None) -> int:
    """An organisation with one person, committed."""
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        Person.objects.create(name="Nadia", email="nadia@waterworks.example")
    return organisation.pk


def numbers(outcome: dict[str, object]) -> tuple[object, ...]:
    return tuple(outcome[name] for name in ("seen", "new", "changed", "vanished", "failed"))


def test_a_folder_twice(organisation_id: int, folder: Path, pool: Pool) -> None:
    told: list[int] = []

    def watcher(progress: Progress) -> None:
        told.append(progress.counts["done"])

    first = gather(organisation_id, OPERATOR, str(folder), pool=pool, watcher=watcher)
    assert numbers(first) == (4, 3, 0, 0, 1)
    assert first["failures"] == [
        {"path": "noise.bin", "reason": "No reader for this kind of file: application/octet-stream"}
    ]
    assert first["seconds"] > 0
    assert told == [4]
    again = gather(organisation_id, OPERATOR, f"{folder}/", pool=pool)
    assert numbers(again) == (4, 0, 0, 0, 1)
    with organisation_context(organisation_id):
        assert Source.objects.count() == 1


def test_a_file_a_feed_and_a_site(organisation_id: int, folder: Path, pool: Pool, settings: Any) -> None:
    settings.HEADWATER_ALLOW_FETCH = ["127.0.0.1"]
    rss = b"<rss><channel><title>R</title><item><guid>1</guid><title>Bridge closed</title></item></channel></rss>"
    pages = {"/feed": Page(rss), "/docs/": Page(b"<title>Culverts</title><p>Clean culverts before rain.")}
    with web_server(pages) as server:
        assert numbers(gather(organisation_id, OPERATOR, server.url + "/feed", pool=pool)) == (1, 1, 0, 0, 0)
        assert numbers(gather(organisation_id, OPERATOR, server.url + "/docs/", pool=pool)) == (1, 1, 0, 0, 0)
    assert numbers(gather(organisation_id, OPERATOR, str(folder / "a.md"), pool=pool)) == (1, 1, 0, 0, 0)
    assert numbers(gather(organisation_id, OPERATOR, str(folder / "a.md"), pool=pool)) == (1, 0, 0, 0, 0)
    with organisation_context(organisation_id):
        kinds = set(Source.objects.values_list("kind", flat=True))
        titles = set(Entry.objects.values_list("title", flat=True))
    assert kinds == {"feed", "web", "upload"}
    assert titles == {"Bridge closed", "Culverts", "Storm watch"}


def test_what_cannot_be_gathered_says_why(organisation_id: int, tmp_path: Path, pool: Pool) -> None:
    with pytest.raises(SourceFailed, match="not there"):
        gather(organisation_id, OPERATOR, str(tmp_path / "gone"), pool=pool)
    with pytest.raises(SourceFailed, match="HEADWATER_ALLOW_FETCH"):
        gather(organisation_id, OPERATOR, "http://127.0.0.1:9/feed", pool=pool)
    with organisation_context(organisation_id):
        nadia = Person.objects.get()
    with pytest.raises(Refused):
        gather(organisation_id, nadia, str(tmp_path), pool=pool)
