"""Reading one entry: the text, why me, can I rely on it, where it comes from, what rests on it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.http import Http404
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from headwater.core.counting import RowCount
from headwater.core.languages import reading
from headwater.core.prepared import Given, PreparedObjects
from headwater.distribute.because import Because, because_like, weightiest_first
from headwater.distribute.inbox import visible_deliveries, with_reasons
from headwater.distribute.models import Acknowledgement, Delivery
from headwater.distribute.taking_in import take_in_broadcasts
from headwater.gather.models import Document, InformationNeed, Source
from headwater.gather.paragraphs import paragraphs
from headwater.library.attachments import PICTURES
from headwater.library.difference import Difference, compare
from headwater.library.links import backlinks, render_part
from headwater.library.markdown import reading_minutes
from headwater.library.models import Article, Attachment, Feedback, Verification
from headwater.library.parts import Part, part_of
from headwater.people.models import Person
from headwater.people.reading import GivenReader, Reader, given_of, reader_like
from headwater.search.models import Entry, EntryVersion, Kind
from headwater.taxonomy.models import Concept

LINKS_SHOWN = 12
WAITING: tuple[str, ...] = (Delivery.State.DUE, Delivery.State.OPENED)
REPORTS = [Feedback.Kind.ERROR, Feedback.Kind.UNCLEAR]


@dataclass
class Reading:
    """One version of an entry as one person reads it; each part reads the database once, when it is asked for."""

    person: Person
    entry: Entry
    version: EntryVersion
    part_wanted: int = 1

    @property
    def _around(self) -> Any:
        """The entry with what `_with_surroundings` annotated."""
        return self.entry

    @cached_property
    def is_current(self) -> bool:
        return self.entry.current_version_id == self.version.pk

    @cached_property
    def minutes(self) -> int:
        return reading_minutes(self.version.text)

    @property
    def article(self) -> Article | None:
        """The article behind it, for what people here wrote."""
        return getattr(self.entry, "article", None)

    @property
    def document(self) -> Document | None:
        """The document behind it, for what was gathered."""
        return getattr(self.entry, "document", None)

    @cached_property
    def html(self) -> SafeString:
        """The part of the text that is shown, sanitised: Markdown where it is Markdown, else its paragraphs."""
        document = None if self.article else self.document
        if document is not None and document.metadata.get("form") != "markdown":
            return format_html_join("\n", '<p class="as-is">{}</p>', ((each,) for each in paragraphs(self.part.text)))
        version = "" if self.is_current else f"version={self.version.number}&"
        return render_part(self.part, self.person, self.article, address=f"?{version}part=")

    @cached_property
    def part(self) -> Part:
        """What is shown of the text; nearly every text is shown whole."""
        return part_of(self.version.text, self.part_wanted)

    @cached_property
    def delivery(self) -> Delivery | None:
        """What was delivered of this version to this person."""
        take_in_broadcasts(self.person)
        brought = _brought_to(reader_like(self.person)).all(version=self.version.pk, **given_of(self.person))
        return brought[0] if brought else None

    @cached_property
    def reasons(self) -> list[Because]:
        found = weightiest_first(self.delivery.reasons.all()) if self.delivery else []
        return [because_like(reason, self.version, self.person) for reason in found]

    @cached_property
    def acknowledgements(self) -> list[Acknowledgement]:
        """This person's attestations of any version of it, newest version first."""
        mine = Acknowledgement.objects.filter(person=self.person, version__entry=self.entry)
        return list(mine.select_related("version").defer("version__text").order_by("-version__number"))

    @cached_property
    def acknowledged(self) -> Acknowledgement | None:
        """The attestation of exactly this version."""
        return next((each for each in self.acknowledgements if each.version_id == self.version.pk), None)

    @cached_property
    def must_acknowledge(self) -> bool:
        """Whether a signature under this version is asked of this person now."""
        delivery = self.delivery
        if delivery is None or not delivery.must_acknowledge or self.acknowledged is not None:
            return False
        return delivery.state in WAITING

    @cached_property
    def before(self) -> Acknowledgement | None:
        """The newest older version this person has acknowledged."""
        older = (each for each in self.acknowledgements if each.version.number < self.version.number)
        return next(older, None)

    @cached_property
    def difference(self) -> Difference | None:
        """What changed since then; for somebody who acknowledged none, nothing."""
        return compare(self.before.version.text, self.version.text) if self.before else None

    @property
    def topics(self) -> list[tuple[str, str]]:
        """Slug and label, in the reader's language, of what it is about."""
        language = reading()
        rows = ((row["slug"], row["labels"]) for row in self._around.topic_rows)
        return [(slug, labels.get(language) or labels.get("en") or slug) for slug, labels in rows]

    @property
    def linking(self) -> list[tuple[int, str, str]]:
        """Entry, title and kind of the published articles that link here and that the person may read."""
        return [(row["pk"], row["title"], str(Kind(row["kind"]).label)) for row in self._around.linking_rows]

    @cached_property
    def verification(self) -> dict[str, Any] | None:
        """The newest word of somebody that this article holds: at, who, evidence, number of the version."""
        said = self._around.last_verification
        return {**said, "at": parse_datetime(said["at"])} if said else None

    @property
    def source(self) -> Source | None:
        return self.document.source if self.document else None


def open_reading(person: Person, pk: int, number: int | None = None, part: int = 1) -> Reading:
    """The entry at its current or a numbered version, from which a long text is shown in parts, a `part` of it.

    Raises Http404 for what is not there or not theirs to read.
    """
    found = _open_to(reader_like(person)).all(entry=pk, **given_of(person)) if person.is_active else []
    if not found:
        raise Http404("There is no such entry, or it is not open to you.")
    entry: Any = found[0]
    if number is None or number == entry.current_version.number:
        return Reading(person, entry, entry.current_version, part)
    version = entry.versions.filter(number=number).first()
    if version is None:
        raise Http404("There is no such version.")
    return Reading(person, entry, version, part)


@lru_cache(256)
def _open_to(reader: GivenReader) -> PreparedObjects[Entry]:
    """The entry with that number, with all that stands around it, if whoever asks may read it."""
    entries = Entry.objects.readable_by(reader).filter(pk=Given("entry"), current_version__isnull=False)
    entries = entries.exclude(article__trashed_at__isnull=False)
    return PreparedObjects(lambda: _with_surroundings(entries, reader), keeps_plan=True)


@lru_cache(256)
def _brought_to(reader: GivenReader) -> PreparedObjects[Delivery]:
    """What was delivered of a version to whoever asks, with the reasons."""
    rows = visible_deliveries(reader).filter(version=Given("version")).order_by("-created_at", "-pk")
    whole = rows.select_related("version__entry").defer("version__text")
    return PreparedObjects(lambda: with_reasons(whole), keeps_plan=True)


def _with_surroundings(entries: QuerySet[Entry], person: Reader) -> QuerySet[Entry]:
    """Entries with all that stands around the text, in one query: a page is opened often."""
    here = OuterRef("pk")
    readable = Entry.objects.current().readable_by(person)
    topics = Concept.objects.filter(entry_links__entry=here, entry_links__proposed=False).order_by("slug")
    family = readable.filter(Q(pk=OuterRef("copy_of")) | Q(copy_of=OuterRef("copy_of")) | Q(copy_of=here))
    needs = InformationNeed.objects.filter(entry_links__entry=here, entry_links__state="accepted").order_by("question")
    verified = Verification.objects.filter(article__entry=here).order_by("-at")
    said = JSONObject(at="at", who="person__name", evidence="evidence", number="version__number")
    open_reports = Feedback.objects.filter(entry=here, state=Feedback.State.OPEN, kind__in=REPORTS)
    origin = EntryVersion.objects.filter(captures__entry=here, entry__in=readable.values("pk"))
    files = Attachment.objects.filter(article__entry=here, published_with__isnull=False, removed_at=None)
    files = files.exclude(mime__in=PICTURES)
    linked = JSONObject(pk="entry_id", title="entry__title", kind="entry__kind")
    return entries.select_related(
        "unit", "owner", "audience", "current_version", "article", "document__source"
    ).annotate(
        topic_rows=ArraySubquery(topics.values(row=JSONObject(slug="slug", labels="labels"))),
        linking_rows=ArraySubquery(backlinks(here, person).values(row=linked)[:LINKS_SHOWN]),
        copy_rows=ArraySubquery(family.exclude(pk=here).values(row=JSONObject(pk="pk", title="title"))[:LINKS_SHOWN]),
        need_rows=ArraySubquery(needs.values("question")),
        last_verification=Subquery(verified.values(row=said)[:1]),
        open_reports=RowCount(open_reports),
        origin_title=Subquery(origin.values("title")[:1]),
        file_rows=ArraySubquery(files.order_by("name").values(row=JSONObject(pk="pk", name="name", size="size"))),
    )
