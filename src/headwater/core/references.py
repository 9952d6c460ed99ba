"""How the API names one thing in the description of another: by its number, or by its slug where it has one.

The same holds at the command line. A reference to nothing, or to something the asker may not see, is refused with the
field it stands in.
"""

from collections.abc import Iterable
from typing import Annotated, Any, NoReturn, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from ninja import Field

from headwater.core.typed import read_number

M = TypeVar("M", bound=Model)

Id = Annotated[int, Field(ge=0, le=2**63 - 1)]
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Reference = Id | Text


class UnknownReference(ValidationError):
    """A field names something that is not there, or not for the asker. The API answers 422."""


def referred(rows: QuerySet[M] | type[M], given: int | str | None, field: str) -> M | None:
    """What a field refers to, by number or slug, among these rows; None for None and for an empty text.

    Raises `UnknownReference` with the field.
    """
    return None if given is None or given == "" else required(rows, given, field)


def required(rows: QuerySet[M] | type[M], given: int | str, field: str) -> M:
    """The same for a field that must name something."""
    found = _look(rows if isinstance(rows, QuerySet) else rows._default_manager.all(), given)
    return found if found is not None else refuse_reference(given, field)


def refuse_reference(given: int | str, field: str) -> NoReturn:
    """Say that a field names nothing that the asker may refer to."""
    raise UnknownReference({field: _("There is nothing named “%s” that you may refer to here.") % given})


def referred_all(rows: QuerySet[M] | type[M], given: Iterable[int | str], field: str) -> list[M]:
    """What each of a list of references refers to."""
    return [required(rows, each, field) for each in given]


def _look(rows: QuerySet[M], given: int | str) -> M | None:
    if isinstance(given, str) and _has_slug(rows.model):
        found: Any = rows.filter(slug=given).first()
        if found is not None:
            return found
    number = read_number(given) if isinstance(given, str) else given
    return rows.filter(pk=number).first() if number is not None else None


def _has_slug(model: type[Model]) -> bool:
    try:
        model._meta.get_field("slug")
    except FieldDoesNotExist:
        return False
    return True
