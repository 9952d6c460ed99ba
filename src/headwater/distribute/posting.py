"""Posting: claims what is due, one by one, hands it to its channel outside any transaction, records what came of it."""

import logging
from datetime import datetime, timedelta

from django.core import signing
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.addresses import link, organisation_slug
from headwater.core.secret import SecretLost, decrypt
from headwater.core.wall import organisation_context
from headwater.distribute import messages
from headwater.distribute.channels import chat, mail, webhook
from headwater.distribute.channels.outgoing import (
    BrokenOff,
    Down,
    NotTaken,
    Outgoing,
    Refusal,
    Trouble,
    Uncertain,
    Unfit,
)
from headwater.distribute.example import example_of
from headwater.distribute.keys import has_ended
from headwater.distribute.mail_server import note_mail_server
from headwater.distribute.models import Channel, Delivery, Directive, Dispatch
from headwater.distribute.sending import CLAIM, STUCK_AFTER, queue_repeat
from headwater.people.held import still_open
from headwater.people.models import Person
from headwater.search.models import Entry

log = logging.getLogger(__name__)
SENDERS = {Channel.Kind.MAIL: mail.send, Channel.Kind.CHAT: chat.send, Channel.Kind.WEBHOOK: webhook.send}
GIVE_UP_AFTER = timedelta(days=5)  # what mail servers use (RFC 5321, 4.5.4.1)
OPEN_STATES = (Dispatch.State.QUEUED, Dispatch.State.FAILED)


def send_due(organisation_id: int) -> bool:
    """Send what is due now, up to CLAIM dispatches. True when there may be more.

    Each is claimed only when its turn has come: what waits behind a slow one was never touched, whatever becomes of it.
    """
    with organisation_context(organisation_id):
        _recover_stuck()
    learnt: dict[bool, set[str]] = {True: set(), False: set()}
    dispatch = None
    for _turn in range(CLAIM):
        with organisation_context(organisation_id):
            dispatch = _claim(learnt[False])
        if dispatch is None:
            break
        answered = _send_one(organisation_id, dispatch)
        if answered is not None:
            learnt[answered].add(dispatch.channel.kind)
    if any(learnt.values()):
        with organisation_context(organisation_id):
            _rest(learnt[False])
            note_mail_server(Channel.Kind.MAIL in learnt[True], Channel.Kind.MAIL in learnt[False])
    return dispatch is not None and not learnt[False]


def _due() -> QuerySet[Dispatch]:
    """What is to go out now and nobody else has in hand, the longest due first; locked until the transaction ends."""
    due = Dispatch.objects.filter(state__in=OPEN_STATES, next_at__lte=timezone.now()).order_by("next_at", "pk")
    return due.select_for_update(skip_locked=True, of=("self",))


def _claim(down: set[str]) -> Dispatch | None:
    """Mark the next dispatch as being sent, passing over the kinds of channel whose way is down; None: nothing is due.

    Its `claimed_at` says whose it is: it changes when others take it for stuck and claim it themselves.
    """
    pk = _due().exclude(channel__kind__in=down).values_list("pk", flat=True).first()
    if pk is None:
        return None
    Dispatch.objects.filter(pk=pk).update(
        state=Dispatch.State.SENDING, claimed_at=timezone.now(), attempts=F("attempts") + 1
    )
    dispatches = Dispatch.objects.select_related(
        "channel__person",
        "delivery__person",
        "delivery__version",
        "digest__person",
        "notice__person",
        "directive__audience",
    )
    return dispatches.defer("delivery__version__text").get(pk=pk)


def _claimed(dispatch: Dispatch) -> QuerySet[Dispatch]:
    """The dispatch, unless another worker has claimed it since."""
    return Dispatch.objects.filter(pk=dispatch.pk, claimed_at=dispatch.claimed_at)


def _rest(down: set[str]) -> None:
    """Leave a way that is down alone for a minute: what is due by it waits, untried."""
    if down:
        waiting = list(_due().filter(channel__kind__in=down).values_list("pk", flat=True)[:CLAIM])
        Dispatch.objects.filter(pk__in=waiting).update(next_at=timezone.now() + timedelta(minutes=1))


def _send_one(organisation_id: int, dispatch: Dispatch) -> bool | None:
    """Send a claimed dispatch. Whether the other side answered: False when its way is down, None when it was not asked.

    What becomes of it is recorded whether it went out or not.
    """
    with organisation_context(organisation_id):
        outgoing = _prepare(dispatch)
    if outgoing is None:
        return None
    try:
        SENDERS[Channel.Kind(dispatch.channel.kind)](outgoing)
    except Trouble as raised:
        trouble = _blamed(dispatch, raised)
        with organisation_context(organisation_id):
            _note_trouble(dispatch, trouble)
        return None if isinstance(trouble, Unfit) else not isinstance(trouble, Down)
    with organisation_context(organisation_id):
        _finish(dispatch, Dispatch.State.SENT)
    return True


def _blamed(dispatch: Dispatch, trouble: Trouble) -> Trouble:
    """Where the way closed in the middle of a message, once more, and was open to others meanwhile, it is this message.

    `down_since` is set from the first time that the way was down until it has answered to any message.
    """
    is_its_own = isinstance(trouble, BrokenOff) and dispatch.attempts > 1 and dispatch.down_since is None
    return Trouble(str(trouble)) if is_its_own else trouble


def _prepare(dispatch: Dispatch) -> Outgoing | None:
    """What to send, or None when it does not go out; that is recorded then."""
    try:
        outgoing = _compose(dispatch)
    except SecretLost as error:
        _suspend(dispatch, str(error))
        return None
    if outgoing is None:
        _finish(dispatch, Dispatch.State.CANCELLED)
    return outgoing


def _compose(dispatch: Dispatch) -> Outgoing | None:
    """What to send, or None when it must not go out any more. Access is checked here, at the last moment."""
    channel = dispatch.channel
    is_reached = channel.person.is_active and not has_ended(channel) and channel.state != Channel.State.OFF
    message = _message(dispatch) if is_reached and not dispatch.taken_back else None
    if message is None or (channel.state == Channel.State.ESSENTIAL and not message.essential):
        return None
    if dispatch.purpose == "repeat":
        with messages.speaking_to(channel.person):
            body = _("(Perhaps sent before.)") + "\n\n" + message.body
            message = messages.Message(message.subject, body, message.url, message.essential)
    return Outgoing(
        key=dispatch.key,
        address=channel.address,
        secret=decrypt(channel.secret) if channel.secret else "",
        message=message,
        person_name=channel.person.name,
        unsubscribe_url=unsubscribe_url(channel),
        payload=_payload(dispatch, message),
        organisation_id=dispatch.organisation_id,
    )


def _message(dispatch: Dispatch) -> messages.Message | None:
    if dispatch.delivery is not None:
        delivery = dispatch.delivery
        return messages.of_delivery(delivery, dispatch.purpose) if _still_wanted(delivery) else None
    if dispatch.digest is not None:
        deliveries = Delivery.objects.filter(digest_line__digest=dispatch.digest).select_related("version")
        deliveries = deliveries.defer("version__text")
        wanted = [
            each
            for each in deliveries.prefetch_related("reasons__profile", "reasons__directive__audience")
            if _still_wanted(each)
        ]
        notices = still_open(dispatch.digest.person, dispatch.digest.notices.filter(done_at=None))
        return messages.of_digest(dispatch.digest, wanted, notices) if wanted or notices else None
    if dispatch.directive is not None:
        return _preview(dispatch.directive, dispatch.channel.person)
    notice = dispatch.notice
    if notice is not None and notice.done_at is None and still_open(notice.person, [notice]):
        return messages.of_notice(notice)
    return None


def _preview(directive: Directive, person: Person) -> messages.Message | None:
    version = example_of(directive, person) if directive.state == Directive.State.DRAFT else None
    return messages.as_preview(messages.of_preview(directive, version, person), person) if version else None


def _still_wanted(delivery: Delivery) -> bool:
    """Not withdrawn, not yet acknowledged, and readable by its person at this moment."""
    if delivery.state not in (Delivery.State.DUE, Delivery.State.OPENED):
        return False
    return Entry.objects.current().readable_by(delivery.person).filter(pk=delivery.version.entry_id).exists()


def _payload(dispatch: Dispatch, message: messages.Message) -> dict[str, object]:
    """The webhook's event: what happened, to whom, where to read it."""
    delivery = dispatch.delivery
    event: dict[str, object] = {
        "id": dispatch.key,
        "text": message.subject,
        "url": message.url,
        "purpose": dispatch.purpose,
    }
    if delivery is not None:
        event |= {
            "type": "delivery",
            "title": delivery.version.title,
            "version": delivery.version_id,
            "must_acknowledge": delivery.must_acknowledge,
            "urgent": delivery.urgent,
            "due_at": delivery.due_at.isoformat() if delivery.due_at else None,
        }
    other = "digest" if dispatch.digest_id else "preview" if dispatch.directive_id else "notice"
    return {"type": other} | event


# --- What became of it ------------------------------------------------------------------------------------------------


def _finish(dispatch: Dispatch, state: str) -> None:
    """It went out, or need not. One that went out is recorded as sent even if it was taken for stuck, or back, since.

    Where another worker has claimed it meanwhile, what becomes of it there is what counts.
    """
    now = timezone.now()
    sent = state == Dispatch.State.SENT
    if _claimed(dispatch).update(state=state, sent_at=now if sent else None, error="") and sent:
        Channel.objects.filter(pk=dispatch.channel_id).exclude(failures=0).update(failures=0, trouble="")
        _mark_sent(dispatch, now)


def _mark_sent(dispatch: Dispatch, now: datetime) -> None:
    """Its deliveries were sent by it, unless what it told was taken back while it was going out."""
    deliveries = Delivery.objects.filter(sent_at=None)
    if dispatch.delivery_id:
        standing = Dispatch.objects.filter(pk=dispatch.pk, taken_back=False)
        deliveries.filter(dispatches__in=standing).update(sent_at=now)
    elif dispatch.digest_id:
        deliveries.filter(digest_line__digest=dispatch.digest_id).update(sent_at=now)


def _note_trouble(dispatch: Dispatch, trouble: Trouble) -> None:
    """It did not go out: never will by this channel, or never will by itself, or will be tried again.

    After five days of nothing but refusals it is given up: where the other side does not take what comes to this
    address, the channel counts as broken; where it does not take this one message, the channel goes on. A server of our
    own that is away for as long is held against nobody: what waits for it goes out when it is back.
    """
    now = timezone.now()
    since = None if isinstance(trouble, Down) else dispatch.refused_since or now
    is_over = since is not None and now - since > GIVE_UP_AFTER
    if isinstance(trouble, Uncertain):
        _leave_uncertain(_being_sent(dispatch))
    elif isinstance(trouble, Refusal) or (is_over and isinstance(trouble, NotTaken)):
        _suspend(dispatch, str(trouble))
    elif is_over:
        _give_up(dispatch, str(trouble))
    else:
        _put_off(dispatch, trouble, since)


def _put_off(dispatch: Dispatch, trouble: Trouble, refused_since: datetime | None) -> None:
    """Try again after 1, 2, 4 … minutes, at most an hour, or five minutes where the way itself is down."""
    now = timezone.now()
    is_down = isinstance(trouble, Down)
    is_ours = _being_sent(dispatch).update(
        state=Dispatch.State.FAILED,
        next_at=now + timedelta(minutes=min(5 if is_down else 60, 2 ** min(dispatch.attempts - 1, 6))),
        refused_since=refused_since,
        down_since=(dispatch.down_since or now) if is_down else None,
        error=str(trouble)[:500],
    )
    if is_ours and isinstance(trouble, NotTaken):
        _mark_failure(dispatch, str(trouble))


def _give_up(dispatch: Dispatch, error: str) -> None:
    """This one message is not taken: it is tried no more, and its person sees why. Others still go by the channel."""
    if _being_sent(dispatch).update(state=Dispatch.State.CANCELLED, error=error[:500]):
        _mark_failure(dispatch, error)


def _mark_failure(dispatch: Dispatch, error: str) -> None:
    """Show the trouble at the channel until something goes out by it."""
    Channel.objects.filter(pk=dispatch.channel_id).update(failures=F("failures") + 1, trouble=error[:300])


def _suspend(dispatch: Dispatch, error: str) -> None:
    """The other side refuses: this way no longer reaches its person, and the pages that prove reach say so."""
    if _being_sent(dispatch).update(state=Dispatch.State.CANCELLED, error=error[:500]):
        Channel.objects.filter(pk=dispatch.channel_id).update(state=Channel.State.SUSPENDED, trouble=error[:300])


def _being_sent(dispatch: Dispatch) -> QuerySet[Dispatch]:
    """The dispatch, unless it was taken for stuck, claimed by another worker or cancelled since."""
    return _claimed(dispatch).filter(state=Dispatch.State.SENDING)


def _recover_stuck() -> None:
    """What was being sent when its process died: again with the same key, or, for chat, marked as perhaps sent."""
    stuck = Dispatch.objects.filter(state=Dispatch.State.SENDING, claimed_at__lt=timezone.now() - STUCK_AFTER)
    _leave_uncertain(stuck.filter(channel__kind=Channel.Kind.CHAT))
    stuck.exclude(channel__kind=Channel.Kind.CHAT).update(state=Dispatch.State.QUEUED)


def _leave_uncertain(sendings: QuerySet[Dispatch]) -> None:
    """They were perhaps sent: must-reads that still stand so are repeated with a label, nothing else is."""
    uncertain = list(sendings.select_related("delivery", "channel"))
    Dispatch.objects.filter(pk__in=[each.pk for each in uncertain]).update(state=Dispatch.State.UNCERTAIN)
    standing = [each for each in uncertain if not each.taken_back]
    queue_repeat([each for each in standing if each.delivery is not None and each.delivery.must_acknowledge])


# --- Leaving the mail -------------------------------------------------------------------------------------------------


def unsubscribe_url(channel: Channel) -> str:
    """An address that turns a channel down to must-reads, without signing in; it cannot be made up."""
    token = signing.Signer(salt="unsubscribe").sign(f"{organisation_slug()}:{channel.pk}")
    return link("public:unsubscribe", token=token)


def channel_of_unsubscribe(token: str) -> Channel | None:
    """The channel of such an address, in the current organisation; None when the token is not ours."""
    try:
        slug, _colon, pk = signing.Signer(salt="unsubscribe").unsign(token).rpartition(":")
    except signing.BadSignature:
        return None
    return Channel.objects.filter(pk=int(pk)).first() if slug == organisation_slug() else None
