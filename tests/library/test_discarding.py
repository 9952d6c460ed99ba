"""Putting away and taking back; the trash that forgets after 30 days; and what people who left had kept."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from headwater.core.actions import OPERATOR, SYSTEM, Refused
from headwater.core.models import Classification
from headwater.library import due
from headwater.library.actions import (
    add_contributor,
    archive_article,
    create_article,
    describe_article,
    give_feedback,
    publish_article,
    purge_article,
    reopen_article,
    restore_article,
    save_article,
    trash_article,
    verify_article,
)
from headwater.library.jobs import keep_library
from headwater.library.models import Article, Feedback, Revision
from headwater.people.models import Audience, Person, Unit
from headwater.search.models import Entry, EntryVersion, Kind


def readable(article: Article, person: Person) -> bool:
    return Entry.objects.current().readable_by(person).filter(pk=article.entry_id).exists()


def age(article: Article, days: float) -> None:
    """Let it have lain in the trash for so long."""
    Article.objects.filter(pk=article.pk).update(trashed_at=timezone.now() - timedelta(days=days))


def test_archive_and_back(article: Article, otto: Person, ines: Person) -> None:
    archive_article(otto, article)
    assert not readable(article, ines)
    with pytest.raises(ValidationError):
        archive_article(otto, article)
    reopen_article(otto, article)
    article.refresh_from_db()
    assert readable(article, ines)
    assert article.state == Article.State.PUBLISHED
    with pytest.raises(ValidationError):
        reopen_article(otto, article)


def test_a_draft_reopens_as_a_draft_and_stays_unread(draft: Article, otto: Person, ines: Person) -> None:
    archive_article(otto, draft)
    reopen_article(otto, draft)
    draft.refresh_from_db()
    assert draft.state == Article.State.DRAFT
    assert not readable(draft, ines)


def test_trash_and_undo(article: Article, otto: Person, ines: Person) -> None:
    trash_article(otto, article)
    assert not readable(article, ines)
    article.refresh_from_db()
    assert article.purged_on == article.trashed_at + timedelta(days=30)  # type: ignore[operator]
    with pytest.raises(ValidationError):
        trash_article(otto, article)
    restore_article(otto, article)
    assert readable(article, ines)
    with pytest.raises(ValidationError):
        restore_article(otto, article)


def test_what_was_archived_comes_back_from_the_trash_archived(article: Article, otto: Person, ines: Person) -> None:
    archive_article(otto, article)
    trash_article(otto, article)
    restore_article(otto, article)
    assert not readable(article, ines)
    article.refresh_from_db()
    assert article.state == Article.State.ARCHIVED


@pytest.mark.parametrize("verb", [archive_article, trash_article])
def test_who_puts_away(article: Article, otto: Person, ines: Person, ada: Person, nadia: Person, verb: object) -> None:
    add_contributor(otto, article, ines)
    for other in (ines, ada):
        with pytest.raises(Refused):
            verb(other, article)  # type: ignore[operator]
    verb(nadia, article)  # type: ignore[operator]


def test_who_put_it_away_brings_it_back(article: Article, nadia: Person) -> None:
    trash_article(nadia, article)
    assert restore_article(nadia, article).trashed_at is None
    assert archive_article(nadia, article).state == "archived"
    assert reopen_article(nadia, article).state == "published"
    assert Entry.objects.current().filter(pk=article.entry_id).exists()


def test_a_draft_is_deleted_for_good_after_thirty_days_and_not_before(draft: Article, otto: Person) -> None:
    trash_article(otto, draft)
    age(draft, 29.9)
    assert due.purge_trash() == 0
    age(draft, 30.1)
    for expected in (1, 0):
        assert due.purge_trash() == expected
    assert not Article.objects.exists()
    assert not Revision.objects.exists()
    assert not Entry.objects.filter(pk=draft.entry_id).exists()


def test_what_people_were_sent_stays_on_record(article: Article, otto: Person, ines: Person, hadia: Person) -> None:
    version = article.entry.current_version
    assert version is not None
    assert article.latest is not None
    verify_article(hadia, article, version, "Walked the site with them")
    give_feedback(ines, article.entry, Feedback.Kind.HELPFUL)
    save_article(otto, article, "T", "A draft nobody shall find", article.latest)
    trash_article(otto, article)
    age(article, 31)
    due.purge_trash()
    assert not Article.objects.exists()
    assert not Revision.objects.exists()
    assert EntryVersion.objects.get().pk == version.pk
    assert not readable(article, ines)


def test_only_the_daily_round_empties_the_trash(draft: Article, otto: Person) -> None:
    with pytest.raises(Refused):
        purge_article(otto, draft)
    for actor in (SYSTEM, OPERATOR):
        with pytest.raises(ValidationError):
            purge_article(actor, draft)
    trash_article(otto, draft)
    with pytest.raises(ValidationError):
        purge_article(SYSTEM, draft)


def test_what_a_leaver_owned_goes_to_whoever_takes_over(
    article: Article, otto: Person, hadia: Person, ines: Person
) -> None:
    describe_article(otto, article, verifier=ines)
    for person in (otto, ines):
        person.left_on, person.successor = timezone.localdate(), hadia
        person.save()
    assert due.hand_over() == 2
    article.refresh_from_db()
    article.entry.refresh_from_db()
    assert (article.entry.owner, article.verifier) == (hadia, None)
    assert due.hand_over() == 0


def test_nothing_goes_to_somebody_who_is_not_cleared(nadia: Person, ines: Person, unit: Unit) -> None:
    secret = create_article(nadia, Kind.DECISION, "Tender", unit=unit, classification=Classification.RESTRICTED)
    nadia.left_on, nadia.successor = timezone.localdate(), ines
    nadia.save()
    assert due.hand_over() == 0
    secret.entry.refresh_from_db()
    assert secret.entry.owner == nadia


def test_the_daily_round_runs_twice(article: Article, otto: Person, unit: Unit, cast: Audience) -> None:
    other = create_article(otto, Kind.FAQ, "Other", "x", unit=unit, audience=cast)
    publish_article(otto, other)
    Article.objects.filter(pk=other.pk).update(verify_due_on=timezone.localdate())
    trash_article(otto, article)
    age(article, 31)
    for _again in range(2):
        keep_library(article.organisation_id)
    assert list(Article.objects.values_list("pk", "entry__standing")) == [(other.pk, "due")]
