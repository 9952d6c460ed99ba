"""People: coming, changing, being away, leaving."""

from datetime import date, time
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, Refused, action, note, require
from headwater.core.models import Classification, Organisation, User
from headwater.core.wall import current_organisation_id
from headwater.people import leaving, membership, rules
from headwater.people.checking import keep
from headwater.people.days import today
from headwater.people.models import Absence, Departure, OtherUnit, Person, PersonRole, PersonTag, Role, Unit

# What people change about themselves; the rest is their administrator's. None of it may be a condition of an
# audience: people would let themselves in, and out of what they must read.
OWN_FIELDS = frozenset({"chosen_language", "timezone", "work_from", "work_until"})
CLEARABLE = frozenset(
    {"email", "number", "unit", "title", "location", "chosen_language", "joined_on", "roles", "other_units"}
)


def _require_people(actor: Actor, *units: Unit | None) -> None:
    for unit in units:
        require(
            rules.may_manage_people(actor, unit),
            _("Only an administrator of that part of the organisation changes its people."),
        )


def require_answer(actor: Actor, person: Person) -> None:
    """Refuse whoever manages the person's unit, and would become by a link, or send away, who outranks them."""
    require(
        rules.may_answer_for(actor, person),
        _(
            "%(name)s has permissions or a clearance beyond yours: only an administrator of the whole organisation "
            "decides how they sign in, and when they leave."
        )
        % {"name": person.name},
    )


def _require_clearance(actor: Actor, person: Person | None, clearance: int) -> None:
    require(
        rules.may_clear(actor, person, clearance),
        _(
            "A clearance holds in the whole organisation: the administrator of a unit gives it up to their own, and "
            "never to themselves. Ask an administrator of the whole organisation."
        ),
    )


@action
def create_person(
    actor: Actor,
    name: str,
    email: str = "",
    number: str = "",
    unit: Unit | None = None,
    other_units: list[Unit] | None = None,
    roles: list[Role] | None = None,
    title: str = "",
    location: str = "",
    language: str = "",
    timezone: str = "",
    clearance: int = Classification.INTERNAL,
    joined_on: date | None = None,
) -> Person:
    """Add a person. They can sign in once they have been invited."""
    _require_people(actor, unit, *(other_units or []))
    _require_clearance(actor, None, clearance)
    person = Person(
        name=name.strip(),
        email=email.strip(),
        number=number.strip(),
        unit=unit,
        title=title.strip(),
        location=location.strip(),
        clearance=clearance,
        joined_on=joined_on or today(),
    )
    _inherit(person, language, timezone)
    check_email(person)
    keep(person)
    _set_links(person, roles, other_units)
    membership.refresh(people=[person])
    return person


def _inherit(person: Person, language: str, zone: str) -> None:
    """Language and time zone are the organisation's where nothing else is said."""
    organisation = Organisation.objects.get(pk=current_organisation_id())
    person.language = language or organisation.language
    person.timezone = zone or organisation.timezone


def check_email(person: Person) -> None:
    """Two members never share an address: it is where they sign in."""
    others = Person.objects.active().filter(email__iexact=person.email).exclude(pk=person.pk)
    if person.email and others.exists():
        raise ValidationError({"email": _("“%(value)s” is taken already.") % {"value": person.email}})


def _set_links(person: Person, roles: list[Role] | None, other_units: list[Unit] | None) -> None:
    if roles is not None:
        PersonRole.objects.filter(person=person).exclude(role__in=roles).delete()
        PersonRole.objects.bulk_create((PersonRole(person=person, role=role) for role in roles), ignore_conflicts=True)
    if other_units is not None:
        units = [unit for unit in other_units if unit != person.unit]
        OtherUnit.objects.filter(person=person).exclude(unit__in=units).delete()
        OtherUnit.objects.bulk_create((OtherUnit(person=person, unit=unit) for unit in units), ignore_conflicts=True)


@action
def change_person(
    actor: Actor,
    person: Person,
    name: str | None = None,
    email: str | None = None,
    number: str | None = None,
    unit: Unit | None = None,
    other_units: list[Unit] | None = None,
    roles: list[Role] | None = None,
    title: str | None = None,
    location: str | None = None,
    language: str | None = None,
    chosen_language: str | None = None,
    timezone: str | None = None,
    work_from: time | None = None,
    work_until: time | None = None,
    clearance: int | None = None,
    joined_on: date | None = None,
    clear: list[str] | None = None,
) -> Person:
    """Change what is known of a person; what is not given stays. `clear` names what becomes empty.

    People choose the language they read in, their time zone and working hours; the rest, also the language and
    location by which audiences select them, is their administrator's.
    """
    given: dict[str, Any] = {
        "name": name, "email": email, "number": number, "unit": unit, "other_units": other_units, "roles": roles,
        "title": title, "location": location, "language": language, "chosen_language": chosen_language,
        "timezone": timezone, "work_from": work_from, "work_until": work_until, "clearance": clearance,
        "joined_on": joined_on,
    }  # fmt: skip
    changes = {field: value for field, value in given.items() if value is not None} | _emptied(clear or [])
    _require_change(actor, person, changes)
    if person.erased_at is not None:
        raise ValidationError(_("This person was erased; nothing more is kept of them."))
    for field, value in changes.items():
        if field not in ("roles", "other_units"):
            setattr(person, field, value.strip() if isinstance(value, str) else value)
    check_email(person)
    keep(person)
    _set_links(person, changes.get("roles"), changes.get("other_units"))
    membership.refresh(people=[person])
    note(fields=sorted(changes))
    return person


def _emptied(fields: list[str]) -> dict[str, Any]:
    unknown = set(fields) - CLEARABLE
    if unknown:
        message = _("These cannot be emptied: %(names)s.") % {"names": ", ".join(sorted(unknown))}
        raise ValidationError({"clear": message})
    empty: dict[str, Any] = {"unit": None, "joined_on": None, "roles": [], "other_units": []}
    return {field: empty.get(field, "") for field in fields}


def _require_change(actor: Actor, person: Person, changes: dict[str, Any]) -> None:
    if actor == person and set(changes) <= OWN_FIELDS:
        require(person.is_active, _("You are not a member at present."))
        return
    units = [person.unit]
    if "unit" in changes:
        units.append(changes["unit"])
    others = changes.get("other_units") or []
    _require_people(actor, *units, *others)
    if changes.get("email", person.email) != person.email:
        require_answer(actor, person)
    if changes.get("clearance", person.clearance) != person.clearance:
        _require_clearance(actor, person, changes["clearance"])


@action
def choose_theme(actor: Actor, theme: str) -> User:
    """Show Headwater light, dark, or as the device does."""
    user = actor.user if isinstance(actor, Person) else None
    if user is None:
        raise Refused(_("Only who signs in chooses a theme."))
    user.theme = theme
    user.clean_fields(exclude={"password"})
    user.save(update_fields=["theme"])
    return user


@action
def tag_person(actor: Actor, person: Person, tag: str) -> Person:
    """Mark a person, so that audiences may select by the mark."""
    _require_people(actor, person.unit)
    mark = PersonTag(person=person, tag=tag.strip())
    mark.clean_fields(exclude={"person"})
    PersonTag.objects.get_or_create(person=person, tag=mark.tag, room="people")
    membership.refresh(people=[person])
    return person


@action
def untag_person(actor: Actor, person: Person, tag: str) -> Person:
    """Take a mark off a person. Marks that other rooms keep stay theirs."""
    _require_people(actor, person.unit)
    gone, _kinds = PersonTag.objects.filter(person=person, tag=tag, room="people").delete()
    if not gone:
        raise ValidationError({"tag": _("%(name)s does not have this mark.") % {"name": person.name}})
    membership.refresh(people=[person])
    return person


# --- Away, leaving, coming back -------------------------------------------------------------------------------------


@action
def record_absence(actor: Actor, person: Person, since: date, until: date, deputy: Person | None = None) -> Absence:
    """Say that a person is away from one day to another, both included, and who stands in."""
    _require_own(actor, person)
    if until < since:
        raise ValidationError({"until": _("The last day lies before the first.")})
    if deputy is not None and (deputy == person or not deputy.is_active):
        raise ValidationError({"deputy": _("Somebody else, who is a member at present, must stand in.")})
    if person.absences.filter(since__lte=until, until__gte=since).exists():
        raise ValidationError({"since": _("An absence is recorded for some of these days already.")})
    absence = Absence.objects.create(person=person, since=since, until=until, deputy=deputy)
    note(person=person.pk, since=since.isoformat(), until=until.isoformat())
    return absence


@action
def remove_absence(actor: Actor, absence: Absence) -> Person:
    """Take back an absence."""
    _require_own(actor, absence.person)
    note(absence=absence.pk)
    absence.delete()
    return absence.person


def _require_own(actor: Actor, person: Person) -> None:
    require(
        rules.may_act_for(actor, person),
        _("Only the person, or an administrator of their unit, does this."),
    )


@action
def end_membership(actor: Actor, person: Person, on: date | None = None, successor: Person | None = None) -> Departure:
    """Let a person leave on a day (default: today), and name who takes over what they own.

    From that day they can read and sign in to nothing here; what they wrote and acknowledged stays. Without a
    successor the head of the unit takes over.
    """
    _require_people(actor, person.unit)
    require_answer(actor, person)
    day = on or today()
    _check_departure(person, day, successor)
    person.left_on, person.successor = day, successor
    keep(person)
    Departure.objects.filter(person=person, settled_at=None).exclude(left_on=day).delete()
    departure, _created = Departure.objects.update_or_create(
        person=person, left_on=day, defaults={"successor": successor, "settled_at": None}
    )
    leaving.settle_departures()
    membership.refresh(people=[person])
    note(person=person.pk, on=day.isoformat(), successor=successor.pk if successor else None)
    departure.refresh_from_db()
    return departure


def _check_departure(person: Person, day: date, successor: Person | None) -> None:
    if successor is not None and (successor == person or not successor.is_active):
        raise ValidationError({"successor": _("Somebody else, who is a member at present, must take over.")})
    if person.joined_on and day < person.joined_on:
        raise ValidationError({"on": _("The person would leave before joining.")})
    if day <= today() and rules.is_last_administrator(person):
        message = _("This is the last administrator. Make somebody else an administrator first.")
        raise ValidationError({"person": message})


@action
def resume_membership(actor: Actor, person: Person) -> Person:
    """A person stays after all, or comes back. What was handed over meanwhile stays with whom it went to."""
    _require_people(actor, person.unit)
    require_answer(actor, person)
    if person.erased_at is not None:
        raise ValidationError(_("This person was erased; add them anew."))
    if person.left_on is None:
        raise ValidationError({"person": _("%(name)s has not left.") % {"name": person.name}})
    check_email(person)
    leaving.settle_departures()  # whoever has left by now did leave, also when nothing has come of it yet
    person.left_on = None
    person.successor = None
    keep(person)
    Departure.objects.filter(person=person, settled_at=None).delete()
    membership.refresh(people=[person])
    return person
