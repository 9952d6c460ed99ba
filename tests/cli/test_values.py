"""Words of the command line become the values that verbs take."""

import enum
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.cli.errors import CommandFailed
from headwater.cli.output import as_data
from headwater.cli.values import describe, read_value
from headwater.core.models import Organisation
from headwater.people.models import Person, Unit


class Colour(enum.StrEnum):
    RED = "r"
    GREEN = "g"


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "words", "words"),
        (str, "12", "12"),
        (int, "-3", -3),
        (float, "2.5", 2.5),
        (bool, "yes", True),
        (bool, "FALSE", False),
        (date, "2026-01-31", date(2026, 1, 31)),
        (datetime, "2026-01-31T09:00+00:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        (Colour, "g", Colour.GREEN),
        (Colour, "red", Colour.RED),
        (list[int], "1,2,3", [1, 2, 3]),
        (list[str], '["a, b", "c"]', ["a, b", "c"]),
        (list[str], "", []),
        (dict[str, Any], '{"everyone": true}', {"everyone": True}),
        (int | None, "7", 7),
        (int | None, "", None),
        (date | None, "2026-01-31", date(2026, 1, 31)),
        (str | None, "", ""),
    ],
)
def test_values(annotation: Any, text: str, value: Any) -> None:
    assert read_value("x", annotation, text) == value


@pytest.mark.parametrize(
    ("annotation", "text"), [(int, "three"), (bool, "perhaps"), (date, "soon"), (Colour, "blue"), (dict, "{")]
)
def test_what_does_not_fit_names_what_would(annotation: Any, text: str) -> None:
    with pytest.raises(CommandFailed, match=r"^x='.*' is not ") as failure:
        read_value("x", annotation, text)
    assert failure.value.code == 2
    assert describe(annotation)


@given(st.integers(), st.floats(allow_nan=False), st.booleans(), st.dates())
def test_what_is_printed_is_read_back(number: int, fraction: float, flag: bool, day: date) -> None:
    for value in (number, fraction, flag, day):
        assert read_value("x", type(value), str(as_data(value))) == value


def test_files(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("long words")
    (tmp_path / "bytes").write_bytes(b"\0\1")
    assert read_value("x", str, f"@{tmp_path / 'text'}") == "long words"
    assert read_value("x", bytes, str(tmp_path / "bytes")) == b"\0\1"
    assert read_value("x", Path, str(tmp_path / "bytes")) == tmp_path / "bytes"
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    with pytest.raises(CommandFailed, match="is not text: 'utf-8' codec"):
        read_value("x", str, f"@{tmp_path / 'latin'}")
    with pytest.raises(CommandFailed, match="NUL"):
        read_value("x", str, f"@{tmp_path / 'bytes'}")
    with pytest.raises(CommandFailed, match="is not"):
        read_value("x", list[int], "[" * 100_000)


def test_records_by_number_slug_address_or_name(organisation: Organisation, unit: Unit, ines: Person) -> None:
    assert read_value("x", Unit, str(unit.pk)) == unit
    assert read_value("x", Unit, "drainage") == unit
    assert read_value("x", Person | None, "ines@waterworks.example") == ines
    assert read_value("x", list[Person], f"{ines.pk},Ines") == [ines, ines]
    with pytest.raises(CommandFailed, match="no such record"):
        read_value("x", Person, "Nobody")
    Person.objects.create(name="Ines", email="other@waterworks.example")
    with pytest.raises(CommandFailed, match="several"):
        read_value("x", Person, "ines")


def test_records_are_printed_as_kind_number_and_name(organisation: Organisation, unit: Unit) -> None:
    assert as_data(unit) == {"kind": "people.unit", "id": unit.pk, "name": "Drainage"}
    assert as_data([unit, None, {"at": date(2026, 1, 1)}])[1:] == [None, {"at": "2026-01-01"}]
