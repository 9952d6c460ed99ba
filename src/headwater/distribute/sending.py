"""Sending: from a delivery, digest or notice to the channels of its person.

Two followers. `plan_new` decides for each new delivery whether it goes out now (must-reads, urgent things, and of what
profiles want at once the best of the day, see `attending`; outside quiet hours) or waits for the digest. `send_due`
claims what is due, sends it outside any transaction, and records what became of it.

What a crash can do: a row stays `sending`. Mail and webhooks are then sent again with the same Message-ID or
Idempotency-Key; chat has nothing like that, so it is marked as perhaps sent, and only must-reads are repeated.
"""

import uuid
import zoneinfo
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, time, timedelta

from django.db import connection
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Subquery, expressions
from django.utils import timezone

from headwater.core.following import locked_cursor, move_cursor
from headwater.core.jobs import safe_tx
from headwater.core.wall import current_organisation_id, organisation_context
from headwater.distribute.attending import choose, is_essential
from headwater.distribute.deadlines import IN_FORCE
from headwater.distribute.models import (
    Broadcast,
    Channel,
    Delivery,
    Digest,
    Directive,
    Dispatch,
    Preference,
    Reason,
    When,
)
from headwater.people.models import Notice, Person

BATCH = 1_000
CLAIM = 20
STUCK_AFTER = timedelta(minutes=2)


# --- Planning ---------------------------------------------------------------------------------------------------------


def plan_new(organisation_id: int) -> bool:
    """Follow new deliveries and plan their sending. True when there are more."""
    with organisation_context(organisation_id):
        cursor = locked_cursor("plan dispatches")
        if cursor is None:
            return False
        upper = safe_tx()
        fresh = Delivery.objects.filter(tx__gte=cursor.tx, tx__lt=upper).order_by("tx")
        edge = fresh.values_list("tx", flat=True)[BATCH : BATCH + 1].first()
        if edge is not None:
            upper = edge + 1
        if plan_among(fresh.filter(tx__lt=upper)) or edge is not None:
            move_cursor(cursor, upper)
        return edge is not None


def plan_notices(organisation_id: int) -> bool:
    """Follow new notices: urgent ones go out at once, the others wait for the digest. True when there are more."""
    with organisation_context(organisation_id):
        cursor = locked_cursor("plan notices")
        if cursor is None:
            return False
        upper = safe_tx()
        urgent = Notice.objects.filter(
            tx__gte=cursor.tx, tx__lt=upper, urgency=Notice.Urgency.URGENT, done_at=None, dispatches=None
        )
        notices = list(urgent.select_related("person"))
        channels = channels_of([notice.person for notice in notices])
        _queue(
            Dispatch(channel=channel, notice=notice, key=_key())
            for notice in notices
            for channel in channels.get(notice.person_id, ())
        )
        if notices:
            move_cursor(cursor, upper)
        return False


def plan_among(deliveries: QuerySet[Delivery]) -> bool:
    """Plan those of the deliveries that are new to their people, or ask more than these were told; whether any was."""
    new, raised = list(_to_push(deliveries)), list(_to_raise(deliveries))
    if new:
        plan(new)
    if raised:
        _plan_raised(raised)
    return bool(new or raised)


def plan(deliveries: Sequence[Delivery]) -> None:
    """Queue what goes out now: the best of each person's day, within their budget. The digest takes the rest."""
    preferences = _preferences_of(deliveries)
    queue_dispatches(choose(deliveries, preferences), "first", preferences)


def _plan_raised(deliveries: Sequence[Delivery]) -> None:
    """Queue once more what now asks more than its person was told, in place of what has not gone out yet."""
    told = Dispatch.objects.filter(delivery__in=deliveries, purpose__in=Dispatch.FIRST, taken_back=False)
    waiting = told.filter(state__in=(Dispatch.State.QUEUED, Dispatch.State.FAILED))
    waiting.update(state=Dispatch.State.CANCELLED, taken_back=True)
    for purpose, is_urgent in (("must", False), ("urgent", True)):
        asking = [each for each in deliveries if each.urgent == is_urgent]
        # It asked as much once before, and less since: what told of that is history.
        before = told.filter(delivery__in=asking, purpose=purpose).exclude(state=Dispatch.State.CANCELLED)
        before.update(taken_back=True)
        queue_dispatches(asking, purpose, given_up=_given_up(asking))


def _given_up(deliveries: Sequence[Delivery]) -> set[tuple[int, int]]:
    """(channel, delivery) of what asked as much before, and was given up for its trouble: no use to try that again."""
    asked = {each.pk: asked_by(each) for each in deliveries}
    given_up = Dispatch.objects.filter(delivery__in=asked, state=Dispatch.State.CANCELLED, taken_back=False)
    rows = given_up.exclude(error="").values_list("channel", "delivery", "asked")
    return {(channel, delivery) for channel, delivery, before in rows if before >= asked[delivery]}


def asked_by(delivery: Delivery) -> Dispatch.Asked:
    """What the delivery asks of its person."""
    if delivery.urgent:
        return Dispatch.Asked.AT_ONCE
    return Dispatch.Asked.TO_ACKNOWLEDGE if delivery.must_acknowledge else Dispatch.Asked.NOTHING


def _preferences_of(deliveries: Iterable[Delivery]) -> dict[int, Preference]:
    people = {delivery.person_id for delivery in deliveries}
    return {each.person_id: each for each in Preference.objects.filter(person__in=people)}


def queue_dispatches(
    deliveries: Sequence[Delivery],
    purpose: str,
    preferences: dict[int, Preference] | None = None,
    given_up: Collection[tuple[int, int]] = (),
) -> int:
    """Queue each delivery once for every active channel of its person; returns how many were queued.

    `purpose` is one of Dispatch.FIRST, or the rung of a reminder. Quiet hours put off everything but what is urgent,
    and what is urgent goes by every channel, whatever its directive chose. None of `given_up`, (channel, delivery).
    """
    if preferences is None:
        preferences = _preferences_of(deliveries)
    channels = channels_of([delivery.person for delivery in deliveries])
    kinds = _kinds_asked([delivery for delivery in deliveries if not delivery.urgent])
    return _queue(
        Dispatch(
            channel=channel,
            delivery=delivery,
            purpose=purpose,
            asked=asked_by(delivery),
            key=_key(),
            next_at=timezone.now()
            if delivery.urgent
            else after_quiet(delivery.person, preferences.get(delivery.person_id)),
        )
        for delivery in deliveries
        for channel in _chosen(channels.get(delivery.person_id, []), kinds.get(delivery.pk), delivery.person)
        if (channel.pk, delivery.pk) not in given_up
        and (channel.state == Channel.State.ACTIVE or is_essential(delivery))
    )


def _kinds_asked(deliveries: Sequence[Delivery]) -> dict[int, set[str]]:
    """{delivery: the kinds of channel that its directives chose}; without those that may go by every channel.

    Those are what some directive sends by all, and what a profile of the person's wants at once.
    """
    asked, free = defaultdict(set), set()
    reasons = Reason.objects.filter(delivery__in=deliveries).exclude(directive__state=Directive.State.RECALLED)
    for delivery_id, kinds, when in reasons.values_list("delivery", "directive__channels", "profile__when"):
        if kinds:
            asked[delivery_id].update(kinds)
        elif kinds == [] or when == When.AT_ONCE:
            free.add(delivery_id)
    return {delivery_id: kinds for delivery_id, kinds in asked.items() if delivery_id not in free}


def _chosen(channels: list[Channel], kinds: set[str] | None, person: Person) -> list[Channel]:
    """The channels of these kinds (None: of all). Who cannot sign in and has none of them is told as they can be."""
    chosen = [channel for channel in channels if kinds is None or channel.kind in kinds]
    return chosen or (channels if person.user_id is None else [])


def queue_digest(digest: Digest) -> int:
    """Queue a digest for its person's mail; returns how many were queued."""
    mail = [
        channel
        for channel in channels_of([digest.person]).get(digest.person_id, ())
        if channel.kind == Channel.Kind.MAIL and channel.state == Channel.State.ACTIVE
    ]
    return _queue(Dispatch(channel=channel, digest=digest, key=_key()) for channel in mail)


def queue_preview(directive: Directive, person: Person) -> int:
    """Queue how a draft will look for every channel of one person; returns how many were queued. It may be repeated."""
    kinds = set(directive.channels) if directive.channels and not directive.urgent else None
    channels = _chosen(channels_of([person]).get(person.pk, []), kinds, person)
    purpose = f"preview {1 + directive.previews.values('purpose').distinct().count()}"
    return _queue(Dispatch(channel=each, directive=directive, purpose=purpose, key=_key()) for each in channels)


def channels_of(people: Iterable[Person]) -> dict[int, list[Channel]]:
    """The channels that may be used for each person. A person with a mail address always has a mail channel."""
    by_id = {person.pk: person for person in people}
    channels = list(Channel.objects.filter(person__in=by_id))
    mailed = (channel for channel in channels if channel.kind == Channel.Kind.MAIL)
    with_mail = {channel.person_id for channel in mailed if channel.state != Channel.State.UNCONFIRMED}
    missing = [
        Channel(person=person, kind=Channel.Kind.MAIL, address=person.email)
        for person in by_id.values()
        if person.email and person.pk not in with_mail
    ]
    if missing:
        Channel.objects.bulk_create(missing, ignore_conflicts=True)
        channels = list(Channel.objects.filter(person__in=by_id))
    usable: dict[int, list[Channel]] = {}
    for channel in channels:
        if channel.state in (Channel.State.ACTIVE, Channel.State.ESSENTIAL):
            usable.setdefault(channel.person_id, []).append(channel)
    return usable


def after_quiet(person: Person, preference: Preference | None) -> datetime:
    """Now, or the end of the person's quiet hours when it is quiet where they are."""
    now = timezone.now()
    if preference is None or preference.quiet_from is None or preference.quiet_until is None:
        return now
    here = now.astimezone(zoneinfo.ZoneInfo(person.timezone))
    start, end = preference.quiet_from, preference.quiet_until
    if not _is_between(here.time(), start, end):
        return now
    day = here.date() + timedelta(days=1 if start > end and here.time() >= start else 0)
    return datetime.combine(day, end, tzinfo=here.tzinfo)


def _is_between(moment: time, start: time, end: time) -> bool:
    return start <= moment < end if start <= end else moment >= start or moment < end


def _to_push(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """New deliveries that want to go out at once and were not planned before."""
    essential = Q(must_acknowledge=True) | Q(urgent=True)
    return deliveries.filter(
        essential | Q(push="at_once", rolled=False),
        ~Exists(_tried()),
        state=Delivery.State.DUE,
        sent_at=None,
        read_at=None,
    ).select_related("person")


def _to_raise(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those that were told, or seen, before somebody asked to acknowledge them, or to look at once."""
    told = _tried().exclude(state=Dispatch.State.CANCELLED)
    is_new = Q(~Exists(_tried()), sent_at=None, read_at=None)
    at_once = Q(~Exists(told.filter(asked=Dispatch.Asked.AT_ONCE)), urgent=True)
    asked = Q(~Exists(told.filter(asked__gte=Dispatch.Asked.TO_ACKNOWLEDGE)), must_acknowledge=True, urgent=False)
    waiting = deliveries.filter(at_once | asked, ~is_new, state__in=(Delivery.State.DUE, Delivery.State.OPENED))
    seen_before = Q(read_at=None) | Q(read_at__lt=_asked_since())
    return waiting.filter(seen_before).select_related("person").distinct()


def _tried() -> QuerySet[Dispatch]:
    """What told of a delivery, or was given up for its trouble; without what was taken back, or not wanted any more."""
    of_it = Dispatch.objects.filter(delivery=OuterRef("pk"), taken_back=False)
    return of_it.exclude(state=Dispatch.State.CANCELLED, error="")


def _asked_since() -> Case:
    """When the delivery began to ask what it asks."""
    asked = Broadcast.objects.filter(
        version=OuterRef("version"),
        directive__reasons__delivery=OuterRef("pk"),
        directive__state__in=IN_FORCE,
        directive__audience__member_links__person=OuterRef("person"),
    )
    urgent, must = (
        Subquery(asked.filter(kind).order_by("opened_at").values("opened_at")[:1])
        for kind in (Q(directive__urgent=True), Q(directive__acknowledge=True))
    )
    return Case(expressions.When(urgent=True, then=urgent), default=must)


def _queue(dispatches: Iterable[Dispatch]) -> int:
    rows = Dispatch.objects.bulk_create(dispatches, batch_size=BATCH, ignore_conflicts=True)
    if rows:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('distribute_dispatch', %s)", [str(current_organisation_id())])
    return len(rows)


def _key() -> str:
    return uuid.uuid4().hex


def queue_repeat(dispatches: Sequence[Dispatch]) -> int:
    """Queue once more, labelled, what was perhaps sent before a crash."""
    return _queue(
        Dispatch(channel=each.channel, delivery=each.delivery, purpose="repeat", asked=each.asked, key=_key())
        for each in dispatches
    )
