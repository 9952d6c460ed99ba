"""One row of every walled model, with a telling word in every text, so that any leak can be recognised."""

from datetime import date, time
from typing import Any

from django.db import models
from django.utils import timezone

from headwater.core.models import Organisation, User
from headwater.core.wall import organisation_context, walled_models

# What a generated value would not satisfy: the constraints between fields.
SPECIAL: dict[str, dict[str, Any]] = {
    "people.Audience": {"rule": {"everyone": True}},
    "distribute.InterestProfile": {"audience": None, "query": "quetzal"},
    "distribute.Directive": {"query": "", "state": "issued"},
    "distribute.Dispatch": {"digest": None, "notice": None, "directive": None},
    "people.Person": {"left_on": None, "erased_at": None, "joined_on": None, "timezone": "UTC", "language": "en"},
    "gather.Source": {"settings": {"path": "/quetzal"}, "secret": None, "kind": "upload"},
    "search.Entry": {"withdrawn_at": None, "copy_of": None},
    "library.Article": {"trashed_at": None, "captured_from": None},
    "core.Cursor": {"tx": 0},
}


def fill(organisation: Organisation, word: str) -> dict[str, Any]:
    """Make one row of each walled model, in the order their references allow; {label: row}."""
    rows: dict[str, Any] = {}
    waiting = list(walled_models())
    with organisation_context(organisation.pk):
        while waiting:
            ready = [model for model in waiting if _missing(model, rows) == set()]
            assert ready, f"no row can be made of {[model._meta.label for model in waiting]}"
            for model in ready:
                rows[model._meta.label] = model._default_manager.create(**_values(model, rows, word))
                waiting.remove(model)
        _tie(rows)
    return rows


def _missing(model: type[models.Model], rows: dict[str, Any]) -> set[str]:
    needed = {
        field.related_model._meta.label
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and not field.null and field.name != "organisation"
    }
    return needed - set(rows)


def _values(model: type[models.Model], rows: dict[str, Any], word: str) -> dict[str, Any]:
    label = model._meta.label
    special = SPECIAL.get(label, {})
    values: dict[str, Any] = {}
    for field in model._meta.local_fields:
        if field.primary_key or field.name in ("organisation", "tx"):
            continue
        values[field.name] = special[field.name] if field.name in special else _value(field, rows, word)
    return values


def _value(field: "models.Field[Any, Any]", rows: dict[str, Any], word: str) -> Any:
    if isinstance(field, models.ForeignKey):
        return rows.get(field.related_model._meta.label) if field.related_model is not User else None
    if field.choices:
        return next(value for value, _label in field.flatchoices)
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.JSONField):
        return field.get_default()
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    if isinstance(field, models.DateField):
        return date(2026, 1, 2)
    if isinstance(field, models.TimeField):
        return time(9)
    if isinstance(field, models.BinaryField):
        return None if field.null else b"x"
    if isinstance(field, models.IntegerField | models.FloatField):
        return 1
    if isinstance(field, models.EmailField):
        return f"{word.lower()}@example.org"
    if isinstance(field, models.CharField) and field.max_length == 64:
        return (word.lower().encode().hex() * 8)[:64]
    return word.lower() if isinstance(field, models.SlugField) else f"{word} {field.name}"[: field.max_length or 50]


def _tie(rows: dict[str, Any]) -> None:
    """What could only be set once both ends were there."""
    entry = rows["search.Entry"]
    entry.current_version = rows["search.EntryVersion"]
    entry.save()
    unit = rows["people.Unit"]
    unit.parent, unit.path = None, f"/{unit.pk}/"
    unit.save()
    article = rows["library.Article"]
    article.latest = article.published = rows["library.Revision"]
    article.save()
    person = rows["people.Person"]
    person.successor = None
    person.save()


def dump(organisation: Organisation) -> dict[str, list[dict[str, Any]]]:
    """Every row of the organisation, for comparing before and after."""
    with organisation_context(organisation.pk):
        return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in walled_models()}
