"""Ways to a person, what they want of them, and each sending."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Walled
from headwater.distribute.models.delivery import Delivery
from headwater.distribute.models.standing import Directive
from headwater.people.models import Notice, Person


class Preference(Walled):
    """How one person wants to be reached. Times are theirs, in their own zone."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="preference")
    digest_at = models.TimeField(_("digest at"), default="16:00")
    weekly_on = models.PositiveSmallIntegerField(_("weekly digest on"), default=0, help_text=_("0 is Monday"))
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    budget = models.PositiveSmallIntegerField(_("pushes a day"), default=5)


class Channel(Walled):
    """One way to one person. A bounce or a refusal suspends it, and its person counts as not reached by it."""

    class Kind(models.TextChoices):
        MAIL = "mail", _("Mail")
        CHAT = "chat", _("Chat or push")
        WEBHOOK = "webhook", _("Webhook")

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        ESSENTIAL = "essential", _("Must-reads only")
        SUSPENDED = "suspended", _("Suspended")
        OFF = "off", _("Switched off")
        UNCONFIRMED = "asked", _("Waits for its code")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=8, choices=Kind)
    address = models.CharField(_("address"), max_length=500, help_text=_("mail address, or a label for chat"))
    secret = models.BinaryField(
        null=True, editable=False, help_text=_("sealed: the chat address, the webhook key, the code")
    )
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    trouble = models.CharField(max_length=300, blank=True)
    keyed_at = models.DateTimeField(default=timezone.now, editable=False, help_text=_("since when it has its secret"))
    failures = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind", "address"], name="channel_once")]


class MailedCode(Walled):
    """That a code was mailed to an address, for a person: by these rows they are limited. Kept for a day."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="mailed_codes")
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of the address, in small letters"))
    at = models.DateTimeField(default=timezone.now, editable=False)


class PrivateFeed(Walled):
    """A person's Atom feed, by a secret address. It dies with their access; rotating makes a new address."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="feed")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)


class Digest(Walled):
    """One bundle of deliveries for one person; `key` (daily:2026-11-24) makes it unique."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="digests")
    key = models.CharField(max_length=40)
    deliveries = models.ManyToManyField(Delivery, through="DigestLine", related_name="digests")
    notices = models.ManyToManyField(Notice, through="DigestNotice", related_name="digests")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="digest_once")]


class DigestLine(Walled):
    """A delivery in a digest; a delivery is in one daily or weekly digest at the most."""

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE)
    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="digest_line")


class DigestNotice(Walled):
    """A notice in a digest; told once."""

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE)
    notice = models.OneToOneField(Notice, on_delete=models.CASCADE, related_name="digest_line")


class Dispatch(Walled):
    """One sending of one thing through one channel. `key` is the fixed Message-ID or Idempotency-Key.

    queued → sending → sent or failed (tried again at `next_at`); a crash while sending a chat leaves it uncertain.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        UNCERTAIN = "uncertain", _("Perhaps sent")
        CANCELLED = "cancelled", _("Cancelled")

    class Asked(models.IntegerChoices):
        NOTHING = 0, _("Nothing")
        TO_ACKNOWLEDGE = 1, _("To acknowledge")
        AT_ONCE = 2, _("To look at once")

    FIRST = ("first", "must", "urgent")  # purposes of what tells of something for the first time, or that more is asked

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="dispatches")
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, null=True, related_name="dispatches")
    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, null=True, related_name="dispatches")
    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, null=True, related_name="dispatches")
    directive = models.ForeignKey(
        Directive, on_delete=models.CASCADE, null=True, related_name="previews", help_text=_("a draft, to its author")
    )
    purpose = models.CharField(
        max_length=20, default="first", help_text=_("first, must, urgent, the rung of a reminder, or preview 3")
    )
    asked = models.PositiveSmallIntegerField(
        choices=Asked,
        default=Asked.NOTHING,
        help_text=_("what the delivery asked of its person when it was queued, and asks still"),
    )
    taken_back = models.BooleanField(
        default=False, help_text=_("what it told was taken back: asked again, it is told again")
    )
    key = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    refused_since = models.DateTimeField(null=True, help_text=_("since when the other side has not taken it"))
    down_since = models.DateTimeField(null=True, help_text=_("since when its way has been down"))
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    models.Q(delivery__isnull=False, digest=None, notice=None, directive=None)
                    | models.Q(delivery=None, digest__isnull=False, notice=None, directive=None)
                    | models.Q(delivery=None, digest=None, notice__isnull=False, directive=None)
                    | models.Q(delivery=None, digest=None, notice=None, directive__isnull=False)
                ),
                name="dispatch_of_one_thing",
            ),
            # What was cancelled because it was not wanted may be sent another day; what was given up for its trouble
            # is not tried again by the same channel.
            models.UniqueConstraint(
                fields=["channel", "delivery", "digest", "notice", "directive", "purpose"],
                name="dispatch_once",
                condition=models.Q(taken_back=False) & (~models.Q(state="cancelled") | ~models.Q(error="")),
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="dispatch_queue", condition=models.Q(state__in=["queued", "failed"]))
        ]
        verbose_name_plural = "dispatches"
