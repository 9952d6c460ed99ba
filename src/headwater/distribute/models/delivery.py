"""One version for one person: why, and what became of it."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Walled
from headwater.distribute.models.standing import Directive, InterestProfile
from headwater.people.models import Person
from headwater.search.models import Entry, EntryVersion


class Broadcast(Walled):
    """A directive applied to one version: one row for all whom it concerns.

    To few, it is spread into deliveries at once. To very many it stays open: it is in each inbox from the moment it is
    there, and rows follow in the background (`spread_at` says that all have theirs). Closed, it concerns nobody new.
    """

    directive = models.ForeignKey(Directive, on_delete=models.CASCADE, related_name="broadcasts")
    version = models.ForeignKey(EntryVersion, on_delete=models.CASCADE, related_name="broadcasts")
    opened_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True)
    spread_at = models.DateTimeField(null=True, help_text=_("when everybody in the audience had a row"))
    closed_at = models.DateTimeField(null=True)
    words = models.JSONField(default=list, help_text=_("what a standing directive matched"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["directive", "version"], name="broadcast_once")]


class Delivery(Walled):
    """Unique for (person, version), with as many reasons as there are.

    `eligible_at` starts the person's clock: publication, or when they came into the audience if that is later.
    """

    class State(models.TextChoices):
        DUE = "due", _("To read")
        OPENED = "opened", _("Opened")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        EXPIRED = "expired", _("Replaced by a newer version")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    version = models.ForeignKey(EntryVersion, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    # The version's, and gone with it: each look into an inbox asks of two thousand entries whether they may be read.
    entry = models.ForeignKey(
        Entry, on_delete=models.DO_NOTHING, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    state = models.CharField(max_length=12, choices=State, default=State.DUE)
    must_acknowledge = models.BooleanField(default=False)
    urgent = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True)
    score = models.FloatField(default=0)
    push = models.CharField(
        max_length=8, default="digest", help_text=_("at_once, digest or weekly: its soonest reason")
    )
    rolled = models.BooleanField(default=False, help_text=_("not among the best of the day: waits for the digest"))
    # Its default is the database's, too: the column is added at once to however many rows.
    folded = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_("rolled, and says the same as something that stands before it: no budget would push it"),
    )
    worth = models.FloatField(null=True, help_text=_("to its person when it was weighed against the budget, 0 to 1"))
    eligible_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    came_at = models.DateTimeField(
        help_text=_("its place in lists: when the row was made, or the open broadcast that it was a part of before")
    )
    sent_at = models.DateTimeField(null=True, help_text=_("first time any channel took it"))
    opened_at = models.DateTimeField(null=True, help_text=_("seen while signed in"))
    acknowledged_at = models.DateTimeField(null=True)
    # Kept by the database (LEAST takes no notice of what is empty), so that who came to know when is found by an index.
    seen_at = models.GeneratedField(
        expression=Least("opened_at", "acknowledged_at"), output_field=models.DateTimeField(null=True), db_persist=True
    )
    read_at = models.DateTimeField(null=True, help_text=_("opened, or marked as read"))
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.CharField(max_length=20, blank=True, help_text=_("gone, access, left, recalled"))
    useful = models.BooleanField(null=True)
    tx = models.BigIntegerField(default=0, editable=False)

    class Meta:
        # By version first: what one version makes goes to one place of the index, and finds it for versions too.
        constraints = [models.UniqueConstraint(fields=["version", "person"], name="delivery_once")]
        indexes = [
            models.Index(fields=["person", "-came_at", "-version"], name="delivery_inbox"),
            # These hold all that counting what waits asks: somebody's deliveries of a year lie each on another page.
            models.Index(
                fields=["person", "-came_at", "-version"],
                include=["organisation", "entry", "state", "rolled", "urgent"],
                name="delivery_unread",
                condition=Q(must_acknowledge=False, read_at=None),
            ),
            models.Index(
                fields=["person", "due_at", "-came_at", "-version"],
                include=["organisation", "entry", "state", "read_at", "urgent"],
                name="delivery_due",
                condition=Q(must_acknowledge=True, acknowledged_at=None),
            ),
            models.Index(
                fields=["person", "-acknowledged_at", "-id"],
                include=["organisation", "entry", "state", "withdrawn_because", "due_at"],
                name="delivery_signed",
                condition=Q(acknowledged_at__isnull=False),
            ),
            models.Index(fields=["organisation", "tx"], name="delivery_tx"),
            models.Index(fields=["organisation", "seen_at"], name="delivery_seen", condition=Q(seen_at__isnull=False)),
        ]
        verbose_name_plural = "deliveries"

    def save(self, *arguments: Any, **options: Any) -> None:
        """Keep it; a new one names the entry of its version, and came when it was made, if nothing else is said."""
        if self._state.adding:
            self.entry_id = self.version.entry_id
            self.came_at = self.came_at or self.created_at
        super().save(*arguments, **options)

    @property
    def late_by(self) -> timedelta | None:
        """How long after its hour it was acknowledged, or by now is not; None in time and where nothing is due."""
        is_asked = self.must_acknowledge and self.state in (self.State.DUE, self.State.OPENED)
        if self.due_at is None or not (is_asked or self.acknowledged_at):
            return None
        until = self.acknowledged_at or timezone.now()
        return until - self.due_at if until > self.due_at else None


OVER_BUDGET = Q(rolled=True, folded=False, must_acknowledge=False, urgent=False)
"""What was held back only because of its person's budget: a larger one would have let it through."""
NEAR_COPY = Q(rolled=True, folded=True, must_acknowledge=False, urgent=False)
"""What was held back because it says the same as something else, whatever the budget."""


class Reason(Walled):
    """Why a version goes to a person: which profile or directive, and the words of the text that brought it.

    It is of one of the two. When that is gone, with the group it was of, the reason stays and is of neither; there may
    be several such, so what makes a reason unique is empty for them.
    """

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="reasons", db_index=False)
    profile = models.ForeignKey(InterestProfile, on_delete=models.SET_NULL, null=True, related_name="+")
    directive = models.ForeignKey(
        Directive, on_delete=models.SET_NULL, null=True, related_name="reasons", db_index=False
    )
    words = models.JSONField(default=list, help_text=_("the matched words, phrases and facets, as the text has them"))
    score = models.FloatField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(F("delivery"), Coalesce(F("profile"), -F("directive")), name="reason_once")
        ]
        indexes = [models.Index(fields=["directive"], name="reason_directive", condition=Q(directive__isnull=False))]


class Acknowledgement(Walled):
    """A person's dated attestation for exactly this version. Append-only."""

    append_only = True

    class Manner(models.TextChoices):
        SIGNED_IN = "signed_in", _("Signed in")
        LIST = "list", _("On a signed list")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="acknowledgements")
    version = models.ForeignKey(EntryVersion, on_delete=models.PROTECT, related_name="acknowledgements")
    directive = models.ForeignKey(Directive, on_delete=models.PROTECT, null=True, related_name="acknowledgements")
    checksum = models.CharField(max_length=64, help_text=_("of the version as it was shown"))
    manner = models.CharField(max_length=10, choices=Manner, default=Manner.SIGNED_IN)
    at = models.DateTimeField(default=timezone.now)
    recorded_at = models.DateTimeField(default=timezone.now)
    recorded_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    evidence = models.CharField(max_length=300, blank=True, help_text=_("where the signed list is kept"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "version"], name="acknowledged_once")]


class Reminder(Walled):
    """A rung of the ladder that was climbed for one delivery: reminder, unit head, report. Once each."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="reminders")
    rung = models.CharField(max_length=20, help_text=_("remind:3, remind:0, head, report"))
    told = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    taken_back = models.BooleanField(default=False, help_text=_("what it reminded of was recalled, or is due later"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "rung"], name="rung_once", condition=Q(taken_back=False))
        ]
