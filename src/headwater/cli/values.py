"""Words of the command line as the values that an action's annotations ask for."""

import enum
import json
import types
import typing
from datetime import date, datetime
from pathlib import Path
from typing import Any

from headwater.cli.errors import CommandFailed
from headwater.core.typed import read_number

YES, NO = {"yes", "true", "1", "on"}, {"no", "false", "0", "off"}


def read_value(name: str, annotation: Any, text: str) -> Any:
    """The value that `text` means for this annotation; `@FILE` reads it from a file.

    Records are given by number, or by their slug, reference or mail address. Raises CommandFailed (2).
    """
    if annotation in (bytes, Path) or bytes in typing.get_args(annotation):
        return _file(annotation, text)
    try:
        return _read(annotation, _text(text[1:]) if text.startswith("@") else text)
    except (RecursionError, ValueError, TypeError, LookupError) as error:
        raise CommandFailed(f"{name}={text[:80]!r} is not {describe(annotation)}: {error}", code=2) from error


def describe(annotation: Any) -> str:
    """An annotation in words, for `--explain` and for errors."""
    options = _options(annotation)
    if len(options) > 1:
        return " or ".join(describe(option) for option in options)
    annotation = options[0]
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (list, tuple, set):
        return f"a list of {describe(inner[0]) if inner else 'values'} (with commas, or JSON)"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return "one of " + ", ".join(str(member.value) for member in annotation)
    plain = {str: "text", int: "a number", float: "a number", bool: "yes or no", bytes: "a file", Path: "a file"}
    plain |= {date: "a date (2026-01-31)", datetime: "a moment (2026-01-31T09:00+00:00)"}
    if _is_model(annotation):
        return f"a {annotation._meta.verbose_name} (number or name)"
    return plain.get(annotation, "JSON")


def _options(annotation: Any) -> list[Any]:
    """The alternatives of a union, without None."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [option for option in typing.get_args(annotation) if option is not type(None)]
    return [annotation]


def _text(path: str) -> str:
    """What a file says. Raises ValueError when it is no text, or one that cannot be kept."""
    text = Path(path).read_text(encoding="utf-8")
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    return text


def _file(annotation: Any, text: str) -> Any:
    path = Path(text.removeprefix("@"))
    return path if annotation is Path else path.read_bytes()


def _read(annotation: Any, text: str) -> Any:
    options = _options(annotation)
    if text == "" and options != [annotation] and str not in options:
        return None
    for option in options[:-1]:
        try:
            return _read_one(option, text)
        except (ValueError, LookupError):
            continue
    return _read_one(options[-1], text)


def _read_one(annotation: Any, text: str) -> Any:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (list, tuple, set):
        words = json.loads(text) if text.startswith("[") else [word for word in text.split(",") if word]
        return origin(_item(inner[0] if inner else str, word) for word in words)
    if _is_model(annotation):
        return _record(annotation, text)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _member(annotation, text)
    readers: dict[Any, Any] = {str: str, int: int, float: float, bool: _yes_or_no}
    readers |= {date: date.fromisoformat, datetime: datetime.fromisoformat}
    return readers.get(annotation, json.loads)(text)


def _item(annotation: Any, word: Any) -> Any:
    return _read_one(annotation, word) if isinstance(word, str) else _read_one(annotation, json.dumps(word))


def _yes_or_no(text: str) -> bool:
    if text.lower() in YES | NO:
        return text.lower() in YES
    raise ValueError("say yes or no")


def _member(annotation: type[enum.Enum], text: str) -> Any:
    for member in annotation:
        if text in (str(member.value), member.name, member.name.lower()):
            return member
    raise ValueError("there is no such choice")


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and hasattr(annotation, "_meta") and hasattr(annotation, "objects")


def _record(model: Any, text: str) -> Any:
    """A record by number, or by the field that names it to people."""
    fields = {field.name for field in model._meta.get_fields()}
    number = read_number(text)
    if number is not None:
        found = list(model._default_manager.filter(pk=number))
    else:
        naming = [name for name in ("slug", "reference", "email", "name", "title") if name in fields]
        found = next((hits for name in naming if (hits := list(_named(model, name, text)))), [])
    if len(found) == 1:
        return found[0]
    raise LookupError("there is no such record" if not found else "there are several; give the number")


def _named(model: Any, field: str, text: str) -> Any:
    return model._default_manager.filter(**{f"{field}__iexact": text})[:2]
