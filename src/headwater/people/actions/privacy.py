"""What is held about a person: seeing it, and having it erased."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, Refused, action, note, require
from headwater.core.models import User
from headwater.people import membership, rules
from headwater.people.held import held_about, offered
from headwater.people.models import Person


@action
def export_own_data(actor: Person) -> dict[str, Any]:
    """Everything that is held about you, by room, as plain values."""
    if not isinstance(actor, Person):
        raise Refused(_("Only a person has data of their own; say who with --as."))
    return held_about(actor)


@action
def erase_person(actor: Actor, person: Person) -> Person:
    """Put a number in place of somebody who left: name, address and all that is personal go, records stay.

    Acknowledgements, articles and the audit log are records: they stay, and point at the pseudonym. What forbids
    erasure (records duty, a hold, a membership that lasts) is said, and then nothing is changed.
    """
    require(rules.may_administer(actor), _("Only an administrator of the whole organisation erases people."))
    if person.erased_at is not None:
        raise ValidationError({"person": _("This person was erased already.")})
    reasons = [reason for _room, function in offered("forbids_erasure") for reason in function(person)]
    if reasons:
        raise ValidationError({"person": reasons})
    for _room, forget in offered("forget"):
        forget(person)
    user = person.user
    _pseudonymise(person)
    membership.refresh(people=[person])
    note(person=person.pk, account_removed=user is not None and _remove_account(user))
    return person


def _pseudonymise(person: Person) -> None:
    person.name = _("Former member %(number)s") % {"number": person.pk}
    person.email = person.number = person.title = person.location = ""
    person.user = person.successor = None
    person.joined_on = None
    person.erased_at = timezone.now()
    person.save()


def _remove_account(user: User) -> bool:
    """Remove the account too, unless it belongs to a person of another organisation (which only the database sees)."""
    try:
        with transaction.atomic():
            user.delete()
            connection.check_constraints()  # now, and not when the transaction ends
    except IntegrityError:
        return False
    return True
