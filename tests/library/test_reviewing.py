"""From draft to published: a second person's word, no approving of one's own text, one sentence of what changed."""

import pytest
from django.core.exceptions import ValidationError

from headwater.core.actions import OPERATOR, Refused
from headwater.core.models import Classification
from headwater.library.actions import (
    add_contributor,
    archive_article,
    ask_review,
    create_article,
    decide_review,
    publish_article,
    save_article,
    set_library,
    submit_revision,
    trash_article,
)
from headwater.library.models import Article, Review
from headwater.people.models import Notice, Permission, Person, Unit
from headwater.search.models import Entry, Kind
from tests.conftest import make_person
from tests.library.conftest import BODY, Publish


def fields(error: pytest.ExceptionInfo[ValidationError]) -> set[str]:
    return set(error.value.message_dict)


def test_the_whole_way(draft: Article, otto: Person, hadia: Person, ines: Person) -> None:
    submit_revision(otto, draft, [hadia])
    draft.refresh_from_db()
    assert draft.state == Article.State.REVIEW
    notice = Notice.objects.get(person=hadia, done_at=None)
    assert notice.text == "Otto asks you to review “Confined spaces”."
    review = decide_review(hadia, Review.objects.get(), approved=True)
    assert review.decided_at is not None
    notice.refresh_from_db()
    assert notice.done_at is not None
    version = publish_article(otto, draft)
    draft.refresh_from_db()
    assert (draft.state, draft.published, version.number, version.text) == (
        Article.State.PUBLISHED,
        draft.latest,
        1,
        BODY,
    )
    assert version.author == "Otto"
    assert draft.verify_due_on is not None
    assert Entry.objects.current().readable_by(ines).filter(pk=draft.entry_id).exists()


def test_nothing_is_published_without_a_second_person(draft: Article, otto: Person) -> None:
    with pytest.raises(ValidationError, match="Nobody has approved"):
        publish_article(otto, draft)


def test_where_the_organisation_wants_no_review_one_person_publishes(article: Article) -> None:
    assert article.published is not None


def test_nobody_approves_their_own_text(draft: Article, hadia: Person, otto: Person) -> None:
    assert draft.latest is not None
    save_article(hadia, draft, "T", "By Hadia", draft.latest)
    with pytest.raises(ValidationError) as error:
        submit_revision(hadia, draft, [hadia])
    assert fields(error) == {"reviewers"}


def test_the_rule_on_ones_own_text_holds_at_the_decision_too(draft: Article, hadia: Person) -> None:
    set_library(OPERATOR, needs_review=True, allows_self_approval=True)
    assert draft.latest is not None
    save_article(hadia, draft, "T", "By Hadia", draft.latest)
    submit_revision(hadia, draft, [hadia])
    set_library(OPERATOR, needs_review=True, allows_self_approval=False)
    with pytest.raises(Refused, match="no longer"):
        decide_review(hadia, Review.objects.get(), approved=True)
    set_library(OPERATOR, needs_review=True, allows_self_approval=True)
    decide_review(hadia, Review.objects.get(), approved=True)


@pytest.mark.parametrize(
    "permission", [Permission.READER, Permission.CONTRIBUTOR, Permission.ADMINISTRATOR, Permission.EXECUTIVE]
)
def test_who_is_no_reviewer(draft: Article, otto: Person, permission: Permission) -> None:
    with pytest.raises(ValidationError) as error:
        submit_revision(otto, draft, [make_person("Some One", permission)])
    assert "Some One" in error.value.message_dict["reviewers"][0]


def test_a_reviewer_needs_the_clearance(nadia: Person, hadia: Person, unit: Unit) -> None:
    secret = create_article(nadia, Kind.DECISION, "Tender", "x", unit=unit, classification=Classification.RESTRICTED)
    with pytest.raises(ValidationError):
        submit_revision(nadia, secret, [hadia])


def test_submitting_needs_a_reviewer_and_something_new(
    draft: Article, article: Article, otto: Person, hadia: Person
) -> None:
    with pytest.raises(ValidationError, match="nothing new"):
        submit_revision(otto, article, [hadia])
    assert article.latest is not None
    save_article(otto, article, "T", "New", article.latest)
    with pytest.raises(ValidationError, match="at least one"):
        submit_revision(otto, article, [])


def test_a_reviewer_sees_the_draft_and_only_while_it_is_the_newest(draft: Article, otto: Person, unit: Unit) -> None:
    expert = make_person("Xenia", Permission.EXPERT, unit=unit)
    assert not Article.objects.visible_to(expert).exists()
    submit_revision(otto, draft, [expert])
    assert Article.objects.visible_to(expert).exists()
    draft.refresh_from_db()
    assert draft.latest is not None
    with pytest.raises(Refused):
        save_article(expert, draft, "T", "B", draft.latest)
    save_article(otto, draft, "T", "Changed", draft.latest)
    assert not Article.objects.visible_to(expert).exists()


def test_only_who_was_asked_decides(draft: Article, otto: Person, hadia: Person, nadia: Person) -> None:
    submit_revision(otto, draft, [hadia])
    for other in (otto, nadia, OPERATOR):
        with pytest.raises(Refused):
            decide_review(other, Review.objects.get(), approved=True)


def test_returning_says_why_and_makes_a_draft_of_it(draft: Article, otto: Person, hadia: Person) -> None:
    submit_revision(otto, draft, [hadia])
    with pytest.raises(ValidationError) as error:
        decide_review(hadia, Review.objects.get(), approved=False)
    assert fields(error) == {"comment"}
    decide_review(hadia, Review.objects.get(), approved=False, comment="Say who rigs.")
    draft.refresh_from_db()
    assert draft.state == Article.State.DRAFT
    assert Notice.objects.filter(person=otto, text="Hadia returned “Confined spaces” with a comment.").exists()
    with pytest.raises(ValidationError, match="returned"):
        publish_article(otto, draft)
    with pytest.raises(ValidationError, match="decided this already"):
        decide_review(hadia, Review.objects.get(), approved=True)


def test_one_return_outweighs_one_approval(draft: Article, otto: Person, hadia: Person, nadia: Person) -> None:
    submit_revision(otto, draft, [hadia, nadia])
    decide_review(hadia, Review.objects.get(reviewer=hadia), approved=True)
    decide_review(nadia, Review.objects.get(reviewer=nadia), approved=False, comment="No.")
    with pytest.raises(ValidationError, match="returned"):
        publish_article(otto, draft)


def test_an_approval_belongs_to_one_revision(draft: Article, otto: Person, hadia: Person) -> None:
    submit_revision(otto, draft, [hadia])
    decide_review(hadia, Review.objects.get(), approved=True)
    draft.refresh_from_db()
    assert draft.latest is not None
    save_article(otto, draft, "T", "Slipped in", draft.latest)
    with pytest.raises(ValidationError, match="Nobody has approved"):
        publish_article(otto, draft)


def test_a_text_that_changed_is_not_decided(draft: Article, otto: Person, hadia: Person) -> None:
    submit_revision(otto, draft, [hadia])
    draft.refresh_from_db()
    assert draft.latest is not None
    save_article(otto, draft, "T", "Changed", draft.latest)
    with pytest.raises(ValidationError, match="changed since"):
        decide_review(hadia, Review.objects.get(), approved=True)


def test_asking_one_more(draft: Article, otto: Person, hadia: Person, nadia: Person) -> None:
    with pytest.raises(ValidationError, match="Hand it in first"):
        ask_review(otto, draft, nadia)
    submit_revision(otto, draft, [hadia])
    assert ask_review(otto, draft, nadia).reviewer == nadia
    assert ask_review(otto, draft, nadia).reviewer == nadia
    assert Review.objects.count() == 2


def test_who_publishes(
    draft: Article, unreviewed: None, otto: Person, ines: Person, nadia: Person, hadia: Person
) -> None:
    add_contributor(otto, draft, ines)
    for other in (ines, nadia):
        with pytest.raises(Refused):
            publish_article(other, draft)
    add_contributor(otto, draft, nadia)
    publish_article(nadia, draft)
    assert draft.latest is not None
    save_article(ines, draft, "T", "By Ines", draft.latest)
    publish_article(hadia, draft, "Ines wrote it anew.")


def test_a_new_version_says_what_changed(article: Article, otto: Person, publish: Publish) -> None:
    with pytest.raises(ValidationError) as error:
        publish(article, "Other", summary="  ")
    assert fields(error) == {"summary"}
    with pytest.raises(ValidationError) as error:
        publish_article(otto, article, "x" * 301)
    assert fields(error) == {"summary"}
    assert (
        publish_article(otto, article, "The air is tested all the time.").summary == "The air is tested all the time."
    )


def test_publishing_twice_publishes_once(article: Article, otto: Person) -> None:
    with pytest.raises(ValidationError, match="nothing new"):
        publish_article(otto, article)
    assert article.entry.versions.count() == 1


def test_going_back_to_the_published_words_is_no_new_version(article: Article, otto: Person) -> None:
    assert article.latest is not None
    other = save_article(otto, article, "Confined spaces", "Other", article.latest)
    save_article(otto, article, "Confined spaces", BODY, other)
    with pytest.raises(ValidationError, match="word for word"):
        publish_article(otto, article, "Nothing")


@pytest.mark.parametrize("put_away", [archive_article, trash_article])
def test_what_was_put_away_is_not_published(
    draft: Article, unreviewed: None, otto: Person, hadia: Person, put_away: object
) -> None:
    put_away(otto, draft)  # type: ignore[operator]
    with pytest.raises(ValidationError):
        publish_article(otto, draft)
    with pytest.raises(ValidationError):
        submit_revision(otto, draft, [hadia])
