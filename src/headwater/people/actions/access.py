"""Who may do what, and how people come in."""

import secrets
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import OPERATOR, Actor, Refused, action, note, require
from headwater.core.models import Organisation, User
from headwater.core.secret import digest
from headwater.core.wall import current_organisation_id, organisation_context
from headwater.people import accounts, membership, rules
from headwater.people.actions.persons import require_answer
from headwater.people.audiences import EVERYONE
from headwater.people.checking import is_language, is_zone, keep
from headwater.people.invitations import (
    INVITED_FOR,
    RESET_FOR,
    link_of,
    new_invitation,
    open_invitation,
    was_mailed,
)
from headwater.people.models import ApiToken, Audience, Grant, Invitation, Permission, Person, Unit

MOST_TOKENS = 50


# --- Permissions ------------------------------------------------------------------------------------------------------


def _require_grant(actor: Actor, unit: Unit | None) -> None:
    require(
        rules.may_grant(actor, unit),
        _("Only an administrator of that part of the organisation gives and takes permissions there."),
    )


@action
def grant_permission(actor: Actor, person: Person, permission: Permission, unit: Unit | None = None) -> Grant:
    """Give a person a permission, in a unit and below or (no unit) in the whole organisation.

    A link of theirs that was made before stops working: whoever has it would come by it to more than it was made for.
    """
    _require_grant(actor, unit)
    if permission not in Permission.values:
        raise ValidationError({"permission": _("There is no permission “%(value)s”.") % {"value": permission}})
    if not person.is_active:
        raise ValidationError({"person": _("%(name)s is not a member at present.") % {"name": person.name}})
    grant, _created = Grant.objects.get_or_create(person=person, permission=permission, unit=unit)
    note(person=person.pk, permission=str(permission), unit=unit.pk if unit else None)
    return grant


@action
def revoke_permission(actor: Actor, grant: Grant) -> Person:
    """Take a permission away. The last administrator keeps theirs."""
    _require_grant(actor, grant.unit)
    is_whole = grant.permission == Permission.ADMINISTRATOR and grant.unit is None
    if is_whole and rules.is_last_administrator(grant.person):
        raise ValidationError(
            {"grant": _("This is the last administrator. Make somebody else an administrator first.")}
        )
    note(person=grant.person_id, permission=grant.permission, unit=grant.unit_id)
    grant.delete()
    return grant.person


# --- Coming in --------------------------------------------------------------------------------------------------------


@action
def invite_person(actor: Actor, person: Person, by_mail: bool = True) -> str:
    """Make the link by which a person sets a password and comes in; mail it too. Works without mail: copy the link."""
    require(
        rules.may_manage_people(actor, person.unit),
        _("Only an administrator of that part of the organisation invites its people."),
    )
    require_answer(actor, person)
    _check_invitable(person)
    if person.user_id is not None and person.user is not None and person.user.has_usable_password():
        raise ValidationError(
            {"person": _("%(name)s has an account already; make a reset link instead.") % {"name": person.name}}
        )
    return _link(person, INVITED_FOR, by_mail)


def _check_invitable(person: Person) -> None:
    if not person.is_active:
        raise ValidationError({"person": _("%(name)s is not a member at present.") % {"name": person.name}})
    if not person.email:
        message = _("%(name)s has no address; it is what they sign in with. Add one first.")
        raise ValidationError({"person": message % {"name": person.name}})


def _link(person: Person, lasts: timedelta, by_mail: bool) -> str:
    from headwater.people.jobs import mail_invitation

    invitation = new_invitation(person, lasts)
    note(invitation=invitation.pk, mailed=by_mail)
    if by_mail:
        mail_invitation.defer(organisation_id=invitation.organisation_id, invitation_id=invitation.pk)
    return link_of(invitation)


@action
def reset_password(actor: Actor, person: Person, by_mail: bool = False) -> str:
    """Make the link by which somebody who forgot their password sets a new one, within a day."""
    require(
        rules.may_manage_people(actor, person.unit),
        _("Only an administrator of that part of the organisation makes reset links."),
    )
    require_answer(actor, person)
    _check_invitable(person)
    if person.user is None:
        raise ValidationError({"person": _("%(name)s has no account yet; invite them.") % {"name": person.name}})
    return _link(person, RESET_FOR, by_mail)


@action
def accept_invitation(
    actor: Person, token: str, password: str = "", user: User | None = None, mailed: str = ""
) -> Person:
    """Set one's password by a link, or (as `user`, whom the door has recognised) join with an account one has already.

    `actor` is the person whom the link names. An account that somebody has already is never taken over by a link:
    whoever opens it signs in with that account first. `mailed` is the mark of a link that was opened in a mail.
    """
    invitation = open_invitation(token)
    if invitation is None or invitation.person != actor:
        message = _(
            "This link was used already, has expired, was replaced by a newer one, or you have other permissions "
            "by now. Ask for another."
        )
        raise Refused(message)
    account = user or actor.user or _new_account(actor)
    is_signed_in = user is not None and not password
    was_owners = is_signed_in or account.is_proved
    if not is_signed_in:
        _follow_address(account, actor)
        _set_password(account, password)
    _check_one_person(account, actor)
    if was_mailed(invitation, mailed) and account.email == actor.email.lower():
        accounts.prove_address(account, was_owners)
    elif actor.user is None and not was_owners:  # left behind by whoever made it: nobody's person has it
        accounts.drop_second_factors(account)
    actor.user = account
    keep(actor)
    Invitation.objects.filter(pk=invitation.pk).update(used_at=timezone.now())
    note(invitation=invitation.pk)
    return actor


def _new_account(person: Person) -> User:
    if User.objects.filter(email__iexact=person.email).exists():
        raise Refused(_("There is an account with this address already. Sign in with it, then open the link again."))
    return User(email=person.email.lower(), name=person.name)


def _follow_address(account: User, person: Person) -> None:
    """A changed address is what the person signs in with from the next link on, unless another account has it."""
    email = person.email.lower()
    if email and not User.objects.filter(email__iexact=email).exclude(pk=account.pk).exists():
        account.email = email


def _set_password(account: User, password: str) -> None:
    """By a link of which nobody knows yet whether its owner has it: a proof from before no longer holds."""
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
    account.set_password(password)
    account.proved_email = ""
    account.save()


def _check_one_person(account: User, person: Person) -> None:
    if Person.objects.filter(user=account).exclude(pk=person.pk).exists():
        message = _(
            "The account with this address belongs to another person of the organisation. If their address has "
            "changed, make them a reset link first: from then on their account has their new one."
        )
        raise ValidationError({"user": message})


@action
def appoint_administrator(actor: Actor, email: str, name: str = "") -> str:
    """Make the person with that address an administrator of the whole organisation, and give the link to come in."""
    require(rules.may_administer(actor), _("Only an administrator appoints another one."))
    person = Person.objects.active().filter(email__iexact=email).first()
    if person is None:
        person = Person(name=name or email.partition("@")[0], email=email.strip())
        _inherit(person)
        keep(person)
        membership.refresh(people=[person])
    Grant.objects.get_or_create(person=person, permission=Permission.ADMINISTRATOR, unit=None)
    note(person=person.pk)
    return _link(person, INVITED_FOR, by_mail=False)


def _inherit(person: Person) -> None:
    organisation = Organisation.objects.get(pk=current_organisation_id())
    person.language, person.timezone = organisation.language, organisation.timezone


def found_organisation(
    name: str,
    slug: str,
    admin_email: str,
    language: str = "en",
    timezone: str = "UTC",
    is_demonstration: bool = False,
    admin_name: str = "",
) -> tuple[Organisation, str]:
    """Begin an organisation: itself, an audience of everyone, and the one-time link of its first administrator.

    Called outside every organisation. Raises `ValidationError` by field.
    """
    organisation = Organisation(
        name=name.strip(), slug=slug, language=language, timezone=timezone, is_demonstration=is_demonstration
    )
    organisation.full_clean()
    if not is_language(language):
        raise ValidationError({"language": _("“%(code)s” is no language code.") % {"code": language}})
    if not is_zone(timezone):
        raise ValidationError({"timezone": _("“%(name)s” is no time zone.") % {"name": timezone}})
    with transaction.atomic():
        organisation.save()
        with organisation_context(organisation.pk):
            Audience.objects.create(slug="everyone", name=_("Everyone"), rule=EVERYONE)
            link = appoint_administrator(OPERATOR, admin_email, admin_name)
    return organisation, link


# --- Tokens -----------------------------------------------------------------------------------------------------------


@action
def create_token(actor: Person, name: str, scope: str = ApiToken.Scope.READ, days: int = 365) -> str:
    """Make a token with which programs act as you in the API. It is shown once; only its checksum is kept."""
    require(isinstance(actor, Person) and actor.is_active, _("Only people have tokens; each makes their own."))
    if not 1 <= days <= 3650:
        raise ValidationError({"days": _("A token lasts from one day to ten years.")})
    now = timezone.now()
    if actor.tokens.filter(revoked_at=None, expires_at__gt=now).count() >= MOST_TOKENS:
        raise ValidationError({"name": _("You have %(most)s tokens: revoke one first.") % {"most": MOST_TOKENS}})
    secret = f"hw_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        person=actor, name=name.strip(), digest=digest(secret), scope=scope, expires_at=now + timedelta(days=days)
    )
    keep(token)
    note(token=token.pk, scope=token.scope)
    return secret


@action
def revoke_token(actor: Actor, token: ApiToken) -> ApiToken:
    """End a token at once."""
    require(
        rules.may_act_for(actor, token.person),
        _("Only the person, or an administrator of their unit, revokes a token."),
    )
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
    return token
