"""Statistics of the graphs of a release: VoID (https://www.w3.org/TR/void/) and SPARQL 1.1 graph descriptions.

``{base}void`` describes ``{base}void#<name>`` for each named graph ``{base}graph/<name>`` and ``{base}void#all`` for
all of them together, counted as a SPARQL endpoint counts: a triple in two graphs counts twice in the whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import pyoxigraph as ox
from rdflib import DCTERMS, FOAF, OWL, RDF, SKOS, VOID, XSD, Graph, Literal, Namespace, URIRef

import ontology
from publish.releases.manifest import ReleaseFile

WHOLE: Final = "all"
"""Name under which all graphs together are described; also the dataset of the whole dumps."""

_SCHEMA: Final = Namespace(ontology.PREFIXES["schema"])
_SD: Final = Namespace("http://www.w3.org/ns/sparql-service-description#")

# Files with all or part of the graph of their dataset; others, such as the shapes, only explain it.
_DUMPS: Final = ("dump/", "ontology.", "scheme/")

_Scope = list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph]

_TOTALS: Final = """
SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects) { ?s ?p ?o }"""

_CLASSES: Final = """
SELECT ?class (COUNT(DISTINCT ?s) AS ?entities) { ?s a ?class FILTER(isIRI(?class)) } GROUP BY ?class"""

_PROPERTIES: Final = """
SELECT ?property (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects)
{ ?s ?property ?o } GROUP BY ?property"""

# An entity has a type and its own IRI; a node below a record (#geometry) belongs to the record.
_ENTITIES: Final = """
SELECT ?space (COUNT(*) AS ?entities) (MIN(STR(?s)) AS ?example) {
  { SELECT DISTINCT ?s { ?s a ?class FILTER(isIRI(?s) && !(STRSTARTS(STR(?s), %(base)s) && CONTAINS(STR(?s), "#"))) } }
  BIND(REPLACE(STR(?s), "[^/#]*$", "") AS ?space)
} GROUP BY ?space"""

_LINKS: Final = """
SELECT (COUNT(*) AS ?triples) { ?s %(property)s ?o FILTER(STRSTARTS(STR(?o), %(space)s)) }"""


class _Target(NamedTuple):
    """A dataset elsewhere that records are linked to, and the property that links them."""

    name: str
    title: str
    space: str
    link: URIRef


_TARGETS: Final = (
    _Target("wikidata", "Wikidata", "http://www.wikidata.org/entity/", OWL.sameAs),
    _Target("gnd", "Gemeinsame Normdatei (GND)", "https://d-nb.info/gnd/", _SCHEMA.sameAs),
    _Target("nuts", "NUTS", "http://data.europa.eu/nuts/code/", ontology.SR.nuts),
    _Target(
        "political-geocoding",
        "DCAT-AP.de politicalGeocoding",
        "http://dcat-ap.de/def/politicalGeocoding/",
        SKOS.exactMatch,
    ),
)


def describe(
    store: ox.Store, base: str, graphs: Sequence[str], others: Sequence[str], files: Mapping[str, ReleaseFile]
) -> Graph:
    """Statistics of the graphs of a store.

    :param store: the release's store; the graphs to count are complete.
    :param base: base IRI of the service; ends with a slash.
    :param graphs: names of the graphs that are counted, one by one and together.
    :param others: names of graphs that are listed but not counted, such as the one that will hold this description.
    :param files: the release's files by name, as in the manifest; those of a dataset with the name of a graph, or of
        ``all``, are its dumps.
    """
    result = Graph(bind_namespaces="none")
    for prefix, namespace in {**ontology.PREFIXES, "sd": str(_SD)}.items():
        result.bind(prefix, namespace)
    document, whole = URIRef(base + "void"), URIRef(f"{base}void#{WHOLE}")
    result.add((document, RDF.type, VOID.DatasetDescription))
    result.add((document, DCTERMS.title, Literal("Statistik der Graphen", lang="de")))
    result.add((document, DCTERMS.title, Literal("Statistics of the graphs", lang="en")))
    result.add((document, FOAF.primaryTopic, whole))
    for target in _TARGETS:
        elsewhere = URIRef(f"{base}void#linked-{target.name}")
        result.add((elsewhere, RDF.type, VOID.Dataset))
        result.add((elsewhere, DCTERMS.title, Literal(target.title)))
        result.add((elsewhere, VOID.uriSpace, Literal(target.space)))
    for name in graphs:
        result.add((whole, VOID.subset, URIRef(f"{base}void#{name}")))
        _describe_graphs(result, store, base, name, [name], files)
    _describe_graphs(result, store, base, WHOLE, graphs, files)
    _describe_service_dataset(result, base, graphs, others)
    return result


def _describe_service_dataset(result: Graph, base: str, graphs: Sequence[str], others: Sequence[str]) -> None:
    """The RDF dataset that is queried (SPARQL 1.1 Service Description, section 3.2)."""
    dataset = URIRef(base + "void#endpoint-dataset")
    result.add((dataset, RDF.type, _SD.Dataset))
    # The union of all graphs includes this description, which cannot count itself; so it has no statistics.
    default = URIRef(base + "void#default-graph")
    result.add((dataset, _SD.defaultGraph, default))
    result.add((default, RDF.type, _SD.Graph))
    for name in (*graphs, *others):
        named = URIRef(f"{base}void#graph-{name}")
        result.add((dataset, _SD.namedGraph, named))
        result.add((named, RDF.type, _SD.NamedGraph))
        result.add((named, _SD.name, URIRef(f"{base}graph/{name}")))
    for name in graphs:
        result.add((URIRef(f"{base}void#graph-{name}"), _SD.graph, URIRef(f"{base}void#{name}")))


def _describe_graphs(
    result: Graph, store: ox.Store, base: str, name: str, graphs: Sequence[str], files: Mapping[str, ReleaseFile]
) -> None:
    subject = URIRef(f"{base}void#{name}")
    scope: _Scope = [ox.NamedNode(f"{base}graph/{graph}") for graph in graphs]
    result.add((subject, RDF.type, VOID.Dataset))
    result.add((subject, RDF.type, _SD.Graph))
    result.add((subject, VOID.sparqlEndpoint, URIRef(base + "sparql")))
    for file_name, file in files.items():
        if file.dataset == name:
            result.add((subject, FOAF.homepage, URIRef(f"{base}dataset/{name}")))
            if file_name.startswith(_DUMPS) and ox.RdfFormat.from_media_type(file.media_type) is not None:
                result.add((subject, VOID.dataDump, URIRef(base + file_name)))
    (totals,) = _select(store, _TOTALS, scope)
    _count(result, subject, totals, triples=VOID.triples, subjects=VOID.distinctSubjects, objects=VOID.distinctObjects)
    _add_entities(result, subject, _select(store, _ENTITIES % {"base": ox.Literal(base)}, scope))
    used = _add_partitions(result, subject, _select(store, _CLASSES, scope), _select(store, _PROPERTIES, scope))
    for namespace in sorted({_split(iri)[0] for iri in used}):
        result.add((subject, VOID.vocabulary, URIRef(namespace)))
    for target in _TARGETS:
        if str(target.link) in used:
            _add_links(result, subject, base, target, store, scope)


def _add_entities(result: Graph, subject: URIRef, spaces: list[dict[str, str]]) -> None:
    result.add((subject, VOID.entities, _integer(sum(int(row["entities"]) for row in spaces))))
    for row in spaces:
        result.add((subject, VOID.uriSpace, Literal(row["space"])))
        result.add((subject, VOID.exampleResource, URIRef(row["example"])))


def _add_partitions(
    result: Graph, subject: URIRef, classes: list[dict[str, str]], properties: list[dict[str, str]]
) -> set[str]:
    """Add class and property partitions (VoID, section 4.5); returns the IRIs of all classes and properties."""
    result.add((subject, VOID.classes, _integer(len(classes))))
    result.add((subject, VOID.properties, _integer(len(properties))))
    for row in classes:
        part = URIRef(f"{subject}-class-{_short(row['class'])}")
        result.add((subject, VOID.classPartition, part))
        result.add((part, RDF.type, VOID.Dataset))
        result.add((part, VOID["class"], URIRef(row["class"])))
        _count(result, part, row, entities=VOID.entities)
    for row in properties:
        part = URIRef(f"{subject}-property-{_short(row['property'])}")
        result.add((subject, VOID.propertyPartition, part))
        result.add((part, RDF.type, VOID.Dataset))
        result.add((part, VOID.property, URIRef(row["property"])))
        _count(result, part, row, triples=VOID.triples, subjects=VOID.distinctSubjects, objects=VOID.distinctObjects)
    return {row["class"] for row in classes} | {row["property"] for row in properties}


def _add_links(result: Graph, subject: URIRef, base: str, target: _Target, store: ox.Store, scope: _Scope) -> None:
    query = _LINKS % {"property": ox.NamedNode(str(target.link)), "space": ox.Literal(target.space)}
    (row,) = _select(store, query, scope)
    if row["triples"] == "0":
        return
    linkset = URIRef(f"{subject}-links-{target.name}")
    result.add((subject, VOID.subset, linkset))
    result.add((linkset, RDF.type, VOID.Linkset))
    result.add((linkset, VOID.linkPredicate, target.link))
    result.add((linkset, VOID.subjectsTarget, subject))
    result.add((linkset, VOID.objectsTarget, URIRef(f"{base}void#linked-{target.name}")))
    _count(result, linkset, row, triples=VOID.triples)


def _select(store: ox.Store, query: str, scope: _Scope) -> list[dict[str, str]]:
    """Lexical forms of the solutions of an aggregate query over the merge of some graphs."""
    solutions = store.query(query, default_graph=scope)
    if not isinstance(solutions, ox.QuerySolutions):
        raise TypeError("Statistics are made of SELECT queries.")
    names = [variable.value for variable in solutions.variables]
    found: list[dict[str, str]] = []
    for solution in solutions:
        values = {name: solution[name] for name in names}
        found.append(
            {name: value.value for name, value in values.items() if isinstance(value, ox.NamedNode | ox.Literal)}
        )
    return found


def _count(result: Graph, subject: URIRef, row: Mapping[str, str], **predicates: URIRef) -> None:
    for name, predicate in predicates.items():
        result.add((subject, predicate, _integer(int(row[name]))))


def _integer(number: int) -> Literal:
    return Literal(str(number), datatype=XSD.integer)


def _split(iri: str) -> tuple[str, str]:
    """Namespace and local name."""
    end = max(iri.rfind("#"), iri.rfind("/")) + 1
    return iri[:end], iri[end:]


def _short(iri: str) -> str:
    """A name for a fragment: ``sr-Project``, or the local name with a hash where no prefix is known."""
    namespace, local = _split(iri)
    prefix = next((prefix for prefix, known in ontology.PREFIXES.items() if known == namespace), None)
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", local)
    return f"{prefix}-{name}" if prefix else f"{name}-{hashlib.sha256(iri.encode()).hexdigest()[:8]}"
