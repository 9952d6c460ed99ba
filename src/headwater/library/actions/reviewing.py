"""From a draft to what people read: submitting, a second person's word, publishing."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.addresses import address
from headwater.library import rules
from headwater.library.actions.holding import check_in_use, locked
from headwater.library.attachments import publish_attachments
from headwater.library.links import relink
from headwater.library.models import Article, LibrarySettings, Review, Revision
from headwater.library.standing import refresh_standing
from headwater.people.models import Person
from headwater.people.notices import settle, tell
from headwater.search.actions import publish_version
from headwater.search.models import EntryVersion


@action
def submit_revision(actor: Actor, article: Article, reviewers: list[Person]) -> Article:
    """Hand the newest revision to reviewers."""
    article = locked(article)
    check_in_use(article)
    require(rules.may_edit(actor, article), _("Only its owner, contributors and stewards hand an article in."))
    revision = _unpublished(article)
    if not reviewers:
        raise ValidationError({"reviewers": _("Name at least one reviewer.")})
    article.state = Article.State.REVIEW
    article.save(update_fields=["state"])
    for reviewer in reviewers:
        _ask(revision, reviewer)
    note(revision=revision.pk, reviewers=[reviewer.pk for reviewer in reviewers])
    return article


@action
def ask_review(actor: Actor, article: Article, reviewer: Person) -> Review:
    """Ask one more person to review the revision that was handed in."""
    article = locked(article)
    require(rules.may_edit(actor, article), _("Only its owner, contributors and stewards ask for a review."))
    if article.state != Article.State.REVIEW:
        raise ValidationError({"article": _("Hand it in first: there is no revision in review.")})
    return _ask(_unpublished(article), reviewer)


@action
def decide_review(actor: Actor, review: Review, approved: bool, comment: str = "") -> Review:
    """Approve a revision, or return it with what is to be changed."""
    require(
        isinstance(actor, Person) and actor.pk == review.reviewer_id,
        _("Only the person who was asked decides a review."),
    )
    article, revision = locked(review.revision.article), review.revision
    require(
        rules.may_review(review.reviewer, revision, LibrarySettings.current()),
        _("You may no longer review this: your permission, clearance or the rule on one's own text changed."),
    )
    if review.outcome != Review.Outcome.ASKED:
        raise ValidationError({"review": _("You decided this already. A changed text is handed in anew.")})
    if article.latest_id != revision.pk or article.state != Article.State.REVIEW:
        raise ValidationError(
            {"review": _("The text changed since you were asked. You will be asked again for the new one.")}
        )
    if not approved and not comment.strip():
        raise ValidationError({"comment": _("Say what is to be changed, so that the author can.")})
    review.outcome = Review.Outcome.APPROVED if approved else Review.Outcome.RETURNED
    review.comment, review.decided_at = comment.strip(), timezone.now()
    review.save()
    settle(_key(revision), review.reviewer)
    _after_decision(article, review)
    return review


@action
def publish_article(
    actor: Actor, article: Article, summary: str = "", published_at: datetime | None = None
) -> EntryVersion:
    """Publish the newest revision, with one sentence of what changed; it is searched and sent from then on."""
    article = locked(article)
    check_in_use(article)
    require(
        rules.may_publish(actor, article),
        _("Only its owner, its unit's stewards and knowledge managers publish an article."),
    )
    revision = _unpublished(article)
    _check_approved(article, revision)
    summary = _summary(article, revision, summary)
    version = publish_version(
        article.entry,
        title=revision.title,
        text=revision.body,
        language=revision.language,
        author=revision.author.name,
        published_at=published_at or timezone.now(),
        summary=summary,
    )
    if version is None:
        raise ValidationError({"article": _("This text is word for word what people read already.")})
    _make_current(article, revision, version, summary)
    note(version=version.pk, revision=revision.pk)
    return version


def _key(revision: Revision) -> str:
    return f"review:{revision.pk}"


def _unpublished(article: Article) -> Revision:
    if article.latest is None or not article.has_news:
        raise ValidationError({"article": _("There is nothing new: the newest revision is published.")})
    return article.latest


def _ask(revision: Revision, reviewer: Person) -> Review:
    settings = LibrarySettings.current()
    if revision.author_id == reviewer.pk and not settings.allows_self_approval:
        raise ValidationError({"reviewers": _("Nobody approves their own text here. Name somebody else.")})
    if not rules.may_review(reviewer, revision, settings):
        words = _("%(name)s cannot review this: name an expert, steward or knowledge manager of its unit.")
        raise ValidationError({"reviewers": ValidationError(words, params={"name": reviewer.name})})
    review, _created = Review.objects.get_or_create(revision=revision, reviewer=reviewer)
    words = format_lazy(
        _("{author} asks you to review “{title}”."), author=revision.author.name, title=revision.title[:200]
    )
    tell(reviewer, words, address("library:review", pk=review.pk), _key(revision))
    return review


def _after_decision(article: Article, review: Review) -> None:
    """Returned: a draft again. Approved by all who were asked: its author and owner may publish."""
    revision = review.revision
    url = address("library:article", pk=article.pk)
    title = revision.title[:200]
    if review.outcome == Review.Outcome.RETURNED:
        article.state = Article.State.DRAFT
        article.save(update_fields=["state"])
        words = format_lazy(_("{name} returned “{title}” with a comment."), name=review.reviewer.name, title=title)
    elif revision.reviews.exclude(outcome=Review.Outcome.APPROVED).exists():
        return
    else:
        words = format_lazy(_("“{title}” is approved and may be published."), title=title)
    owner = article.entry.owner
    for person in {revision.author, owner or revision.author} - {review.reviewer}:
        tell(person, words, url, f"reviewed:{article.pk}")


def _check_approved(article: Article, revision: Revision) -> None:
    if not LibrarySettings.current().needs_review:
        return
    outcomes = set(revision.reviews.values_list("outcome", flat=True))
    if Review.Outcome.RETURNED in outcomes:
        raise ValidationError({"article": _("A reviewer returned it. Change the text and hand it in again.")})
    if Review.Outcome.APPROVED not in outcomes:
        raise ValidationError({"article": _("Nobody has approved this revision yet. Hand it in for review first.")})


def _summary(article: Article, revision: Revision, summary: str) -> str:
    summary = " ".join((summary or revision.summary).split())
    if article.published_id is not None and not summary:
        raise ValidationError({"summary": _("Say in one sentence what changed: readers see it first.")})
    if len(summary) > 300:
        raise ValidationError({"summary": _("At most 300 characters: one sentence.")})
    return summary


def _make_current(article: Article, revision: Revision, version: EntryVersion, summary: str) -> None:
    revision.version, revision.summary = version, summary
    revision.save(update_fields=["version", "summary"])
    article.published, article.state = revision, Article.State.PUBLISHED
    article.verify_due_on = article.verify_due_on or timezone.localdate() + timedelta(days=article.verify_every_days)
    article.save(update_fields=["published", "state", "verify_due_on"])
    settle(_key(revision))
    settle(f"reviewed:{article.pk}")
    publish_attachments(article, version)
    relink(article)
    refresh_standing(article.entry)
