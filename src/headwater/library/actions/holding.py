"""Holding an article while it is changed, so that what is decided is decided on what is there."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from headwater.library.models import Article

RELATED = ("entry__unit", "entry__owner", "latest__author", "published", "verifier")


def locked(article: Article) -> Article:
    """The article and what belongs to it as the database has them now, held until the transaction ends.

    In two statements: one that locks and joins at once would wait for the lock, and then give the new article with
    the entry and revision of before the wait.
    """
    Article.objects.select_for_update().only("pk").get(pk=article.pk)
    return Article.objects.select_related(*RELATED).get(pk=article.pk)


def check_in_use(article: Article) -> None:
    """Raise `ValidationError` for an article in the trash or in the archive: it is brought back first."""
    if article.trashed_at is not None:
        raise ValidationError({"article": _("It lies in the trash. Restore it first; nothing of it is lost.")})
    if article.state == Article.State.ARCHIVED:
        raise ValidationError({"article": _("It is archived. Reopen it first.")})
