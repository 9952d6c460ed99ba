"""What is searched and sent: entries and their immutable versions; and the searches that found nothing."""

from collections.abc import Iterable

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Classification, Walled
from headwater.people.models import Audience, Person, Unit
from headwater.people.reading import Reader, readable
from headwater.taxonomy.models import Concept


class Kind(models.TextChoices):
    """What an entry is. `gathered` came from a source; the others are articles."""

    GATHERED = "gathered", _("Gathered")
    HOW_TO = "howto", _("How-to")
    PROCEDURE = "procedure", _("Procedure")
    POLICY = "policy", _("Policy")
    LESSON = "lesson", _("Lesson learned")
    FAQ = "faq", _("Question and answer")
    DECISION = "decision", _("Decision")
    REFERENCE = "reference", _("Reference")
    CONTACT = "contact", _("Contact")
    BEST_PRACTICE = "practice", _("Best practice")


CURRENT = models.Q(current_version__isnull=False, withdrawn_at=None)


class EntryQuerySet(models.QuerySet["Entry"]):
    def current(self) -> "EntryQuerySet":
        """Entries that have a version to read and are neither withdrawn nor in the trash."""
        return self.filter(CURRENT)

    def readable_by(self, person: Reader) -> "EntryQuerySet":
        """The access filter: clearance reaches, and in the audience, or owner, or steward of its unit or one above."""
        return self.filter(readable(person))

    def named(self, titles: Iterable[str]) -> dict[str, int]:
        """{folded title: id} of those entries that bear these folded titles, or that bore them before anyone else did.

        Of several, the first one; who bears a title now goes before who once did.
        """
        wanted = set(titles)
        bearing = self.filter(folded_title__in=wanted).order_by("-pk").values_list("folded_title", "pk")
        once = FormerTitle.objects.filter(folded__in=wanted, entry__in=self.values("pk")).order_by("-pk")
        return dict(once.values_list("folded", "entry")) | dict(bearing) if wanted else {}


class Entry(Walled):
    """The stable thing that is searched and sent: a gathered document, an article, later a question, course or person.

    Its audience (none: only the owner), classification, owner and unit decide who may read it, at every door.
    """

    kind = models.CharField(max_length=12, choices=Kind)
    title = models.CharField(_("title"), max_length=500)
    # Kept by the database, so that a title is found by an index: behind row-level security one on lower() is not used.
    folded_title = models.GeneratedField(
        expression=Lower("title"), output_field=models.CharField(max_length=500), db_persist=True
    )
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="owned")
    unit = models.ForeignKey(Unit, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    audience = models.ForeignKey(Audience, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    classification = models.PositiveSmallIntegerField(
        _("classification"), choices=Classification, default=Classification.INTERNAL
    )
    source_slug = models.SlugField(max_length=80, blank=True, help_text=_("the source it was gathered from"))
    path = models.CharField(max_length=1000, blank=True, help_text=_("where it lies in its source"))
    origin_url = models.CharField(max_length=2000, blank=True)
    topics = models.ManyToManyField(Concept, through="EntryTopic", related_name="entries")
    current_version = models.ForeignKey("EntryVersion", on_delete=models.PROTECT, null=True, related_name="+")
    copy_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="copies")
    standing = models.CharField(max_length=12, blank=True, help_text=_("verified, due, disputed: shown and searchable"))
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    tx = models.BigIntegerField(default=0, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "tx"], name="entry_tx"),
            models.Index(fields=["audience"], name="entry_audience"),
            models.Index(fields=["organisation", "kind"], name="entry_kind"),
            models.Index(fields=["source_slug", "path"], name="entry_path"),
            models.Index(fields=["organisation", "folded_title"], name="entry_folded_title"),
            # Who may read an entry, without touching its row: a full inbox asks of thousands of entries.
            models.Index(
                fields=["id"],
                name="entry_access",
                include=["organisation", "audience", "owner", "unit", "classification"],
            ),
        ]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return self.title


class FormerTitle(Walled):
    """A title that an entry bore before, in small letters: links that were written with it still lead there."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="former_titles")
    folded = models.CharField(max_length=500, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "folded"], name="former_title_once")]


class EntryTopic(Walled):
    """An entry is about a concept; `proposed` until a steward accepts it."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="topic_links")
    concept = models.ForeignKey(Concept, on_delete=models.CASCADE, related_name="entry_links")
    proposed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "concept"], name="entry_topic_once")]


def _band(number: int) -> models.GeneratedField:
    """One of four stretches of the fingerprint: of two that differ in three bits at most, one stretch is the same."""
    stretch = models.F("fingerprint").bitrightshift(16 * number).bitand(0xFFFF)
    return models.GeneratedField(expression=stretch, output_field=models.IntegerField(null=True), db_persist=True)


class EntryVersion(Walled):
    """One immutable text of an entry: what is indexed, matched, delivered, acknowledged and cited."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=500)
    text = models.TextField()
    language = models.CharField(max_length=10, blank=True)
    author = models.CharField(max_length=300, blank=True)
    checksum = models.CharField(max_length=64, help_text=_("SHA-256 of the title, a line feed, and the text"))
    fingerprint = models.BigIntegerField(null=True, help_text=_("64-bit simhash of the text, for near-copies"))
    # Kept by the database, so that near-copies are found by an index, however many texts there are.
    band_0, band_1, band_2, band_3 = _band(0), _band(1), _band(2), _band(3)
    summary = models.CharField(max_length=300, blank=True, help_text=_("in one sentence, what changed"))
    published_at = models.DateTimeField(help_text=_("when its origin published it"))
    gathered_at = models.DateTimeField(default=timezone.now, help_text=_("when it came in, or was published here"))
    is_backfill = models.BooleanField(default=False, help_text=_("came with a source's first run: quiet unless recent"))
    tx = models.BigIntegerField(default=0, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "number"], name="version_number")]
        indexes = [
            models.Index(fields=["organisation", "tx"], name="version_tx"),
            models.Index(fields=["organisation", "-published_at"], name="version_published"),
            models.Index(
                fields=["organisation", "gathered_at"], name="version_new", condition=models.Q(is_backfill=False)
            ),
            # From a version to its entry without touching the row, which holds the text: open broadcasts do it often.
            models.Index(fields=["id"], name="version_entry", include=["entry", "organisation"]),
            *(models.Index(fields=[f"band_{number}"], name=f"version_band_{number}") for number in range(4)),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"


class SearchGap(Walled):
    """A search that found nothing, counted without the person: knowledge somebody needed and nobody had."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ANSWERED = "answered", _("Answered")
        DISMISSED = "dismissed", _("Dismissed")

    query = models.CharField(max_length=500)
    language = models.CharField(max_length=10, blank=True)
    times = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    answer = models.ForeignKey(Entry, on_delete=models.SET_NULL, null=True, related_name="+")
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "query"], name="gap_once")]


class GapAsker(Walled):
    """A person who ticked "tell me when there is an answer": the only way a search is kept with a name."""

    gap = models.ForeignKey(SearchGap, on_delete=models.CASCADE, related_name="askers")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="asked_gaps")
    asked_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gap", "person"], name="asker_once")]


class EntryUse(Walled):
    """How often an entry was opened; never by whom. Apart from `Entry`, so that reading does not re-index it."""

    entry = models.OneToOneField(Entry, on_delete=models.CASCADE, related_name="use")
    opened = models.PositiveIntegerField(default=0)
