"""The verbs about reaching a person: what they prefer, their channels, their private feed."""

import secrets
from datetime import time

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.secret import decrypt, digest, encrypt
from headwater.distribute import confirming
from headwater.distribute.channels import chat, webhook
from headwater.distribute.channels.outgoing import Refusal
from headwater.distribute.models import Channel, Dispatch, Preference, PrivateFeed
from headwater.people.models import Person
from headwater.people.rules import is_system

MOST_PUSHES = 100
MOST_CHANNELS = 10
LABEL = 100  # letters


def require_own(actor: Actor, person: Person) -> None:
    """Only people themselves decide how they are reached."""
    require(is_system(actor) or actor == person, _("Only the person decides how they are reached."))


@action
def change_preferences(
    actor: Actor,
    person: Person,
    digest_at: time | None = None,
    weekly_on: int | None = None,
    quiet_from: time | None = None,
    quiet_until: time | None = None,
    budget: int | None = None,
) -> Preference:
    """Set a person's digest hour, weekly day, quiet hours (none: switched off) and attention budget."""
    require_own(actor, person)
    if (quiet_from is None) != (quiet_until is None):
        raise ValidationError({"quiet_until": _("Quiet hours need a beginning and an end.")})
    if weekly_on is not None and not 0 <= weekly_on <= 6:
        raise ValidationError({"weekly_on": _("A day of the week is a number from 0, Monday, to 6, Sunday.")})
    if budget is not None and not 0 <= budget <= MOST_PUSHES:
        raise ValidationError({"budget": _("A budget is a number from 0 to %(most)d.") % {"most": MOST_PUSHES}})
    preference, _new = Preference.objects.get_or_create(person=person)
    preference.digest_at = preference.digest_at if digest_at is None else digest_at
    preference.weekly_on = preference.weekly_on if weekly_on is None else weekly_on
    preference.budget = preference.budget if budget is None else budget
    preference.quiet_from, preference.quiet_until = quiet_from, quiet_until
    preference.save()
    return preference


@action
def add_channel(actor: Actor, person: Person, kind: str, address: str, label: str = "") -> Channel:
    """Add a way to reach a person: mail (an address), chat (a service's address, kept secret) or webhook (https)."""
    require_own(actor, person)
    address = address.strip()
    if person.channels.count() >= MOST_CHANNELS:
        raise ValidationError({"kind": _("Ten ways to reach you are the most. Remove one first.")})
    if kind not in Channel.Kind.values:
        raise ValidationError({"kind": _("There is no such kind of channel: mail, chat or webhook.")})
    _check_address(kind, address)
    shown, secret = address, None
    if kind == Channel.Kind.CHAT:
        shown, secret = label.strip()[:LABEL] or _free_label(person, address.partition("://")[0]), encrypt(address)
    elif kind == Channel.Kind.WEBHOOK:
        secret = encrypt(secrets.token_urlsafe(32))
    if person.channels.filter(kind=kind, address=shown).exists():
        field = "label" if kind == Channel.Kind.CHAT else "address"
        raise ValidationError({field: _("This channel is there already.")})
    if kind != Channel.Kind.MAIL or confirming.is_own(person, address):
        return Channel.objects.create(person=person, kind=kind, address=shown[:500], secret=secret)
    confirming.count_code(person, address)
    code, state = encrypt(confirming.new_code()), Channel.State.UNCONFIRMED
    channel = Channel.objects.create(person=person, kind=kind, address=shown[:500], secret=code, state=state)
    confirming.mail_confirmation.defer(organisation_id=channel.organisation_id, channel_id=channel.pk)
    return channel


@action
def confirm_channel(actor: Actor, channel: Channel, code: str) -> Channel:
    """Enter the code that was mailed to an address, which is used from now on; a wrong one is counted, five at most."""
    require_own(actor, channel.person)
    channel = Channel.objects.select_for_update().get(pk=channel.pk)
    if channel.state != Channel.State.UNCONFIRMED or channel.secret is None:
        raise ValidationError({"channel": _("This channel waits for no code.")})
    if channel.failures >= confirming.MOST_TRIES:
        raise ValidationError({"code": _("Too many tries. Remove the address and add it again.")})
    if not secrets.compare_digest(code.strip().upper().encode(), decrypt(channel.secret).encode()):
        channel.failures += 1
        channel.save()
        return channel
    channel.state, channel.secret, channel.failures = Channel.State.ACTIVE, None, 0
    channel.save()
    return channel


def _free_label(person: Person, service: str) -> str:
    """What a chat without a label is called: by its service, numbered from the second on."""
    taken = set(person.channels.filter(kind=Channel.Kind.CHAT).values_list("address", flat=True))
    labels = (service if number == 1 else f"{service} {number}" for number in range(1, len(taken) + 2))
    return next(label for label in labels if label not in taken)


def _check_address(kind: str, address: str) -> None:
    try:
        if kind == Channel.Kind.MAIL:
            validate_email(address)
        elif kind == Channel.Kind.WEBHOOK:
            URLValidator(schemes=["https", "http"])(address)
            webhook.check_address(address)
        else:
            chat.check_address(address)
    except ValidationError as error:
        raise ValidationError({"address": error.messages}) from error
    except Refusal as error:
        raise ValidationError({"address": str(error)}) from error


@action
def change_channel(actor: Actor, channel: Channel, state: str) -> Channel:
    """Switch a channel on (active), down to must-reads (essential), or off; switching on lifts a suspension."""
    require_own(actor, channel.person)
    if channel.state == Channel.State.UNCONFIRMED:
        raise ValidationError({"state": _("Enter the code that was mailed to this address first.")})
    if state not in (Channel.State.ACTIVE, Channel.State.ESSENTIAL, Channel.State.OFF):
        raise ValidationError({"state": _("A channel can be active, essential or off.")})
    if channel.kind == Channel.Kind.WEBHOOK and channel.secret is None and state != Channel.State.OFF:
        raise ValidationError({"state": _("This webhook has no key any more. Give it a new one first.")})
    channel.state, channel.trouble, channel.failures = state, "", 0
    channel.save()
    note(state=state)
    return channel


@action
def remove_channel(actor: Actor, channel: Channel) -> None:
    """Remove a way to reach a person; what waited for it is not sent. The proof of what was sent stays."""
    require_own(actor, channel.person)
    is_kept = channel.kind == Channel.Kind.MAIL and channel.state != Channel.State.UNCONFIRMED
    if is_kept or channel.dispatches.filter(state=Dispatch.State.SENT).exists():
        channel.dispatches.exclude(state=Dispatch.State.SENT).update(state=Dispatch.State.CANCELLED)
        Channel.objects.filter(pk=channel.pk).update(state=Channel.State.OFF, secret=None)
        return
    channel.delete()


@action
def unsubscribe_channel(actor: Actor, channel: Channel) -> Channel:
    """Turn a channel down to must-reads, as the link in each mail does."""
    Channel.objects.filter(pk=channel.pk, state=Channel.State.ACTIVE).update(state=Channel.State.ESSENTIAL)
    channel.refresh_from_db()
    return channel


@action
def rotate_webhook_key(actor: Actor, channel: Channel) -> Channel:
    """Give a webhook a new signing key; the old one is worthless from now on."""
    require_own(actor, channel.person)
    if channel.kind != Channel.Kind.WEBHOOK:
        raise ValidationError({"channel": _("Only a webhook has a signing key.")})
    channel.secret, channel.keyed_at = encrypt(secrets.token_urlsafe(32)), timezone.now()
    channel.save()
    return channel


def rotate_feed(actor: Actor, person: Person) -> str:
    """Make the person's private feed, or give it a new address; returns its secret, which is shown only now."""
    secret = secrets.token_urlsafe(32)
    replace_feed(actor, person, digest(secret))
    return secret


@action
def replace_feed(actor: Actor, person: Person, secret_digest: str) -> PrivateFeed:
    """Keep the digest of a private feed's new secret; the old address is worthless from now on."""
    require_own(actor, person)
    made = {"digest": secret_digest, "created_at": timezone.now()}
    feed, _new = PrivateFeed.objects.update_or_create(person=person, defaults=made)
    return feed


@action
def remove_feed(actor: Actor, person: Person) -> None:
    """Remove the person's private feed."""
    require_own(actor, person)
    PrivateFeed.objects.filter(person=person).delete()


@action
def record_bounce(actor: Actor, key: str, reason: str = "") -> Channel:
    """Note that a mail came back (`key` from its Message-ID): the address is suspended and counts as not reached."""
    require(is_system(actor) or _is_administrator(actor), _("Only an administrator records what came back."))
    dispatch = Dispatch.objects.select_related("channel").filter(key=key.strip("<> ").partition("@")[0]).first()
    if dispatch is None:
        raise ValidationError({"key": _("No mail was sent under this Message-ID.")})
    channel = dispatch.channel
    channel.state, channel.trouble = Channel.State.SUSPENDED, reason[:300] or _("The mail came back.")
    channel.save()
    return channel


def _is_administrator(actor: Actor) -> bool:
    return isinstance(actor, Person) and actor.may("administrator")
