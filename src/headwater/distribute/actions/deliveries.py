"""The verbs about what was delivered: opening it, attesting it, saying whether it was useful."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.distribute import rules
from headwater.distribute.models import Acknowledgement, Delivery
from headwater.people.models import Person
from headwater.search.models import Entry

_LIVE = (Delivery.State.DUE, Delivery.State.OPENED)


@action
def open_delivery(actor: Actor, delivery: Delivery) -> Delivery:
    """Note that the person has seen this version while signed in."""
    delivery = _own(actor, delivery)
    now = timezone.now()
    if delivery.state == Delivery.State.DUE:
        delivery.state = Delivery.State.OPENED
    delivery.opened_at, delivery.read_at = delivery.opened_at or now, delivery.read_at or now
    delivery.save()
    return delivery


@action
def acknowledge_delivery(actor: Actor, delivery: Delivery, checksum: str = "") -> Acknowledgement:
    """Attest, signed in, to have read exactly this version. `checksum`, if given, is of the version that was shown.

    Doing it twice changes nothing.
    """
    delivery = _own(actor, delivery)
    if given := Acknowledgement.objects.filter(person=delivery.person, version=delivery.version).first():
        return given
    if delivery.state == Delivery.State.EXPIRED:
        raise ValidationError({"delivery": _("A newer version has come out since. Read and acknowledge that one.")})
    if delivery.state not in _LIVE:
        raise ValidationError({"delivery": _("This was withdrawn: there is nothing left to acknowledge.")})
    if not delivery.must_acknowledge:
        raise ValidationError({"delivery": _("Nobody asks you to acknowledge this.")})
    if checksum and checksum != delivery.version.checksum:
        raise ValidationError({"checksum": _("The text has changed since you opened it: read it again.")})
    return _acknowledge(delivery, delivery.person, Acknowledgement.Manner.SIGNED_IN, timezone.now())


@action
def record_acknowledgement(
    actor: Actor, delivery: Delivery, evidence: str, signed_at: datetime | None = None
) -> Acknowledgement:
    """Record that someone signed on a list for what was delivered. It is marked as such; `evidence`: where the list is.

    Whoever has acknowledged this version already keeps that acknowledgement.
    """
    require(
        rules.may_record_acknowledgement(actor, delivery.person),
        _("Signatures on a list are recorded by a knowledge manager or a head of the person's unit, for others."),
    )
    if not evidence.strip():
        raise ValidationError({"evidence": _("Say where the signed list is kept.")})
    delivery = _locked(delivery)
    at = _signed(signed_at or timezone.now(), delivery.version.published_at)
    if not delivery.must_acknowledge or delivery.state == Delivery.State.WITHDRAWN:
        raise ValidationError({"delivery": _("Nobody asks this person to acknowledge this version.")})
    if given := Acknowledgement.objects.filter(person=delivery.person, version=delivery.version).first():
        return given
    recorder = actor if isinstance(actor, Person) else None
    return _acknowledge(delivery, recorder, Acknowledgement.Manner.LIST, at, evidence.strip()[:300])


def _signed(at: datetime, published: datetime) -> datetime:
    """When a list was signed: between the publication of what is attested, in its minute at the earliest, and now."""
    at = at if timezone.is_aware(at) else timezone.make_aware(at)
    if at > timezone.now():
        raise ValidationError({"signed_at": _("A signature cannot be of the future.")})
    if at < published.replace(second=0, microsecond=0):
        day = formats.date_format(timezone.localtime(published), "SHORT_DATETIME_FORMAT")
        message = _("This version was published on %(day)s: nobody can have signed for it before.") % {"day": day}
        raise ValidationError({"signed_at": message})
    return max(at, published)


@action
def mark_deliveries_read(actor: Actor, deliveries: list[Delivery]) -> int:
    """Mark deliveries as read. It opens nothing, and acknowledges nothing. Returns how many changed."""
    changed = _marked(actor, deliveries).filter(read_at=None).update(read_at=timezone.now())
    note(deliveries=changed)
    return changed


@action
def mark_deliveries_unread(actor: Actor, deliveries: list[Delivery]) -> int:
    """Take the mark back from deliveries that were marked as read but never opened. Returns how many changed."""
    changed = _marked(actor, deliveries).filter(opened_at=None).exclude(read_at=None).update(read_at=None)
    note(deliveries=changed)
    return changed


@action
def rate_delivery(actor: Actor, delivery: Delivery, useful: bool | None) -> Delivery:
    """Say whether a delivery was useful (none: take it back); profiles learn from it."""
    delivery = _own(actor, delivery)
    delivery.useful = useful
    delivery.save()
    return delivery


def _marked(actor: Actor, deliveries: list[Delivery]) -> QuerySet[Delivery]:
    own = all(rules.may_handle_delivery(actor, delivery) for delivery in deliveries)
    require(own, _("Only the person marks their own inbox."))
    return Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries])


def _own(actor: Actor, delivery: Delivery) -> Delivery:
    """The delivery, locked, when the actor may handle and still read it."""
    require(rules.may_handle_delivery(actor, delivery), _("Only the person it went to does this."))
    delivery = _locked(delivery)
    readable = Entry.objects.readable_by(delivery.person).filter(pk=delivery.version.entry_id).exists()
    require(readable, _("You may no longer read this."))
    return delivery


def _locked(delivery: Delivery) -> Delivery:
    note(delivery=delivery.pk, version=delivery.version_id)
    deliveries = Delivery.objects.select_for_update(of=("self",)).select_related("person", "version")
    return deliveries.defer("version__text").get(pk=delivery.pk)


def _acknowledge(
    delivery: Delivery, recorder: Person | None, manner: str, at: datetime, evidence: str = ""
) -> Acknowledgement:
    reason = delivery.reasons.filter(directive__acknowledge=True).order_by("pk").first()
    given = Acknowledgement.objects.create(
        person=delivery.person,
        version=delivery.version,
        directive=reason.directive if reason else None,
        checksum=delivery.version.checksum,
        manner=manner,
        at=at,
        recorded_by=recorder,
        evidence=evidence,
    )
    delivery.state, delivery.acknowledged_at = Delivery.State.ACKNOWLEDGED, at
    delivery.read_at = delivery.read_at or timezone.now()
    if manner == Acknowledgement.Manner.SIGNED_IN:
        delivery.opened_at = delivery.opened_at or at
    delivery.save()
    note(acknowledgement=given.pk, manner=manner)
    return given
