"""The wheel holds everything: it serves pages with their assets where there is no repository."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from bench.first_page import free_port

from tests.cli.conftest import Command, remove_cluster
from tests.cli.test_running import eventually, fetched, status

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, laid out as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    environment = dict(os.environ) | {"SOURCE_DATE_EPOCH": "1760000000"}
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=CHECKOUT,
        env=environment,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_it_holds_the_licence_the_templates_and_the_assets(unpacked: Path) -> None:
    assert list(unpacked.glob("*.dist-info/licenses/LICENSE"))
    static = unpacked / "headwater/core/static/headwater"
    assert {"headwater.css", "headwater.js", "tabler.css", "tabler.rtl.css"} <= {path.name for path in static.iterdir()}
    assert (unpacked / "headwater/core/templates/base.html").exists()
    assert (unpacked / "headwater/demo/ministry/people.csv").exists()


def test_it_serves_without_the_repository(unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = Command(tmp_path / "home", free_port())
    command.environment["PYTHONPATH"] = str(unpacked)
    command.environment["PYTHONSAFEPATH"] = "1"
    monkeypatch.chdir(tmp_path)
    process = command.start("up")
    try:
        eventually(lambda: status(command) == 200, 120)
        _status, page = fetched(int(command.environment["HEADWATER_PORT"]), "/accounts/login/")
        assets = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
        assert assets
        for asset in assets:
            assert status(command, asset) == 200
    finally:
        process.terminate()
        process.communicate(timeout=60)
        remove_cluster(tmp_path / "home")
