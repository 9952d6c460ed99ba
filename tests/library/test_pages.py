"""Every page of the library: it answers the right people, in few queries, and posts do what they say."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from headwater.core.addresses import address
from headwater.core.models import Event
from headwater.library.actions import (
    add_contributor,
    save_article,
)
from headwater.library.models import Article, Draft, Feedback, Review, Revision
from headwater.people.models import Audience, Person, Unit
from headwater.search.models import Entry, EntryVersion
from headwater.taxonomy.actions import propose_concept, retire_concept
from tests.asked import MOST_QUERIES, queries
from tests.conftest import enrol
from tests.home.conftest import add_version
from tests.library.conftest import BODY

SignIn = Callable[[Person], Client]


def many(model: Article, count: int) -> None:
    """So many more rows for every list, made like this published article: due, reported on, in review, in the trash."""
    owner, entry, today = model.author, model.entry, timezone.localdate()
    for number in range(count):
        copy = Entry.objects.create(
            kind=entry.kind, title=f"Copy {number}", owner=owner, unit=entry.unit, audience=entry.audience
        )
        version = EntryVersion.objects.create(entry=copy, number=1, title="Copy", text="x", published_at=timezone.now())
        Entry.objects.filter(pk=copy.pk).update(current_version=version)
        for trashed_at in (None, timezone.now()):
            article = Article.objects.create(
                entry=copy if trashed_at is None else Entry.objects.create(kind=entry.kind, title="Old", owner=owner),
                slug=f"{copy.pk}-{bool(trashed_at)}",
                author=owner,
                state=Article.State.REVIEW,
                verify_due_on=today,
                trashed_at=trashed_at,
            )
            revision = Revision.objects.create(article=article, number=1, title="Copy", body="x", author=owner)
            Article.objects.filter(pk=article.pk).update(latest=revision, published=revision)
        Review.objects.create(revision=Revision.objects.get(article__entry=copy), reviewer=owner)
        Feedback.objects.create(entry=copy, version=version, person=owner, kind="error", text="Wrong")


LISTS = ["articles", "due", "reports", "reviews", "trash"]


def test_a_list_sends_as_many_queries_for_thirty_rows_as_for_one(
    article: Article, otto: Person, sign_in: SignIn
) -> None:
    client = sign_in(otto)
    many(article, 1)
    one = {name: queries(client, address(f"library:{name}")) for name in LISTS}
    many(article, 29)
    thirty = {name: queries(client, address(f"library:{name}")) for name in LISTS}
    assert one == thirty
    assert max(thirty.values()) <= MOST_QUERIES


def test_the_articles_own_page_stays_within_its_queries(
    draft: Article, otto: Person, hadia: Person, sign_in: SignIn
) -> None:
    client, url = sign_in(otto), address("library:article", pk=draft.pk)
    assert queries(client, url) <= MOST_QUERIES
    add_contributor(otto, draft, hadia)
    assert queries(client, url) <= MOST_QUERIES


@pytest.mark.parametrize("name", ["article", "edit", "details", "revisions"])
def test_a_strangers_way_to_a_draft_is_closed(
    name: str, draft: Article, ines: Person, nadia: Person, ada: Person, otto: Person, sign_in: SignIn
) -> None:
    url = address(f"library:{name}", pk=draft.pk)
    assert sign_in(otto).get(url).status_code == 200
    for stranger in (ines, nadia, ada):
        assert sign_in(stranger).get(url).status_code == 404


@pytest.mark.parametrize(
    "name, data",
    [
        ("preview", {"body": "x"}),
        ("draft", {"title": "t", "body": "x", "based_on": "1"}),
        ("submission", {}),
        ("publication", {}),
        ("archive", {}),
        ("trashing", {}),
        ("sharing", {"classification": "0"}),
        ("contributors", {"person": "Ines"}),
        ("attach", {}),
        ("edit", {"title": "t", "body": "x", "based_on": "1"}),
        ("details", {"kind": "faq"}),
    ],
)
def test_a_strangers_post_changes_nothing(
    name: str, data: dict[str, str], draft: Article, ines: Person, sign_in: SignIn
) -> None:
    response = sign_in(ines).post(address(f"library:{name}", pk=draft.pk), data)
    assert response.status_code == 404
    draft.refresh_from_db()
    assert (draft.state, draft.trashed_at, draft.revisions.count()) == (Article.State.DRAFT, None, 1)


def test_a_reader_of_a_published_article_is_taken_to_where_it_is_read(
    article: Article, ines: Person, sign_in: SignIn
) -> None:
    response = sign_in(ines).get(address("library:article", pk=article.pk))
    assert (response.status_code, response["Location"]) == (302, address("home:entry", pk=article.entry_id))


def test_readers_see_the_revisions_that_came_out_and_no_other(
    article: Article, otto: Person, ines: Person, sign_in: SignIn
) -> None:
    assert article.latest is not None
    save_article(otto, article, "Confined spaces", "A secret draft", article.latest, summary="Secret plan")
    client = sign_in(ines)
    page = client.get(address("library:revisions", pk=article.pk))
    assert page.status_code == 200
    assert "Secret plan" not in page.content.decode()
    assert client.get(address("library:difference", pk=article.pk, old=1, new=2)).status_code == 404
    assert sign_in(otto).get(address("library:difference", pk=article.pk, old=1, new=2)).status_code == 200


def test_writing_from_the_first_page_to_publication(
    unreviewed: None, otto: Person, unit: Unit, everyone: Audience, sign_in: SignIn
) -> None:
    enrol(everyone)
    client = sign_in(otto)
    values = {"title": "Pump rounds", "kind": "howto", "unit": unit.pk, "audience": everyone.pk, "classification": "1"}
    response = client.post(address("library:new"), values)
    article = Article.objects.get()
    assert response["Location"] == address("library:edit", pk=article.pk)
    page = client.get(response["Location"]).content.decode()
    assert "Steps" in page
    saved = client.post(response["Location"], {"title": "Pump rounds", "body": "Walk round.", "based_on": "1"})
    assert saved["Location"] == address("library:article", pk=article.pk)
    assert "Walk round." in client.get(saved["Location"]).content.decode()
    published = client.post(address("library:publication", pk=article.pk), {"summary": ""})
    article.refresh_from_db()
    assert article.published is not None
    assert published["Location"] == address("home:entry", pk=article.entry_id)


def test_a_bad_form_keeps_what_was_typed(otto: Person, draft: Article, sign_in: SignIn) -> None:
    response = sign_in(otto).post(
        address("library:edit", pk=draft.pk), {"title": " ", "body": "My long text", "based_on": "1"}
    )
    assert response.status_code == 400
    assert "My long text" in response.content.decode()
    assert draft.revisions.count() == 1


def test_a_reader_is_told_how_to_become_a_writer(ines: Person, sign_in: SignIn) -> None:
    response = sign_in(ines).get(address("library:new"))
    assert response.status_code == 403
    assert "contributor" in response.content.decode()


def test_what_is_typed_is_kept_and_comes_back(otto: Person, draft: Article, sign_in: SignIn) -> None:
    client = sign_in(otto)
    kept = client.post(
        address("library:draft", pk=draft.pk), {"title": "T", "body": "Half a sentence", "based_on": "1"}
    )
    assert kept.status_code == 200
    assert "Half a sentence" in client.get(address("library:edit", pk=draft.pk)).content.decode()
    client.post(address("library:draft-discard", pk=draft.pk))
    assert not Draft.objects.exists()


def test_the_preview_is_sanitised(otto: Person, draft: Article, sign_in: SignIn) -> None:
    page = sign_in(otto).post(address("library:preview", pk=draft.pk), {"body": "# Hi\n\n<script>alert(1)</script>"})
    assert "<script" not in page.content.decode()


def test_a_document_that_is_too_long_for_an_article_stays_one(
    otto: Person, cast: Audience, sign_in: SignIn, unit: Unit
) -> None:
    entry = Entry.objects.create(kind="gathered", title="A shelf of books", owner=otto, audience=cast, unit=unit)
    version = add_version(entry, "word " * 400_001).current_version
    assert version is not None
    response = sign_in(otto).post(address("library:capture", pk=version.pk), follow=True)
    assert response.redirect_chain == [(address("home:entry", pk=entry.pk), 302)]
    assert "The text is too long to keep." in response.content.decode()
    assert not Article.objects.exists()


def test_who_saves_second_is_taken_to_the_two_texts(
    otto: Person, hadia: Person, draft: Article, sign_in: SignIn
) -> None:
    sign_in(hadia).post(
        address("library:edit", pk=draft.pk),
        {"title": "Confined spaces", "body": BODY.replace("Test the air.", "Test the air twice."), "based_on": "1"},
    )
    client = sign_in(otto)
    mine = BODY.replace("Test the air.", "Test the air, always.")
    response = client.post(
        address("library:edit", pk=draft.pk), {"title": "Confined spaces", "body": mine, "based_on": "1"}
    )
    aside = draft.revisions.get(is_aside=True)
    assert response["Location"] == address("library:aside", pk=aside.pk)
    page = client.get(response["Location"]).content.decode()
    assert "Hadia saved section “Before entry” while you wrote." in page
    assert "One paragraph differs." in page
    assert "Compare and merge" in client.get(address("library:article", pk=draft.pk)).content.decode()
    chosen = client.post(response["Location"], {"choice-0": "mine"}, headers={"HX-Request": "true"}).content.decode()
    assert "Test the air, always." in chosen
    assert "twice" not in chosen
    done = client.post(response["Location"], {"save": "1", "title": "Confined spaces", "body": mine, "based_on": "2"})
    assert done["Location"] == address("library:article", pk=draft.pk)
    draft.refresh_from_db()
    assert draft.latest is not None
    assert (draft.latest.number, draft.latest.body) == (4, mine)


def test_reviewing_in_the_browser(otto: Person, hadia: Person, draft: Article, sign_in: SignIn) -> None:
    author, reviewer = sign_in(otto), sign_in(hadia)
    page = author.get(address("library:article", pk=draft.pk)).content.decode()
    assert "Hadia" in page
    author.post(address("library:submission", pk=draft.pk), {"reviewers": [hadia.pk]})
    review = Review.objects.get()
    assert "Confined spaces" in reviewer.get(address("library:reviews")).content.decode()
    url = address("library:review", pk=review.pk)
    assert reviewer.get(url).status_code == 200
    assert reviewer.post(url, {"decision": "return", "comment": ""}).status_code == 400
    assert reviewer.post(url, {"decision": "approve", "comment": "Good"}).status_code == 302
    page = author.get(address("library:article", pk=draft.pk)).content.decode()
    assert "Publish" in page
    assert author.post(address("library:publication", pk=draft.pk), {}).status_code == 302


def test_a_very_long_text_is_written_reviewed_and_checked_in_parts(
    otto: Person, hadia: Person, article: Article, sign_in: SignIn
) -> None:
    assert article.latest is not None
    long = "".join(f"## Step {n}\n\n{'Test the air before entry. ' * 200}\n\n" for n in range(80))
    save_article(otto, article, "Confined spaces", long, article.latest)
    author, reviewer = sign_in(otto), sign_in(hadia)
    author.post(address("library:submission", pk=article.pk), {"reviewers": [hadia.pk]})
    add_version(article.entry, long)
    for client, url in (
        (author, address("library:article", pk=article.pk)),
        (reviewer, address("library:review", pk=Review.objects.get().pk)),
        (reviewer, address("library:verification", pk=article.pk)),
    ):
        texts = [client.get(f"{url}?part={n}").content.decode().partition('id="text"')[2] for n in (1, 3)]
        assert ["Part 1 of 3" in texts[0], "Part 3 of 3" in texts[1]] == [True, True]
        assert ['id="s-step-0"' in text for text in texts] == [True, False]
        assert ['id="s-step-79"' in text for text in texts] == [False, True]
    seen = author.post(address("library:preview", pk=article.pk), {"body": long}).content.decode()
    assert "This is how the first of 3 parts will look." in seen
    assert 'id="s-step-79"' not in seen


def test_submitting_to_nobody_is_answered_on_the_page(
    otto: Person, hadia: Person, draft: Article, sign_in: SignIn
) -> None:
    response = sign_in(otto).post(address("library:submission", pk=draft.pk), {})
    assert response.status_code == 400


def test_publishing_unreviewed_says_what_is_missing(otto: Person, draft: Article, sign_in: SignIn) -> None:
    response = sign_in(otto).post(address("library:publication", pk=draft.pk), {})
    assert response.status_code == 400
    assert "Nobody has approved this revision yet" in response.content.decode()


def test_checking_in_the_browser(article: Article, hadia: Person, ines: Person, sign_in: SignIn) -> None:
    url = address("library:verification", pk=article.pk)
    assert sign_in(ines).get(url).status_code == 404
    client = sign_in(hadia)
    assert client.get(url).status_code == 200
    assert client.post(url, {"evidence": "ok", "every_days": "90", "version": "1"}).status_code == 400
    done = client.post(url, {"evidence": "Walked the site with the crew", "every_days": "90", "version": "1"})
    assert done["Location"] == address("library:due")
    article.entry.refresh_from_db()
    assert article.entry.standing == "verified"


def test_flag_it_and_settle_it_in_the_browser(article: Article, ines: Person, otto: Person, sign_in: SignIn) -> None:
    reader, keeper = sign_in(ines), sign_in(otto)
    url = address("library:feedback", pk=article.entry_id)
    assert "disputes" not in reader.get(url).content.decode()
    assert reader.post(url, {"kind": "error", "text": ""}).status_code == 400
    assert reader.post(url, {"kind": "error", "text": "19.5, not 19.0"}).status_code == 302
    feedback = Feedback.objects.get()
    assert "19.5, not 19.0" in keeper.get(address("library:reports")).content.decode()
    report = address("library:report", pk=feedback.pk)
    assert keeper.post(address("library:dispute", pk=feedback.pk)).status_code == 302
    assert keeper.post(report, {"outcome": "fixed", "answer": "Fixed in revision 2"}).status_code == 302
    assert "Fixed in revision 2" in reader.get(report).content.decode()


def test_a_box_with_nothing_in_it_is_not_shown(article: Article, otto: Person, sign_in: SignIn) -> None:
    client, page = sign_in(otto), address("library:article", pk=article.pk)
    assert ">Files</h2>" in client.get(page).content.decode()
    client.post(address("library:trashing", pk=article.pk))
    assert ">Files</h2>" not in client.get(page).content.decode()


def test_the_trash_gives_back(article: Article, otto: Person, ines: Person, sign_in: SignIn) -> None:
    client = sign_in(otto)
    client.post(address("library:trashing", pk=article.pk))
    assert "Confined spaces" in client.get(address("library:trash")).content.decode()
    assert "Confined spaces" not in sign_in(ines).get(address("library:trash")).content.decode()
    client.post(address("library:restoration", pk=article.pk))
    article.refresh_from_db()
    assert article.trashed_at is None
    client.post(address("library:archive", pk=article.pk))
    client.post(address("library:reopening", pk=article.pk))
    article.refresh_from_db()
    assert article.state == Article.State.PUBLISHED


def test_details_change_each_fact(draft: Article, otto: Person, hadia: Person, unit: Unit, sign_in: SignIn) -> None:
    client, url = sign_in(otto), address("library:details", pk=draft.pk)
    values = {
        "kind": "policy",
        "unit": unit.pk,
        "reference": "SAF-015",
        "owner": "Otto",
        "verifier": hadia.email,
        "verify_every_days": "90",
    }
    assert client.get(url).status_code == 200
    assert client.post(url, {**values, "owner": "Nobody"}).status_code == 200
    assert client.post(url, {**values, "verify_every_days": "20", "new_topic": "x" * 121}).status_code == 200
    client.post(url, {**values, "kind": "faq", "new_topic": "Rescue lines"})
    client.post(url, {**values, "new_topic": "Rescue lines"})  # known already: refused, and nothing else changes
    draft.entry.refresh_from_db()
    assert draft.entry.kind == "faq"
    assert [link.concept.label("en") for link in draft.entry.topic_links.all()] == ["Rescue lines"]
    assert client.post(url, {**values, "topics": ["Rescue lines", ""]}).status_code == 302
    draft.refresh_from_db()
    assert (draft.reference, draft.verifier, draft.verify_every_days, draft.entry.kind) == (
        "SAF-015",
        hadia,
        90,
        "policy",
    )


def test_topics_are_typed_one_a_line(draft: Article, otto: Person, nadia: Person, sign_in: SignIn) -> None:
    gas, pumps, old = (propose_concept(nadia, label) for label in ("Gas", "Pumps", "Old words"))
    retire_concept(nadia, old)
    client, url = sign_in(otto), address("library:details", pk=draft.pk)
    values = {"kind": "policy", "unit": "", "owner": "Otto", "verify_every_days": "90"}

    def about() -> list[str]:
        return sorted(draft.entry.topic_links.values_list("concept__slug", flat=True))

    assert client.post(url, {**values, "topics": ["gas", "", "PUMPS"]}).status_code == 302
    assert about() == [gas.slug, pumps.slug]
    page = client.get(url).content.decode()
    lines = re.findall(r'<input[^>]*name="topics"[^>]*>', page)
    assert ['value="Gas"' in line for line in lines] == [True, False, False, False]
    assert "<select" not in page.partition('name="topics"')[2].partition("</fieldset>")[0]
    refused = client.post(url, {**values, "topics": ["Moon", "Old words", "Gas"]})
    assert refused.status_code == 200
    assert 'value="Moon"' in refused.content.decode()
    assert about() == [gas.slug, pumps.slug]
    events = Event.objects.filter(verb="set_article_topics").count()
    assert client.post(url, {**values, "topics": ["Gas", "Pumps"]}).status_code == 302
    assert Event.objects.filter(verb="set_article_topics").count() == events, "nothing else was typed"
    assert client.post(url, {**values, "topics": ["", "Pumps", ""]}).status_code == 302
    assert about() == [pumps.slug]


def test_filters_narrow_the_list(article: Article, otto: Person, unit: Unit, sign_in: SignIn) -> None:
    client, url = sign_in(otto), address("library:articles")

    def shows(**asked: Any) -> bool:
        return "Confined spaces" in client.get(url, asked).content.decode()

    assert shows(kind="procedure", unit="drainage", mine="1", q="SAF-014", standing="none")
    assert not shows(kind="faq")
    assert not shows(q="pumps")
    assert not shows(standing="verified")
    assert not shows(state="archived")


def test_the_settings_belong_to_those_who_run_the_library(nadia: Person, otto: Person, sign_in: SignIn) -> None:
    url = address("library:settings")
    assert sign_in(otto).get(url).status_code == 403
    client = sign_in(nadia)
    assert client.get(url).status_code == 200
    assert client.post(url, {"needs_review": "on", "verify_every_days": "0"}).status_code == 200
    assert client.post(url, {"needs_review": "on", "verify_every_days": "365"}).status_code == 302
