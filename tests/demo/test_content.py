"""The ministry's files agree with each other: every name that is used is there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.demo.content import MINISTRY, Ministry, read_article
from headwater.demo.dates import Calendar
from headwater.distribute.learned import STRENGTHS
from headwater.search.language.parser import parse
from headwater.search.models import Kind

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def ministry() -> Ministry:
    return Ministry(Calendar(NOW))


@pytest.fixture
def keys(ministry: Ministry) -> set[str]:
    return {row["key"] for row in ministry.people}


def test_marks_become_dates_before_and_after_now() -> None:
    text = Calendar(NOW).fill("{{-4 date}}, {{+1 weekday}}, {{0 year}}, {{-1 iso}}, {{-1 mail}}, {{-4 long}}")
    dates = "20 November, Wednesday, 2026, 2026-11-23T09:30:00+00:00, Mon, 23 Nov 2026 09:30:00 +0000, 20 November 2026"
    assert text == dates


@given(st.lists(st.floats(0, 5_000), min_size=2), st.floats(0, 23.9))
def test_the_past_keeps_its_order_and_its_days_and_happens_by_day(hours: list[float], now_hour: float) -> None:
    calendar = Calendar(NOW.replace(hour=0) + timedelta(hours=now_hour))
    moments = [calendar.ago(hours=each) for each in sorted(hours)]
    assert moments == sorted(moments, reverse=True)
    for each, at in zip(sorted(hours), moments, strict=True):
        assert at.date() == (calendar.now - timedelta(hours=each)).date()
        assert at.date() == calendar.now.date() or 7 <= at.hour <= 17


def test_who_is_learned_from_names_examples_that_were_out_and_real_strengths(
    ministry: Ministry, keys: set[str]
) -> None:
    out = {each.reference: max(revision.days_ago for revision in each.revisions) for each in ministry.articles}
    for source, names in ministry.documents.items():
        out.update({f"{source}/{name}": fate["hours_ago"] / 24 for name, fate in names.items()})
    for row in ministry.rows("learning"):
        assert row["person"] in keys
        assert all(out[reference] > row["days_ago"] for reference in (*row["more"], *row["less"]))
        assert set(row["words"].values()) <= set(STRENGTHS)


def test_no_mark_is_left_in_any_document(ministry: Ministry, tmp_path: Path) -> None:
    for source in ministry.documents:
        for happening in ministry.happenings(source):
            if happening.what != "vanishes":
                ministry.play(source, happening, tmp_path / source)
    texts = [path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()]
    assert len(texts) >= 60
    assert not any(b"{{" in text for text in texts)


def test_every_document_of_the_folder_has_its_date_and_the_other_way_round(ministry: Ministry) -> None:
    listed = {f"{source}/{name}" for source, names in ministry.documents.items() for name in names}
    folder = MINISTRY / "documents"
    assert listed == {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    later = MINISTRY / "documents-later"
    changed = {
        f"{s}/{n}"
        for s, names in ministry.documents.items()
        for n, fate in names.items()
        if "changed_hours_ago" in fate
    }
    assert changed == {str(path.relative_to(later)) for path in later.rglob("*") if path.is_file()}


def test_documents_are_about_topics_that_are_there(ministry: Ministry) -> None:
    for names in ministry.documents.values():
        for name, fate in names.items():
            assert fate["topics"], name
            assert all(f"\n:{topic} a skos:Concept" in ministry.topics for topic in fate["topics"]), name


def test_files_appear_change_and_vanish_in_their_order(ministry: Ministry, tmp_path: Path) -> None:
    grit = [each for each in ministry.happenings("tenders") if each.name == "award-notice-grit.txt"]
    assert [each.what for each in grit] == ["appears", "vanishes"]
    ministry.play("tenders", grit[0], tmp_path)
    assert (tmp_path / "award-notice-grit.txt").exists()
    ministry.play("tenders", grit[1], tmp_path)
    assert not (tmp_path / "award-notice-grit.txt").exists()


def test_what_changed_says_something_new(ministry: Ministry, tmp_path: Path) -> None:
    file = tmp_path / "scour-alarm-thresholds.html"
    appears, changes = (each for each in ministry.happenings("flood-centre") if each.name == file.name)
    ministry.play("flood-centre", appears, tmp_path)
    assert "Corrected" not in file.read_text()
    ministry.play("flood-centre", changes, tmp_path)
    assert "Corrected" in file.read_text()


def test_files_carry_the_time_at_which_they_appeared(ministry: Ministry, tmp_path: Path) -> None:
    appears = next(each for each in ministry.happenings("flood-centre") if each.name == "bulletins.atom")
    ministry.play("flood-centre", appears, tmp_path)
    appeared = Calendar(NOW).ago(hours=31)
    assert (tmp_path / "bulletins.atom").stat().st_mtime == pytest.approx(appeared.timestamp())


def test_people_belong_to_units_roles_communities_and_places_that_are_there(ministry: Ministry) -> None:
    organisation = ministry.organisation
    units = {unit["slug"] for unit in organisation["units"]}
    communities = {community["name"] for community in organisation["communities"]}
    assert len(ministry.people) == len({row["key"] for row in ministry.people}) >= 60
    for row in ministry.people:
        assert row["unit"] in units
        assert row["location"] in organisation["locations"]
        assert set(row["roles"].split(";")) <= set(organisation["roles"])
        assert set(filter(None, row["communities"].split(";"))) <= communities


def test_every_name_in_every_list_is_a_person(ministry: Ministry, keys: set[str]) -> None:
    named = [unit[part] for unit in ministry.organisation["units"] for part in ("head", "deputy")]
    named += [community["lead"] for community in ministry.organisation["communities"]]
    named += [row["person"] for row in ministry.rows("absences")]
    named += [row["owner"] for name in ("needs", "sources") for row in ministry.rows(name)]
    named += [row.get("person") or row["by"] for row in ministry.rows("profiles")]
    for row in ministry.rows("directives"):
        named += [row["by"], *row.get("on_list", []), *row.get("never", []), *row.get("late", [])]
    named += [person for row in ministry.rows("searches") for person in row["tell"]]
    assert set(named) <= keys


def test_articles_name_people_topics_audiences_and_documents_that_are_there(ministry: Ministry, keys: set[str]) -> None:
    audiences = {row["slug"] for row in ministry.rows("audiences")}
    documents = {f"{source}/{name}" for source, names in ministry.documents.items() for name in names}
    references = {article.reference for article in ministry.articles}
    assert len(references) == len(ministry.articles) >= 25
    for article in ministry.articles:
        head = article.head
        assert head["kind"] in Kind.values
        assert {head["owner"], *(row["by"] for row in head.get("feedback", []))} <= keys
        assert {person for revision in article.revisions for person in (revision.by, *revision.reviewed_by)} <= keys
        assert head["audience"] in audiences
        assert set(head.get("based_on", [])) <= documents
        assert all(f"\n:{topic} a skos:Concept" in ministry.topics for topic in head["topics"])


def test_links_between_articles_lead_somewhere(ministry: Ministry) -> None:
    references = {article.reference for article in ministry.articles}
    for article in ministry.articles:
        targets = {part.split(")")[0] for part in article.revisions[-1].body.split("](")[1:]}
        assert targets <= references, article.reference


def test_the_confined_space_procedure_has_seven_revisions_that_tell_its_story(ministry: Ministry) -> None:
    article = next(article for article in ministry.articles if article.reference == "SAF-014")
    texts = [revision.body for revision in article.revisions]
    assert [revision.number for revision in article.revisions] == [1, 2, 3, 4, 5, 6, 7]
    assert len(set(texts)) == 7
    assert "under 19.0 %" in texts[5]
    assert "under 19.5 %, or when the detector falls silent" in texts[6]


def test_an_article_whose_older_text_cannot_be_read_says_where() -> None:
    head = "reference: X-1\nrevisions: [{by: a, days_ago: 1, summary: s, was: [{now: gone, before: b}]}]\n"
    with pytest.raises(ValueError, match=r"X-1 revision 1: 'gone'"):
        read_article(f"---\n{head}---\ntext\n")


def test_queries_can_be_read_and_sentences_fit_a_mail_line(ministry: Ministry) -> None:
    rows = [*ministry.rows("profiles"), *ministry.rows("needs"), *ministry.rows("directives")]
    for row in rows:
        parse(row.get("query", ""))
        assert len(row.get("sentence", "")) <= 140


def test_a_directive_is_about_one_thing_that_is_there(ministry: Ministry) -> None:
    audiences = {row["slug"] for row in ministry.rows("audiences")}
    references = {article.reference for article in ministry.articles}
    documents = {f"{source}/{name}" for source, names in ministry.documents.items() for name in names}
    for row in ministry.rows("directives"):
        assert row["audience"] in audiences
        assert len({"article", "document", "query"} & row.keys()) == 1
        assert row.get("article", "SAF-014") in references
        assert row.get("document") is None or row["document"] in documents


def test_the_written_folder_is_small_enough_to_travel_in_a_wheel() -> None:
    assert sum(path.stat().st_size for path in MINISTRY.rglob("*") if path.is_file()) < 3_000_000
