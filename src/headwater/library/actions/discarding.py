"""Putting away and taking back: archive, trash, and their undo."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, System, action, note, require
from headwater.library import rules
from headwater.library.actions.holding import locked
from headwater.library.models import TRASH_DAYS, Article
from headwater.people.models import Person
from headwater.people.notices import settle
from headwater.search.actions import restore_entry, withdraw_entry


@action
def archive_article(actor: Actor, article: Article) -> Article:
    """Take an article out of use: no longer found, sent or due for a check; kept with all its revisions."""
    article = _governed(actor, article)
    if article.state == Article.State.ARCHIVED:
        raise ValidationError({"article": _("It is archived already.")})
    article.state = Article.State.ARCHIVED
    article.save(update_fields=["state"])
    withdraw_entry(article.entry)
    _quieten(article)
    return article


@action
def reopen_article(actor: Actor, article: Article) -> Article:
    """Bring an archived article back into use, as it was."""
    article = _governed(actor, article)
    if article.state != Article.State.ARCHIVED:
        raise ValidationError({"article": _("It is not archived.")})
    article.state = Article.State.DRAFT if article.has_news else Article.State.PUBLISHED
    article.save(update_fields=["state"])
    if article.published_id is not None:
        restore_entry(article.entry)
    return article


@action
def trash_article(actor: Actor, article: Article) -> Article:
    """Put an article into the trash: gone for readers at once, for good after 30 days."""
    article = _governed(actor, article)
    if article.trashed_at is not None:
        raise ValidationError({"article": _("It is in the trash already.")})
    article.trashed_at, article.trashed_by = timezone.now(), actor if isinstance(actor, Person) else None
    article.save(update_fields=["trashed_at", "trashed_by"])
    withdraw_entry(article.entry)
    _quieten(article)
    return article


@action
def restore_article(actor: Actor, article: Article) -> Article:
    """Take an article back out of the trash, as it was."""
    article = _governed(actor, article)
    if article.trashed_at is None:
        raise ValidationError({"article": _("It is not in the trash.")})
    article.trashed_at = article.trashed_by = None
    article.save(update_fields=["trashed_at", "trashed_by"])
    if article.published_id is not None and article.state != Article.State.ARCHIVED:
        restore_entry(article.entry)
    return article


@action
def purge_article(actor: Actor, article: Article) -> None:
    """Delete for good an article whose time in the trash is over. What people were sent and signed stays on record."""
    require(
        isinstance(actor, System), _("Only the daily round empties the trash; until then everything can be restored.")
    )
    article = locked(article)
    if article.trashed_at is None or article.trashed_at > timezone.now() - timedelta(days=TRASH_DAYS):
        raise ValidationError({"article": _("It has not been in the trash for 30 days.")})
    entry, was_published = article.entry, article.published_id is not None
    note(article=article.pk, entry=entry.pk)
    Article.objects.filter(pk=article.pk).update(latest=None, published=None)
    article.delete()
    if not was_published:
        entry.delete()


def _governed(actor: Actor, article: Article) -> Article:
    """The article, held; refused to whoever may neither govern it nor, as knowledge manager, arrange it."""
    article = locked(article)
    require(
        rules.may_arrange(actor, article),
        _("Only its owner, its unit's stewards and knowledge managers put an article away or bring it back."),
    )
    return article


def _quieten(article: Article) -> None:
    """Nobody is asked any more to check or review what is put away."""
    settle(f"verify:{article.pk}")
    settle(f"reviewed:{article.pk}")
    if article.latest_id is not None:
        settle(f"review:{article.latest_id}")
