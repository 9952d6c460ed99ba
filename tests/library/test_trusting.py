"""Trust: who vouches for what, what readers report, and the standing that follows."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from headwater.core.actions import OPERATOR, SYSTEM, Refused
from headwater.library import due
from headwater.library.actions import (
    add_contributor,
    archive_article,
    create_article,
    describe_article,
    dispute_entry,
    give_feedback,
    publish_article,
    settle_feedback,
    verify_article,
)
from headwater.library.models import Article, Feedback, Verification
from headwater.library.standing import DISPUTED, DUE, VERIFIED, refresh_standing
from headwater.people.models import Audience, Notice, Permission, Person, Unit
from headwater.search.actions import publish_version
from headwater.search.models import Entry, EntryVersion, Kind
from tests.conftest import make_person
from tests.library.conftest import Publish

EVIDENCE = "Walked the site with the crew"


def version_of(article: Article) -> EntryVersion:
    version = article.entry.current_version
    assert version is not None
    return version


def standing(article: Article) -> str:
    return Entry.objects.get(pk=article.entry_id).standing


def test_a_named_person_vouches_for_one_version(article: Article, hadia: Person) -> None:
    verification = verify_article(hadia, article, version_of(article), EVIDENCE, every_days=90)
    article.refresh_from_db()
    assert verification.due_on == article.verify_due_on == timezone.localdate() + timedelta(days=90)
    assert (verification.person, verification.evidence, article.verify_every_days) == (hadia, EVIDENCE, 90)
    assert standing(article) == VERIFIED


def test_a_new_version_is_not_verified_by_an_old_word(article: Article, hadia: Person, publish: Publish) -> None:
    verify_article(hadia, article, version_of(article), EVIDENCE)
    publish(article, "Everything is different.")
    assert standing(article) == ""


def test_an_old_version_is_not_vouched_for(article: Article, hadia: Person, publish: Publish) -> None:
    old = version_of(article)
    publish(article, "New")
    with pytest.raises(ValidationError) as error:
        verify_article(hadia, article, old, EVIDENCE)
    assert set(error.value.message_dict) == {"version"}


def test_who_verifies(article: Article, otto: Person, hadia: Person, ines: Person, nadia: Person, ada: Person) -> None:
    for other in (ines, nadia, ada):
        with pytest.raises(Refused):
            verify_article(other, article, version_of(article), EVIDENCE)
    for actor in (SYSTEM, OPERATOR):
        with pytest.raises(Refused, match="by name"):
            verify_article(actor, article, version_of(article), EVIDENCE)
    verify_article(otto, article, version_of(article), EVIDENCE)
    describe_article(otto, article, verifier=ines)
    verify_article(ines, article, version_of(article), "Asked the foreman")


def test_a_draft_has_nothing_to_verify(draft: Article, otto: Person, article: Article, unit: Unit) -> None:
    other = create_article(otto, Kind.FAQ, "Other", unit=unit)
    with pytest.raises(Refused):
        verify_article(otto, other, version_of(article), EVIDENCE)


@pytest.mark.parametrize("evidence", ["", "   ", "ok", "checked"])
def test_a_word_without_evidence_is_none(article: Article, hadia: Person, evidence: str) -> None:
    with pytest.raises(ValidationError) as error:
        verify_article(hadia, article, version_of(article), evidence)
    assert set(error.value.message_dict) == {"evidence"}


def test_verifying_many_with_one_click_is_refused(
    article: Article, hadia: Person, otto: Person, unit: Unit, cast: Audience
) -> None:
    other = create_article(otto, Kind.FAQ, "Other", "x", unit=unit, audience=cast)
    version = publish_article(otto, other)
    verify_article(hadia, article, version_of(article), EVIDENCE)
    with pytest.raises(ValidationError, match="these very words"):
        verify_article(hadia, other, version, EVIDENCE.upper())
    verify_article(hadia, other, version, "Compared with the standard")
    assert Verification.objects.count() == 2


@pytest.mark.parametrize("days", [0, 3651])
def test_an_interval_has_bounds(article: Article, hadia: Person, days: int) -> None:
    with pytest.raises(ValidationError) as error:
        verify_article(hadia, article, version_of(article), EVIDENCE, every_days=days)
    assert set(error.value.message_dict) == {"every_days"}


def test_what_is_due_is_marked_told_once_and_cleared(article: Article, otto: Person, hadia: Person) -> None:
    describe_article(otto, article, verifier=hadia)
    verify_article(hadia, article, version_of(article), EVIDENCE, every_days=30)
    day = timezone.localdate() + timedelta(days=29)
    assert due.mark_due(day) == 0
    assert standing(article) == VERIFIED
    for _again in range(2):
        assert due.mark_due(day + timedelta(days=1)) == 1
    assert standing(article) == DUE
    waiting = Notice.objects.filter(dedupe_key=f"verify:{article.pk}", done_at=None)
    assert set(waiting.values_list("person__name", flat=True)) == {"Hadia", "Otto"}
    verify_article(hadia, article, version_of(article), "Measured again at the north shaft", every_days=60)
    assert standing(article) == VERIFIED
    assert not waiting.exists()


def test_a_moved_date_takes_the_mark_away(article: Article) -> None:
    day = timezone.localdate() + timedelta(days=400)
    due.mark_due(day)
    assert standing(article) == DUE
    article.refresh_from_db()
    article.verify_due_on = day + timedelta(days=10)
    article.save()
    due.mark_due(day)
    assert standing(article) == ""


def test_what_is_put_away_falls_due_no_more(article: Article, otto: Person) -> None:
    archive_article(otto, article)
    assert due.mark_due(timezone.localdate() + timedelta(days=4000)) == 0


def test_flagging(article: Article, ines: Person, otto: Person) -> None:
    feedback = give_feedback(ines, article.entry, Feedback.Kind.ERROR, "Oxygen limit is 19.5")
    assert (feedback.version, feedback.state, feedback.disputes) == (version_of(article), Feedback.State.OPEN, False)
    assert standing(article) == ""
    notice = Notice.objects.get(person=otto, dedupe_key=f"feedback:{feedback.pk}")
    assert notice.text == "Ines reports on “Confined spaces”: Oxygen limit is 19.5"


@pytest.mark.parametrize("kind", [Feedback.Kind.ERROR, Feedback.Kind.UNCLEAR])
def test_a_report_needs_words(article: Article, ines: Person, kind: Feedback.Kind) -> None:
    with pytest.raises(ValidationError) as error:
        give_feedback(ines, article.entry, kind)
    assert set(error.value.message_dict) == {"text"}
    with pytest.raises(ValidationError):
        give_feedback(ines, article.entry, kind, "x" * 4001)


def test_feedback_needs_the_right_to_read(draft: Article, article: Article, otto: Person, unit: Unit) -> None:
    private = create_article(otto, Kind.FAQ, "Private", "x", unit=unit)
    publish_article(otto, private)
    stranger = make_person("Stranger", Permission.KNOWLEDGE_MANAGER)
    with pytest.raises(Refused):
        give_feedback(stranger, private.entry, Feedback.Kind.HELPFUL)


def test_a_vote_is_one_for_each_person_and_may_change(article: Article, ines: Person, otto: Person) -> None:
    give_feedback(ines, article.entry, Feedback.Kind.HELPFUL)
    give_feedback(ines, article.entry, Feedback.Kind.UNHELPFUL, "Too long")
    give_feedback(otto, article.entry, Feedback.Kind.HELPFUL)
    assert sorted(Feedback.objects.values_list("kind", flat=True)) == ["helpful", "unhelpful"]
    assert [one.text for one in Feedback.objects.open()] == ["Too long"]


def test_who_warns_readers_at_once(article: Article, ines: Person, hadia: Person, otto: Person) -> None:
    with pytest.raises(Refused, match="without the warning"):
        give_feedback(ines, article.entry, Feedback.Kind.ERROR, "Wrong", disputes=True)
    with pytest.raises(ValidationError):
        give_feedback(hadia, article.entry, Feedback.Kind.HELPFUL, disputes=True)
    feedback = give_feedback(hadia, article.entry, Feedback.Kind.ERROR, "Wrong", disputes=True)
    assert standing(article) == DISPUTED
    assert Notice.objects.get(person=otto, dedupe_key=f"feedback:{feedback.pk}").urgency == Notice.Urgency.URGENT


def test_a_keeper_turns_a_report_into_a_warning(article: Article, ines: Person, otto: Person) -> None:
    feedback = give_feedback(ines, article.entry, Feedback.Kind.ERROR, "Wrong")
    with pytest.raises(Refused):
        dispute_entry(ines, feedback)
    dispute_entry(otto, feedback)
    assert standing(article) == DISPUTED
    settle_feedback(otto, feedback, Feedback.State.DISMISSED, "It is right: see the standard")
    assert standing(article) == ""
    with pytest.raises(ValidationError):
        dispute_entry(otto, feedback)


def test_settling_answers_the_reader(article: Article, ines: Person, otto: Person) -> None:
    feedback = give_feedback(ines, article.entry, Feedback.Kind.UNCLEAR, "Which tripod?")
    settle_feedback(otto, feedback, Feedback.State.FIXED, "Named it in section 2")
    feedback.refresh_from_db()
    assert (feedback.state, feedback.settled_by) == (Feedback.State.FIXED, otto)
    answer = Notice.objects.get(person=ines)
    assert answer.text == "Your report on “Confined spaces” was answered: Named it in section 2"
    assert not Notice.objects.filter(dedupe_key=f"feedback:{feedback.pk}", done_at=None).exists()


@pytest.mark.parametrize(
    "outcome, answer", [(Feedback.State.OPEN, "Fixed"), (Feedback.State.FIXED, ""), (Feedback.State.DISMISSED, "  ")]
)
def test_settling_needs_an_outcome_and_an_answer(
    article: Article, ines: Person, otto: Person, outcome: Feedback.State, answer: str
) -> None:
    feedback = give_feedback(ines, article.entry, Feedback.Kind.ERROR, "Wrong")
    with pytest.raises(ValidationError):
        settle_feedback(otto, feedback, outcome, answer)


def test_who_settles(article: Article, ines: Person, otto: Person, hadia: Person, nadia: Person, ada: Person) -> None:
    def report() -> Feedback:
        return give_feedback(ines, article.entry, Feedback.Kind.ERROR, "Wrong")

    for other in (ines, ada):
        with pytest.raises(Refused):
            settle_feedback(other, report(), Feedback.State.FIXED, "Done")
    add_contributor(otto, article, ines)
    for keeper in (otto, hadia, nadia, ines):
        feedback = report()
        assert Feedback.objects.for_keeper(keeper).filter(pk=feedback.pk).exists()
        settle_feedback(keeper, feedback, Feedback.State.FIXED, "Done")
    with pytest.raises(ValidationError, match="already"):
        settle_feedback(otto, feedback, Feedback.State.FIXED, "Again")


def test_gathered_documents_are_reported_on_too(otto: Person, ines: Person, cast: Audience) -> None:
    document = Entry.objects.create(kind=Kind.GATHERED, title="Circular", owner=otto, audience=cast)
    publish_version(document, title="Circular", text="x", language="en", author="", published_at=timezone.now())
    feedback = give_feedback(ines, document, Feedback.Kind.ERROR, "The date is wrong")
    dispute_entry(otto, feedback)
    document.refresh_from_db()
    assert document.standing == DISPUTED
    assert refresh_standing(document) == DISPUTED
    settle_feedback(otto, feedback, Feedback.State.FIXED, "Told the inspectorate")
    document.refresh_from_db()
    assert document.standing == ""


def test_a_version_of_another_entry_is_refused(
    article: Article, otto: Person, ines: Person, unit: Unit, cast: Audience
) -> None:
    other = create_article(otto, Kind.FAQ, "Other", "x", unit=unit, audience=cast)
    version = publish_article(otto, other)
    with pytest.raises(ValidationError) as error:
        give_feedback(ines, article.entry, Feedback.Kind.HELPFUL, version=version)
    assert set(error.value.message_dict) == {"version"}
