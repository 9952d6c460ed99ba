"""The daily round: what has fallen due is marked and told, the trash forgets, and nothing stays with those who left."""

import logging
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import SYSTEM
from headwater.core.addresses import address
from headwater.library.actions import purge_article, replace_verifier, set_article_owner
from headwater.library.models import TRASH_DAYS, Article
from headwater.library.standing import DUE, refresh_standing
from headwater.people.leaving import left_people, successor_of
from headwater.people.notices import tell

log = logging.getLogger(__name__)


def mark_due(today: date) -> int:
    """Mark what has fallen due, and tell its verifier and its owner once for each date; how many articles are due.

    Articles that are no longer due (a date moved, an interval changed) lose the mark too.
    """
    late = Article.objects.filter(entry__standing=DUE).filter(Q(verify_due_on__gt=today) | Q(verify_due_on=None))
    for article in late.select_related("entry"):
        refresh_standing(article.entry, today)
    due = Article.objects.due(today).select_related("entry__owner", "verifier")
    for article in due:
        if article.entry.standing != DUE:
            refresh_standing(article.entry, today)
        _tell_due(article)
    return len(due)


def _tell_due(article: Article) -> None:
    words = format_lazy(_("“{title}” is due for its check: does it still hold?"), title=article.entry.title[:200])
    keepers = {keeper for keeper in (article.verifier, article.entry.owner) if keeper is not None}
    for keeper in keepers:
        tell(keeper, words, address("library:verification", pk=article.pk), f"verify:{article.pk}")


def purge_trash() -> int:
    """Delete for good what has lain in the trash for 30 days; how many articles."""
    old = Article.objects.filter(trashed_at__lte=timezone.now() - timedelta(days=TRASH_DAYS))
    articles = list(old.select_related("entry"))
    for article in articles:
        purge_article(SYSTEM, article)
    return len(articles)


def hand_over() -> int:
    """Give articles of people who left to whoever takes over, and their checks to the owner; how many changed hands."""
    moved = 0
    for article in Article.objects.filter(entry__owner__in=left_people()).select_related("entry__owner"):
        owner = article.entry.owner
        heir = successor_of(owner) if owner else None
        if heir is None:
            continue
        try:
            set_article_owner(SYSTEM, article, heir)
            moved += 1
        except ValidationError:
            log.warning("article %s stays with somebody who left: %s is not cleared for it", article.pk, heir.pk)
    for article in Article.objects.filter(verifier__in=left_people()).select_related("verifier", "entry__owner"):
        replace_verifier(SYSTEM, article)
        moved += 1
    return moved
