"""`python -m bench` without the real data."""

from pathlib import Path

import pytest
from bench.__main__ import main


@pytest.mark.parametrize("name", ["filtering", "who_should_know", "search_quality", "owners_replay"])
def test_a_measurement_that_needs_real_data_says_so_in_a_line(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEADWATER_DATA", str(tmp_path))
    assert main([name]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{name}: not measured, needs ")
    assert said.err.count("\n") == 1
