"""Reading one entry: the text, why me, can I rely on it, where it comes from, what rests on it."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from headwater.distribute.because import Because, because
from headwater.distribute.inbox import inbox_of, with_reasons
from headwater.distribute.models import Acknowledgement, Delivery
from headwater.gather.models import Document, InformationNeed, Source
from headwater.library.difference import Difference, compare
from headwater.library.links import backlinks, render_for
from headwater.library.markdown import reading_minutes
from headwater.library.models import Article, Feedback, Verification
from headwater.people.models import Person
from headwater.search.models import Entry, EntryVersion
from headwater.taxonomy.models import Concept

CHANGES_OPEN = 8


@dataclass
class Reading:
    """One version of an entry as one person reads it; each part reads the database once, when it is asked for."""

    person: Person
    entry: Entry
    version: EntryVersion

    @cached_property
    def is_current(self) -> bool:
        return self.entry.current_version_id == self.version.pk

    @cached_property
    def minutes(self) -> int:
        return reading_minutes(self.version.text)

    @cached_property
    def article(self) -> Article | None:
        """The article behind it, for what people here wrote."""
        found = Article.objects.filter(entry=self.entry).select_related("verifier", "author", "captured_from__entry")
        return found.first()

    @cached_property
    def document(self) -> Document | None:
        """The document behind it, for what was gathered."""
        return Document.objects.filter(entry=self.entry).select_related("source__owner").first()

    @cached_property
    def html(self) -> SafeString:
        """The text, sanitised: Markdown where it is Markdown, else its paragraphs."""
        document = None if self.article else self.document
        if document is not None and document.metadata.get("form") != "markdown":
            pieces = (piece.strip() for piece in self.version.text.split("\n\n"))
            return format_html_join("\n", '<p class="as-is">{}</p>', ((piece,) for piece in pieces if piece))
        return render_for(self.version.text, self.person, self.article)

    @cached_property
    def delivery(self) -> Delivery | None:
        """What was delivered of this version to this person."""
        return with_reasons(inbox_of(self.person).filter(version=self.version)).first()

    @cached_property
    def reasons(self) -> list[Because]:
        return [because(reason) for reason in self.delivery.reasons.all()] if self.delivery else []

    @cached_property
    def acknowledgements(self) -> list[Acknowledgement]:
        """This person's attestations of any version of it, newest version first."""
        mine = Acknowledgement.objects.filter(person=self.person, version__entry=self.entry)
        return list(mine.select_related("version").order_by("-version__number"))

    @cached_property
    def acknowledged(self) -> Acknowledgement | None:
        """The attestation of exactly this version."""
        return next((each for each in self.acknowledgements if each.version_id == self.version.pk), None)

    @cached_property
    def must_acknowledge(self) -> bool:
        """Whether a signature under this version is asked of this person now."""
        delivery = self.delivery
        asked = delivery is not None and delivery.must_acknowledge and self.acknowledged is None
        return asked and delivery.state in (Delivery.State.DUE, Delivery.State.OPENED)

    @cached_property
    def before(self) -> Acknowledgement | None:
        """The newest older version this person has acknowledged."""
        older = (each for each in self.acknowledgements if each.version.number < self.version.number)
        return next(older, None)

    @cached_property
    def difference(self) -> Difference | None:
        """What changed since then; for somebody who acknowledged none, nothing."""
        return compare(self.before.version.text, self.version.text) if self.before else None

    @cached_property
    def verification(self) -> Verification | None:
        """The newest word of somebody that this article holds."""
        if self.article is None:
            return None
        return self.article.verifications.select_related("person", "version").order_by("-at").first()

    @cached_property
    def open_reports(self) -> list[Feedback]:
        """Open reports of errors, newest first."""
        kinds = [Feedback.Kind.ERROR, Feedback.Kind.UNCLEAR]
        return list(
            Feedback.objects.filter(entry=self.entry, state=Feedback.State.OPEN, kind__in=kinds).order_by("-at")
        )

    @cached_property
    def topics(self) -> list[Concept]:
        return list(Concept.objects.filter(entry_links__entry=self.entry, entry_links__proposed=False).order_by("slug"))

    @cached_property
    def source(self) -> Source | None:
        return self.document.source if self.document else None

    @cached_property
    def backlinks(self) -> list[Article]:
        return backlinks(self.entry, self.person)

    @cached_property
    def copies(self) -> list[Entry]:
        """Near-copies the person may read, on either side."""
        first = self.entry.copy_of_id or self.entry.pk
        family = Entry.objects.current().readable_by(self.person).exclude(pk=self.entry.pk)
        return list(family.filter(pk=first)) + list(family.filter(copy_of=first)[:5])

    @cached_property
    def needs(self) -> QuerySet[InformationNeed]:
        """The questions of the organisation that this helps to answer."""
        return InformationNeed.objects.filter(entry_links__entry=self.entry, entry_links__state="accepted")


def open_reading(person: Person, pk: int, number: int | None = None) -> Reading:
    """The entry at its current or a numbered version. Raises Http404 for what is not there or not theirs to read."""
    entries = Entry.objects.readable_by(person).filter(current_version__isnull=False)
    entry = entries.select_related("unit", "owner", "audience", "current_version").filter(pk=pk).first()
    if entry is None:
        raise Http404("There is no such entry, or it is not open to you.")
    if number is None or number == entry.current_version.number:
        return Reading(person, entry, entry.current_version)
    version = entry.versions.filter(number=number).first()
    if version is None:
        raise Http404("There is no such version.")
    return Reading(person, entry, version)
