"""Articles and all that keeps them trustworthy: revisions, verification, feedback."""

from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Walled
from headwater.people.models import Permission, Person
from headwater.people.reading import Reader
from headwater.search.models import Entry, EntryVersion

TRASH_DAYS = 30


class ArticleQuerySet(models.QuerySet["Article"]):
    def kept(self) -> "ArticleQuerySet":
        """Articles that are not in the trash."""
        return self.filter(trashed_at=None)

    def due(self, on: date) -> "ArticleQuerySet":
        """Published articles in use whose next check falls on that day or before."""
        in_use = self.kept().filter(published__isnull=False).exclude(state=Article.State.ARCHIVED)
        return in_use.filter(verify_due_on__lte=on)

    def governed_by(self, person: Person) -> "ArticleQuerySet":
        """Articles the person owns or is steward of, in the trash or not."""
        if not person.is_active:
            return self.none()
        governed = Q(entry__owner=person)
        for path in person.paths_granted(Permission.STEWARD):
            governed |= Q(entry__unit__path__startswith=path) if path else Q(pk__isnull=False)
        return self.filter(governed, entry__classification__lte=person.clearance)

    def draft_circle(self, person: Reader) -> "ArticleQuerySet":
        """Articles whose drafts the person may see: owner, contributor, steward, or asked to review the latest."""
        if not person.is_active:
            return self.none()
        circle = (
            Q(entry__owner=person.pk)
            | Q(pk__in=Contributor.objects.filter(person=person.pk).values("article"))
            | Q(latest__in=Review.objects.filter(reviewer=person.pk).values("revision"))
        )
        for path in person.paths_granted(Permission.STEWARD):
            circle |= Q(entry__unit__path__startswith=path) if path else Q(pk__isnull=False)
        return self.filter(circle, entry__classification__lte=person.clearance)

    def visible_to(self, person: Reader) -> "ArticleQuerySet":
        """Articles the person may know of: published ones they may read, and those whose drafts they may see."""
        # Only articles' entries: most of what is readable was gathered, and need not be looked at here.
        readable = Entry.objects.current().readable_by(person).filter(article__published__isnull=False)
        circle = ArticleQuerySet(self.model).draft_circle(person)
        return self.filter(Q(entry__in=readable.values("pk")) | Q(pk__in=circle.values("pk")))


class Article(Walled):
    """A managed knowledge asset. Title, owner, unit, audience, classification and topics stand on its entry.

    `state` speaks of the newest revision; whether there is a text that people read is `published`. So a published
    article somebody is writing on is in state draft and keeps its published revision until the next is published.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        REVIEW = "review", _("In review")
        PUBLISHED = "published", _("Published")
        ARCHIVED = "archived", _("Archived")

    entry = models.OneToOneField(Entry, on_delete=models.CASCADE, related_name="article")
    slug = models.SlugField(max_length=120, allow_unicode=True)
    reference = models.CharField(_("reference"), max_length=40, blank=True, help_text=_("such as SAF-014"))
    folded_reference = models.GeneratedField(
        expression=Lower("reference"), output_field=models.CharField(max_length=40), db_persist=True
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="articles")
    latest = models.ForeignKey("Revision", on_delete=models.PROTECT, null=True, related_name="+")
    published = models.ForeignKey("Revision", on_delete=models.PROTECT, null=True, related_name="+")
    captured_from = models.ForeignKey(EntryVersion, on_delete=models.SET_NULL, null=True, related_name="captures")
    verify_every_days = models.PositiveIntegerField(_("days between verifications"), default=180)
    verifier = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="to_verify")
    verify_due_on = models.DateField(null=True, db_index=True)
    trashed_at = models.DateTimeField(null=True)
    trashed_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="article_slug")]
        indexes = [
            models.Index(fields=["reference"], name="article_reference"),
            models.Index(fields=["organisation", "folded_reference"], name="article_folded_reference"),
        ]

    def __str__(self) -> str:
        return self.entry.title

    @property
    def has_news(self) -> bool:
        """Whether its newest revision is not the one people read."""
        return self.latest_id != self.published_id

    @property
    def purged_on(self) -> datetime | None:
        """When the trash forgets it; None while it is not in the trash."""
        return self.trashed_at + timedelta(days=TRASH_DAYS) if self.trashed_at else None


class Contributor(Walled):
    """A person who may read and edit an article's drafts."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="contributors")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "person"], name="contributor_once")]


class Revision(Walled):
    """One saved text of an article; immutable. Published ones have a version that is searched and sent.

    `based_on` is the revision its author started from: when that is not the latest, the two must be merged.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=500)
    body = models.TextField(help_text=_("Markdown"))
    summary = models.CharField(_("what changed"), max_length=300, blank=True)
    language = models.CharField(max_length=10, blank=True)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="revisions")
    based_on = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    is_aside = models.BooleanField(default=False, help_text=_("kept beside the line: somebody else saved first"))
    version = models.OneToOneField(EntryVersion, on_delete=models.PROTECT, null=True, related_name="revision")
    settled_at = models.DateTimeField(null=True, help_text=_("an aside that was merged or given up"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="revision_number")]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"


class Draft(Walled):
    """What a person is typing, kept every few seconds; theirs alone until they save it as a revision."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="drafts")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="drafts")
    title = models.CharField(max_length=500)
    body = models.TextField()
    based_on = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "person"], name="draft_once")]


class Review(Walled):
    """A reviewer's word on a revision that was submitted."""

    class Outcome(models.TextChoices):
        ASKED = "asked", _("Asked")
        APPROVED = "approved", _("Approved")
        RETURNED = "returned", _("Returned")

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="reviews")
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.ASKED)
    comment = models.TextField(blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["revision", "reviewer"], name="review_once")]


class Attachment(Walled):
    """A file or picture that belongs to an article; its bytes lie in the blobs.

    Readers get it once a published version came out with it; before, only those who may see the drafts.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=255)
    blob = models.CharField(max_length=64)
    mime = models.CharField(max_length=120)
    size = models.BigIntegerField()
    added_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    published_with = models.ForeignKey(EntryVersion, on_delete=models.SET_NULL, null=True, related_name="attachments")
    removed_at = models.DateTimeField(null=True, help_text=_("no longer listed; older versions still show it"))

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        """Whether pages may show it; everything else is a download."""
        return self.mime.startswith("image/")

    @property
    def markdown(self) -> str:
        """The words that show it, or link to it, in its article's text."""
        words = self.name.replace("[", "(").replace("]", ")")
        return f"{'!' if self.is_picture else ''}[{words}](attachment:{self.pk})"


class Link(Walled):
    """An article's text links to another entry: the source of backlinks.

    `names` are the folded titles and references that stand for it in the text: they mean this entry whatever it, or
    another one, is called later.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="links")
    target = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="backlinks")
    names = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "target"], name="link_once")]


class WantedLink(Walled):
    """A link in an article's text to a title or reference that nothing has yet; becomes a Link when something does."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="wanted_links")
    wanted = models.CharField(max_length=500, db_index=True, help_text=_("the title or reference, folded"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "wanted"], name="wanted_once")]


class Verification(Walled):
    """A named person's dated word that a version still holds, with the evidence."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="verifications")
    version = models.ForeignKey(EntryVersion, on_delete=models.CASCADE, related_name="verifications")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="verifications")
    evidence = models.TextField(_("what you checked"))
    at = models.DateTimeField(default=timezone.now)
    due_on = models.DateField(help_text=_("when the next is due"))


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def reports(self) -> "FeedbackQuerySet":
        """What asks somebody to look: errors, unclear passages, and "not helpful" with words."""
        return self.filter(Q(kind__in=("error", "unclear")) | Q(kind="unhelpful") & ~Q(text=""))

    def open(self) -> "FeedbackQuerySet":
        """Reports that nobody has settled."""
        return self.reports().filter(state="open")

    def for_keeper(self, person: Person) -> "FeedbackQuerySet":
        """On entries the person reads and answers for: owner, verifier, contributor, steward, knowledge manager."""
        keeps = Q(entry__owner=person) | Q(entry__article__verifier=person)
        keeps |= Q(entry__in=Contributor.objects.filter(person=person).values("article__entry"))
        for permission in (Permission.STEWARD, Permission.KNOWLEDGE_MANAGER):
            for path in person.paths_granted(permission):
                keeps |= Q(entry__unit__path__startswith=path) if path else Q(pk__isnull=False)
        return self.filter(keeps, entry__in=Entry.objects.current().readable_by(person).values("pk"))


class Feedback(Walled):
    """Flag it or fix it: a reader's word on a version, with its triage."""

    class Kind(models.TextChoices):
        HELPFUL = "helpful", _("Helpful")
        UNHELPFUL = "unhelpful", _("Not helpful")
        ERROR = "error", _("Something is wrong")
        UNCLEAR = "unclear", _("Something is unclear")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        FIXED = "fixed", _("Fixed")
        DISMISSED = "dismissed", _("No change needed")

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="feedback")
    version = models.ForeignKey(EntryVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="feedback")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    disputes = models.BooleanField(default=False, help_text=_("readers are warned until it is settled"))
    answer = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["entry", "state"], name="feedback_open")]
        verbose_name_plural = "feedback"


class LibrarySettings(Walled):
    """How this organisation keeps its library; one row, made when somebody first changes it."""

    needs_review = models.BooleanField(_("a second person approves before publishing"), default=True)
    allows_self_approval = models.BooleanField(_("authors may approve their own text"), default=False)
    verify_every_days = models.PositiveIntegerField(_("days between verifications"), default=180)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation"], name="library_settings_once")]
        verbose_name_plural = "library settings"

    @classmethod
    def current(cls) -> "LibrarySettings":
        """The organisation's settings, or the defaults while nobody changed them."""
        return cls.objects.first() or cls()
