"""Checking values before they are kept: what the fields allow, and what must be there only once."""

import zoneinfo
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import UniqueConstraint
from django.utils.text import slugify
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from headwater.people.models import Person

# Rows that point at others are given as rows by the caller, so that they need no second look.
LINKS = (models.ForeignKey, models.ManyToManyField)


def check_fields(instance: models.Model) -> None:
    """Raise `ValidationError` by field for what a single row can tell: lengths, choices, addresses, dates."""
    links = {field.name for field in instance._meta.get_fields() if isinstance(field, LINKS)}
    links |= {field.name for field in instance._meta.fields if field.null and getattr(instance, field.attname) is None}
    errors: dict[str, Any] = {}
    try:
        instance.clean_fields(exclude=links)
    except ValidationError as error:
        errors.update(error.error_dict)
    if isinstance(instance, Person):
        errors.update(person_errors(instance))
    if errors:
        raise ValidationError(errors)


def person_errors(person: Person) -> dict[str, Any]:
    """What is wrong with a person beyond single fields: zone, language, hours, dates; by field."""
    errors: dict[str, Any] = {}
    if not is_zone(person.timezone):
        errors["timezone"] = _("“%(name)s” is no time zone; write for example Africa/Nairobi.") % {
            "name": person.timezone
        }
    for field in ("language", "chosen_language"):
        code = getattr(person, field)
        if not is_language(code) and (code or field == "language"):
            errors[field] = _("“%(code)s” is no language code; write for example en or fr.") % {"code": code}
    if person.joined_on and person.left_on and person.left_on < person.joined_on:
        errors["left_on"] = _("The person would leave before joining.")
    if not person.name.strip():
        errors["name"] = _("A name is needed.")
    return errors


@cache
def zones() -> frozenset[str]:
    """The time zones that this computer knows; reading them takes a walk over its files."""
    return frozenset(zoneinfo.available_timezones())


def is_zone(name: str) -> bool:
    """Whether the computer knows this time zone."""
    return name in zones()


def is_language(code: str) -> bool:
    """Whether this is the code of a language (zh-hans, fr, fr-CA)."""
    try:
        get_language_info(code.lower())
    except KeyError:
        return False
    return True


def keep(instance: models.Model) -> None:
    """Check and save. Raises `ValidationError` by field, also for a slug or number that somebody else has."""
    check_fields(instance)
    for constraint in instance._meta.constraints:
        if isinstance(constraint, UniqueConstraint) and constraint.fields[0] == "organisation":
            _check_unique(instance, constraint.fields[1])
    instance.save()


def _check_unique(instance: models.Model, field: str) -> None:
    value = getattr(instance, field)
    if field == "user" or value in ("", None):
        return
    if type(instance)._default_manager.filter(**{field: value}).exclude(pk=instance.pk).exists():
        raise ValidationError({field: _("“%(value)s” is taken already.") % {"value": value}})


def free_slug(model: type[models.Model], name: str, wanted: str = "") -> str:
    """A slug that nothing else of the organisation has: the wanted one as it is, else one made from the name."""
    if wanted:
        return wanted
    base = slugify(name)[:70] or model._meta.model_name or "x"
    taken = set(model._default_manager.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for n in range(len(taken) + 1) if (slug := f"{base}-{n + 1}" if n else base) not in taken)
