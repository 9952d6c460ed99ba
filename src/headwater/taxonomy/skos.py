"""Reading and writing SKOS: concept schemes as Turtle, RDF/XML or N-Triples. Knows nothing of the database.

Of a file with several schemes, the one with most concepts is read. Labels without a language count as English.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.term import Node

DC = Namespace("http://purl.org/dc/elements/1.1/")
FORMATS = {"ttl": "turtle", "turtle": "turtle", "rdf": "xml", "xml": "xml", "nt": "nt"}
# Entities that abbreviate an address are common in RDF/XML; those that read files or hold other entities do harm.
HARMFUL_ENTITY = re.compile(rb"""<!ENTITY\s+(?:%|\S+\s+(?:SYSTEM|PUBLIC)|\S+\s+(?:"[^"]*&|'[^']*&))""")
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
MOST_BYTES = 60 * 2**20
TITLES = (DCTERMS.title, DC.title, SKOS.prefLabel, RDFS.label)


class SkosFault(ValueError):
    """The file cannot be read as SKOS; the message says why."""


@dataclass
class ReadConcept:
    """One concept as the file has it."""

    uri: str
    labels: dict[str, str] = field(default_factory=dict)
    alternatives: dict[str, list[str]] = field(default_factory=dict)
    definition: str = ""
    is_deprecated: bool = False
    replaced_by: str = ""
    broader: set[str] = field(default_factory=set)
    related: set[str] = field(default_factory=set)


@dataclass
class ReadScheme:
    """A scheme with its concepts by URI."""

    uri: str
    title: str
    concepts: dict[str, ReadConcept]


def guess_format(name: str, content: bytes) -> str:
    """rdflib's name of the format: by the file's ending, else by how it begins."""
    ending = name.rpartition(".")[2].lower()
    if ending in FORMATS:
        return FORMATS[ending]
    return "xml" if content.lstrip()[:1] == b"<" and b"rdf:RDF" in content[:5000] else "turtle"


def read_scheme(content: bytes, name: str = "") -> ReadScheme:
    """The scheme in a file. Raises `SkosFault` with the reason, and the line where the parser knows it."""
    if len(content) > MOST_BYTES:
        raise SkosFault(_("The file is larger than 60 MB."))
    if HARMFUL_ENTITY.search(content):
        raise SkosFault(_("The file defines entities that read other files or unfold. Save it without them."))
    graph = Graph(bind_namespaces="none")
    try:
        graph.parse(data=content, format=guess_format(name, content))
    except Exception as error:  # every rdflib parser has errors of its own kind
        raise SkosFault(_("This is no readable SKOS: %s") % _reason(error)) from error
    _refuse_unwritable(graph)
    return _scheme(graph)


def _reason(error: Exception) -> str:
    """What the parser expected, where, and what stands there; of other parsers all that they say, in one line."""
    if not isinstance(error, BadSyntax):
        return " ".join(str(error).split())[:500] or type(error).__name__
    text = error._str.decode(errors="replace")  # it knows these three, but counts lines more than once
    rest = text[error._i :].lstrip()
    line = text.count("\n", 0, len(text) - len(rest)) + 1
    where = {"line": line, "why": error._why, "rest": " ".join(rest[:60].split())}
    return _("line %(line)s: %(why)s, but there stands “%(rest)s”") % where


def _refuse_unwritable(graph: Graph) -> None:
    """Escapes can make characters that no database keeps as text: U+0000, and halves of pairs."""
    for subject, predicate, value in graph:
        for text in (subject, predicate, value):
            found = UNWRITABLE.search(str(text))
            if found:
                sign, around = f"U+{ord(found[0]):04X}", UNWRITABLE.sub("�", str(text))[:80]
                where = {"sign": sign, "text": around, "node": UNWRITABLE.sub("�", str(subject))[:200]}
                raise SkosFault(_("%(sign)s is no character of a text: it stands in “%(text)s” of %(node)s.") % where)


def _scheme(graph: Graph) -> ReadScheme:
    members = Counter(scheme for scheme in graph.objects(None, SKOS.inScheme))
    members.update(scheme for scheme in graph.objects(None, SKOS.topConceptOf))
    known = [scheme for scheme, _count in members.most_common()] or list(graph.subjects(RDF.type, SKOS.ConceptScheme))
    uri = known[0] if known else None
    nodes = set(graph.subjects(RDF.type, SKOS.Concept)) | set(graph.subjects(SKOS.prefLabel, None))
    inside = [node for node in nodes if isinstance(node, URIRef) and _belongs(graph, node, uri, members)]
    if not inside:
        raise SkosFault(_("The file holds no concept: nothing in it is a skos:Concept with a preferred label."))
    concepts = {str(node): _concept(graph, node) for node in inside}
    concepts = {key: concept for key, concept in concepts.items() if concept.labels}
    _link(graph, concepts)
    return ReadScheme(str(uri or ""), _title(graph, uri) if uri is not None else "", concepts)


def _belongs(graph: Graph, node: Node, scheme: Node | None, members: Counter[Node]) -> bool:
    if node == scheme or (node, RDF.type, SKOS.ConceptScheme) in graph:
        return False
    stated = set(graph.objects(node, SKOS.inScheme)) | set(graph.objects(node, SKOS.topConceptOf))
    return scheme in stated if stated else len(members) <= 1


def _title(graph: Graph, uri: Node) -> str:
    for predicate in TITLES:
        titles = {
            (value.language or "en"): str(value)
            for value in graph.objects(uri, predicate)
            if isinstance(value, Literal)
        }
        if titles:
            return titles.get("en") or next(iter(titles.values()))
    return ""


def _concept(graph: Graph, node: URIRef) -> ReadConcept:
    concept = ReadConcept(str(node))
    alternatives: dict[str, set[str]] = defaultdict(set)
    for predicate, value in graph.predicate_objects(node):
        if predicate == SKOS.prefLabel and isinstance(value, Literal):
            concept.labels.setdefault(_language(value), _in_a_line(value))
        elif predicate in (SKOS.altLabel, SKOS.hiddenLabel) and isinstance(value, Literal):
            alternatives[_language(value)].add(_in_a_line(value))
        elif predicate == SKOS.definition and isinstance(value, Literal):
            if not concept.definition or value.language == "en":
                concept.definition = str(value).strip()
        elif predicate == OWL.deprecated:
            concept.is_deprecated = str(value).lower() in ("true", "1")
        elif predicate == DCTERMS.isReplacedBy:
            concept.replaced_by = str(value)
    concept.alternatives = {language: sorted(labels) for language, labels in sorted(alternatives.items())}
    concept.labels = {language: label for language, label in sorted(concept.labels.items()) if label}
    return concept


def _in_a_line(value: Literal) -> str:
    """A name as one types it: files break long ones, and indent what follows."""
    return " ".join(str(value).split())


def _language(value: Literal) -> str:
    return (value.language or "en").lower()


def _link(graph: Graph, concepts: dict[str, ReadConcept]) -> None:
    """Broader and related, from whichever side they are stated; links out of the scheme are left aside."""
    for narrow, wide in [
        *graph.subject_objects(SKOS.broader),
        *((o, s) for s, o in graph.subject_objects(SKOS.narrower)),
    ]:
        if str(narrow) in concepts and str(wide) in concepts and narrow != wide:
            concepts[str(narrow)].broader.add(str(wide))
    for one, other in graph.subject_objects(SKOS.related):
        if str(one) in concepts and str(other) in concepts and one != other:
            concepts[min(str(one), str(other))].related.add(max(str(one), str(other)))


def write_scheme(scheme: ReadScheme) -> str:
    """The scheme as Turtle, such as `read_scheme` reads it again to the same."""
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in (("skos", SKOS), ("dcterms", DCTERMS), ("owl", OWL)):
        graph.bind(prefix, namespace)
    root = URIRef(scheme.uri)
    graph.add((root, RDF.type, SKOS.ConceptScheme))
    graph.add((root, DCTERMS.title, Literal(scheme.title, lang="en")))
    for concept in scheme.concepts.values():
        _write_concept(graph, root, concept)
    return graph.serialize(format="turtle")


def _write_concept(graph: Graph, root: URIRef, concept: ReadConcept) -> None:
    node = URIRef(concept.uri)
    graph.add((node, RDF.type, SKOS.Concept))
    graph.add((node, SKOS.inScheme, root))
    for language, label in concept.labels.items():
        graph.add((node, SKOS.prefLabel, Literal(label, lang=language)))
    for language, labels in concept.alternatives.items():
        _write_all(graph, node, SKOS.altLabel, (Literal(label, lang=language) for label in labels))
    _write_all(graph, node, SKOS.broader, map(URIRef, concept.broader))
    _write_all(graph, node, SKOS.related, map(URIRef, concept.related))
    if not concept.broader:
        graph.add((node, SKOS.topConceptOf, root))
    if concept.definition:
        graph.add((node, SKOS.definition, Literal(concept.definition, lang="en")))
    if concept.is_deprecated:
        graph.add((node, OWL.deprecated, Literal(True)))
    if concept.replaced_by:
        graph.add((node, DCTERMS.isReplacedBy, URIRef(concept.replaced_by)))


def _write_all(graph: Graph, node: URIRef, predicate: URIRef, values: Iterable[Node]) -> None:
    for value in values:
        graph.add((node, predicate, value))
