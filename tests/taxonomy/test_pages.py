"""Pages of topics: they open, change what they say, and cost the same whatever the number of rows."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headwater.core.actions import SYSTEM
from headwater.core.addresses import address
from headwater.people.models import Person
from headwater.taxonomy import actions
from headwater.taxonomy.models import Concept, ConceptScheme
from headwater.taxonomy.picking import TopicField, TopicsField, offered_topics, topic_meant
from tests.asked import MOST_QUERIES, queries
from tests.taxonomy.test_skos import SMALL

SignIn = Callable[[Person], Client]


@pytest.fixture
def as_nadia(nadia: Person, sign_in: SignIn) -> Client:
    return sign_in(nadia)


@pytest.fixture
def scheme(nadia: Person) -> ConceptScheme:
    return actions.import_scheme(nadia, SMALL, "topics.ttl")


def test_pages_open(scheme: ConceptScheme, as_nadia: Client) -> None:
    drains = Concept.objects.get(slug="drains")
    for url in (
        address("taxonomy:topics"),
        address("taxonomy:topics") + "?q=égou",
        address("taxonomy:import"),
        address("taxonomy:propose") + "?broader=drains",
        address("taxonomy:scheme", slug=scheme.slug),
        address("taxonomy:concept", pk=drains.pk),
        address("taxonomy:change", pk=drains.pk),
        address("taxonomy:narrower", pk=drains.pk),
        address("taxonomy:concept", pk=Concept.objects.get(slug="ditches").pk),
    ):
        assert as_nadia.get(url).status_code == 200, url


def test_finding_and_suggesting(scheme: ConceptScheme, as_nadia: Client) -> None:
    found = as_nadia.get(address("taxonomy:topics"), {"q": "box dr"}).context["found"]
    assert [each["slug"] for each in found] == ["culverts"]
    assert as_nadia.get(address("taxonomy:topics"), {"q": "Ditch"}).context["found"] == []
    suggestions = address("taxonomy:suggestions")
    assert as_nadia.get(suggestions, {"q": "scou"}).json()["topics"][0]["slug"] == "scour"
    assert as_nadia.get(suggestions, {"text": "Culverts and scour."}).json()["topics"][0]["slug"] == "culverts"
    assert as_nadia.get(suggestions).json() == {"topics": []}


def test_the_tree_opens(scheme: ConceptScheme, as_nadia: Client) -> None:
    page = as_nadia.get(address("taxonomy:scheme", slug=scheme.slug))
    assert [(row["label"], row["below"]) for row in page.context["rows"]] == [("Drains", 2)]
    branch = as_nadia.get(address("taxonomy:narrower", pk=Concept.objects.get(slug="drains").pk))
    assert [row["label"] for row in branch.context["rows"]] == ["Culverts", "Scour"]


def test_proposing_changing_settling(scheme: ConceptScheme, as_nadia: Client, otto: Person, sign_in: SignIn) -> None:
    as_otto = sign_in(otto)
    as_otto.post(address("taxonomy:propose"), {"label": "Gullies", "language": "en", "broader": "drains"})
    gullies = Concept.objects.get(slug="gullies")
    assert gullies.state == "proposed"
    assert as_otto.get(address("taxonomy:change", pk=gullies.pk)).status_code == 403
    assert as_otto.post(address("taxonomy:acceptance", pk=gullies.pk)).status_code == 403
    as_nadia.post(address("taxonomy:acceptance", pk=gullies.pk), {"back": "list"})
    change = address("taxonomy:change", pk=gullies.pk)
    values = {"labels": "en: Gullies\nfr: Avaloirs", "alternatives": "en: road gully", "broader": "", "definition": "x"}
    as_nadia.post(change, values)
    gullies.refresh_from_db()
    assert gullies.labels == {"en": "Gullies", "fr": "Avaloirs"}
    assert not gullies.broader.exists()
    for wrong in ({"labels": "Gullies"}, {"labels": "en: A\nen: B"}, {"broader": "moon"}, {"labels": "e!: A"}):
        assert as_nadia.post(change, {**values, **wrong}).status_code == 200
    assert "no topic" in as_nadia.post(change, {**values, "broader": "moon"}).content.decode()
    as_nadia.post(address("taxonomy:retirement", pk=gullies.pk))
    as_nadia.post(address("taxonomy:restoration", pk=gullies.pk))
    response = as_nadia.post(address("taxonomy:merging", pk=gullies.pk), {"into": "Égouts"})
    assert response.url == address("taxonomy:concept", pk=Concept.objects.get(slug="drains").pk)  # type: ignore[attr-defined]
    refused = as_nadia.post(address("taxonomy:merging", pk=gullies.pk), {"into": "moon"}, follow=True)
    assert "no topic" in refused.content.decode()


def test_topics_are_named_and_shown_by_their_names(scheme: ConceptScheme, as_nadia: Client) -> None:
    culverts = Concept.objects.get(slug="culverts")
    offered = as_nadia.get(
        address("taxonomy:offered") + "?into=dra", headers={"HX-Request": "true", "HX-Trigger-Name": "into"}
    )
    assert offered.content.decode() == '<option value="Culverts"></option><option value="Drains"></option>'
    assert 'value="Drains"' in as_nadia.get(address("taxonomy:propose") + "?broader=drains").content.decode()
    change = address("taxonomy:change", pk=culverts.pk)
    assert as_nadia.get(change).context["form"]["broader"].value() == "Drains"
    values = {"labels": "en: Culverts", "alternatives": "en: box drain"}
    as_nadia.post(change, {**values, "broader": "egouts\nScour\nscour"})
    assert list(culverts.broader.order_by("slug").values_list("slug", flat=True)) == ["drains", "scour"]
    refused = as_nadia.post(change, {**values, "broader": "moon\nDrains\nsun"}).context["form"].errors["broader"]
    assert ["moon" in refused[0], "sun" in refused[1]] == [True, True]
    assert "list=" in as_nadia.get(address("taxonomy:concept", pk=culverts.pk)).content.decode()


def test_namesakes_are_told_apart(scheme: ConceptScheme) -> None:
    drains = Concept.objects.get(slug="drains")
    other = Concept.objects.create(scheme=scheme, slug="drains-of-wounds", labels={"en": "Drains"})
    assert offered_topics("drains") == ["Drains · drains", "Drains · drains-of-wounds"]
    assert TopicField().prepare_value(other) == "Drains · drains-of-wounds"
    assert [topic_meant(name) for name in offered_topics("drains")] == [drains, other]
    assert topic_meant("drains") == drains, "a slug is clear"
    with pytest.raises(ValidationError, match="Several topics"):
        topic_meant("DRAINS")
    with pytest.raises(ValidationError, match="no topic"):
        topic_meant("Ditches · drains")
    other.state = Concept.State.RETIRED
    other.save()
    assert TopicField().clean("Drains") == drains
    assert TopicField(required=False).clean(" ") is None


def test_what_is_offered_is_never_refused(scheme: ConceptScheme) -> None:
    """Also where the namesake does not hold what was typed, and so is not offered beside it."""
    Concept.objects.create(scheme=scheme, slug="wounds", labels={"en": "Culverts"})
    Concept.objects.create(scheme=scheme, slug="lanes", labels={"en": "Lanes"}, alternatives={"fr": ["Rues", "scour"]})
    for typed in ("box", "scour", "r", "e"):
        for name in offered_topics(typed):
            assert topic_meant(name), name
    assert offered_topics("box") == ["Culverts · culverts"]


NAMES = [
    ("en", "a language is no name"),
    ("Drain pipe", "a part of a label"),
    ("%", "a sign of patterns"),
    ("_________", "another"),
    ('a "quoted', "what ends another label"),
    ("\\", "a backslash"),
]


@pytest.mark.parametrize("typed", [name for name, _why in NAMES], ids=[why for _name, why in NAMES])
def test_only_whole_words_name_a_topic(scheme: ConceptScheme, typed: str) -> None:
    others = {"en": ['un "a "quoted', "x"], "fr": ['deux "a "quoted']}
    Concept.objects.create(scheme=scheme, slug="pipes", labels={"en": "Drain pipes of clay"}, alternatives=others)
    with pytest.raises(ValidationError, match="no topic"):
        topic_meant(typed)


@pytest.mark.parametrize("name", ['12" pipe', "C:\\ drive", "50 % slope", "a_b", "größe", "Line\nbroken", "東京"])
def test_every_word_names_its_topic(scheme: ConceptScheme, name: str) -> None:
    words = {"label": ({"en": name, "fr": "un"}, {}), "last": ({"en": "Un", "fr": name}, {}),
             "listed": ({"en": "Trois"}, {"en": ["x", name], "fr": [name, "y"]})}  # fmt: skip
    for slug, (labels, alternatives) in words.items():
        concept = Concept.objects.create(scheme=scheme, slug=slug, labels=labels, alternatives=alternatives)
        assert topic_meant(name.upper() if name.upper().lower() == name else name) == concept
        concept.delete()


@pytest.mark.parametrize("name", ["Line\nbroken", "Line\u2028broken", "a · b"])
def test_a_topic_that_is_shown_is_understood_as_itself(scheme: ConceptScheme, name: str) -> None:
    drains = Concept.objects.get(slug="drains")
    concept = Concept.objects.create(scheme=scheme, slug="broken", labels={"en": name})
    lines, one = TopicsField(), TopicField()
    assert lines.clean(lines.prepare_value([concept, drains])) == [concept, drains]
    assert not lines.has_changed([concept, drains], lines.prepare_value([concept, drains]))
    assert one.clean(one.prepare_value(concept)) == concept


def test_understanding_a_name_loads_only_what_is_called_so(scheme: ConceptScheme) -> None:
    Concept.objects.bulk_create(
        Concept(scheme=scheme, slug=f"site-{number}", labels={"en": f"Drains of site {number}"}) for number in range(40)
    )
    with CaptureQueriesContext(connection) as captured:
        assert topic_meant("DRAINS").slug == "drains"
    loaded = [query["sql"] for query in captured.captured_queries]
    assert len(loaded) == 2
    with connection.cursor() as cursor:
        cursor.execute(loaded[-1])
        assert len(cursor.fetchall()) == 1
    topics = list(Concept.objects.filter(slug__startswith="site-"))
    for few in (topics[:1], topics):
        with CaptureQueriesContext(connection) as captured:
            shown = TopicsField().prepare_value(few)
        assert len(captured) == 1
        assert shown.count("\n") == len(few) - 1


def test_without_accents_two_of_a_name_are_told_apart(scheme: ConceptScheme) -> None:
    Concept.objects.create(scheme=scheme, slug="egouts-2", labels={"en": "Sewer", "fr": "Égout"})
    assert topic_meant("sewers").slug == "egouts-2"
    Concept.objects.create(scheme=scheme, slug="sewers-2", labels={"en": "Séwer"})
    assert topic_meant("Séwer").slug == "sewers-2"
    with pytest.raises(ValidationError, match="Several topics"):
        topic_meant("sewers")


def test_in_and_out(as_nadia: Client) -> None:
    upload = address("taxonomy:import")
    bad = as_nadia.post(upload, {"file": SimpleUploadedFile("x.ttl", b"not skos")})
    assert "no readable SKOS" in bad.content.decode()
    as_nadia.post(upload, {"file": SimpleUploadedFile("topics.ttl", SMALL)})
    text = as_nadia.get(address("taxonomy:export", slug="topics")).content.decode()
    assert "skos:prefLabel" in text


def test_readers_browse_and_change_nothing(scheme: ConceptScheme, ines: Person, sign_in: SignIn) -> None:
    client = sign_in(ines)
    assert client.get(address("taxonomy:topics")).status_code == 200
    for name in ("import", "propose"):
        assert client.get(address(f"taxonomy:{name}")).status_code == 403
    pk = Concept.objects.get(slug="drains").pk
    for name in ("acceptance", "retirement", "restoration", "merging"):
        assert client.post(address(f"taxonomy:{name}", pk=pk), {"into": "scour"}).status_code == 403


def test_lists_cost_the_same_for_one_and_for_thirty_rows(as_nadia: Client) -> None:
    top = actions.propose_concept(SYSTEM, "Top")

    def fill(number: int) -> None:
        actions.propose_concept(SYSTEM, f"Below {number}", broader=top)
        actions.propose_concept(SYSTEM, f"Beside {number}")
        waiting = actions.propose_concept(SYSTEM, f"Waiting {number}")
        Concept.objects.filter(pk=waiting.pk).update(state="proposed")
        actions.create_scheme(SYSTEM, f"Scheme {number}")

    fill(0)
    urls = [
        address("taxonomy:topics") + "?q=b",
        address("taxonomy:scheme", slug="own"),
        address("taxonomy:narrower", pk=top.pk),
        address("taxonomy:concept", pk=top.pk),
    ]
    as_nadia.get(urls[0])
    before = [queries(as_nadia, url) for url in urls]
    for number in range(1, 31):
        fill(number)
    after = [queries(as_nadia, url) for url in urls]
    assert before == after
    assert max(after) <= MOST_QUERIES
