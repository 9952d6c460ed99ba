"""What stands and waits for versions: interest profiles and directives; and how far matching has come."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Walled
from headwater.people.models import Audience, Person
from headwater.search.models import Entry, EntryVersion


class When(models.TextChoices):
    """How soon what a profile brings is pushed."""

    AT_ONCE = "at_once", _("As it happens")
    DIGEST = "digest", _("In the digest")
    WEEKLY = "weekly", _("Weekly")


class InterestProfile(Walled):
    """A standing query of a person, or of a group (an audience: everyone in it receives what matches).

    It takes every version that is committed after it: `since_tx` is the oldest transaction that was still open when its
    query was last changed, `asked_tx` the one that changed it. So is it with a directive that was issued.
    """

    name = models.CharField(_("name"), max_length=200)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="profiles")
    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, null=True, related_name="profiles")
    query = models.TextField(_("query"), help_text=_("in the language of search"))
    language = models.CharField(max_length=10, blank=True, help_text=_("empty: each language of its reader"))
    when = models.CharField(max_length=8, choices=When, default=When.DIGEST)
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(auto_now=True)
    removed_at = models.DateTimeField(null=True, editable=False)
    asked_tx = models.BigIntegerField(default=0, editable=False, help_text=_("transaction that last changed the query"))
    since_tx = models.BigIntegerField(default=0, editable=False, help_text=_("versions of no older ones are for it"))
    tx = models.BigIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person__isnull=False, audience=None) | models.Q(person=None, audience__isnull=False),
                name="profile_of_a_person_or_an_audience",
            )
        ]
        indexes = [models.Index(fields=["organisation", "tx"], name="profile_tx")]

    def __str__(self) -> str:
        return self.name


class Directive(Walled):
    """A must-read. About one version, or standing: each new version that matches `query`, for `audience`.

    A one-off directive follows its entry: when a new version appears while it stands, that is asked for again.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ISSUED = "issued", _("Issued")
        RECALLED = "recalled", _("Recalled")
        ENDED = "ended", _("Ended")

    name = models.CharField(_("name"), max_length=300)
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, null=True, related_name="directives")
    version = models.ForeignKey(EntryVersion, on_delete=models.CASCADE, null=True, related_name="directives")
    query = models.TextField(_("query"), blank=True, help_text=_("standing: each new version that matches"))
    audience = models.ForeignKey(Audience, on_delete=models.PROTECT, related_name="directives")
    sentence = models.CharField(_("in one sentence, what changes for them"), max_length=140, blank=True)
    acknowledge = models.BooleanField(_("must be acknowledged"), default=True)
    due_at = models.DateTimeField(_("acknowledge by"), null=True, blank=True)
    due_zone = models.CharField(max_length=60, default="UTC", help_text=_("on whose clock the due time was chosen"))
    due_days = models.PositiveIntegerField(_("working days to acknowledge"), null=True, blank=True)
    urgent = models.BooleanField(_("urgent"), default=False)
    channels = models.JSONField(default=list, help_text=_("kinds of channel besides the inbox; empty: every kind"))
    remind_days = models.JSONField(default=list, help_text=_("days before the due time on which reminders go out"))
    tell_head_after_days = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    issued_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField(null=True)
    until = models.DateField(_("stands until"), null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    asked_tx = models.BigIntegerField(default=0, editable=False, help_text=_("transaction that issued it"))
    since_tx = models.BigIntegerField(default=0, editable=False, help_text=_("versions of no older ones are for it"))
    tx = models.BigIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(entry__isnull=False, query="") | (models.Q(entry=None) & ~models.Q(query="")),
                name="directive_of_an_entry_or_a_query",
            )
        ]
        indexes = [models.Index(fields=["organisation", "tx"], name="directive_tx")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_standing(self) -> bool:
        return bool(self.query)


class Ladder(Walled):
    """How the organisation follows up what was not acknowledged, for must-reads that say nothing of their own."""

    remind_days = models.JSONField(default=list, help_text=_("days before the due time on which reminders go out"))
    tell_head_after_days = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation"], name="one_usual_ladder")]


class MatchShard(Walled):
    """How far the standing queries whose id is `number` modulo `of` have been matched (see distribute/shards.py).

    A shard that another division replaced goes on to `until_tx`, where its successors began, and is gone.
    """

    keeps_own_tx = True  # its `tx` is a place in others' changes, not the transaction that wrote it

    number = models.PositiveSmallIntegerField(default=0)
    of = models.PositiveSmallIntegerField(default=1)
    tx = models.BigIntegerField(default=0, help_text=_("versions of transactions below this are matched"))
    profiles_tx = models.BigIntegerField(default=0, help_text=_("queries of transactions below this were caught up"))
    entries_tx = models.BigIntegerField(default=0, help_text=_("entries changed before this were considered again"))
    entries_pk = models.BigIntegerField(default=0, help_text=_("and of those changed in it, those up to this one"))
    until_tx = models.BigIntegerField(null=True, help_text=_("others match the versions from this transaction on"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "number", "of"], condition=models.Q(until_tx=None), name="shard_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number + 1} of {self.of}"


class StandingSnapshot(Walled):
    """That a host keeps a shard's standing queries in a file (see distribute/snapshots.py), and which one.

    The file has the same token. It was drawn after all that is in the file had been committed, so where the token is
    in the database, what the file holds has been; after a backup was put back, only files from before it are used.
    """

    shard = models.ForeignKey(MatchShard, on_delete=models.CASCADE, related_name="snapshots")
    host = models.CharField(max_length=80, help_text=_("which wrote the file"))
    token = models.CharField(max_length=32)
    kept_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shard", "host"], name="one_snapshot_of_a_shard_and_host")]


class UnmatchedVersion(Walled):
    """A version that could not be held against the standing queries of a shard (see distribute/unmatched.py), and why.

    Everything else goes on. It is tried again when it is asked for (`again_at`), and by a worker that started since.
    One without a fault is very long, and waits until it is matched beside the others: see distribute/very_long.py.
    """

    version = models.ForeignKey(EntryVersion, on_delete=models.CASCADE, related_name="unmatched")
    number = models.PositiveSmallIntegerField(default=0, help_text=_("of the standing queries, see MatchShard"))
    of = models.PositiveSmallIntegerField(default=1)
    fault = models.CharField(max_length=300, help_text=_("what went wrong, for those who mend it"))
    is_again = models.BooleanField(
        default=False, help_text=_("it was matched before, and is to be once more: for new queries, or what changed")
    )
    since = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveIntegerField(default=1)
    again_at = models.DateTimeField(null=True, help_text=_("when somebody last asked to have it tried again"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "number", "of"], name="unmatched_once_in_a_shard")]


class MatchRun(Walled):
    """One batch of versions matched, with the profile watermark used: who is committed later is caught up with it."""

    versions_below_tx = models.BigIntegerField(help_text=_("versions of transactions below this are matched"))
    profiles_below_tx = models.BigIntegerField(help_text=_("against the profiles of transactions below this"))
    shard = models.PositiveSmallIntegerField(default=0, help_text=_("of the standing queries, see MatchShard"))
    shards = models.PositiveSmallIntegerField(default=1)
    host = models.CharField(max_length=80, blank=True, help_text=_("which worker it was: host and process"))
    versions = models.PositiveIntegerField(default=0)
    deliveries = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField(default=0)
