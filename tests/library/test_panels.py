"""The panel beside an entry: what it says, to whom, in few queries."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from headwater.core.models import Classification
from headwater.library import due, panels
from headwater.library.actions import (
    attach_file,
    capture_document,
    create_article,
    decide_review,
    describe_article,
    dispute_entry,
    give_feedback,
    publish_article,
    save_article,
    settle_feedback,
    share_article,
    submit_revision,
    verify_article,
)
from headwater.library.models import Article, Feedback, Review
from headwater.people.models import Audience, Person, Unit
from headwater.search.actions import publish_version
from headwater.search.models import Entry, Kind
from tests.library.conftest import Publish


def test_can_i_rely_on_it(article: Article, hadia: Person, otto: Person, ines: Person) -> None:
    version = article.entry.current_version
    assert version is not None
    describe_article(otto, article, verifier=hadia)
    verify_article(hadia, article, version, "Walked the site with them", every_days=90)
    fixed = give_feedback(ines, article.entry, Feedback.Kind.ERROR, "Wrong")
    settle_feedback(otto, fixed, Feedback.State.FIXED, "Done")
    give_feedback(ines, article.entry, Feedback.Kind.UNCLEAR, "Which one?")
    article.entry.refresh_from_db()
    panel = panels.of_entry(article.entry, ines)
    assert panel is not None
    reliance = panel.reliance
    assert reliance.verification is not None
    assert (reliance.verification.person, reliance.is_current, reliance.standing) == (hadia, True, "verified")
    assert (reliance.owner, reliance.verifier, reliance.every_days) == (otto, hadia, 90)
    assert (reliance.open_reports, reliance.fixed_this_year) == (1, 1)
    assert panel.banners == []


def test_banners(article: Article, otto: Person, ines: Person) -> None:
    report = give_feedback(ines, article.entry, Feedback.Kind.ERROR, "The limit is 19.5")
    dispute_entry(otto, report)
    Article.objects.filter(pk=article.pk).update(verify_due_on=timezone.localdate() - timedelta(days=3))
    due.mark_due(timezone.localdate())
    panel = panels.of_entry(Entry.objects.get(pk=article.entry_id), ines)
    assert panel is not None
    assert [(banner.tone, banner.text) for banner in panel.banners] == [
        ("bad", "The limit is 19.5"),
        ("warn", "Otto is asked to check it. Until then, ask before you rely on it."),
    ]


def test_where_it_comes_from(otto: Person, hadia: Person, ines: Person, cast: Audience, unit: Unit) -> None:
    document = Entry.objects.create(kind=Kind.GATHERED, title="Circular 31", owner=otto, audience=cast)
    origin = publish_version(
        document, title="Circular 31", text="x", language="en", author="", published_at=timezone.now()
    )
    assert origin is not None
    article = capture_document(otto, origin, Kind.PROCEDURE)
    submit_revision(otto, article, [hadia])
    decide_review(hadia, Review.objects.get(), approved=True)
    publish_article(otto, article)
    panel = panels.of_entry(article.entry, ines)
    assert panel is not None
    assert [step.words for step in panel.trail] == [
        "Circular 31",
        "Written by Otto",
        "Approved by Hadia",
        "Published as version 1",
    ]
    assert panel.origin == origin
    document.audience = None
    document.save()
    panel = panels.of_entry(article.entry, ines)
    assert panel is not None
    assert (panel.origin, panel.trail[0].words) == (None, "Written by Otto")


def test_doors_are_those_the_person_may_open(article: Article, otto: Person, ines: Person, hadia: Person) -> None:
    def doors(person: Person) -> set[str]:
        panel = panels.of_entry(article.entry, person)
        assert panel is not None
        return set(panel.doors)

    assert doors(ines) == {"feedback", "revisions"}
    assert doors(otto) == doors(hadia) == {"feedback", "revisions", "edit", "article", "verify"}


def test_a_document_has_a_panel_too(otto: Person, ines: Person, cast: Audience) -> None:
    document = Entry.objects.create(kind=Kind.GATHERED, title="Circular 31", owner=otto, audience=cast)
    publish_version(document, title="Circular 31", text="x", language="en", author="", published_at=timezone.now())
    mine, hers = panels.of_entry(document, otto), panels.of_entry(document, ines)
    assert mine is not None
    assert hers is not None
    assert (mine.article, mine.trail, "capture" in mine.doors, "capture" in hers.doors) == (None, [], True, False)


def test_nobody_is_told_of_what_they_may_not_read(article: Article, otto: Person, ines: Person) -> None:
    share_article(otto, article, None, Classification.INTERNAL)
    article.entry.refresh_from_db()
    assert panels.of_entry(article.entry, ines) is None
    assert panels.of_entry(article.entry, ines, may_read=False) is None


def test_a_draft_in_work_does_not_show(article: Article, otto: Person, ines: Person) -> None:
    assert article.latest is not None
    save_article(otto, article, "Secret", "Secret", article.latest)
    attach_file(otto, article, "secret.docx", b"x")
    panel = panels.of_entry(article.entry, ines)
    assert panel is not None
    assert panel.attachments == []
    assert "Secret" not in repr(panel)


def test_few_queries_whatever_there_is(
    article: Article, otto: Person, ines: Person, unit: Unit, cast: Audience, publish: Publish
) -> None:
    def count() -> int:
        entry = Entry.objects.select_related("owner", "unit").get(pk=article.entry_id)
        person = Person.objects.get(pk=ines.pk)
        with CaptureQueriesContext(connection) as captured:
            assert panels.of_entry(entry, person, may_read=True) is not None
        return len(captured)

    count()  # the organisation's slug is remembered from here on
    before = count()
    for number in range(12):
        other = create_article(otto, Kind.FAQ, f"Other {number}", "[[Confined spaces]]", unit=unit, audience=cast)
        publish_article(otto, other)
        give_feedback(ines, article.entry, Feedback.Kind.ERROR, f"Wrong {number}")
        attach_file(otto, article, f"{number}.docx", b"x")
    publish(article, "New")
    assert count() == before <= 9
