"""Writing: who may begin and save, what is kept when two save at once, and what a draft shows to whom."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from headwater.core.actions import OPERATOR, Refused
from headwater.core.models import Classification, Event
from headwater.library.actions import (
    add_contributor,
    archive_article,
    autosave_draft,
    capture_document,
    create_article,
    discard_aside,
    discard_draft,
    merge_aside,
    remove_contributor,
    save_article,
    trash_article,
)
from headwater.library.models import Article, Draft
from headwater.people.models import Audience, Grant, Permission, Person, Unit
from headwater.search.actions import publish_version
from headwater.search.models import Entry, Kind
from tests.conftest import enrol, make_person
from tests.library.conftest import BODY, Publish


def test_an_article_begins_as_a_draft_of_its_author(draft: Article, otto: Person) -> None:
    assert (draft.state, draft.entry.owner, draft.author) == (Article.State.DRAFT, otto, otto)
    assert draft.latest is not None
    assert (draft.latest.number, draft.latest.body, draft.latest.language) == (1, BODY, "en")
    assert draft.entry.current_version is None
    assert Event.objects.filter(verb="create_article", actor_id=otto.pk).exists()


def test_a_reader_may_not_write(ines: Person, unit: Unit) -> None:
    with pytest.raises(Refused, match="contributor"):
        create_article(ines, Kind.FAQ, "Mine", unit=unit)


def test_a_contributor_of_one_unit_writes_for_that_unit_only(unit: Unit) -> None:
    roads = Unit.objects.create(slug="roads", name="Roads", path="/999/")
    mika = make_person("Mika", unit=roads)
    Grant.objects.create(person=mika, permission=Permission.CONTRIBUTOR, unit=roads)
    assert create_article(mika, Kind.FAQ, "Ours", unit=roads).entry.unit == roads
    with pytest.raises(Refused):
        create_article(mika, Kind.FAQ, "Theirs", unit=unit)
    with pytest.raises(Refused):
        create_article(mika, Kind.FAQ, "Nobody's")


def test_the_system_names_an_author(otto: Person, unit: Unit) -> None:
    with pytest.raises(ValidationError) as error:
        create_article(OPERATOR, Kind.FAQ, "Whose?")
    assert "author" in error.value.message_dict
    assert create_article(OPERATOR, Kind.FAQ, "Otto's", author=otto).author == otto


@pytest.mark.parametrize("title, field", [("", "title"), ("   ", "title"), ("x" * 501, "title")])
def test_a_title_is_needed_and_bounded(otto: Person, unit: Unit, title: str, field: str) -> None:
    with pytest.raises(ValidationError) as error:
        create_article(otto, Kind.FAQ, title)
    assert field in error.value.message_dict


def test_gathered_is_no_kind_of_article(otto: Person) -> None:
    with pytest.raises(ValidationError) as error:
        create_article(otto, Kind.GATHERED, "A document")
    assert "kind" in error.value.message_dict


def test_the_owner_must_reach_the_classification(otto: Person) -> None:
    with pytest.raises(ValidationError) as error:
        create_article(otto, Kind.FAQ, "Secret", classification=Classification.CONFIDENTIAL)
    assert "classification" in error.value.message_dict


def test_two_articles_of_one_title_have_two_slugs(otto: Person) -> None:
    one, other = create_article(otto, Kind.FAQ, "Pumps"), create_article(otto, Kind.FAQ, "Pumps")
    assert one.slug == "pumps"
    assert other.slug != one.slug


def test_a_reference_belongs_to_one_article(draft: Article, otto: Person) -> None:
    with pytest.raises(ValidationError) as error:
        create_article(otto, Kind.FAQ, "Other", reference="saf-014")
    assert "reference" in error.value.message_dict


def test_saving_makes_the_next_revision(draft: Article, otto: Person) -> None:
    first = draft.latest
    assert first is not None
    second = save_article(otto, draft, "Confined spaces", BODY + "\nMore.\n", first, summary="More")
    draft.refresh_from_db()
    assert (second.number, second.based_on, second.is_aside, draft.latest) == (2, first, False, second)


def test_saving_the_same_words_makes_none(draft: Article, otto: Person) -> None:
    assert draft.latest is not None
    assert save_article(otto, draft, draft.latest.title, draft.latest.body, draft.latest) == draft.latest
    assert draft.revisions.count() == 1


def test_windows_line_ends_are_no_change(draft: Article, otto: Person) -> None:
    assert draft.latest is not None
    assert save_article(otto, draft, draft.latest.title, BODY.replace("\n", "\r\n"), draft.latest) == draft.latest


def test_who_saves_second_is_kept_aside(draft: Article, otto: Person, hadia: Person) -> None:
    base = draft.latest
    assert base is not None
    hers = save_article(hadia, draft, "Confined spaces", BODY + "\nHers.\n", base)
    his = save_article(otto, draft, "Confined spaces", BODY + "\nHis.\n", base)
    draft.refresh_from_db()
    assert (draft.latest, his.is_aside, his.body) == (hers, True, BODY + "\nHis.\n")
    merged = merge_aside(otto, his, "Confined spaces", BODY + "\nHers.\n\nHis.\n", hers)
    draft.refresh_from_db()
    his.refresh_from_db()
    assert (draft.latest, merged.is_aside) == (merged, False)
    assert his.settled_at is not None
    with pytest.raises(ValidationError):
        merge_aside(otto, his, "Confined spaces", "again", merged)


def test_an_aside_is_given_up_and_stays_on_record(draft: Article, otto: Person, hadia: Person) -> None:
    base = draft.latest
    assert base is not None
    save_article(hadia, draft, "Confined spaces", "Hers.", base)
    his = save_article(otto, draft, "Confined spaces", "His.", base)
    discard_aside(otto, his)
    assert draft.revisions.filter(pk=his.pk, settled_at__isnull=False).exists()
    with pytest.raises(ValidationError):
        discard_aside(otto, his)


def test_a_revision_of_another_article_is_no_base(draft: Article, otto: Person) -> None:
    other = create_article(otto, Kind.FAQ, "Other")
    assert other.latest is not None
    with pytest.raises(ValidationError) as error:
        save_article(otto, draft, "T", "B", other.latest)
    assert "based_on" in error.value.message_dict


def test_who_may_save(draft: Article, otto: Person, ines: Person, nadia: Person, ada: Person, hadia: Person) -> None:
    assert draft.latest is not None
    for stranger in (ines, nadia, ada):
        with pytest.raises(Refused):
            save_article(stranger, draft, "T", "B", draft.latest)
    add_contributor(otto, draft, ines)
    saved = save_article(ines, draft, "T", "By a contributor", draft.latest)
    save_article(hadia, draft, "T", "By a steward", saved)
    remove_contributor(otto, draft, ines)
    with pytest.raises(Refused):
        save_article(ines, draft, "T", "B again", saved)


def test_a_contributor_without_clearance_does_not_write(otto: Person, nadia: Person, ines: Person, unit: Unit) -> None:
    article = create_article(nadia, Kind.DECISION, "Tender", unit=unit, classification=Classification.RESTRICTED)
    with pytest.raises(ValidationError) as error:
        add_contributor(nadia, article, ines)
    assert "person" in error.value.message_dict


def test_a_draft_is_seen_by_its_circle_only(
    draft: Article, otto: Person, ines: Person, hadia: Person, nadia: Person, ada: Person
) -> None:
    def sees(person: Person) -> bool:
        return Article.objects.visible_to(person).filter(pk=draft.pk).exists()

    assert [sees(person) for person in (otto, hadia, ines, nadia, ada)] == [True, True, False, False, False]
    add_contributor(otto, draft, ines)
    assert sees(ines)


def test_a_new_title_is_not_public_before_it_is_published(article: Article, otto: Person) -> None:
    assert article.latest is not None
    save_article(otto, article, "Layoffs in spring", "Secret", article.latest)
    article.entry.refresh_from_db()
    assert article.entry.title == "Confined spaces"


def test_drafts_while_typing_are_ones_own(draft: Article, otto: Person, hadia: Person, ines: Person) -> None:
    assert draft.latest is not None
    autosave_draft(otto, draft, "T", "typing", draft.latest)
    autosave_draft(otto, draft, "T", "typing more", draft.latest)
    autosave_draft(hadia, draft, "T", "hers", draft.latest)
    assert sorted(Draft.objects.values_list("person", "body")) == sorted([(otto.pk, "typing more"), (hadia.pk, "hers")])
    with pytest.raises(Refused):
        autosave_draft(ines, draft, "T", "x", draft.latest)
    save_article(otto, draft, "T", "typing more", draft.latest)
    assert list(Draft.objects.values_list("person", flat=True)) == [hadia.pk]
    discard_draft(hadia, draft)
    assert not Draft.objects.exists()


@pytest.mark.parametrize("put_away", [archive_article, trash_article])
def test_what_was_put_away_is_not_written_on(draft: Article, otto: Person, put_away: object) -> None:
    put_away(otto, draft)  # type: ignore[operator]
    assert draft.latest is not None
    with pytest.raises(ValidationError) as error:
        save_article(otto, draft, "T", "B", draft.latest)
    assert "article" in error.value.message_dict


def test_capture_keeps_the_link(otto: Person, ines: Person, everyone: Audience, unit: Unit) -> None:
    enrol(everyone)
    document = Entry.objects.create(kind=Kind.GATHERED, title="Circular 31", owner=otto, audience=everyone)
    version = publish_version(
        document,
        title="Circular 31",
        text="Test always.",
        language="en",
        author="Inspectorate",
        published_at=timezone.now(),
    )
    assert version is not None
    article = capture_document(otto, version, Kind.PROCEDURE)
    assert (article.captured_from, article.entry.title, article.entry.audience) == (version, "Circular 31", everyone)
    assert article.latest is not None
    assert article.latest.body == "Test always.\n"
    with pytest.raises(Refused):
        capture_document(ines, version)


def test_capture_needs_the_right_to_read(nadia: Person, otto: Person) -> None:
    document = Entry.objects.create(kind=Kind.GATHERED, title="Private", owner=otto)
    version = publish_version(
        document, title="Private", text="x", language="en", author="", published_at=timezone.now()
    )
    assert version is not None
    with pytest.raises(Refused):
        capture_document(nadia, version)


def test_a_published_article_keeps_its_text_while_the_next_is_written(
    article: Article, otto: Person, publish: Publish
) -> None:
    assert article.latest is not None
    save_article(otto, article, "Confined spaces", "Half a thought", article.latest)
    article.refresh_from_db()
    assert article.state == Article.State.DRAFT
    assert article.published is not None
    assert article.published.body == BODY
    assert article.entry.current_version is not None
    assert article.entry.current_version.text == BODY
