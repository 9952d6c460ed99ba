"""SKOS in and out: a small scheme, a real thesaurus, and files that are no SKOS."""

import time
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from headwater.core.actions import OPERATOR
from headwater.core.models import Event, Organisation
from headwater.taxonomy import actions
from headwater.taxonomy.importing import read_back
from headwater.taxonomy.models import Broader, Concept, ConceptScheme, Related
from headwater.taxonomy.skos import SkosFault, read_scheme, write_scheme
from headwater.taxonomy.suggest import concepts_for_text

PREFIXES = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix : <https://waterworks.example/topics/> .
"""
SMALL = (
    PREFIXES
    + """
:scheme a skos:ConceptScheme ; dct:title "Sujets"@fr, "Topics"@en .
:drains a skos:Concept ; skos:inScheme :scheme ; skos:prefLabel "Drains"@en, "Égouts"@fr ; skos:narrower :culverts .
:culverts a skos:Concept ; skos:inScheme :scheme ; skos:prefLabel "Culverts"@en ; skos:altLabel "box drain"@en,
    "pipe under a road" ; skos:related :scour ; skos:definition "A drain under a road."@en .
:scour a skos:Concept ; skos:inScheme :scheme ; skos:prefLabel "Scour"@en ; skos:broader :drains,
    <http://else.example/x> .
:old a skos:Concept ; skos:inScheme :scheme ; skos:prefLabel "Ditches"@en ; owl:deprecated true ;
    dct:isReplacedBy :drains .
"""
).encode()
RDF = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:skos="http://www.w3.org/2004/02/skos/core#">
<skos:Concept rdf:about="https://x.example/1"><skos:prefLabel xml:lang="en">Bridges</skos:prefLabel></skos:Concept>
</rdf:RDF>"""


@pytest.fixture
def scheme(organisation: Organisation) -> ConceptScheme:
    return actions.import_scheme(OPERATOR, SMALL, "topics.ttl")


def test_a_scheme_comes_in(scheme: ConceptScheme) -> None:
    assert (scheme.title, scheme.slug, scheme.uri) == ("Topics", "topics", "https://waterworks.example/topics/scheme")
    culverts = Concept.objects.get(slug="culverts")
    assert culverts.labels == {"en": "Culverts"}
    assert culverts.alternatives == {"en": ["box drain", "pipe under a road"]}
    assert culverts.definition == "A drain under a road."
    assert [each.slug for each in culverts.broader.all()] == ["drains"]
    assert Concept.objects.get(slug="scour").broader.get().slug == "drains"
    assert Related.objects.count() == 1
    old = Concept.objects.get(slug="ditches")
    assert (old.state, old.merged_into) == ("retired", Concept.objects.get(slug="drains"))
    assert Event.objects.get(verb="import_scheme").details == {"added": 4, "changed": 0, "retired": 0, "same": 0}


def test_names_that_a_file_breaks_into_lines_are_one_line(organisation: Organisation) -> None:
    broken = RDF.replace(b"Bridges", b"\n  Bridges\n   of stone\n").replace(
        b"</skos:Concept>", b"<skos:altLabel>stone\n\tarch</skos:altLabel></skos:Concept>"
    )
    actions.import_scheme(OPERATOR, broken, "bridges.rdf")
    bridges = Concept.objects.get()
    assert (bridges.labels, bridges.alternatives) == ({"en": "Bridges of stone"}, {"en": ["stone arch"]})


def test_the_same_again_changes_nothing(scheme: ConceptScheme) -> None:
    before = list(Concept.objects.order_by("pk").values())
    actions.import_scheme(OPERATOR, SMALL, "topics.ttl")
    assert list(Concept.objects.order_by("pk").values()) == before
    assert Event.objects.filter(verb="import_scheme").order_by("pk").last().details["same"] == 4  # type: ignore[union-attr]


def test_a_newer_file_changes_and_retires(scheme: ConceptScheme) -> None:
    by_hand = actions.propose_concept(OPERATOR, "Ours", scheme=scheme)
    newer = SMALL.replace(b'"Scour"@en', b'"Scouring"@en').replace(b"skos:narrower :culverts", b"skos:narrower :scour")
    newer = newer.replace(b":culverts a skos:Concept", b":culverts2 a skos:Concept")
    actions.import_scheme(OPERATOR, newer, "topics.ttl")
    assert Concept.objects.get(slug="scour").labels == {"en": "Scouring"}
    assert Concept.objects.get(slug="culverts").state == "retired"
    assert Concept.objects.get(slug="culverts-2").state == "accepted"
    assert not Concept.objects.get(slug="culverts").broader.exists()
    by_hand.refresh_from_db()
    assert by_hand.state == "accepted"


def test_out_and_in_again_is_the_same(scheme: ConceptScheme) -> None:
    text = write_scheme(read_back(scheme))
    assert read_scheme(text.encode(), "x.ttl").concepts == read_scheme(SMALL, "x.ttl").concepts


def test_concepts_by_hand_go_out_with_an_address(scheme: ConceptScheme) -> None:
    concept = actions.propose_concept(OPERATOR, "Gullies", broader=Concept.objects.get(slug="drains"))
    text = write_scheme(read_back(scheme))
    assert f"/topics/{concept.pk}/" in text


def test_rdf_xml_and_a_file_without_a_scheme(organisation: Organisation) -> None:
    scheme = actions.import_scheme(OPERATOR, RDF, "bridges.rdf")
    assert (scheme.title, Concept.objects.get().labels) == ("bridges", {"en": "Bridges"})


@pytest.mark.parametrize(
    "content, name",
    [
        (b"", "x.ttl"),
        (b"\x00\xff\xfe not rdf", "x.ttl"),
        (b"@prefix : <x> . :a :b", "x.ttl"),
        (b"<rdf:RDF>", "x.rdf"),
        (PREFIXES.encode() + b':a skos:definition "x"@en .', "x.ttl"),
        (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + RDF, "x.rdf"),
        (b"PK\x03\x04zip", "x.zip"),
    ],
)
def test_what_is_no_skos_is_refused(organisation: Organisation, content: bytes, name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        actions.import_scheme(OPERATOR, content, name)
    assert list(refused.value.message_dict) == ["content"]
    assert not ConceptScheme.objects.exists()


@pytest.mark.parametrize(
    "text, sign",
    [
        (r':a a skos:Concept ; skos:prefLabel "Dra\u0000ins"@en .', "U+0000"),
        (':a a skos:Concept ; skos:prefLabel "Drains"@en, "Dra\x00ins"@fr .', "U+0000"),
        (r':a a skos:Concept ; skos:prefLabel "Drains"@en ; skos:altLabel "Dra\uD800ins"@en .', "U+D800"),
        (r':a a skos:Concept ; skos:prefLabel "Drains"@en ; skos:definition "Dra\u0000ins"@en .', "U+0000"),
    ],
)
def test_a_character_that_cannot_be_kept_is_refused_with_its_place(
    organisation: Organisation, text: str, sign: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        actions.import_scheme(OPERATOR, (PREFIXES + text).encode(), "x.ttl")
    (said,) = refused.value.message_dict["content"]
    assert said == f"{sign} is no character of a text: it stands in “Dra�ins” of https://waterworks.example/topics/a."
    assert not ConceptScheme.objects.exists()


@pytest.mark.parametrize(
    "content, name, said",
    [
        ("@prefix : <x> .\n:é :b\n; :c".encode(), "x.ttl", "line 3: objectList expected, but there stands “; :c”"),
        (b'@prefix : <x> .\n\n:a :b "one"\n:c', "x.ttl", "line 4: expected '.' or '}' or ']' at end of statement"),
        (b"PK\x03\x04zip", "x.ttl", "line 1: expected directive or statement, but there stands “PK"),
        (b"<rdf:RDF>", "x.rdf", "unbound prefix"),
        (b'<http://a> <http://b> "x .\n', "x.nt", "Invalid line"),
    ],
)
def test_a_fault_of_syntax_is_told_in_full(content: bytes, name: str, said: str) -> None:
    with pytest.raises(SkosFault, match="This is no readable SKOS: ") as refused:
        read_scheme(content, name)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_entities_that_explode_are_refused(organisation: Organisation) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    bomb = f'<!DOCTYPE r [<!ENTITY e0 "boom">{levels}]>' + RDF.decode().partition("?>")[2].replace("Bridges", "&e8;")
    started = time.monotonic()
    with pytest.raises(ValidationError):
        actions.import_scheme(OPERATOR, bomb.encode(), "x.rdf")
    assert time.monotonic() - started < 10


def test_a_real_thesaurus(organisation: Organisation, data: Path) -> None:
    content = (data / "skos" / "stw-skos.ttl").read_bytes()
    started = time.monotonic()
    scheme = actions.import_scheme(OPERATOR, content, "stw-skos.ttl")
    assert time.monotonic() - started < 90
    concepts = Concept.objects.filter(scheme=scheme)
    assert concepts.count() == 6244
    assert Broader.objects.count() == 13252
    assert Related.objects.count() == 6614
    assert {"en", "de"} <= set(concepts.get(uri="http://zbw.eu/stw/descriptor/19664-4").labels)
    text = "The central bank raised interest rates to fight inflation; economic growth slowed."
    started = time.monotonic()
    found = concepts_for_text(text, "en")
    first = time.monotonic() - started
    started = time.monotonic()
    concepts_for_text(text * 200, "en")
    assert time.monotonic() - started < first + 2
    assert {"Central bank", "Inflation", "Economic growth"} <= {each.concept.label("en") for each in found}
