"""What the library knows of an entry, for the page where it is read (and for anybody who asks: API, cockpit).

    panel = of_entry(entry, person)      # None when the person may not read the entry
    panel.reliance                       # can I rely on it: verified by whom, when, on what evidence, next check, owner
    panel.banners                        # what stands over the title: disputed, overdue
    panel.origin, panel.trail            # where it comes from: the captured document, drafted, reviewed, published
    panel.rests_on_this                  # what links here
    panel.attachments, panel.doors       # files that came out with it; what this person may do from here

The text itself: `links.render_for(version.text, person, panel.article)` gives HTML for `<div class="prose">`,
`markdown.headings(text)` its sections with anchors, `markdown.reading_minutes(text)` how long it takes, and
`difference.compare(old, new)` what changed. At most nine queries in all, whatever the number of rows.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from headwater.core.addresses import address
from headwater.library import rules
from headwater.library.attachments import PICTURES
from headwater.library.links import backlinks
from headwater.library.models import Article, Attachment, Feedback, Review, Verification
from headwater.people.models import Person, Unit
from headwater.search.models import Entry, EntryVersion


@dataclass(frozen=True)
class Banner:
    """A warning over the title; `tone` is bad or warn."""

    tone: str
    icon: str
    title: str
    text: str
    url: str = ""
    action: str = ""


@dataclass(frozen=True)
class Step:
    """One dot of the trail: what happened, a second line, and where it can be seen."""

    words: str
    note: str = ""
    at: datetime | None = None
    url: str = ""


@dataclass(frozen=True)
class Reliance:
    """Can I rely on it? `verification` is the last; `is_current` says whether it vouches for the version read now."""

    standing: str
    verification: Verification | None
    is_current: bool
    next_check: date | None
    every_days: int | None
    verifier: Person | None
    owner: Person | None
    unit: Unit | None
    open_reports: int
    fixed_this_year: int


@dataclass(frozen=True)
class Panel:
    """Everything the library says beside an entry; `doors` are addresses by verb, only those open to the person."""

    article: Article | None
    reliance: Reliance
    banners: list[Banner]
    origin: EntryVersion | None
    trail: list[Step]
    rests_on_this: list[Article]
    attachments: list[Attachment]
    doors: dict[str, str] = field(default_factory=dict)


def of_entry(entry: Entry, person: Person, may_read: bool | None = None) -> Panel | None:
    """The library's panel beside an entry, for that reader. Pass `may_read` when the page has checked it already."""
    if may_read is False or (may_read is None and not rules.may_read(person, entry)):
        return None
    related = ("entry__owner", "entry__unit", "verifier", "published__author", "captured_from__entry")
    article = Article.objects.select_related(*related).filter(entry=entry, published__isnull=False).first()
    reports = list(Feedback.objects.reports().filter(entry=entry).select_related("person").order_by("-at")[:200])
    reliance = _reliance(entry, article, reports)
    origin = _origin(article, person)
    return Panel(
        article=article,
        reliance=reliance,
        banners=_banners(entry, reliance, reports),
        origin=origin,
        trail=_trail(article, origin) if article else [],
        rests_on_this=backlinks(entry, person),
        attachments=_files(article) if article else [],
        doors=_doors(entry, article, person),
    )


def _reliance(entry: Entry, article: Article | None, reports: list[Feedback]) -> Reliance:
    last = article.verifications.select_related("person", "version").order_by("-at").first() if article else None
    year = timezone.localdate().year
    fixed = [
        one for one in reports if one.state == Feedback.State.FIXED and one.settled_at and one.settled_at.year == year
    ]
    return Reliance(
        standing=entry.standing,
        verification=last,
        is_current=last is not None and last.version_id == entry.current_version_id,
        next_check=article.verify_due_on if article else None,
        every_days=article.verify_every_days if article else None,
        verifier=article.verifier if article else None,
        owner=entry.owner,
        unit=entry.unit,
        open_reports=sum(one.state == Feedback.State.OPEN for one in reports),
        fixed_this_year=len(fixed),
    )


def _banners(entry: Entry, reliance: Reliance, reports: list[Feedback]) -> list[Banner]:
    found = []
    disputes = [one for one in reports if one.disputes and one.state == Feedback.State.OPEN]
    for report in disputes[:3]:
        title = _("Disputed by %(name)s on %(day)s") % {"name": report.person.name, "day": _day(report.at)}
        found.append(
            Banner(
                "bad", "flag", title, report.text[:300], address("library:report", pk=report.pk), _("See the report")
            )
        )
    due = reliance.next_check
    if due is not None and due <= timezone.localdate():
        title = _("The check was due on %(day)s") % {"day": date_format(due, "j F")}
        keeper = reliance.verifier or reliance.owner
        text = _("%(name)s is asked to check it. Until then, ask before you rely on it.") % {
            "name": keeper.name if keeper else "–"
        }
        found.append(Banner("warn", "clock", title, text))
    return found


def _origin(article: Article | None, person: Person) -> EntryVersion | None:
    """The version it was captured from, if this person may read that one too."""
    if article is None or article.captured_from is None:
        return None
    return article.captured_from if rules.may_read(person, article.captured_from.entry) else None


def _trail(article: Article, origin: EntryVersion | None) -> list[Step]:
    revision = article.published
    assert revision is not None
    steps = []
    if origin is not None:
        note = _("captured from version %(n)d") % {"n": origin.number}
        steps.append(Step(origin.title, note, origin.published_at, address("home:entry", pk=origin.entry_id)))
    steps.append(Step(_("Written by %(name)s") % {"name": revision.author.name}, at=revision.created_at))
    approved = (
        revision.reviews.filter(outcome=Review.Outcome.APPROVED).select_related("reviewer").order_by("decided_at")
    )
    for review in approved:
        steps.append(
            Step(_("Approved by %(name)s") % {"name": review.reviewer.name}, review.comment, review.decided_at)
        )
    version = article.entry.current_version_id and revision.version
    if version:
        words = _("Published as version %(n)d") % {"n": version.number}
        steps.append(Step(words, f"{version.checksum[:4]}…{version.checksum[-4:]}", version.gathered_at))
    return steps


def _files(article: Article) -> list[Attachment]:
    """What is offered for download; pictures stand in the text."""
    offered = article.attachments.filter(published_with__isnull=False, removed_at=None)
    return list(offered.exclude(mime__in=PICTURES).order_by("name")[:100])


def _doors(entry: Entry, article: Article | None, person: Person) -> dict[str, str]:
    doors = {"feedback": address("library:feedback", pk=entry.pk)}
    if article is None:
        if entry.current_version_id and rules.may_create(person, person.unit):
            doors["capture"] = address("library:capture", pk=entry.current_version_id)
        return doors
    doors["revisions"] = address("library:revisions", pk=article.pk)
    if rules.may_edit(person, article):
        doors["edit"] = address("library:edit", pk=article.pk)
        doors["article"] = address("library:article", pk=article.pk)
    if rules.may_verify(person, article):
        doors["verify"] = address("library:verification", pk=article.pk)
    return doors


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j F")
