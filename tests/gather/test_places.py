"""Which folders of the machine are nobody's documents, when a source is named and when it is read."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from headwater.core.actions import SYSTEM
from headwater.gather import places
from headwater.gather.actions import create_source
from headwater.gather.connectors import SourceFailed
from headwater.gather.models import Document, Run, Source
from headwater.people.models import Person


def name_it(path: Path | str, owner: Person) -> Source:
    return create_source(SYSTEM, name="X", kind="folder", owner=owner, settings={"path": str(path)}, begin=False)


def test_where_the_cluster_lies_is_refused_with_all_around_it(nadia: Person, home: Path, tmp_path: Path) -> None:
    cluster = tmp_path / "elsewhere" / "8f2a"
    (cluster / "data").mkdir(parents=True)
    (home / "cluster").mkdir()
    (home / "cluster" / "where.json").write_text(json.dumps({"folder": str(cluster), "user": "headwater"}))
    for path in (cluster, cluster / "data", cluster.parent, f"  {cluster}", f"{tmp_path}/x/../elsewhere"):
        with pytest.raises(ValidationError) as error:
            name_it(path, nadia)
        assert list(error.value.message_dict) == ["path"]
    assert not Source.objects.exists()


@pytest.mark.parametrize("path", ["/var/lib/headwater", "/var/lib/headwater/8f2a/data", "/var/lib", "/var", "/"])
@pytest.mark.usefixtures("home")
def test_roots_clusters_are_refused_whichever_home_they_are_of(path: str) -> None:
    with pytest.raises(SourceFailed) as error:
        places.check_folder(path)
    assert error.value.field == "path"


def test_a_link_that_leads_elsewhere_when_its_run_begins_is_not_read(
    nadia: Person, home: Path, tmp_path: Path, run_now: Callable[[Source], Run]
) -> None:
    (tmp_path / "good").mkdir()
    (home / "secret.md").write_text("The key of the installation")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "good")
    source = name_it(link, nadia)
    assert places.may_be_read(str(link))
    link.unlink()
    link.symlink_to(home)
    run = run_now(source)
    assert run.state == Run.State.FAILED
    assert "Headwater's own data" in source.trouble
    assert not Document.objects.exists()
    assert not places.may_be_read(str(link))


def test_the_demonstrations_documents_lie_in_the_home_and_are_all_there_that_is_read(
    nadia: Person, home: Path, tmp_path: Path
) -> None:
    manuals = home / "documents" / "manuals"
    manuals.mkdir(parents=True)
    assert name_it(manuals, nadia).settings == {"path": str(manuals)}
    link = home / "documents" / "link"
    link.symlink_to(home / "blobs")
    for path in (home, home / "documents", link, home / "documents" / ".." / "blobs"):
        assert not places.may_be_read(str(path))
