"""Proposing a topic where a text is read: for every reader, of articles and documents alike."""

import re
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from headwater.core.addresses import address
from headwater.library.actions import accept_topic, decline_topic, propose_topic
from headwater.library.models import Article
from headwater.people.models import Audience, Notice, Person
from headwater.search.actions import publish_version
from headwater.search.models import Entry, EntryTopic, Kind
from headwater.taxonomy.models import Concept, ConceptScheme
from tests.library.conftest import Publish

SignIn = Callable[[Person], Client]


@pytest.fixture
def topics(organisation: object) -> dict[str, Concept]:
    """Air, gas, and dust, which is no longer offered; gas is called gaz in French."""
    scheme = ConceptScheme.objects.create(slug="s", title="S")
    labels = {"air": {"en": "Air"}, "gas": {"en": "Gas", "fr": "Gaz"}, "dust": {"en": "Dust"}}
    made = {slug: Concept.objects.create(scheme=scheme, slug=slug, labels=words) for slug, words in labels.items()}
    Concept.objects.filter(slug="dust").update(state=Concept.State.RETIRED)
    return made


def test_the_reading_page_has_the_form(
    article: Article, topics: dict[str, Concept], ines: Person, otto: Person, sign_in: SignIn
) -> None:
    browser, url = sign_in(ines), address("library:topics", pk=article.entry_id)
    page = browser.get(address("home:entry", pk=article.entry_id)).content.decode()
    assert f'action="{url}"' in page
    assert "Nobody has said yet." in page
    assert browser.post(url, {"topic": "gaz"}).status_code == 302
    link = EntryTopic.objects.get()
    assert (link.concept, link.proposed) == (topics["gas"], True)
    notice = Notice.objects.get(person=otto)
    assert (notice.url, notice.done_at) == (url, None)
    assert "Accept" not in browser.get(url).content.decode()
    keeper = sign_in(otto)
    assert "Accept" in keeper.get(url).content.decode()
    assert keeper.post(address("library:topic-acceptance", pk=link.pk)).headers["Location"] == url
    link.refresh_from_db()
    assert not link.proposed
    notice.refresh_from_db()
    assert notice.done_at is not None
    assert ">Gas<" in browser.get(address("home:entry", pk=article.entry_id)).content.decode()


def test_what_the_text_names_is_offered(
    article: Article, topics: dict[str, Concept], ines: Person, sign_in: SignIn, publish: Publish
) -> None:
    publish(article, "Test the air for gas and dust.")
    page = sign_in(ines).get(address("library:topics", pk=article.entry_id)).content.decode()
    assert 'value="air"' in page
    assert 'value="gas"' in page
    assert 'value="dust"' not in page


@pytest.mark.parametrize("words", ["nothing of that name", "dust", "air gas"])
def test_an_unknown_topic_is_refused_with_what_to_do(
    article: Article, topics: dict[str, Concept], ines: Person, sign_in: SignIn, words: str
) -> None:
    answer = sign_in(ines).post(address("library:topics", pk=article.entry_id), {"topic": words})
    assert answer.status_code == 400
    assert "There is no topic" in answer.content.decode()
    assert not EntryTopic.objects.exists()


def test_what_the_line_offers_is_taken(
    article: Article, topics: dict[str, Concept], ines: Person, sign_in: SignIn
) -> None:
    """Also a topic that is only proposed, and one of two that are called the same."""
    scheme = topics["gas"].scheme
    noise = Concept.objects.create(scheme=scheme, slug="noise", labels={"en": "Noise"}, state=Concept.State.PROPOSED)
    other = Concept.objects.create(scheme=scheme, slug="gas-bills", labels={"en": "Gas"})
    browser, url = sign_in(ines), address("library:topics", pk=article.entry_id)
    for typed, about in (("noi", [noise]), ("gas", [topics["gas"], other])):
        offered = browser.get(address("taxonomy:offered"), {"q": typed}).content.decode()
        names = re.findall('value="([^"]+)"', offered)
        assert len(names) == len(about)
        for name, concept in zip(names, about, strict=True):
            assert browser.post(url, {"topic": name}).status_code == 302, name
            assert EntryTopic.objects.filter(concept=concept, proposed=True).count() == 1
    several = browser.post(url, {"topic": "Gas"})
    assert several.status_code == 400
    assert "Gas · gas-bills" in several.content.decode()


def test_a_document_has_topics_as_well(
    cast: Audience, topics: dict[str, Concept], ines: Person, otto: Person, sign_in: SignIn
) -> None:
    document = Entry.objects.create(kind=Kind.GATHERED, title="Circular 31", owner=otto, audience=cast)
    publish_version(document, title="Circular 31", text="x", language="en", author="", published_at=timezone.now())
    url = address("library:topics", pk=document.pk)
    sign_in(ines).post(url, {"topic": "Air"})
    assert sign_in(otto).post(address("library:topic-refusal", pk=EntryTopic.objects.get().pk)).status_code == 302
    assert not EntryTopic.objects.exists()


def test_who_may_not_read_sees_nothing(
    article: Article, topics: dict[str, Concept], ines: Person, sign_in: SignIn
) -> None:
    Entry.objects.filter(pk=article.entry_id).update(audience=None)
    url = address("library:topics", pk=article.entry_id)
    assert sign_in(ines).get(url).status_code == 404
    assert sign_in(ines).post(url, {"topic": "Air"}).status_code == 404


def test_the_owner_is_told_until_all_is_decided(
    article: Article, topics: dict[str, Concept], ines: Person, otto: Person
) -> None:
    with pytest.raises(ValidationError):
        propose_topic(ines, article.entry, Concept.objects.get(slug="dust"))
    one, other = (propose_topic(ines, article.entry, topics[slug]) for slug in ("air", "gas"))
    accept_topic(otto, one)
    assert Notice.objects.get().done_at is None
    decline_topic(otto, other)
    assert Notice.objects.get().done_at is not None
    propose_topic(otto, article.entry, topics["gas"])
    assert Notice.objects.filter(done_at=None).count() == 0
