"""How errors are said at the command line."""

from pathlib import Path

import pytest

from headwater.cli.errors import CommandFailed, said


def test_what_the_system_refuses_is_said_with_and_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "none").read_text()
    assert said(missing.value) == f"No such file or directory: {tmp_path / 'none'}"
    with pytest.raises(OSError, match="No space") as full, Path("/dev/full").open("w") as file:
        file.write("x")
    assert said(full.value) == "No space left on device"
    assert said(TimeoutError()) == "TimeoutError"
    assert said(ConnectionError("it closed")) == "it closed"


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    assert said(CommandFailed("Refused.")) == "Refused."
    assert said(KeyError("format")) is None
