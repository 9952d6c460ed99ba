"""How errors are said at the command line."""

from pathlib import Path

import pytest

from headwater.cli import errors
from headwater.cli.errors import CommandFailed, said


def test_what_the_system_refuses_is_said_with_and_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "none").read_text()
    assert said(missing.value) == f"No such file or directory: {tmp_path / 'none'}"
    with pytest.raises(OSError, match="No space") as full, Path("/dev/full").open("w") as file:
        file.write("x")
    assert str(said(full.value)).startswith("A disk is full: No space left on device. What was kept is untouched.")
    monkeypatch.setattr(errors, "LEAST_FREE", float("inf"))
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path))
    assert str(said(full.value)).startswith(f"The disk of {tmp_path} is full: No space left on device. ")
    assert said(TimeoutError()) == "TimeoutError"
    assert said(ConnectionError("it closed")) == "it closed"


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    assert said(CommandFailed("Refused.")) == "Refused."
    assert said(KeyError("format")) is None
