"""Sources, what was gathered from them, each run, and the questions that steer gathering."""

from datetime import timedelta

from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Classification, Walled
from headwater.gather.wording import cause_words, form_words, in_a_line, in_words
from headwater.people.models import Audience, Permission, Person, Unit
from headwater.people.reading import Reader, readable
from headwater.search.models import Entry, EntryVersion

# Who sees which sources there are, and how they do.
SEES_SOURCES = (
    Permission.CONTRIBUTOR,
    Permission.EXPERT,
    Permission.STEWARD,
    Permission.KNOWLEDGE_MANAGER,
    Permission.EXECUTIVE,
    Permission.ADMINISTRATOR,
)


class SourceQuerySet(models.QuerySet["Source"]):
    def open(self) -> "SourceQuerySet":
        """Sources that were not closed."""
        return self.exclude(state=Source.State.CLOSED)

    def due(self) -> "SourceQuerySet":
        """Active sources that are read by themselves and whose time has come."""
        return self.filter(state=Source.State.ACTIVE, kind__in=Source.READ_BY_ITSELF, next_run_at__lte=timezone.now())

    def readable_by(self, person: Reader) -> "SourceQuerySet":
        """Sources whose documents the person may read."""
        return self.filter(readable(person))

    def with_leave_of(self, person: Person) -> "SourceQuerySet":
        """Each says, as `is_open_to_asker`, whether the person may read its documents."""
        return self.annotate(is_open_to_asker=ExpressionWrapper(readable(person), BooleanField()))


class Source(Walled):
    """A place knowledge is gathered from. Its documents inherit owner, unit, audience and classification."""

    class Kind(models.TextChoices):
        FOLDER = "folder", _("Folder")
        FEED = "feed", _("Feed")
        WEB = "web", _("Web site")
        MAILBOX = "mailbox", _("Mailbox")
        UPLOAD = "upload", _("Upload")
        CAPTURE = "capture", _("Capture")

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        CLOSED = "closed", _("Closed")

    class Grade(models.TextChoices):
        A = "A", _("A, completely reliable")
        B = "B", _("B, usually reliable")
        C = "C", _("C, fairly reliable")
        D = "D", _("D, not usually reliable")
        E = "E", _("E, unreliable")
        F = "F", _("F, cannot be judged")

    # Not kept: said of a source that was found by `with_leave_of` somebody.
    is_open_to_asker = False

    # Uploads and captures come in by themselves; the others are read at their times.
    READ_BY_ITSELF = (Kind.FOLDER, Kind.FEED, Kind.WEB, Kind.MAILBOX)

    slug = models.SlugField(max_length=80)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    settings = models.JSONField(default=dict, help_text=_("what the connector needs: path, url, host, folder…"))
    secret = models.BinaryField(null=True, editable=False, help_text=_("sealed JSON: password, token"))
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="sources")
    unit = models.ForeignKey(Unit, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    audience = models.ForeignKey(Audience, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    classification = models.PositiveSmallIntegerField(
        _("classification"), choices=Classification, default=Classification.INTERNAL
    )
    grade = models.CharField(_("reliability"), max_length=1, choices=Grade, default=Grade.F)
    every_minutes = models.PositiveIntegerField(_("minutes between runs"), default=60)
    silent_after_hours = models.PositiveIntegerField(_("silence alarm after hours"), null=True, blank=True)
    deliver_backfill_days = models.PositiveIntegerField(
        _("deliver from the first run what was published in the last days"), default=7
    )
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    cursor = models.JSONField(default=dict, editable=False)
    next_run_at = models.DateTimeField(default=timezone.now, db_index=True)
    last_worked_at = models.DateTimeField(null=True, editable=False)
    last_change_at = models.DateTimeField(null=True, editable=False)
    trouble = models.CharField(max_length=500, blank=True, editable=False, help_text=_("why the last run failed"))
    trouble_said = models.JSONField(default=dict, editable=False, help_text=_("the same, to be put into words"))
    trouble_since = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SourceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="source_slug")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_read_by_itself(self) -> bool:
        """Whether it has a schedule (folder, feed, web site, mailbox), or only takes what people bring."""
        return self.kind in self.READ_BY_ITSELF

    @property
    def trouble_words(self) -> str:
        """Why the last run failed and what to do, in the reader's language; empty when all is well."""
        return in_a_line(self.trouble_said, self.trouble) if self.trouble else ""

    @property
    def is_silent(self) -> bool:
        """Whether nothing new has come for longer than its silence alarm allows."""
        if self.silent_after_hours is None or self.state != self.State.ACTIVE:
            return False
        since = self.last_change_at or self.created_at
        return timezone.now() - since > timedelta(hours=self.silent_after_hours)


class Run(Walled):
    """One pass over a source, with its counts as it goes."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for its turn")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        STOPPED = "stopped", _("Stopped")

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    taker = models.CharField(max_length=40, blank=True, editable=False, help_text=_("who carries it out"))
    is_backfill = models.BooleanField(default=False)
    started_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(default=timezone.now, help_text=_("last sign of life; a silent run is taken over"))
    ended_at = models.DateTimeField(null=True)
    total = models.PositiveIntegerField(null=True, help_text=_("how many were listed, once known"))
    counts = models.JSONField(default=dict, help_text=_("documents past each step, and new, changed, vanished, failed"))
    rates = models.JSONField(default=list, help_text=_("documents a second, one figure for each stretch of the run"))
    bytes_kept = models.BigIntegerField(default=0)
    message = models.CharField(max_length=500, blank=True)
    said = models.JSONField(default=dict, help_text=_("the message, to be put into words"))

    class Meta:
        indexes = [models.Index(fields=["source", "-started_at"], name="run_recent")]

    # Neither begun nor ended by somebody else: there is still something to stop.
    OPEN = (State.WAITING, State.RUNNING)
    # A run whose worker gives no sign of life for this long is taken over by another.
    SILENCE = timedelta(seconds=20)
    # Not kept: said of a run to whoever began it.
    is_new = False

    @property
    def words(self) -> str:
        """Why it failed, or what there is to say of it, in the reader's language; empty when it is nothing."""
        return in_words(self.said, self.message)[0]

    @property
    def is_alive(self) -> bool:
        """Running, with a recent sign of life."""
        return self.state == self.State.RUNNING and timezone.now() - self.beat_at < self.SILENCE

    @property
    def is_waiting(self) -> bool:
        """Asked for, and nobody has taken it up yet."""
        return self.state == self.State.WAITING

    @property
    def done(self) -> int:
        """How many of the listed documents are through."""
        return int(self.counts.get("done", 0))

    @property
    def rate(self) -> float:
        """Documents a second, of late."""
        recent = [float(rate) for rate in self.rates[-5:]]
        return sum(recent) / len(recent) if recent else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take at the present rate; None while that cannot be told."""
        if self.total is None or not self.rate:
            return None
        return max(0, self.total - self.done) / self.rate

    @property
    def per_cent(self) -> int | None:
        """How far it is; None while the total is not known."""
        return min(100, self.done * 100 // self.total) if self.total else None


class DocumentQuerySet(models.QuerySet["Document"]):
    def readable_by(self, person: Reader) -> "DocumentQuerySet":
        """Documents as their entry says; those without an entry yet as their source says."""
        by_entry = Q(entry__in=Entry.objects.readable_by(person))
        return self.filter(by_entry | Q(entry=None, source__in=Source.objects.readable_by(person)))


class Document(Walled):
    """One gathered piece: where it lies in its source, its raw bytes by checksum, and the entry that is read."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="documents")
    key = models.CharField(max_length=1000, help_text=_("its name within the source: path, address, message id"))
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, null=True, related_name="document")
    stamp = models.CharField(max_length=300, blank=True, help_text=_("what tells a change: size and time, ETag, UID"))
    blob = models.CharField(max_length=64, blank=True, help_text=_("SHA-256 of the raw bytes of the newest version"))
    mime = models.CharField(max_length=120, blank=True)
    size = models.BigIntegerField(default=0)
    metadata = models.JSONField(default=dict)
    brought_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    handed_as = models.CharField(max_length=1000, blank=True, help_text=_("its name as it was brought by a person"))
    last_seen_at = models.DateTimeField(default=timezone.now)
    vanished_at = models.DateTimeField(null=True, help_text=_("the tombstone: no longer in its source since"))

    objects = DocumentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="document_key")]
        indexes = [models.Index(fields=["organisation", "blob"], name="document_blob")]

    def __str__(self) -> str:
        return self.key

    @property
    def form(self) -> str:
        """What people call this kind of file; empty while it is not known."""
        return str(form_words(self.mime))


class RawVersion(Walled):
    """Which raw bytes a version of a document was read from, and by which run: its provenance."""

    version = models.OneToOneField(EntryVersion, on_delete=models.CASCADE, related_name="raw")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="raw_versions")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="raw_versions")
    blob = models.CharField(max_length=64)
    mime = models.CharField(max_length=120, blank=True)
    size = models.BigIntegerField(default=0)
    origin_modified_at = models.DateTimeField(null=True)


class Failure(Walled):
    """A document that could not be read: named, kept, shown, tried again when its bytes change or somebody asks."""

    document = models.OneToOneField(Document, on_delete=models.CASCADE, related_name="failure")
    cause = models.CharField(max_length=30)
    message = models.CharField(max_length=500)
    remedy = models.CharField(max_length=300, blank=True)
    said = models.JSONField(default=dict, help_text=_("message and remedy, or particulars, to be put into words"))
    stamp = models.CharField(max_length=300, blank=True)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    dismissed_at = models.DateTimeField(null=True)

    @property
    def words(self) -> str:
        """What happened, in the reader's language, with the particulars as the reader of the file gave them."""
        if "detail" in self.said:
            happened, detail = str(cause_words(self.cause)[0]), self.said["detail"]
            return f"{happened}: {detail}" if detail else happened
        return in_words(self.said, self.message)[0]

    @property
    def particulars(self) -> str:
        """What there is to say beyond the cause and what to do; may be empty."""
        return str(self.said["detail"]) if "detail" in self.said else self.words

    @property
    def remedy_words(self) -> str:
        """What to do, in the reader's language."""
        return str(cause_words(self.cause)[1]) if "detail" in self.said else in_words(self.said, "", self.remedy)[1]


class NeedQuerySet(models.QuerySet["InformationNeed"]):
    def visible_to(self, person: Person) -> "NeedQuerySet":
        """One's own, those of one's audiences, and those without an audience for whoever sees sources."""
        seen = Q(owner=person) | person.within()
        if person.is_active and any(person.paths_granted(permission) for permission in SEES_SOURCES):
            seen |= Q(audience=None)
        return self.filter(seen)


class InformationNeed(Walled):
    """A question the organisation wants answered; what matches `query` is proposed to it."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        MET = "met", _("Met")
        DROPPED = "dropped", _("Dropped")

    question = models.CharField(_("question"), max_length=300)
    why = models.TextField(_("what it is needed for"), blank=True)
    query = models.CharField(_("query"), max_length=1000, blank=True)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="needs")
    due_on = models.DateField(_("due on"), null=True, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    sources = models.ManyToManyField(Source, through="NeedSource", related_name="needs")
    audience = models.ForeignKey(Audience, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = NeedQuerySet.as_manager()

    def __str__(self) -> str:
        return self.question


class NeedSource(Walled):
    """A source that is meant to serve a need."""

    need = models.ForeignKey(InformationNeed, on_delete=models.CASCADE)
    source = models.ForeignKey(Source, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["need", "source"], name="need_source_once")]


class NeedEntry(Walled):
    """An entry proposed for a need, then accepted or declined by its owner."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")

    need = models.ForeignKey(InformationNeed, on_delete=models.CASCADE, related_name="entry_links")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="need_links")
    state = models.CharField(max_length=8, choices=State, default=State.PROPOSED)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["need", "entry"], name="need_entry_once")]
