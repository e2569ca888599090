"""The vocabulary and the concept schemes: complete, used, bilingual, and true of the records."""

from __future__ import annotations

import json
import re
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, XSD, BNode, Graph, Literal, URIRef
from rdflib.namespace import Namespace
from rdflib.term import Node
from support import some

import ontology
from ontology import PREFIXES, SR, SRS

SCHEMA = Namespace("https://schema.org/")
SH = Namespace("http://www.w3.org/ns/shacl#")
SCHEME = "https://w3id.org/smart-region/scheme/"
ONTOLOGY = URIRef("https://w3id.org/smart-region/ns")
ABSTRACT = SR.AdministrativeArea
METRIC = URIRef(PREFIXES["dqv"] + "Metric")
KINDS = {OWL.Class, OWL.DatatypeProperty, OWL.ObjectProperty, OWL.AnnotationProperty, METRIC}
PARTIAL_DATES = {XSD.date, XSD.gYearMonth, XSD.gYear}
CONTEXT: dict[str, Any] = ontology.context()["@context"]
CLASSES = {
    name: term
    for name, term in CONTEXT.items()
    if isinstance(term, dict) and "@type" not in term and "@context" in term
}
RECORD_CLASSES = {SR[name] for name in CLASSES if name != "Point"}


def expand(name: str) -> URIRef:
    prefix, _, local = name.partition(":")
    return URIRef(PREFIXES[prefix] + local)


def terms() -> list[tuple[str, str, dict[str, Any]]]:
    """Every property term of the context as class (or ""), term and definition."""
    found = [("", name, term) for name, term in CONTEXT.items() if name not in CLASSES and name[0] != "@"]
    found += [(cls, name, term) for cls in CLASSES for name, term in CLASSES[cls]["@context"].items()]
    normal = [(cls, name, {"@id": term} if isinstance(term, str) else term) for cls, name, term in found]
    return [entry for entry in normal if ":" in entry[2]["@id"] and entry[2]["@id"][-1] not in "/#"]


def defined() -> set[Node]:
    return {subject for subject in ontology.vocabulary().subjects(RDF.type, None) if str(subject).startswith(SR)}


def in_context() -> set[Node]:
    used: set[Node] = {expand(term["@id"]) for _, _, term in terms()}
    return {iri for iri in used | RECORD_CLASSES if str(iri).startswith(SR)}


def in_shapes() -> set[Node]:
    graph = Graph()
    for path in (Path(__file__).parents[2] / "shapes").glob("*.ttl"):
        graph.parse(path)
    nodes = {node for triple in graph for node in triple}
    queries = " ".join(str(node) for node in nodes if isinstance(node, Literal))
    named = {node for node in nodes if isinstance(node, URIRef) and node.startswith(SR)}
    return named | {SR[name] for name in re.findall(r"\bsr:(\w+)", queries)}


def in_both_languages(graph: Graph, subject: Node, predicate: URIRef) -> bool:
    return sorted(str(text.language) for text in graph.objects(subject, predicate) if isinstance(text, Literal)) == [
        "de",
        "en",
    ]


def concepts(name: str) -> list[Node]:
    return list(ontology.scheme(name).subjects(RDF.type, SKOS.Concept))


def test_the_ontology_describes_itself() -> None:
    graph = ontology.vocabulary()
    version = graph.value(ONTOLOGY, OWL.versionInfo)
    assert (ONTOLOGY, RDF.type, OWL.Ontology) in graph
    assert graph.value(ONTOLOGY, OWL.versionIRI) == URIRef(f"{ONTOLOGY}/{version}")
    assert in_both_languages(graph, ONTOLOGY, DCTERMS.title)
    assert in_both_languages(graph, ONTOLOGY, DCTERMS.description)
    assert graph.value(ONTOLOGY, URIRef(PREFIXES["vann"] + "preferredNamespaceUri")) == Literal(str(SR))
    assert graph.value(ONTOLOGY, URIRef(PREFIXES["vann"] + "preferredNamespacePrefix")) == Literal("sr")
    assert isinstance(graph.value(ONTOLOGY, DCTERMS.license), URIRef)
    publisher = graph.value(ONTOLOGY, DCTERMS.publisher)
    assert (publisher, RDF.type, URIRef(PREFIXES["foaf"] + "Agent")) in graph


def test_nothing_is_a_blank_node() -> None:
    nodes = {node for triple in ontology.everything() for node in triple}
    assert len(nodes) > 100
    assert not any(isinstance(node, BNode) for node in nodes)


def test_every_term_that_is_used_is_defined() -> None:
    in_schemes = {node for name in ontology.scheme_names() for triple in ontology.scheme(name) for node in triple}
    used = in_context() | in_shapes() | {node for node in in_schemes if str(node).startswith(SR)}
    assert used <= defined(), used - defined()


def test_every_term_that_is_defined_is_used() -> None:
    graph = ontology.vocabulary()
    superclasses = set(graph.objects(None, RDFS.subClassOf))
    # What is measured is used in the catalogue (tests/publish/test_quality.py), sums in the summary.
    elsewhere = {*graph.subjects(RDF.type, METRIC), SR.projectCount, SR.grantCount, SR.grantedSum}
    elsewhere |= {SR.inhabitantsReached, SR.publishedGrants, SR.publishedSum}
    unused = defined() - in_context() - in_shapes() - superclasses - elsewhere
    assert not unused


def test_every_term_is_explained_in_both_languages() -> None:
    graph = ontology.vocabulary()
    for term in some(defined()):
        assert len(set(graph.objects(term, RDF.type)) & KINDS) == 1, term
        assert in_both_languages(graph, term, RDFS.label), term
        assert in_both_languages(graph, term, SKOS.definition), term
        assert graph.value(term, RDFS.isDefinedBy) == ONTOLOGY, term
        for text in graph.objects(term, SKOS.definition):
            assert len(str(text)) > 20, term
            assert str(text).endswith("."), term


def test_class_names_are_capitalised_and_property_names_are_not() -> None:
    graph = ontology.vocabulary()
    for term in some(defined()):
        initial = str(term).removeprefix(SR)[0]
        assert initial.isupper() == ((term, RDF.type, OWL.Class) in graph), term


def test_datatypes_are_those_of_the_context() -> None:
    graph = ontology.vocabulary()
    for cls, name, term in some(terms()):
        iri = expand(term["@id"])
        if not str(iri).startswith(SR):
            continue
        kind, declared = term.get("@type"), set(graph.objects(iri, RDFS.range))
        if kind in ("@id", "@vocab"):
            assert (iri, RDF.type, OWL.ObjectProperty) in graph, (cls, name)
            assert (declared == {SKOS.Concept}) == (kind == "@vocab"), (cls, name)
            continue
        assert (iri, RDF.type, OWL.DatatypeProperty) in graph, (cls, name)
        if kind:
            assert declared == {expand(kind)}, (cls, name)
        elif "@language" in term:
            assert declared == {RDF.langString}, (cls, name)
        else:
            included = set(graph.objects(iri, SCHEMA.rangeIncludes))
            assert declared == {XSD.string} or (not declared and included == PARTIAL_DATES), (cls, name)


def test_partial_dates_name_their_datatypes() -> None:
    graph = ontology.vocabulary()
    for term in some(graph.subjects(SCHEMA.rangeIncludes, XSD.gYear)):
        for text in some(graph.objects(term, SKOS.definition)):
            assert {"xsd:date", "xsd:gYearMonth", "xsd:gYear"} <= set(re.findall(r"xsd:\w+", str(text)))


def test_domains_are_the_classes_that_have_the_term() -> None:
    graph = ontology.vocabulary()
    below = set(graph.subjects(RDFS.subClassOf, ABSTRACT))
    users: dict[URIRef, set[Node]] = {}
    for cls, _, term in terms():
        users.setdefault(expand(term["@id"]), set()).add(SR[cls])
    for iri in some(users.keys() & defined()):
        domain, included = graph.value(iri, RDFS.domain), set(graph.objects(iri, SCHEMA.domainIncludes))
        assert domain or included, iri
        if domain == ABSTRACT:
            assert users[iri] <= below, iri
        elif domain:
            assert users[iri] == {domain}, iri
        if included:
            assert users[iri] == included, iri


def test_no_domain_or_range_makes_a_record_what_it_is_not() -> None:
    """RDFS entailment (rules rdfs2, rdfs3, rdfs7) on a full record of each type says nothing new of its class."""
    vocabulary = ontology.vocabulary()
    samples = json.loads((Path(__file__).parents[1] / "fixtures" / "records.json").read_text(encoding="utf-8"))
    document = {"@context": [CONTEXT, {"@base": "http://localhost:8000/id/"}], "@graph": samples["records"]}
    quads = ox.parse(json.dumps(document).encode(), format=ox.RdfFormat.JSON_LD)
    data = Graph().parse(data=ox.serialize(quads, format=ox.RdfFormat.N_QUADS), format="nt")
    types = {node: set(data.objects(node, RDF.type)) for node in data.subjects(RDF.type, None)}
    checked = 0
    for subject, predicate, value in data:
        for wider in vocabulary.transitive_objects(predicate, RDFS.subPropertyOf):
            for node, entailed in ((subject, RDFS.domain), (value, RDFS.range)):
                for cls in vocabulary.objects(wider, entailed):
                    if node in types and str(cls).startswith(SR):
                        checked += 1
                        assert types[node] & set(vocabulary.transitive_subjects(RDFS.subClassOf, cls)), (
                            node,
                            predicate,
                            cls,
                        )
    assert checked > 0


def test_the_abstract_class_covers_the_areas_with_a_key() -> None:
    below = set(ontology.vocabulary().subjects(RDFS.subClassOf, ABSTRACT))
    assert below == {SR[name] for name, term in CLASSES.items() if "ags" in term["@context"]}
    assert ABSTRACT not in RECORD_CLASSES


def test_recommended_alignments_are_there() -> None:
    graph = ontology.vocabulary()
    for subject, predicate, target in (
        (SR.Project, RDFS.subClassOf, "schema:Project"),
        (SR.Project, RDFS.subClassOf, "foaf:Project"),
        (SR.Project, SKOS.closeMatch, "eurio:Project"),
        (SR.Grant, RDFS.subClassOf, "schema:MonetaryGrant"),
        (SR.Grant, RDFS.subClassOf, "frapo:Grant"),
        (SR.FundingProgramme, RDFS.subClassOf, "frapo:FundingProgramme"),
        (SR.FundingProgramme, SKOS.closeMatch, "schema:FundingScheme"),
        (SR.Municipality, RDFS.subClassOf, "cv:PublicOrganisation"),
        (SR.Organisation, RDFS.subClassOf, "org:Organization"),
        (ABSTRACT, RDFS.subClassOf, "dct:Location"),
        (ABSTRACT, RDFS.subClassOf, "geo:Feature"),
    ):
        assert (subject, predicate, expand(target)) in graph, (subject, target)


def test_prefixes_agree_with_the_context() -> None:
    prefixes = {name: iri for name, iri in CONTEXT.items() if isinstance(iri, str) and iri[-1] in "/#"}
    assert prefixes.items() <= PREFIXES.items()
    assert len(set(PREFIXES.values())) == len(PREFIXES)
    assert PREFIXES["sr"] == str(SR)
    assert PREFIXES["srs"] == str(SRS)


def test_everything_is_serialised_with_our_prefixes() -> None:
    text = ontology.everything().serialize(format="turtle")
    assert "ns1:" not in text
    assert {prefix for prefix, _ in ontology.everything().namespaces()} == PREFIXES.keys()


# Concept schemes

EXPECTED = {
    "field-of-action": "administration smart-environment society coaching smart-mobility smart-business smart-health "
    "smart-energy",
    "project-status": "approved selected funded in-progress in-operation completed",
    "municipality-type": "independent-city special-status-city town municipality",
    "district-type": "rural-district independent-city",
    "change-type": "merger incorporation independence",
    "funding-line": "model-project reuse",
    "offer-type": "advice workshop forum newsletter database entry-format exchange directory guide collection "
    "guided-tour",
    "place-type": "hub lab city-lab digi-cafe test-field mobile-lab competence-centre",
    "event-type": "congress tour-stop series forum summit call opening fair meeting",
    "attendance-mode": "on-site online hybrid",
    "amount-precision": "exact rounded not-known",
    "amount-kind": "whole-cost own-share federal-share rounding revised-amount other-project contradiction",
    "theme": "urban-data-platform environmental-sensors flood-warning parking traffic-management lorawan digital-twin "
    "citizen-participation e-file",
}  # fmt: skip
NAMES = ontology.scheme_names()


def test_there_is_a_file_for_every_scheme() -> None:
    assert set(NAMES) == EXPECTED.keys() | {"bitkom-field"}
    assert sorted(NAMES) == NAMES
    with pytest.raises(KeyError):
        ontology.scheme("no-such-scheme")


def test_every_scheme_of_the_context_exists() -> None:
    vocabularies = {term["@context"]["@vocab"] for _, _, term in terms() if "@context" in term}
    used = {iri.removeprefix(SCHEME).removesuffix("#") for iri in vocabularies if iri.startswith(SCHEME)}
    assert used == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_the_agreed_notations_are_there(name: str) -> None:
    notations = {str(notation) for notation in ontology.scheme(name).objects(None, SKOS.notation)}
    assert set(EXPECTED[name].split()) <= notations


@pytest.mark.parametrize("name", NAMES)
def test_a_scheme_describes_itself(name: str) -> None:
    graph, scheme = ontology.scheme(name), URIRef(SCHEME + name)
    assert set(graph.subjects(RDF.type, SKOS.ConceptScheme)) == {scheme}
    for predicate in (DCTERMS.title, DCTERMS.description):
        assert in_both_languages(graph, scheme, predicate)
    for predicate in (DCTERMS.license, DCTERMS.publisher):
        assert graph.value(scheme, predicate) == ontology.vocabulary().value(ONTOLOGY, predicate)
    (issued,) = graph.objects(scheme, DCTERMS.issued)
    assert isinstance(issued, Literal)
    assert issued.datatype == XSD.date
    assert isinstance(issued.value, date)
    assert set(graph.objects(scheme, SKOS.hasTopConcept)) == set(concepts(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_concept_is_complete(name: str) -> None:
    graph, scheme = ontology.scheme(name), URIRef(SCHEME + name)
    assert set(graph.subjects()) == {scheme, *concepts(name)}
    for concept in concepts(name):
        (notation,) = graph.objects(concept, SKOS.notation)
        assert concept == URIRef(f"{SCHEME}{name}#{notation}")
        assert in_both_languages(graph, concept, SKOS.prefLabel), concept
        assert in_both_languages(graph, concept, SKOS.definition), concept
        assert (concept, SKOS.inScheme, scheme) in graph
        assert (concept, SKOS.topConceptOf, scheme) in graph
        assert all(
            isinstance(text, Literal) and text.language in ("de", "en")
            for text in graph.objects(concept, SKOS.altLabel)
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_label_or_notation_means_one_concept(name: str) -> None:
    graph, meaning = ontology.scheme(name), dict[str, Node]()
    for predicate in (SKOS.notation, SKOS.prefLabel, SKOS.altLabel):
        for concept, text in graph.subject_objects(predicate):
            assert meaning.setdefault(str(text).casefold(), concept) == concept, text
    labels = [
        (concept, text)
        for predicate in (SKOS.prefLabel, SKOS.altLabel)
        for concept, text in graph.subject_objects(predicate)
    ]
    assert len(labels) == len(set(labels)), "a label is preferred and alternative at once (SKOS S13)"


def test_no_notation_reads_as_a_term_of_the_context() -> None:
    """JSON-LD expands a value of an ``@vocab`` term as a term first (JSON-LD 1.1 API, section 5.2)."""
    checked = 0
    for cls, name, term in terms():
        vocabulary = term.get("@context", {}).get("@vocab", "")
        if vocabulary.startswith(SCHEME):
            scheme = ontology.scheme(vocabulary.removeprefix(SCHEME).removesuffix("#"))
            notations = {str(notation) for notation in scheme.objects(None, SKOS.notation)}
            assert not notations & (CONTEXT.keys() | CLASSES[cls]["@context"].keys()), (cls, name)
            checked += len(notations)
    assert checked > 0


def test_fields_of_action_match_fields_of_the_atlas() -> None:
    graph, atlas = ontology.scheme("field-of-action"), set(concepts("bitkom-field"))
    assert len(concepts("field-of-action")) == 8
    assert len(atlas) == 10
    matches = list(graph.subject_objects(SKOS.closeMatch))
    assert {target for _, target in matches} <= atlas
    unmatched = set(concepts("field-of-action")) - {source for source, _ in matches}
    assert unmatched == {URIRef(f"{SCHEME}field-of-action#coaching")}
    for name in ("field-of-action", "bitkom-field"):
        assert isinstance(ontology.scheme(name).value(URIRef(SCHEME + name), DCTERMS.source), URIRef)


def test_what_is_packaged_is_what_is_here() -> None:
    packaged = {entry.name for entry in files("ontology").iterdir()}
    assert {"context.jsonld", "smart-region.ttl", "schemes", "py.typed"} <= packaged
    everything = ontology.everything()
    parts = [ontology.vocabulary(), *map(ontology.scheme, NAMES)]
    assert len(everything) == len({triple for part in parts for triple in part})
