"""How far an entry can be relied on: kept in `Entry.standing`, shown to readers and searchable."""

from datetime import date

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
    return VERIFIED if article.verifications.filter(version=entry.current_version_id).exists() else ""


def refresh_standing(entry: Entry, today: date | None = None) -> str:
    """Bring the entry's standing up to date after anything it depends on changed; returns it."""
    standing = standing_of(entry, today)
    if entry.standing != standing:
        entry.standing = standing
        Entry.objects.filter(pk=entry.pk).update(standing=standing)
    return standing
