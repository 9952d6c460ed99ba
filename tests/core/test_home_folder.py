"""The home folder: where it is, what is private in it, and the environment made from it."""

import os
from pathlib import Path

import pytest

from headwater.core import home_folder
from headwater.core.home_folder import (
    installation_choices,
    make_home_folder,
    prepare_environment,
    remember_choice,
    secret_key,
)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "mine"))
    assert home_folder.home_folder() == tmp_path / "mine"
    monkeypatch.delenv("HEADWATER_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert home_folder.home_folder() == tmp_path / "data" / "headwater"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_folder.home_folder() == tmp_path / ".local" / "share" / "headwater"


def test_it_and_its_key_are_private_and_the_key_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "mine"))
    home = make_home_folder()
    assert home.stat().st_mode & 0o077 == 0
    key = secret_key(home)
    assert len(key) > 40
    assert secret_key(home) == key
    assert (home / "keys.json").stat().st_mode & 0o077 == 0


def test_choices_are_remembered_together(tmp_path: Path) -> None:
    assert installation_choices(tmp_path) == {}
    remember_choice(tmp_path, demo=True)
    remember_choice(tmp_path, founded=True)
    assert installation_choices(tmp_path) == {"demo": True, "founded": True}


def test_with_a_server_the_environment_hides_the_owner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "mine"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://headwater_app@server/headwater")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://headwater_owner@server/headwater")
    monkeypatch.delenv("HEADWATER_SECRET_KEY", raising=False)
    monkeypatch.delenv("HEADWATER_DEMO", raising=False)
    with prepare_environment() as installation:
        assert installation.cluster is None
        assert "DATABASE_OWNER_URL" not in os.environ
        assert installation.migrating_environment()["DATABASE_OWNER_URL"].startswith("postgresql://headwater_owner@")
        assert os.environ["HEADWATER_SECRET_KEY"] == secret_key(tmp_path / "mine")
        assert os.environ["HEADWATER_DEMO"] == "0"
