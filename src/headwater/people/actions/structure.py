"""The tree of units, and the list of job roles."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, ProtectedError, Value
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.people import membership, rules
from headwater.people.audiences import using
from headwater.people.checking import free_slug, keep
from headwater.people.models import Person, Role, Unit
from headwater.people.notices import settle

DEEPEST = 20


def _require_structure(actor: Actor, unit: Unit | None) -> None:
    require(
        rules.may_manage_structure(actor, unit),
        _("Only an administrator of that part of the organisation changes its units."),
    )


@action
def create_unit(
    actor: Actor,
    name: str,
    slug: str = "",
    parent: Unit | None = None,
    head: Person | None = None,
    deputy: Person | None = None,
) -> Unit:
    """Make a unit under another one, or at the top."""
    _require_structure(actor, parent)
    membership.lock()
    unit = Unit(slug=free_slug(Unit, name, slug), name=name.strip(), parent=parent)
    _check_leaders(unit, head, deputy)
    keep(unit)
    _place(unit, parent)
    note(parent=parent.pk if parent else None)
    return unit


def _place(unit: Unit, parent: Unit | None) -> None:
    """Write the unit's path: the ids from the root down."""
    if parent is not None:
        parent.refresh_from_db(fields=["path"])
    unit.path = f"{parent.path if parent else '/'}{unit.pk}/"
    if unit.path.count("/") > DEEPEST + 1:
        raise ValidationError({"parent": _("Units lie at most %(deepest)s deep.") % {"deepest": DEEPEST}})
    unit.save(update_fields=["path"])


def _check_leaders(unit: Unit, head: Person | None, deputy: Person | None) -> None:
    for field, person in (("head", head), ("deputy", deputy)):
        if person is not None and not person.is_active:
            raise ValidationError({field: _("%(name)s is not a member at present.") % {"name": person.name}})
    if head is not None and head == deputy:
        raise ValidationError({"deputy": _("Head and deputy are two people.")})
    unit.head, unit.deputy = head, deputy


@action
def rename_unit(actor: Actor, unit: Unit, name: str) -> Unit:
    """Give a unit another name. Its slug stays, so rules and links that name it hold."""
    _require_structure(actor, unit)
    unit.name = name.strip()
    keep(unit)
    return unit


@action
def move_unit(actor: Actor, unit: Unit, parent: Unit | None = None) -> Unit:
    """Put a unit with everything below it under another one (none: at the top)."""
    _require_structure(actor, unit.parent)
    _require_structure(actor, parent)
    membership.lock()
    unit.refresh_from_db()
    if parent is not None:
        parent.refresh_from_db()
        if parent.path.startswith(unit.path):
            raise ValidationError({"parent": _("A unit cannot lie below itself.")})
    old = unit.path
    deepest = max(path.count("/") for path in Unit.objects.below(unit).values_list("path", flat=True))
    new = f"{parent.path if parent else '/'}{unit.pk}/"
    if deepest - old.count("/") + new.count("/") > DEEPEST + 1:
        raise ValidationError({"parent": _("Units lie at most %(deepest)s deep.") % {"deepest": DEEPEST}})
    Unit.objects.below(unit).update(path=Concat(Value(new), Substr(F("path"), len(old) + 1)))
    unit.parent, unit.path = parent, new
    unit.save(update_fields=["parent"])
    membership.refresh()
    note(parent=parent.pk if parent else None)
    return unit


@action
def set_unit_head(actor: Actor, unit: Unit, head: Person | None = None, deputy: Person | None = None) -> Unit:
    """Say who heads a unit and who stands in; reminders go to the head when staff do not answer."""
    _require_structure(actor, unit)
    _check_leaders(unit, head, deputy)
    unit.save(update_fields=["head", "deputy"])
    if head is not None:
        settle(f"unit-without-head:{unit.pk}")
    note(head=head.pk if head else None, deputy=deputy.pk if deputy else None)
    return unit


@action
def remove_unit(actor: Actor, unit: Unit) -> None:
    """Remove a unit that is empty and that no audience names."""
    _require_structure(actor, unit.parent)
    if unit.children.exists():
        raise ValidationError({"unit": _("It has units below it: move or remove them first.")})
    if unit.people.exists():
        raise ValidationError({"unit": _("It has people, perhaps some who left: move them to another unit first.")})
    _refuse_when_named("unit", unit)
    note(unit=unit.pk)
    _delete(unit)
    membership.refresh()


def _refuse_when_named(kind: str, thing: Unit | Role) -> None:
    named = using(kind, thing.slug)
    if named:
        names = ", ".join(f"“{audience.name}”" for audience in named)
        raise ValidationError({kind: _("These audiences name it: %(names)s. Change them first.") % {"names": names}})


def _delete(thing: models.Model) -> None:
    try:
        thing.delete()
    except ProtectedError as error:
        kinds = sorted({str(row._meta.verbose_name_plural) for row in error.protected_objects})
        message = _("It is still used by %(kinds)s: change those first.") % {"kinds": ", ".join(kinds)}
        raise ValidationError({thing._meta.model_name or "__all__": message}) from error


@action
def create_role(actor: Actor, name: str, slug: str = "") -> Role:
    """Add a job role."""
    _require_roles(actor)
    role = Role(slug=free_slug(Role, name, slug), name=name.strip())
    keep(role)
    return role


@action
def rename_role(actor: Actor, role: Role, name: str) -> Role:
    """Give a job role another name."""
    _require_roles(actor)
    role.name = name.strip()
    keep(role)
    return role


@action
def remove_role(actor: Actor, role: Role) -> None:
    """Remove a job role that no audience names; people who had it have it no more."""
    _require_roles(actor)
    _refuse_when_named("role", role)
    note(role=role.pk)
    _delete(role)


def _require_roles(actor: Actor) -> None:
    require(rules.may_manage_structure(actor), _("Only an administrator changes the list of roles."))
