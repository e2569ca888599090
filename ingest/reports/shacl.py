"""Findings as a SHACL validation report (https://www.w3.org/TR/shacl/, section 3.6), in Turtle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from rdflib import DCTERMS, PROV, RDF, RDFS, SH, XSD, BNode, Graph, Literal, Namespace, URIRef

from ingest.findings.findings import Finding, column_position
from ingest.findings.fragments import fragment
from ingest.pipeline.sources import SourcePart

_SEVERITIES: Final = {"violation": SH.Violation, "warning": SH.Warning, "info": SH.Info}


def turtle(parts: Sequence[SourcePart], base: str) -> str:
    """The report on files; findings that are not from shapes have their kind as constraint component.

    :param base: base IRI of the service.
    """
    graph = Graph(bind_namespaces="none")
    names = {"sh": SH, "dct": DCTERMS, "prov": PROV, "rdfs": RDFS, "xsd": XSD, "finding": Namespace(f"{base}findings#")}
    for prefix, namespace in names.items():
        graph.bind(prefix, namespace)
    report = BNode("report")
    graph.add((report, RDF.type, SH.ValidationReport))
    conforms = not any(part.findings for part in parts)
    graph.add((report, SH.conforms, Literal(conforms)))
    findings = [finding for part in parts for finding in part.findings]
    for number, finding in enumerate(findings):
        _add(graph, report, BNode(f"result{number:06}"), finding, base)
    return graph.serialize(format="turtle")


def _add(graph: Graph, report: BNode, result: BNode, finding: Finding, base: str) -> None:
    source = URIRef(f"{base}source/{quote(finding.source)}")
    focus = URIRef(finding.node or f"{base}id/{finding.record}") if finding.node or finding.record else source
    graph.add((report, SH.result, result))
    graph.add((result, RDF.type, SH.ValidationResult))
    graph.add((result, SH.focusNode, focus))
    graph.add((result, SH.resultSeverity, _SEVERITIES[finding.severity]))
    graph.add((result, SH.sourceConstraintComponent, _component(finding.code, base)))
    graph.add((result, PROV.wasDerivedFrom, URIRef(f"{source}#{place}" if (place := _place(finding)) else source)))
    for language, text in finding.message.items():
        graph.add((result, SH.resultMessage, Literal(text, lang=language)))
    if finding.path and ":" in finding.path:
        graph.add((result, SH.resultPath, URIRef(finding.path)))
    if finding.value:
        graph.add((result, SH.value, Literal(finding.value)))
    if finding.shape:
        graph.add((result, SH.sourceShape, URIRef(finding.shape)))


def _component(code: str, base: str) -> URIRef:
    """``shape-min-count`` as ``sh:MinCountConstraintComponent``."""
    if not code.startswith("shape-"):
        return URIRef(f"{base}findings#{code}")
    words = code.removeprefix("shape-").split("-")
    name = "".join("SPARQL" if word == "sparql" else word.capitalize() for word in words)
    return SH[f"{name}ConstraintComponent"]


def _place(finding: Finding) -> str:
    column = column_position(finding.column) + 1 if finding.column else None
    return fragment(finding.row, column, finding.sheet) if finding.row else ""
