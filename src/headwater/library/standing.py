"""How far an entry can be relied on: kept in `Entry.standing`, shown to readers and searchable."""

from datetime import date

from django.db.models import F
from django.utils import timezone

from headwater.library.models import Article, Feedback
from headwater.search.models import Entry

VERIFIED, DUE, DISPUTED = "verified", "due", "disputed"


def standing_of(entry: Entry, today: date | None = None) -> str:
    """disputed: an open report warns readers; due: the day of the next check has come; verified: somebody vouched for
    exactly this version; empty: nobody has yet."""
    day = today or timezone.localdate()
    if Feedback.objects.filter(entry=entry, disputes=True, state=Feedback.State.OPEN).exists():
        return DISPUTED
    article = Article.objects.filter(entry=entry).first()
    if article is None or article.published_id is None:
        return ""
    if article.verify_due_on is not None and article.verify_due_on <= day:
        return DUE
    vouched = article.verifications.filter(version=F("article__entry__current_version"))
    return VERIFIED if vouched.exists() else ""


def refresh_standing(entry: Entry, today: date | None = None) -> str:
    """Bring the entry's standing up to date after anything it depends on changed; returns it.

    The entry's row is held first, so that of two changes at once the later one sees what the earlier one did.
    """
    Entry.objects.select_for_update().only("pk").get(pk=entry.pk)
    entry.standing = standing_of(entry, today)
    Entry.objects.filter(pk=entry.pk).exclude(standing=entry.standing).update(standing=entry.standing)
    return entry.standing
