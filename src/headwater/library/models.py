"""Articles and all that keeps them trustworthy: revisions, verification, feedback."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Walled
from headwater.people.models import Person
from headwater.search.models import Entry, EntryVersion


class Article(Walled):
    """A managed knowledge asset. Title, owner, unit, audience, classification and topics stand on its entry."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        REVIEW = "review", _("In review")
        PUBLISHED = "published", _("Published")
        ARCHIVED = "archived", _("Archived")

    entry = models.OneToOneField(Entry, on_delete=models.CASCADE, related_name="article")
    slug = models.SlugField(max_length=120, allow_unicode=True)
    reference = models.CharField(_("reference"), max_length=40, blank=True, help_text=_("such as SAF-014"))
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

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="article_slug")]

    def __str__(self) -> str:
        return self.entry.title


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
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="revision_number")]
        ordering = ["-number"]


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
    """A file or picture that belongs to an article; its bytes lie in the blobs."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=255)
    blob = models.CharField(max_length=64)
    mime = models.CharField(max_length=120)
    size = models.BigIntegerField()
    added_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)


class Link(Walled):
    """An article's text links to another entry: the source of backlinks."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="links")
    target = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="backlinks")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "target"], name="link_once")]


class Verification(Walled):
    """A named person's dated word that a version still holds, with the evidence."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="verifications")
    version = models.ForeignKey(EntryVersion, on_delete=models.CASCADE, related_name="verifications")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="verifications")
    evidence = models.TextField(_("what you checked"))
    at = models.DateTimeField(default=timezone.now)
    due_on = models.DateField(help_text=_("when the next is due"))


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

    class Meta:
        indexes = [models.Index(fields=["entry", "state"], name="feedback_open")]
