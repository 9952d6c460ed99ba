"""What commands print: readable lines, or one JSON value with --json."""

import dataclasses
import enum
import json
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID


def print_data(data: Any, as_json: bool) -> None:
    """Print to standard output. Nothing is printed for nothing, except as JSON."""
    if as_json:
        sys.stdout.write(json.dumps(data, ensure_ascii=False, default=str) + "\n")
    elif isinstance(data, list):
        for item in data:
            print_data(item, as_json=False)
    elif isinstance(data, dict):
        sys.stdout.write("  ".join(f"{name}={_word(value)}" for name, value in data.items()) + "\n")
    elif data is not None:
        sys.stdout.write(f"{data}\n")


def _word(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)


def as_data(value: Any, named: Callable[[Any], str] = str) -> Any:
    """Whatever an action returned, as plain data: a record becomes its kind, number and name (as `named` says it)."""
    if value is None or isinstance(value, str | int | float):
        return value.value if isinstance(value, enum.Enum) else value
    if hasattr(value, "_meta") and hasattr(value, "pk"):
        return {"kind": value._meta.label_lower, "id": value.pk, "name": named(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_data(getattr(value, field.name), named) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): as_data(item, named) for name, item in value.items()}
    if isinstance(value, list | tuple | set) or hasattr(value, "iterator"):
        return [as_data(item, named) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value) if isinstance(value, Path | UUID | enum.Enum) else repr(value)
