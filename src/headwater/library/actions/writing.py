"""Writing: articles, their revisions, the drafts kept while typing, and two people saving at once."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.models import Classification
from headwater.library import rules
from headwater.library.actions.holding import check_in_use, locked
from headwater.library.models import Article, Contributor, Draft, LibrarySettings, Revision
from headwater.people.models import Audience, Person, Unit
from headwater.search.models import Entry, EntryTopic, EntryVersion, Kind

TITLE_LENGTH, BODY_LENGTH = 500, 2_000_000  # characters


@action
def create_article(
    actor: Actor,
    kind: Kind,
    title: str,
    body: str = "",
    unit: Unit | None = None,
    audience: Audience | None = None,
    classification: Classification = Classification.INTERNAL,
    reference: str = "",
    language: str = "",
    owner: Person | None = None,
    author: Person | None = None,
) -> Article:
    """Begin an article as a draft. Nobody but owner, contributors and stewards sees it until it is published."""
    writer = _writer(actor, author)
    require(
        rules.may_create(actor, unit),
        _("Only contributors of the unit write articles for it. Ask a knowledge manager to make you one."),
    )
    title, body = _clean_text(title, body)
    if kind == Kind.GATHERED:
        raise ValidationError({"kind": _("Gathered documents come from sources. Choose what kind of article this is.")})
    holder = owner or writer
    if not rules.reaches(holder, Entry(classification=classification)):
        raise ValidationError({"classification": _("The owner's clearance does not reach this classification.")})
    entry = Entry.objects.create(
        kind=kind, title=title, owner=holder, unit=unit, audience=audience, classification=classification
    )
    article = _new_article(entry, writer, clean_reference(reference))
    if holder != writer:
        Contributor.objects.create(article=article, person=writer)
    _add_revision(article, writer, title, body, language=language or writer.reading_language)
    return article


@action
def save_article(
    actor: Actor,
    article: Article,
    title: str,
    body: str,
    based_on: Revision,
    summary: str = "",
    language: str = "",
    author: Person | None = None,
) -> Revision:
    """Save a text as the next revision; kept beside the line (`is_aside`) when somebody saved since `based_on`."""
    return _save(actor, article, title, body, based_on, summary, language, _writer(actor, author))


@action
def autosave_draft(actor: Actor, article: Article, title: str, body: str, based_on: Revision) -> Draft:
    """Keep what the person is typing, for them alone, until they save it."""
    person = _writer(actor, None)
    require(rules.may_edit(actor, article), _("Only its owner, contributors and stewards write on this article."))
    _check_base(article, based_on)
    if len(body) > BODY_LENGTH:
        raise ValidationError({"body": _("The text is too long to keep. Split it into several articles.")})
    values = {"title": title[:TITLE_LENGTH], "body": body, "based_on": based_on, "saved_at": timezone.now()}
    return Draft.objects.update_or_create(article=article, person=person, defaults=values)[0]


@action
def discard_draft(actor: Actor, article: Article) -> None:
    """Throw away what the person was typing and had not saved."""
    Draft.objects.filter(article=article, person=_writer(actor, None)).delete()


@action
def merge_aside(
    actor: Actor, aside: Revision, title: str, body: str, based_on: Revision, summary: str = ""
) -> Revision:
    """Save the text that two versions were merged into; the one that was kept aside is settled by it."""
    require(rules.may_edit(actor, aside.article), _("Only its owner, contributors and stewards write on this article."))
    _check_open_aside(aside)
    saved = _save(actor, aside.article, title, body, based_on, summary, "", _writer(actor, None))
    _settle_aside(aside)
    note(aside=aside.pk)
    return saved


@action
def discard_aside(actor: Actor, aside: Revision) -> Revision:
    """Give up a text that was kept aside; it stays among the revisions."""
    require(rules.may_edit(actor, aside.article), _("Only its owner, contributors and stewards write on this article."))
    _check_open_aside(aside)
    _settle_aside(aside)
    return aside


@action
def capture_document(
    actor: Actor,
    version: EntryVersion,
    kind: Kind = Kind.REFERENCE,
    title: str = "",
    unit: Unit | None = None,
    author: Person | None = None,
) -> Article:
    """Begin an article from a gathered version; it keeps the link, and starts with the document's audience."""
    writer, origin = _writer(actor, author), version.entry
    require(rules.may_read(writer, origin), _("There is no such document, or you may not read it."))
    article = create_article(
        actor,
        kind=kind,
        title=title or version.title,
        body=version.text,
        unit=unit or writer.unit,
        audience=origin.audience,
        classification=Classification(origin.classification),
        language=version.language,
        author=author,
    )
    article.captured_from = version
    article.save(update_fields=["captured_from"])
    EntryTopic.objects.bulk_create(
        EntryTopic(entry=article.entry, concept_id=concept, proposed=True)
        for concept in origin.topic_links.values_list("concept_id", flat=True)
    )
    note(version=version.pk)
    return article


def clean_reference(reference: str, article: Article | None = None) -> str:
    """The reference without spaces around it. Raises `ValidationError` when another article has it."""
    reference = reference.strip()
    others = Article.objects.filter(reference__iexact=reference)
    if article is not None:
        others = others.exclude(pk=article.pk)
    if reference and others.exists():
        raise ValidationError({"reference": _("Another article has this reference already. Choose another one.")})
    return reference


def _writer(actor: Actor, author: Person | None) -> Person:
    """Who the text is by: the actor, or for the system the person it names."""
    if isinstance(actor, Person):
        return actor
    if author is None:
        raise ValidationError({"author": _("Say whose text this is: the system writes none itself.")})
    return author


def _clean_text(title: str, body: str) -> tuple[str, str]:
    title = " ".join(title.split())
    if not title:
        raise ValidationError({"title": _("Give it a title. Your text is still here.")})
    if len(title) > TITLE_LENGTH:
        raise ValidationError({"title": _("The title is too long: at most 500 characters.")})
    if len(body) > BODY_LENGTH:
        raise ValidationError({"body": _("The text is too long to keep. Split it into several articles.")})
    body = body.replace("\r\n", "\n").replace("\x00", "").rstrip()
    return title, f"{body}\n" if body else ""


def _new_article(entry: Entry, author: Person, reference: str) -> Article:
    base = slugify(entry.title, allow_unicode=True)[:100].strip("-") or "article"
    interval = LibrarySettings.current().verify_every_days
    for slug in (base, f"{base}-{entry.pk}"):
        try:
            with transaction.atomic():
                return Article.objects.create(
                    entry=entry, slug=slug, author=author, reference=reference, verify_every_days=interval
                )
        except IntegrityError:
            if slug != base:
                raise
    raise AssertionError("the second slug holds the entry's own number")


def _save(
    actor: Actor,
    article: Article,
    title: str,
    body: str,
    based_on: Revision,
    summary: str,
    language: str,
    writer: Person,
) -> Revision:
    article = locked(article)
    check_in_use(article)
    require(rules.may_edit(actor, article), _("Only its owner, contributors and stewards write on this article."))
    _check_base(article, based_on)
    title, body = _clean_text(title, body)
    latest = article.latest
    Draft.objects.filter(article=article, person=writer).delete()
    if latest is not None and (latest.title, latest.body) == (title, body):
        return latest
    is_aside = based_on != latest
    note(aside=is_aside)
    return _add_revision(
        article,
        writer,
        title,
        body,
        summary=summary,
        language=language or based_on.language,
        based_on=based_on,
        is_aside=is_aside,
    )


def _add_revision(
    article: Article,
    author: Person,
    title: str,
    body: str,
    summary: str = "",
    language: str = "",
    based_on: Revision | None = None,
    is_aside: bool = False,
) -> Revision:
    newest = article.revisions.order_by("-number").first()
    revision = Revision.objects.create(
        article=article,
        number=newest.number + 1 if newest else 1,
        title=title,
        body=body,
        summary=summary.strip()[:300],
        language=language[:10],
        author=author,
        based_on=based_on,
        is_aside=is_aside,
    )
    if not is_aside:
        _advance(article, revision)
    return revision


def _advance(article: Article, revision: Revision) -> None:
    """The new revision is the newest; what was under review is a draft again; a title is public only once published."""
    article.latest, article.state = revision, Article.State.DRAFT
    article.save(update_fields=["latest", "state"])
    if article.published_id is None and article.entry.title != revision.title:
        article.entry.title = revision.title
        article.entry.save(update_fields=["title"])


def _check_base(article: Article, based_on: Revision) -> None:
    if based_on.article_id != article.pk:
        raise ValidationError({"based_on": _("That revision belongs to another article.")})


def _check_open_aside(aside: Revision) -> None:
    if not aside.is_aside or aside.settled_at is not None:
        raise ValidationError({"aside": _("This text is not waiting to be merged: it was settled already.")})


def _settle_aside(aside: Revision) -> None:
    aside.settled_at = timezone.now()
    aside.save(update_fields=["settled_at"])
